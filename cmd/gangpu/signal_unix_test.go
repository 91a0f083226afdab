//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gangpu/internal/runfolder"
)

// ended starts a command, calls then once a line of its stdout begins so, with the process and its
// stdout, and returns what it left. The lines after that one are read unless then closes stdout.
func ended(t *testing.T, cmd *exec.Cmd, line string, then func(p *os.Process, stdout *os.File)) result {
	t.Helper()
	var stderr bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	var stdout strings.Builder
	seen := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		stdout.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), line) && !seen {
			seen = true
			then(cmd.Process, out)
		}
	}
	_ = cmd.Wait() // the code says it all
	if !seen {
		t.Errorf("%q printed no line that begins with %q: %s", cmd.Args[1:], line, stderr.String())
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// checkMade checks that the run's model is of as many iterations as its metrics, and returns them.
func checkMade(t *testing.T, run string) int {
	t.Helper()
	made := len(metricsRows(t, run))
	if m := readModel(t, run, "model.safetensors"); m.Iterations != made {
		t.Errorf("the model was saved after %d iterations, the metrics of %d", m.Iterations, made)
	}
	return made
}

// The first signal makes a run finish its iteration and save. A closed terminal may send SIGHUP more than
// once.
func TestSignals(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		times  int
	}{{syscall.SIGINT, 1}, {syscall.SIGTERM, 1}, {syscall.SIGHUP, 1}, {syscall.SIGHUP, 1000}} {
		out := filepath.Join(t.TempDir(), "run")
		cmd := command(t, trainArgs(out, "--epochs", "1000")...)
		stop := make(chan struct{})
		r := ended(t, cmd, ">1, 1/", func(p *os.Process, _ *os.File) {
			go func() {
				defer close(stop)
				for range c.times {
					if p.Signal(c.signal) != nil { // it has ended
						return
					}
					time.Sleep(time.Millisecond)
				}
			}()
		})
		<-stop
		checkFailure(t, r, 128+int(c.signal), "train --resume "+out, cmd.Args)
		checkMade(t, out)
	}
}

// Signals that a run was started to ignore, as nohup and a script's background jobs are, do not end it.
func TestIgnoredSignals(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd := command(t, trainArgs(out, "--epochs", "2")...)
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `trap '' INT HUP; exec "$@"`, "sh"}, cmd.Args...)
	r := ended(t, cmd, ">1, 1/", func(p *os.Process, _ *os.File) {
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
			if err := p.Signal(s); err != nil {
				t.Error(err)
			}
		}
	})
	if made := checkMade(t, out); r.code != exitOK || made != 20 {
		t.Errorf("code %d after %d iterations: %s", r.code, made, r.stderr)
	}
}

// A run whose output nobody reads any more goes on, is stopped in good order, and ends with the code
// that it would have had.
func TestReaderGone(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		out := filepath.Join(t.TempDir(), "run")
		more, code := []string{"--epochs", "2"}, exitOK
		if interrupted {
			more, code = []string{"--epochs", "1000"}, exitInterrupted
		}
		cmd := command(t, trainArgs(out, more...)...)
		stderr, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = in
		r := ended(t, cmd, ">1, 1/", func(p *os.Process, stdout *os.File) {
			in.Close()
			stderr.Close()
			stdout.Close()
			if interrupted {
				if err := p.Signal(os.Interrupt); err != nil {
					t.Error(err)
				}
			}
		})
		made := checkMade(t, out)
		if r.code != code || !interrupted && made != 20 {
			t.Errorf("interrupted %v: code %d after %d iterations", interrupted, r.code, made)
		}
		want := runfolder.Finished
		if interrupted {
			want = runfolder.Interrupted
		}
		if run, err := runfolder.Open(out); err != nil || run.State != want {
			t.Errorf("the run is %v (%v), want %s", run, err, want)
		}
	}
}

// Commands that only print end quietly if nobody reads, with the code that they would have had.
func TestPrintingToNobody(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	for _, c := range []struct {
		code int
		args []string
	}{
		{exitOK, []string{"help"}}, {exitOK, []string{"help", "train"}}, {exitOK, []string{"version"}}, {exitOK, []string{"devices"}},
		{exitOK, []string{"summary"}}, {exitOK, []string{"data"}}, {exitOK, []string{"runs", filepath.Dir(filepath.Dir(model))}},
		{exitOK, []string{"completion", "fish"}},
		{exitOK, []string{"evaluate", "--device", "cpu", "--model", filepath.Join(trained(t), "model.safetensors")}},
		{exitUsage, []string{"nothing"}},
	} {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		var stderr bytes.Buffer
		cmd := command(t, c.args...)
		cmd.Stdout, cmd.Stderr = in, &stderr
		if c.code != exitOK {
			cmd.Stderr = in
		}
		_ = cmd.Run() // the code says it all
		in.Close()
		if got := cmd.ProcessState.ExitCode(); got != c.code || stderr.Len() != 0 {
			t.Errorf("%q: code %d, want %d, stderr %q", c.args, got, c.code, stderr.String())
		}
	}
}

// A run that draws its progress bar on a terminal is saved when that closes.
func TestClosedTerminal(t *testing.T) {
	terminal, name := openTerminal(t)
	tty, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "run")
	cmd := command(t, trainArgs(out, "--epochs", "1000")...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var shown []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(shown, []byte("epoch 2/")) {
		n, err := terminal.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, buf[:n]...)
	}
	terminal.Close()
	_ = cmd.Wait() // the code says it all
	if got := cmd.ProcessState.ExitCode(); got != 128+int(syscall.SIGHUP) {
		t.Errorf("code %d", got)
	}
	checkMade(t, out)
}
