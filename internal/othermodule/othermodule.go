// Package othermodule helps to test gangpu as a module of somebody else's uses it.
package othermodule

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Run builds and runs a main.go in a module of its own, which has the two lines in its go.mod that README names, and returns
// what it printed.
func Run(t *testing.T, main string, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: it builds another module, which takes some seconds")
	}
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
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
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/outside\n\nrequire gangpu v0.0.0\n\nreplace gangpu => " + root + "\n\n" + rest,
		"go.sum":  string(sums),
		"main.go": main,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command("go", append([]string{"run", "-mod=mod", "."}, args...)...)
	run.Dir = dir
	run.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}
