package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// clients puts shell scripts in the place of the user's commands.
func clients(t *testing.T, scripts map[string]string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the clients of this test are shell scripts")
	}
	dir := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	if scripts["python3"] == "" {
		t.Setenv("PATH", dir)
	}
}

func published(content string) []File {
	sum := sha256.Sum256([]byte(content))
	return []File{{Name: "one.whl", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}}
}

// A package manager downloads the file to a folder of its own, which nothing is left of.
func TestPackage(t *testing.T) {
	for name, s := range map[string]Set{"pip": {PyPI: "one==1"}, "apt": {Debian: "one=1"}} {
		t.Run(name, func(t *testing.T) {
			const script = `case "$*" in *one=*1) printf wheel > one.whl;; *) exit 3;; esac`
			clients(t, map[string]string{"python3": script, "apt-get": script})
			tmp, dir := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", tmp)
			s.Name, s.Files = "one", published("wheel")
			if err := New().Fetch(t.Context(), s, dir, nil); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "one.whl")); string(got) != "wheel" {
				t.Errorf("%q: %v", got, err)
			}
			if left, err := os.ReadDir(tmp); len(left) > 0 {
				t.Errorf("%v is left: %v", left, err)
			}
		})
	}
}

// An error says of each client why it failed, and another file than the published one is refused.
func TestPackageErrors(t *testing.T) {
	for want, scripts := range map[string]map[string]string{
		"python3: exit status 1: no such package; pip: exit status 4": {"python3": "echo no such package >&2; exit 1", "pip": "exit 4", "pip3": "exit 4"},
		"no command python3": {"pip": "exit 4"},
		"its SHA-256 is":     {"python3": "printf WHEEL > one.whl"},
		"one.whl: no such":   {"python3": "true"},
	} {
		clients(t, scripts)
		err := New().Fetch(t.Context(), Set{Name: "one", PyPI: "one==1", Files: published("wheel")}, t.TempDir(), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
