package mnist

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

// A fetcher brings official files into a folder.
type fetcher struct {
	goCommand     string        // name or path
	moduleTimeout time.Duration // for go mod download
	client        *http.Client
	stall         time.Duration // how long a mirror may send nothing
}

func newFetcher() *fetcher {
	return &fetcher{
		goCommand:     "go",
		moduleTimeout: 3 * time.Minute,
		client:        http.DefaultClient,
		stall:         30 * time.Second,
	}
}

// A source is a place that has official files.
type source interface {
	String() string
	open(ctx context.Context, file string) (io.ReadCloser, error)
}

func (f *fetcher) sources(ds dataset) []source {
	var list []source
	if ds.module != "" {
		list = append(list, &goModule{module: ds.module, command: f.goCommand, timeout: f.moduleTimeout})
	}
	for _, url := range ds.mirrors {
		list = append(list, &mirror{url: url, client: f.client, stall: f.stall})
	}
	return list
}

// fetch makes sure that dir holds the official files of ds. Each source is asked for what the ones
// before it could not give. Any number of processes may fetch into one folder: a file appears under
// its name only whole and verified.
func (f *fetcher) fetch(ctx context.Context, ds dataset, dir string, progress func(Progress)) error {
	var missing []officialFile
	var damaged []string
	p := Progress{Dataset: ds.name}
	for _, file := range ds.files {
		err := verify(filepath.Join(dir, file.name), file)
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrNotExist) {
			damaged = append(damaged, err.Error())
		}
		missing = append(missing, file)
		p.Total += file.size
	}
	if missing == nil {
		return nil
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("fetching %s: %w", ds.name, err)
	}

	var failures sourceErrors
	for _, src := range f.sources(ds) {
		p.Source, p.File = src.String(), ""
		progress(p)
		for len(missing) > 0 {
			file := missing[0]
			p.File = file.name
			before := p.Done
			err := store(ctx, src, file, dir, func(n int) {
				p.Done += int64(n)
				progress(p)
			})
			if ctx.Err() != nil {
				return fmt.Errorf("fetching %s: %w", ds.name, context.Cause(ctx))
			}
			if local := (*storeError)(nil); errors.As(err, &local) {
				return fmt.Errorf("fetching %s: %w", ds.name, local.err) // no other source would help
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
		return fmt.Errorf("%s; fetching %s again: %w", strings.Join(damaged, "; "), ds.name, failures)
	}
	return fmt.Errorf("fetching %s: %w", ds.name, failures)
}

// store copies one file from src to a temporary file in dir, verifies it and gives it its name.
func store(ctx context.Context, src source, file officialFile, dir string, progress func(int)) error {
	body, err := src.open(ctx, file.name)
	if err != nil {
		return err
	}
	defer body.Close()

	tmp, err := os.CreateTemp(dir, file.name+".*.partial")
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
		if size > file.size {
			return fmt.Errorf("%s: more than the official file's %d bytes", file.name, file.size)
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
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	if err := file.check(size, hex.EncodeToString(hash.Sum(nil))); err != nil {
		return fmt.Errorf("%s: %w", file.name, err)
	}

	path := filepath.Join(dir, file.name)
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
func verify(path string, file officialFile) error {
	content, sum, err := readFile(path)
	if err != nil {
		return err
	}
	if err := file.check(int64(len(content)), sum); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (file officialFile) check(size int64, sum string) error {
	if size != file.size {
		return fmt.Errorf("%d bytes, but the official file has %d", size, file.size)
	}
	if sum != file.sha256 {
		return fmt.Errorf("its SHA-256 is %s, but the official file's %s", sum, file.sha256)
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
