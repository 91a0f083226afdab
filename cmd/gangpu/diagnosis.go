package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"gangpu/gan"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// mayHelp says what a symptom means and which flags may help.
var mayHelp = map[gan.Symptom]string{
	gan.Diverging:         "a lower rate (--lr) may help; what was learned is soon lost, if it is not yet",
	gan.DiscriminatorWins: "the generator has little to learn from; fewer discriminator steps (--k), a lower rate (--lr) or more --dropout may help",
	gan.GeneratorWins:     "what it teaches is wrong; more discriminator steps (--k 1, or --alternation k-steps) or less --dropout may help",
	gan.Collapse:          "it makes much the same image of every noise; more discriminator steps (--k 1), a lower rate (--lr) or another --seed may help",
}

// diagnosis prints what goes wrong in a run, and keeps it in findings.txt, a line each.
type diagnosis struct {
	*gan.Diagnosis
	stderr io.Writer
	path   string
	last   int // index of the last iteration
}

func newDiagnosis(c *cli.Context, t *gan.Trainer, images gan.Images, folder runfolder.Folder) (*diagnosis, error) {
	real := images.Samples(samplesPerEpoch).Diversity()
	d := &diagnosis{Diagnosis: gan.NewDiagnosis(t.Settings(), real), stderr: c.App.ErrWriter, path: folder.Findings()}
	if t.Iterations() == 0 {
		return d, nil
	}
	return d, d.goOn(folder, t.Iterations(), t.IterationsPerEpoch())
}

// goOn takes the iterations that a resumed run has made, so that what holds at their end is not said
// again, and drops what was found in later ones, which will be made again.
func (d *diagnosis) goOn(folder runfolder.Folder, iterations, perEpoch int) error {
	rows, err := folder.ReadMetrics()
	if err != nil {
		return err
	}
	for _, row := range rows {
		d.Iteration(row.Metrics)
	}
	return folder.KeepFindings(iterations, perEpoch)
}

func (d *diagnosis) iteration(m gan.Metrics, _ time.Duration) error {
	d.last = m.Iteration
	return d.say(d.Iteration(m))
}

func (d *diagnosis) epoch(number int, samples gan.Samples) error {
	return d.say(d.Epoch(number, d.last, samples))
}

func (d *diagnosis) end() error { return nil }

func (d *diagnosis) say(f *gan.Finding) error {
	if f == nil {
		return nil
	}
	text := fmt.Sprintf("%v; %s", f, mayHelp[f.Symptom])
	warn(d.stderr, text)
	if err := appendLine(d.path, text, os.O_CREATE); err != nil {
		return fmt.Errorf("writing a finding: %w", err)
	}
	return nil
}
