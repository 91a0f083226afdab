package engine_test

import (
	"testing"

	"gangpu/internal/othermodule"
)

// A module of somebody else's adds an operation.
func TestAnotherModule(t *testing.T) {
	out := othermodule.Run(t, `package main

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
`)
	if want := "[27 64] [27 48]\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}
