package ptxemu

import (
	"os"
	"path/filepath"
	"testing"
)

// Parse refuses what it does not understand; it never panics.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("ptxtest/testdata/*.ptx")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for i, name := range files {
		if i%5 != 0 { // seeds run in every test
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		_, _ = Parse("fuzz.ptx", src)
	})
}
