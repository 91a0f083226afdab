package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module of somebody else's, with the two lines in its go.mod that README names, adds an operation.
func TestAnotherModule(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: it builds another module, which takes some seconds")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// What go mod tidy would add to the two lines, from the network.
	own, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(own), "\n\n")
	for name, text := range map[string]string{
		"go.mod": "module example.com/outside\n\nrequire gangpu v0.0.0\n\nreplace gangpu => " + root + "\n\n" + rest,
		"go.sum": string(sums),
		"main.go": `package main

import (
	"fmt"
	"os"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/expr"
)

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run() error {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(2),
		gorgonia.WithValue(tensor.New(tensor.WithBacking([]float32{3, 4}))))
	y, err := engine.Map("cube", func(x ...expr.Expr) expr.Expr { return x[0].Pow(expr.Const(3)) }, x)
	if err != nil {
		return err
	}
	sum, err := engine.Sum(y)
	if err != nil {
		return err
	}
	grads, err := gorgonia.Grad(sum, x)
	if err != nil {
		return err
	}
	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{})
	if err != nil {
		return err
	}
	defer dev.Close()
	vm, err := engine.NewVM(g, dev, engine.WithOutputs(y, grads[0]))
	if err != nil {
		return err
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return err
	}
	fmt.Println(y.Value().Data(), grads[0].Value().Data())
	return nil
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command("go", "run", "-mod=mod", ".")
	run.Dir = dir
	run.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := run.CombinedOutput()
	if want := "[27 64] [27 48]\n"; err != nil || string(out) != want {
		t.Errorf("%v, %q, want %q", err, out, want)
	}
}
