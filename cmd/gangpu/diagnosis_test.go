package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/gan"
	"gangpu/internal/runfolder"
)

// What is found is said once, in one line, and kept in the run's folder.
func TestDiagnosisIsPrintedAndKept(t *testing.T) {
	var stderr bytes.Buffer
	d := &diagnosis{Diagnosis: gan.NewDiagnosis(gan.DefaultSettings(), 0.25), stderr: &stderr,
		path: filepath.Join(t.TempDir(), "findings.txt")}
	for i := range 300 {
		m := gan.Metrics{Epoch: 3, Iteration: i, DLoss: 0.01, GLoss: 5, AccuracyReal: 1, AccuracyFake: 1}
		if err := d.iteration(m, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	blank := gan.Samples{Count: 2, Height: 2, Width: 2, Pixels: make([]float32, 8)}
	if err := d.epoch(6, blank); err != nil {
		t.Fatal(err)
	}
	kept := string(readFile(t, d.path))
	lines := strings.Split(strings.TrimSpace(kept), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "epoch 4, iteration 200: the discriminator is winning: ") ||
		!strings.HasPrefix(lines[1], "epoch 6, iteration 300: the generator is collapsing: ") {
		t.Errorf("kept %q", lines)
	}
	if want := "gangpu: warning: " + lines[0] + "\ngangpu: warning: " + lines[1] + "\n"; stderr.String() != want {
		t.Errorf("printed %q, want %q", stderr.String(), want)
	}
}

// A run that goes on loses the findings of iterations that are made again.
func TestResumeDropsLaterFindings(t *testing.T) {
	out := trained(t, "--iterations", "1")
	r := runfolder.Folder(out)
	said, lost := "epoch 1, iteration 1: something\n", "epoch 1, iteration 2: something that is made again\n"
	if err := os.WriteFile(r.Findings(), []byte(said+lost), 0o666); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "2")
	if got := string(readFile(t, r.Findings())); got != said {
		t.Errorf("kept %q, want %q", got, said)
	}
}

// A run that goes on does not say again what held when it stopped, and says what begins after.
func TestDiagnosisGoesOn(t *testing.T) {
	const iterations, perEpoch = 250, 1000
	winning := gan.Metrics{DLoss: 0.01, GLoss: 5, AccuracyReal: 1, AccuracyFake: 1}
	guessing := gan.Metrics{DLoss: 0.7, GLoss: 0.7, AccuracyReal: 0.5, AccuracyFake: 0.5}
	for _, test := range []struct {
		before gan.Metrics
		says   bool
	}{{winning, false}, {guessing, true}} {
		r := runfolder.Folder(t.TempDir())
		w, _, err := r.OpenMetrics(0, 10)
		if err != nil {
			t.Fatal(err)
		}
		m := test.before
		for m.Iteration = range iterations {
			if err := w.Write(m, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		d := &diagnosis{Diagnosis: gan.NewDiagnosis(gan.DefaultSettings(), 0.25), stderr: &stderr, path: r.Findings()}
		if err := d.goOn(r, iterations, perEpoch); err != nil {
			t.Fatal(err)
		}
		m = winning
		for m.Iteration = iterations; m.Iteration < 2*iterations; m.Iteration++ {
			if err := d.iteration(m, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if says := stderr.Len() > 0; says != test.says {
			t.Errorf("after d = %v it says %q", test.before.DLoss, stderr.String())
		}
	}
}
