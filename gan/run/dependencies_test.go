package run_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Any trainer can be run: the package knows no command line, and no game.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skipf("go list does not run here: %v", err)
	}
	for _, path := range strings.Fields(string(out)) {
		if strings.HasPrefix(path, "gangpu/gan/games") || strings.HasPrefix(path, "github.com/urfave/") {
			t.Errorf("it depends on %s", path)
		}
	}
}
