//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A state alone can be gone on with, to the bits of a run that was not interrupted: without its metrics, with a part
// of them, without all else in its folder, or outside of any. The numbers before are unknown, no more.
func TestResumeStateAlone(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	succeed(t, trainArgs(whole, "--iterations", "22")...)
	rows := metricsRows(t, whole)
	begun := filepath.Join(t.TempDir(), "begun")
	succeed(t, trainArgs(begun, "--iterations", "15")...)
	metrics := readFile(t, begun, "metrics.csv")
	lines := bytes.SplitAfter(metrics, []byte("\n"))
	text := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
	for name, c := range map[string]struct {
		metrics []byte // nil for none
		alone   bool   // without all but the state
		known   []int  // iterations before the state with numbers
	}{
		"without metrics":           {nil, false, nil},
		"without all else":          {nil, true, nil},
		"with cut metrics":          {text(append(lines[:8:8], lines[8][:3])...), false, []int{0, 1, 2, 3, 4, 5, 6}},
		"with an empty file":        {[]byte{}, false, nil},
		"with a hole":               {text(lines[0], lines[2], lines[15]), false, []int{1, 14}},
		"with what a disk had left": {text(lines[0], lines[1], make([]byte, 100), lines[3], lines[4]), false, []int{0, 3}},
	} {
		run := filepath.Join(t.TempDir(), "run")
		var err error
		if c.alone {
			err = errors.Join(os.Mkdir(run, 0o777), os.WriteFile(filepath.Join(run, "model.safetensors"), readFile(t, begun, "model.safetensors"), 0o666))
		} else {
			err = errors.Join(os.CopyFS(run, os.DirFS(begun)), os.Remove(filepath.Join(run, "metrics.csv")), os.RemoveAll(filepath.Join(run, "samples")))
		}
		if c.metrics != nil {
			err = errors.Join(err, os.WriteFile(filepath.Join(run, "metrics.csv"), c.metrics, 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
		r := asProcess(t, "", nil, "train", "--device", "cpu", "--resume", run, "--iterations", "22")
		if r.code != exitOK || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "of the 15 iterations before are not in ") {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		want := slices.Clone(rows[15:])
		for i, known := range c.known {
			want = slices.Insert(want, i, rows[known])
		}
		if got := metricsRows(t, run); !slices.Equal(got, want) {
			t.Errorf("%s: metrics\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if !sameTensors(readTensors(t, whole, "model.safetensors"), readTensors(t, run, "model.safetensors")) {
			t.Errorf("%s: another model", name)
		}
		svg := filepath.Join(t.TempDir(), "curves.svg")
		for _, args := range [][]string{{"report", run}, {"plot", "--out", svg, run}, {"runs", run}} {
			if r := asProcess(t, "", nil, args...); r.code != exitOK || r.stderr != "" {
				t.Errorf("%s: gangpu %s: %+v", name, strings.Join(args, " "), r)
			}
		}
	}

	// Outside of a run's folder it goes on in a folder of its own.
	dir := t.TempDir()
	state := filepath.Join(dir, "copied.safetensors")
	if err := os.WriteFile(state, readFile(t, begun, "model.safetensors"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"", filepath.Join(dir, "other")} {
		args := []string{"train", "--device", "cpu", "--resume", state, "--iterations", "22"}
		if out != "" {
			args = append(args, "--out", out)
		} else {
			out = filepath.Join(dir, "runs", "001")
		}
		if r := asProcess(t, dir, nil, args...); r.code != exitOK {
			t.Fatalf("%+v", r)
		}
		if !sameTensors(readTensors(t, whole, "model.safetensors"), readTensors(t, out, "model.safetensors")) {
			t.Error("copied: another model")
		}
		if !bytes.Equal(readFile(t, begun, "model.safetensors"), readFile(t, state)) {
			t.Error("the copy was changed")
		}
	}
	args := []string{"train", "--device", "cpu", "--resume", state, "--out", begun}
	checkFailure(t, asProcess(t, dir, nil, args...), exitFailed, "holds another run", args)
}

// A run that goes on from an earlier state has no samples and no judgements of what it has not made again.
func TestResumeDropsWhatComesAfter(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, trainArgs(run, "--epochs", "3", "--classifier", classifier(t))...)
	state := filepath.Join(run, "checkpoints", "iteration-000010.safetensors")
	if r := asProcess(t, "", nil, "train", "--device", "cpu", "--resume", state, "--iterations", "12", "--judge-every", "0"); r.code != exitOK {
		t.Fatalf("%+v", r)
	}
	if got := folder(t, filepath.Join(run, "samples")); len(got) != 1 || len(judgeRows(t, run)) != 1 {
		t.Errorf("%d pictures of samples and %d judgements of one epoch", len(got), len(judgeRows(t, run)))
	}
}
