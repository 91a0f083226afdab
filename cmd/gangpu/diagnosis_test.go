package main

import (
	"os"
	"testing"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/run"
	"gangpu/gan/train"
	"gangpu/internal/runfolder"
)

// What is found comes with what may help: flags that the game has.
func TestDiagnosisSaysWhatMayHelp(t *testing.T) {
	for _, c := range []struct {
		system train.System
		of     run.Symptom
		want   string
	}{
		{tutorial.System, run.DiscriminatorWins, "the generator has little to learn from; fewer discriminator steps (--k), a lower rate (--lr) or more --dropout may help"},
		{dcgan.System, run.DiscriminatorWins, "the generator has little to learn from; a lower rate (--lr) may help"},
		{tutorial.System, run.GeneratorWins, "what it teaches is wrong; more discriminator steps (--k 1, or --alternation k-steps) or less --dropout may help"},
		{dcgan.System, run.GeneratorWins, "what it teaches is wrong"},
		{dcgan.System, run.Collapse, "it makes much the same image of every noise; a lower rate (--lr) or another --seed may help"},
	} {
		if got := mayHelp(c.system)[c.of]; got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.system.Name, c.of, got, c.want)
		}
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
