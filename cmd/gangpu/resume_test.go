package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// interruptingWriter cancels once a line of metrics was written.
type interruptingWriter struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (w *interruptingWriter) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte(">")) {
		w.cancel()
	}
	return w.Buffer.Write(p)
}

// interrupted starts a run that is interrupted in its first iteration.
func interrupted(t *testing.T, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, stderr := &interruptingWriter{cancel: cancel}, &bytes.Buffer{}
	args := trainArgs(out, more...)
	code := execute(ctx, append([]string{"gangpu"}, args...), stdout, stderr)
	checkFailure(t, result{code, stdout.String(), stderr.String()}, exitInterrupted, "train --resume "+out, args)
	if rows := metricsRows(t, out); len(rows) != 1 {
		t.Fatalf("metrics of %d iterations", len(rows))
	}
	return out
}

// An interrupted and resumed run makes the bits of one that was not, across the end of an epoch.
func TestResume(t *testing.T) {
	for _, k := range []string{"1", "2"} {
		whole := filepath.Join(t.TempDir(), "whole")
		succeed(t, trainArgs(whole, "--k", k, "--iterations", "12")...)
		out := interrupted(t, "--k", k)
		resume := []string{"train", "--device", "cpu", "--resume", out}
		succeed(t, append(resume, "--iterations", "7")...)
		succeed(t, append(resume, "--iterations", "12")...)
		if !sameTensors(readTensors(t, whole, "model.safetensors"), readTensors(t, out, "model.safetensors")) {
			t.Errorf("k = %s: the resumed run made another model", k)
		}
		// Only with k = 1 does each iteration have a discriminator's step of its own to tell of.
		if a, b := metricsRows(t, whole), metricsRows(t, out); !slices.Equal(a, b) {
			t.Errorf("k = %s: the resumed run made other metrics:\n%q\n%q", k, a, b)
		}
		if !bytes.Equal(readFile(t, whole, "samples", "epoch-001.png"), readFile(t, out, "samples", "epoch-001.png")) {
			t.Errorf("k = %s: the resumed run made other samples", k)
		}
	}
}

// Metrics of iterations that the saved model has not made, as a killed run leaves them, are made anew.
func TestResumeAfterKill(t *testing.T) {
	out := trained(t)
	path := filepath.Join(out, "metrics.csv")
	before := readFile(t, path)
	if err := os.WriteFile(path, append(before, "0,2,1,1,1,1,0.5\n0,3,1"...), 0o666); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "3")
	whole := trained(t, "--iterations", "3")
	if a, b := metricsRows(t, whole), metricsRows(t, out); !slices.Equal(a, b) {
		t.Errorf("metrics %q, want %q", b, a)
	}
}

func TestResumeMoreEpochs(t *testing.T) {
	out := trained(t, "--epochs", "1", "--iterations", "10")
	fail(t, exitFailed, "a larger --epochs", "train", "--device", "cpu", "--resume", out)
	succeed(t, "train", "--device", "cpu", "--resume", out, "--epochs", "2", "--iterations", "11")
	if m := readModel(t, out, "model.safetensors"); m.Settings.Iterations != 20 {
		t.Errorf("%d iterations are planned", m.Settings.Iterations)
	}
}

func TestResumeRefused(t *testing.T) {
	out := trained(t)
	before := folder(t, out)
	resume := []string{"train", "--device", "cpu", "--resume", out}
	for _, flag := range []string{"--batch=8", "--k=1", "--seed=3", "--lr=0.1", "--loss=minimax", "--latent=9", "--alpha=0.1"} {
		name, _, _ := strings.Cut(flag, "=")
		fail(t, exitUsage, name+" cannot change", append(resume, flag)...)
	}
	fail(t, exitUsage, "--epochs 0", append(resume, "--epochs", "0")...)
	fail(t, exitUsage, "leave --out away", append(resume, "--out", out)...)
	fail(t, exitFailed, "has made 2 iterations", append(resume, "--iterations", "1")...)

	other := filepath.Join(t.TempDir(), "other")
	if err := writeImages(other, 2, imageSide); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, "trained on other images", append(resume, "--data", other)...)
	if !maps.Equal(before, folder(t, out)) {
		t.Error("the run was changed")
	}

	missing := filepath.Join(t.TempDir(), "missing")
	fail(t, exitFailed, missing, "train", "--device", "cpu", "--resume", missing)
	if _, err := os.Stat(missing); err == nil {
		t.Error("a missing run was made")
	}
}

// A model that knows classes goes on only with the labels that it learned them by.
func TestResumeWithOtherLabels(t *testing.T) {
	same, other := filepath.Join(t.TempDir(), "same"), filepath.Join(t.TempDir(), "other")
	if err := errors.Join(writeImages(same, 1, imageSide), os.CopyFS(other, os.DirFS(same))); err != nil {
		t.Fatal(err)
	}
	labels := filepath.Join(other, "train-labels-idx1-ubyte")
	b := readFile(t, labels)
	b[8], b[9] = b[9], b[8]
	if err := os.WriteFile(labels, b, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, conditional := range []bool{true, false} {
		out := trained(t, "--data", same, fmt.Sprintf("--conditional=%t", conditional))
		resume := []string{"train", "--device", "cpu", "--resume", out, "--iterations", "3", "--data"}
		if conditional {
			fail(t, exitFailed, "trained on other labels", append(resume, other)...)
			succeed(t, append(resume, same)...)
		} else {
			succeed(t, append(resume, other)...)
		}
	}
}

// Variables of the environment are for new runs, and say nothing against a resumed one.
func TestResumeIgnoresEnvironment(t *testing.T) {
	out := trained(t)
	t.Setenv("GANGPU_BATCH", "8")
	t.Setenv("GANGPU_SEED", "77")
	t.Setenv("GANGPU_OUT", filepath.Join(t.TempDir(), "elsewhere"))
	succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "3")
	if rows := metricsRows(t, out); len(rows) != 3 {
		t.Errorf("metrics of %d iterations", len(rows))
	}
	fail(t, exitUsage, "--batch cannot change", "train", "--device", "cpu", "--resume", out, "--batch", "16")
}

func TestShellQuote(t *testing.T) {
	for s, want := range map[string]string{"runs/001": "runs/001", "my run": "'my run'", "": "''", "it's": `'it'\''s'`, "$x": "'$x'", "a\nb": "'a\nb'"} {
		if got := shellQuote(s); got != want {
			t.Errorf("%q is quoted as %s, want %s", s, got, want)
		}
	}
}
