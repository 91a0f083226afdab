package main

import (
	"os"
	"strings"
	"testing"

	"gangpu/gan"
	"gangpu/gan/run"
	"gangpu/internal/runfolder"
)

// What is found comes with what may help, and without where: that the run says itself.
func TestDiagnosisSaysWhatMayHelp(t *testing.T) {
	trainer := &ganTrainer{samples: gan.Samples{Count: 2, Height: 2, Width: 2, Pixels: make([]float32, 8)}}
	d := &diagnosis{gan.NewDiagnosis(gan.DefaultSettings(), 0.25), trainer}
	var found []string
	for i := range 300 {
		row := run.Row{Epoch: 3, Iteration: i, Values: []float32{0.01, 5, 1, 1}}
		if text := d.Iteration(row); text != "" {
			found = append(found, text)
		}
	}
	found = append(found, d.Epoch(6, run.Samples{}))
	if len(found) != 2 || !strings.HasPrefix(found[0], "the discriminator is winning: over the last 200 ") || !strings.HasSuffix(found[0], mayHelp[gan.DiscriminatorWins]) ||
		!strings.HasPrefix(found[1], "the generator is collapsing: ") || !strings.HasSuffix(found[1], mayHelp[gan.Collapse]) {
		t.Errorf("found %q", found)
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
