package main

import (
	"fmt"

	"gangpu/gan"
	"gangpu/gan/run"
)

// mayHelp says what a symptom means and which flags may help.
var mayHelp = map[gan.Symptom]string{
	gan.Diverging:         "a lower rate (--lr) may help; what was learned is soon lost, if it is not yet",
	gan.DiscriminatorWins: "the generator has little to learn from; fewer discriminator steps (--k), a lower rate (--lr) or more --dropout may help",
	gan.GeneratorWins:     "what it teaches is wrong; more discriminator steps (--k 1, or --alternation k-steps) or less --dropout may help",
	gan.Collapse:          "it makes much the same image of every noise; more discriminator steps (--k 1), a lower rate (--lr) or another --seed may help",
}

// diagnosis is a gan.Diagnosis as gan/run takes it, with what may help.
type diagnosis struct {
	*gan.Diagnosis
	trainer *ganTrainer
}

func newDiagnosis(t *ganTrainer, images gan.Images) *diagnosis {
	return &diagnosis{gan.NewDiagnosis(t.Settings(), images.Samples(run.SamplesPerEpoch).Diversity()), t}
}

func (d *diagnosis) Iteration(row run.Row) string { return say(d.Diagnosis.Iteration(metricsOf(row))) }

func (d *diagnosis) Epoch(number int, _ run.Samples) string {
	return say(d.Diagnosis.Epoch(number, 0, d.trainer.samples))
}

func say(f *gan.Finding) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s; %s", f.Symptom, f.Evidence, mayHelp[f.Symptom])
}
