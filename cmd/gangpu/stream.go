package main

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	"gangpu/internal/terminal"
)

// stream is the process's stdout or stderr. Once its reader is gone, as that of a pipe or of a
// closed terminal, what is written is dropped: a run goes on without it, and ends with the exit
// code that it would have had.
type stream struct {
	file     *os.File
	terminal bool
	gone     atomic.Bool
}

func newStream(f *os.File) *stream { return &stream{file: f, terminal: terminal.Is(f)} }

func (s *stream) Write(p []byte) (int, error) {
	if s.gone.Load() {
		return len(p), nil
	}
	n, err := s.file.Write(p)
	if s.readerGone(err) {
		s.gone.Store(true)
		return len(p), nil
	}
	return n, err
}

// readerGone reports whether an error of a write says that nobody reads any more. A terminal that
// was closed answers EIO, which of a file is a fault of the disk.
func (s *stream) readerGone(err error) bool {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	if runtime.GOOS == "windows" {
		const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232)
		return errors.Is(err, brokenPipe) || errors.Is(err, noData)
	}
	return s.terminal && errors.Is(err, syscall.EIO)
}

// File is the file that is written to.
func (s *stream) File() *os.File { return s.file }
