package ptxemu

import (
	"os"
	"path/filepath"
	"testing"
)

// Every instruction of the PTX that we ship is known.
func TestParseShippedPTX(t *testing.T) {
	files, err := filepath.Glob("../ptx/*.ptx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no PTX found: %v", err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(filepath.Base(name), src); err != nil {
			t.Error(err)
		}
	}
}
