package main

import (
	"strings"

	"gangpu/gan/run"
	"gangpu/gan/train"
)

// newDiagnosis says what goes wrong in a run of a game, with what may help.
func newDiagnosis(s train.System, t *train.Trainer, real train.Field) (run.Diagnosis, error) {
	return run.Diagnose(t, real, mayHelp(s))
}

// mayHelp says what a symptom means, and which of a game's flags may help.
func mayHelp(s train.System) map[run.Symptom]string {
	known := map[string]bool{"seed": true} // which is a flag of any game
	for _, o := range s.Presets[0].Options() {
		known[o.Name] = true
	}
	help := func(meaning string, remedies ...string) string {
		var all []string
		for i := 0; i < len(remedies); i += 2 { // a setting, and words
			if known[remedies[i]] {
				all = append(all, remedies[i+1])
			}
		}
		text := strings.Join(all, ", ")
		if last := len(all) - 1; last > 0 {
			text = strings.Join(all[:last], ", ") + " or " + all[last]
		}
		if text == "" {
			return meaning
		}
		return meaning + "; " + text + " may help"
	}
	return map[run.Symptom]string{
		run.Diverging: help("what was learned is soon lost, if it is not yet", "lr", "a lower rate (--lr)"),
		run.DiscriminatorWins: help("the generator has little to learn from",
			"k", "fewer discriminator steps (--k)", "lr", "a lower rate (--lr)", "dropout", "more --dropout"),
		run.GeneratorWins: help("what it teaches is wrong",
			"k", "more discriminator steps (--k 1, or --alternation k-steps)", "dropout", "less --dropout"),
		run.Collapse: help("it makes much the same image of every noise",
			"k", "more discriminator steps (--k 1)", "lr", "a lower rate (--lr)", "seed", "another --seed"),
	}
}
