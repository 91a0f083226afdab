package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A goModule is a source that go mod download puts into Go's module cache: it works wherever Go
// itself gets its modules, behind any proxy.
type goModule struct {
	module  string // path@version
	folder  string // in it, that holds the files
	command string // go
	timeout time.Duration
	dir     string // the module's folder, once downloaded
}

func (m *goModule) String() string { return "Go module " + m.module }

func (m *goModule) open(ctx context.Context, file string) (io.ReadCloser, error) {
	if m.dir == "" {
		if err := m.download(ctx); err != nil {
			return nil, err
		}
	}
	return os.Open(filepath.Join(m.dir, filepath.FromSlash(m.folder), file))
}

func (m *goModule) download(ctx context.Context) error {
	command, err := exec.LookPath(m.command)
	if err != nil {
		return fmt.Errorf("no go command: %w", err)
	}
	// Away from whatever module or workspace the user stands in, which must neither matter nor change.
	outside, err := os.MkdirTemp("", "gangpu-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(outside)

	limited, cancel := context.WithTimeoutCause(ctx, m.timeout, fmt.Errorf("not downloaded within %v", m.timeout))
	defer cancel()
	cmd := exec.CommandContext(limited, command, "mod", "download", "-json", m.module)
	cmd.Dir = outside
	cmd.Env = append(cmd.Environ(), "GO111MODULE=on", "GOWORK=off")
	cmd.WaitDelay = time.Second // for what go started itself and still holds its output
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	if limited.Err() != nil {
		return context.Cause(limited)
	}

	var result struct{ Dir, Error string }
	err = json.Unmarshal(stdout.Bytes(), &result)
	switch {
	case result.Error != "":
		return errors.New(oneLine(result.Error))
	case runErr != nil:
		return fmt.Errorf("go mod download: %w: %s", runErr, oneLine(stderr.String()))
	case err != nil:
		return fmt.Errorf("go mod download: reading its answer: %w", err)
	case result.Dir == "":
		return errors.New("go mod download: it names no folder")
	}
	m.dir = result.Dir
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
