package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func check(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("file holds %q (%v), want %q", got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (%v), want only the file", entries, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, s := range []string{"first", "second, replaced"} {
		if err := Write(path, write(s)); err != nil {
			t.Fatal(err)
		}
		check(t, path, s)
	}
}

func TestWriteFailing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Write(path, write("kept")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := Write(path, func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 3<<20)) // past the buffer, so that the temporary file holds some
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want the writer's error with the path", err)
	}
	check(t, path, "kept")
}

func TestWriteToNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "a")
	if err := Write(path, write("x")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrNotExist with the path", err)
	}
}

func TestWriteOverFolder(t *testing.T) {
	path := t.TempDir()
	inside := filepath.Join(path, "f")
	if err := os.WriteFile(inside, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, write("x")); err == nil || !strings.Contains(err.Error(), path+": it is a folder") {
		t.Errorf("replacing a folder: %v", err)
	}
	check(t, inside, "x")
	if left, _ := filepath.Glob(path + ".*.tmp"); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

// Of a process that was killed the temporary file goes, and nothing else.
func TestRemoveTemporary(t *testing.T) {
	dir := t.TempDir()
	killed, err := create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	kept := []string{"a", "a.0123456.tmp", "a.tmp", "b.0123abcd.tmp.png"}
	for _, name := range kept {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveTemporary(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(kept) {
		t.Errorf("left %v (%v), want %q", entries, err, kept)
	}
	if err := RemoveTemporary(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}
