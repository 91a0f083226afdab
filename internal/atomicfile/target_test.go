package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// link makes a symbolic link, where the system lets it.
func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skipf("no symbolic link can be made here: %v", err)
	}
}

func folder(t *testing.T, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Links stay, and what they lead to is written, whether it is there yet or not.
func TestWriteThroughLinks(t *testing.T) {
	dir := t.TempDir()
	real, deep := folder(t, dir, "real"), folder(t, dir, "disk", "deep")
	link(t, deep, filepath.Join(dir, "way"))
	for path, to := range map[string]string{
		filepath.Join(dir, "a"):       filepath.Join("real", "x"),      // relative
		filepath.Join(deep, "b"):      filepath.Join("..", "x"),        // of a folder that a link leads to
		filepath.Join(real, "first"):  filepath.Join(real, "second"),   // to a link
		filepath.Join(real, "second"): filepath.Join(dir, "way", "xx"), // through a link
	} {
		link(t, to, path)
	}
	for _, content := range []string{"made", "replaced"} {
		for path, want := range map[string]string{
			filepath.Join(dir, "a"):        filepath.Join(real, "x"),
			filepath.Join(dir, "way", "b"): filepath.Join(dir, "disk", "x"),
			filepath.Join(real, "first"):   filepath.Join(deep, "xx"),
		} {
			if err := errors.Join(Check(path), Write(path, write(content))); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(want); err != nil || string(got) != content {
				t.Errorf("%s: %s holds %q (%v)", path, want, got, err)
			}
			if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("%s is no link any more: %v (%v)", path, info, err)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.tmp")); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

// Check refuses what Write could not write, and neither leaves anything.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	link(t, filepath.Join(dir, "none", "x"), filepath.Join(dir, "nowhere"))
	link(t, "itself", filepath.Join(dir, "itself"))
	link(t, filepath.Join(dir, "none"), filepath.Join(dir, "gone"))
	for path, want := range map[string]string{
		filepath.Join(dir, "nowhere"):     "it is a link to " + filepath.Join(dir, "none", "x") + ", and there is no folder " + filepath.Join(dir, "none"),
		filepath.Join(dir, "itself"):      "it is a link to itself",
		filepath.Join(dir, "none", "x"):   "there is no folder " + filepath.Join(dir, "none"),
		filepath.Join(dir, "none") + "/x": "there is no folder " + filepath.Join(dir, "none"),
		dir:                               "it is a folder",
		dir + "/":                         "it is a folder",
	} {
		for what, err := range map[string]error{"Check": Check(path), "Write": Write(path, write("x"))} {
			if err == nil || !strings.Contains(err.Error(), path+": "+want) {
				t.Errorf("%s of %s: %v, want %q", what, path, err, want)
			}
		}
	}
	file := filepath.Join(dir, "file")
	if err := Write(file, write("kept")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "is not a folder", filepath.Join(file, "x"): "not a directory", filepath.Join(dir, "gone", "x"): "is a link to",
	} {
		if err := CheckFolder(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckFolder of %s: %v, want %q", path, err, want)
		}
	}
	for _, err := range []error{Check(file), Check(filepath.Join(dir, "new")), CheckFolder(dir), CheckFolder(filepath.Join(dir, "a", "b"))} {
		if err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("checking left %v (%v)", entries, err)
	}
}

// The temporary file of a link's target goes too, and no other one in that folder.
func TestRemoveTemporaryOfLinks(t *testing.T) {
	dir := t.TempDir()
	run, disk := folder(t, dir, "run"), folder(t, dir, "disk")
	link(t, filepath.Join(disk, "model"), filepath.Join(run, "model"))
	link(t, filepath.Join(dir, "none", "x"), filepath.Join(run, "nowhere"))
	kept := []string{"model", "model.0123abcd.tmp.x", "model2.0123abcd.tmp", "model.x.0123abcd.tmp"}
	for _, name := range append(kept, "model.0123abcd.tmp") {
		if err := os.WriteFile(filepath.Join(disk, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveTemporary(run); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(disk); err != nil || len(entries) != len(kept) {
		t.Errorf("left %v (%v), want %q", entries, err, kept)
	}
}
