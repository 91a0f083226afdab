package hostmemory

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	s, ok := Now()
	if !ok {
		t.Skip("no limit is known here")
	}
	if Total() < s.Free || s.Total < s.Free {
		t.Errorf("%d bytes in all, %+v", Total(), s)
	}
	if err := Check("a little", 1); err != nil {
		t.Error(err)
	}
	var full *Error
	if err := Check("the moon", s.Total); !errors.As(err, &full) || !strings.Contains(err.Error(), "the moon would take ") {
		t.Errorf("all that there is: %v", err)
	}
}

// An array counts as soon as Go has it, though the system gives no page of it before it is written to.
func TestUntouched(t *testing.T) {
	const n = 1 << 30
	before, ok := Now()
	if !ok {
		t.Skip("no limit is known here")
	}
	if before.Free < 2*n {
		t.Skipf("%d bytes are free, too few to try", before.Free)
	}
	array := make([]byte, n)
	after, _ := Now()
	if before.Free-after.Free < n/2 {
		t.Errorf("an array of 1 GiB takes %d bytes", before.Free-after.Free)
	}
	array[0] = 1
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("content"), 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(file); string(b) != "content" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if s, ok := Now(); ok {
		if err := os.Truncate(file, int64(s.Total)); err != nil {
			t.Skipf("no sparse file of this machine's whole memory can be made here: %v", err)
		}
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a file as large as the memory: %v", err)
		}
	}
}
