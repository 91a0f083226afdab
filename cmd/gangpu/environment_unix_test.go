//go:build linux || darwin

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// variables are all that flags read.
func variables(t *testing.T) []string {
	t.Helper()
	seen := map[string]bool{}
	var all []string
	for _, c := range newApp(nil, nil).Commands {
		for _, f := range c.Flags {
			if f, ok := f.(interface{ GetEnvVars() []string }); ok {
				for _, v := range f.GetEnvVars() {
					if !seen[v] {
						seen[v] = true
						all = append(all, v)
					}
				}
			}
		}
	}
	return all
}

// An empty variable is as one that is not set.
func TestEmptyVariables(t *testing.T) {
	data := os.Getenv("GANGPU_DATA")
	var empty []string
	for _, v := range variables(t) {
		empty = append(empty, v+"=")
	}
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	args := []string{"train", "--data", data, "--batch", "4", "--iterations", "1", "--threads", "1", "--out", run}
	if r := asProcess(t, "", empty, args...); r.code != exitOK {
		t.Errorf("code %d: %s", r.code, r.stderr)
	}
	if want, got := asProcess(t, "", nil, "summary"), asProcess(t, "", empty, "summary"); got != want {
		t.Errorf("an empty variable makes another summary:\n%+v\n%+v", got, want)
	}
}

// An error of a value of the environment names the variable; of one on the command line it does not.
func TestWrongVariables(t *testing.T) {
	run := trained(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, c := range []struct {
		set  string
		code int
		args []string
	}{
		{"GANGPU_DEVICE=none", exitUsage, []string{"selftest"}},
		{"GANGPU_PRECISION=fp8", exitUsage, []string{"selftest"}},
		{"GANGPU_REQUIRE_GPU=1", exitFailed, []string{"verify", "--device", "cpu", "--reference", "x"}},
		{"GANGPU_REQUIRE_GPU=perhaps", exitUsage, []string{"selftest"}},
		{"GANGPU_THREADS=-3", exitUsage, []string{"selftest"}},
		{"GANGPU_THREADS=x", exitUsage, []string{"selftest"}},
		{"GANGPU_PRESET=none", exitUsage, []string{"summary"}},
		{"GANGPU_EPOCHS=0", exitUsage, []string{"train"}},
		{"GANGPU_EPOCHS=99999999999999999999", exitUsage, []string{"train"}},
		{"GANGPU_BATCH=0", exitUsage, []string{"summary"}},
		{"GANGPU_BATCH=3", exitUsage, []string{"train"}},
		{"GANGPU_SEED=-1", exitUsage, []string{"summary"}},
		{"GANGPU_DATA=/none", exitFailed, []string{"data"}},
		{"GANGPU_DATA=/none", exitFailed, []string{"train"}},
		{"GANGPU_DATASET=none", exitUsage, []string{"train", "classifier", "--out", filepath.Join(t.TempDir(), "x")}},
		{"GANGPU_MODEL=/none", exitFailed, []string{"evaluate"}},
		{"GANGPU_MODEL=/none", exitFailed, []string{"generate", "--out", filepath.Join(t.TempDir(), "x")}},
		{"GANGPU_OUT=" + run, exitFailed, []string{"train"}},
		{"GANGPU_OUT=" + file, exitFailed, []string{"train"}},
	} {
		name, _, _ := strings.Cut(c.set, "=")
		named[name] = true
		checkFailure(t, asProcess(t, "", []string{c.set}, c.args...), c.code, name, append([]string{c.set}, c.args...))
	}
	for _, v := range variables(t) {
		if !named[v] {
			t.Errorf("no wrong value of %s was tried", v)
		}
	}
	r := asProcess(t, "", []string{"GANGPU_BATCH=64", "GANGPU_DEVICE=cpu"}, "train", "--batch", "3", "--device", "none")
	if r.code != exitUsage || strings.Contains(r.stderr, "GANGPU") {
		t.Errorf("of the command line: code %d, %s", r.code, r.stderr)
	}
	if r := asProcess(t, "", []string{"GANGPU_THREADS=-3"}, "train", "--threads", "1", "--iterations", "1", "--device", "cpu", "--out", filepath.Join(t.TempDir(), "r")); r.code != exitOK {
		t.Errorf("a wrong variable under a flag: code %d, %s", r.code, r.stderr)
	}
}
