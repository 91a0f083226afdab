//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// command is the test binary as the command, to be run as a process.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = commandEnv()
	return cmd
}

// commandEnv is the environment that makes the test binary the command. The race detector
// otherwise waits a second at the end of each process.
func commandEnv() []string { return append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0") }

// What cannot be printed is an error, too.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	if info, err := full.Stat(); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Skip("/dev/full is no device")
	}
	model := filepath.Join(trained(t), "model.safetensors")
	for _, args := range [][]string{
		{"version"}, {"devices"}, {"summary"}, {"data"}, {"completion", "bash"}, {"completion", "fish"},
		{"evaluate", "--device", "cpu", "--model", model},
	} {
		var stderr bytes.Buffer
		code := execute(t.Context(), append([]string{"gangpu"}, args...), full, &stderr)
		checkFailure(t, result{code: code, stderr: stderr.String()}, exitFailed, "/dev/full", args)
	}
}

// The script for bash offers what could come next.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "gangpu")); err != nil {
		t.Fatal(err)
	}
	script := `source <(gangpu completion bash) || exit 1
complete -p gangpu >/dev/null || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gangpu; echo "${COMPREPLY[*]}"`
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"gangpu", "ge"}, "generate"},
		{[]string{"gangpu", "de"}, "devices"},
		{[]string{"gangpu", "train", "--b"}, "--batch --beta1 --beta2 --background"},
		{[]string{"gangpu", "train", "--beta1", "0.1", "--b"}, "--batch --beta2 --background"},
		{[]string{"gangpu", "data", "--"}, "--data --dataset --layout --size --fit --background --grid --clear --help"},
		{[]string{"gangpu", "completion", ""}, "bash zsh fish"},
		{[]string{"gangpu", "help", "v"}, "verify version"},
		{[]string{"gangpu", "train", "--out", ""}, ""},
	} {
		cmd := exec.CommandContext(t.Context(), bash, append([]string{"--norc", "-c", script, "bash"}, c.words...)...)
		cmd.Env = append(commandEnv(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%q completes to %q (%v), want %q", c.words, got, err, c.want)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Fatalf("completing %q left %v (%v)", c.words, entries, err)
		}
	}
}

// A run shows a page while it is trained. A client that never reads does not keep it; one that does
// is told all iterations and the end.
func TestTrainServe(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd := command(t, trainArgs(out, "--epochs", "3", "--serve", "0")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	url := ""
	for url == "" && lines.Scan() {
		url, _ = strings.CutPrefix(lines.Text(), "page    ")
		if url == lines.Text() {
			url = ""
		}
	}
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("the page is at %q: %s", url, stderr.String())
	}
	deaf, err := net.Dial("tcp", strings.Trim(url, "htp:/"))
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	fmt.Fprintf(deaf, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	// A page elsewhere whose name leads here does not read the run.
	for _, path := range []string{"", "events"} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "evil.example"
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden || !strings.HasPrefix(string(text), `"evil.example" is not the address of this page`) {
			t.Errorf("asked for by another name, /%s answers %s: %.200s", path, answer.Status, text)
		}
	}
	answer, err := http.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan string)
	go func() {
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		events <- strings.TrimSpace(string(text))
	}()
	for lines.Scan() { // until it ends
	}
	if err := cmd.Wait(); err != nil || stderr.Len() != 0 {
		t.Errorf("%v: %s", err, stderr.String())
	}
	told := <-events
	if last := told[strings.LastIndexByte(told, '\n')+1:]; !strings.HasPrefix(last, `data: {`) || !strings.Contains(last, `"state":"finished","iterations":30,`) {
		t.Errorf("at last a page is told %.300s", last)
	}
}

// asProcess runs the command as a process, in a folder if that is not empty, with variables of the environment
// changed: "NAME=value", or "NAME" for one that is not set.
func asProcess(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	cmd.Dir = dir
	for _, e := range env {
		name, _, set := strings.Cut(e, "=")
		kept := cmd.Env[:0:0]
		for _, v := range cmd.Env {
			if !strings.HasPrefix(v, name+"=") {
				kept = append(kept, v)
			}
		}
		if cmd.Env = kept; set {
			cmd.Env = append(cmd.Env, e)
		}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	exit := (*exec.ExitError)(nil)
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// noEnvironment lets no variable say where the images are.
var noEnvironment = []string{"GANGPU_DATA", "GANGPU_DATASET"}

// ownImages makes a folder of images that no other test has.
func ownImages(t *testing.T, seed uint64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "own")
	if err := writeImages(dir, seed, imageSide); err != nil {
		t.Fatal(err)
	}
	return dir
}
