package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The libraries know nothing of the command: no text of theirs has one of its flags or environment variables. What a
// user may do is added by the command to what a library found.
func TestLibrariesKnowNoFlags(t *testing.T) {
	const root = "../.."
	ofCommand := regexp.MustCompile(`(^|[^-\w])--[a-z]|GANGPU_[A-Z]`)
	programs := []string{"cmd", "bench/peers", "bench/table", "build", ".git"}
	files := token.NewFileSet()
	read := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			for _, p := range programs {
				if path == filepath.Join(root, p) {
					return fs.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		read++
		if slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"os/exec"` }) {
			return nil // it may name the flags of the programs that it runs
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING && ofCommand.MatchString(s.Value) {
				t.Errorf("%s: %s", files.Position(s.Pos()), s.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 100 {
		t.Errorf("only %d files were found in %s", read, root)
	}
}
