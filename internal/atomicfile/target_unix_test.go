//go:build unix

package atomicfile

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Devices, named pipes and open files are written to in place.
func TestWriteInPlace(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skipf("no named pipe can be made here: %v", err)
	}
	link(t, pipe, filepath.Join(dir, "link"))
	read := make(chan string)
	go func() {
		b, _ := os.ReadFile(pipe)
		read <- string(b)
	}()
	if err := Check(pipe); err != nil {
		t.Error(err)
	}
	if err := Write(filepath.Join(dir, "link"), write("through")); err != nil {
		t.Error(err)
	}
	if got := <-read; got != "through" {
		t.Errorf("the pipe brought %q", got)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is %v (%v)", info, err)
	}

	// What was written to an open file before stays.
	f, err := os.Create(filepath.Join(dir, "open"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "before "); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/dev/fd/%d", fd)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("there is no /dev/fd here, to name an open file by: %v", err)
	}
	if err := Write(path, write("after")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || string(got) != "before after" {
		t.Errorf("the open file holds %q (%v)", got, err)
	}
	if !IsStdout("/dev/stdout") || !IsStdout("/dev/fd/1") || IsStdout(pipe) || IsStdout("/dev/fd/2") {
		t.Error("stdout is mistaken")
	}

	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no Unix socket can be made here: %v", err)
	}
	defer l.Close()
	if err := Check(socket); err == nil || !strings.Contains(err.Error(), "it is a socket") {
		t.Errorf("a socket: %v", err)
	}
}
