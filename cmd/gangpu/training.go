package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/gan/run"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// training is what a run is made of, as far as it is known.
type training struct {
	run     *run.Run       // nil as long as a new one has no folder
	saved   *gan.ModelFile // to go on from; nil of a new run
	from    string         // the file of it
	before  *run.Info      // what run.json said of a run to go on with; nil if it has none
	initial *gan.ModelFile // whose weights a new run begins with; nil for drawn ones
	trainer *ganTrainer
	plan    judgingPlan
	judge   *judge.Judge // of the images; nil if they are not judged
}

// free frees what is held on the device.
func (t *training) free() error {
	var err error
	if t.judge != nil {
		err = t.judge.Close()
	}
	if t.trainer != nil {
		err = errors.Join(err, t.trainer.Close())
	}
	return err
}

// Close lets others have the run.
func (t *training) Close() error {
	if t.run == nil {
		return nil
	}
	return t.run.Close()
}

// options are those of the run, as far as flags and what it was say.
func (t *training) options(c *cli.Context, dev program.Info, dataset run.Dataset) (run.Options, error) {
	settings, err := json.Marshal(t.trainer.Settings())
	if err != nil {
		return run.Options{}, fmt.Errorf("the settings: %w", err)
	}
	o := run.Options{
		CheckpointEvery: c.Int("checkpoint-every"), Keep: c.Int("keep"),
		About: run.About{Model: t.trainer.Model().Name, Settings: settings, Dataset: dataset, Guides: guides(t.trainer.Settings().Loss),
			Session: run.Session{Command: os.Args, Version: versionLine(), Device: dev.Name, Description: dev.Description, Precision: dev.Precision}},
		Out: c.App.Writer, Err: c.App.ErrWriter,
		Warn: func(text string) { fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s\n", text) },
		Line: tutorialLine(t.trainer.IterationsPerEpoch()), LineEvery: run.EachIteration,
		Preview: c.Bool("preview"),
	}
	if t.before != nil {
		if !given(c, "checkpoint-every") {
			o.CheckpointEvery = t.before.CheckpointEvery
		}
		if !given(c, "keep") {
			o.Keep = t.before.Keep
		}
	}
	if t.plan.file != "" {
		file, err := filepath.Abs(t.plan.file)
		if err != nil {
			return o, err
		}
		o.About.Notes = map[string]string{noteClassifier: file}
	}
	o.Iterations, err = t.total(c)
	return o, err
}

// introduce says what is going to be trained.
func (t *training) introduce(c *cli.Context, dev program.Info, data *mnist.Data) error {
	w, model := c.App.Writer, t.trainer.Model()
	fmt.Fprintf(w, "device  %s: %s, %s\nimages  %s, %d of %dx%d, from %s\nrun     %s\n", dev.Name, dev.Description, dev.Precision,
		data.Name, data.Train.Count, data.Train.Rows, data.Train.Cols, data.Dir, t.run.Folder())
	if n := model.Classes(); n > 0 {
		fmt.Fprintf(w, "classes %d, known to both networks\n", n)
	}
	if f := t.initial; f != nil {
		networks, err := otherNetworks(c, f.Model.Name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "weights from %s%s; Adam begins anew\n", c.String("weights"), networks)
	}
	if list := unusual(model, t.trainer.Settings()); list != "" {
		fmt.Fprintf(w, "with    %s; all else is the tutorial's\n", list)
	}
	if t.judge != nil {
		floor := t.judge.Floor()
		fmt.Fprintf(w, "judge   %d training images have classifier Fréchet distance %.2f, classifier score %.3f\n",
			floor.Images, floor.FrechetDistance, floor.ClassifierScore)
	}
	return nil
}

// known is the model that a run goes on from, or begins with the weights of, and its file; nil of one from nothing.
func (t *training) known(c *cli.Context) (model *gan.ModelFile, file string) {
	if t.saved != nil {
		return t.saved, t.from
	}
	return t.initial, c.String("weights")
}

// makeTrainer makes the trainer, with room for the samples.
func (t *training) makeTrainer(c *cli.Context, dev program.Device, images gan.Images) error {
	begin := t.startAnew
	if t.saved != nil {
		begin = t.resume
	}
	trainer, err := begin(c, dev, images)
	if trainer != nil {
		t.trainer = &ganTrainer{Trainer: trainer}
	}
	if err == nil {
		_, err = trainer.Sampler(run.SamplesPerEpoch)
	}
	return err
}

func (t *training) startAnew(c *cli.Context, dev program.Device, images gan.Images) (*gan.Trainer, error) {
	settings, m, err := recipe(c, images.Rows, images.Cols, images.Classes())
	if err != nil {
		return nil, err
	}
	if f := t.initial; f != nil {
		m, settings.Latent, settings.Alpha, settings.Dropout = f.Model, f.Settings.Latent, f.Settings.Alpha, f.Settings.Dropout
	}
	trainer, err := gan.NewTrainer(dev, settings, m, images)
	if err != nil || t.initial == nil {
		return trainer, err
	}
	return trainer, trainer.SetWeights(t.initial)
}

// makeFolder makes the folder of a run that has none.
func (t *training) makeFolder(c *cli.Context) (err error) {
	if t.run == nil {
		t.run, err = run.Create(c.String("out"), loadSnapshot)
	}
	return explainOccupied(err)
}

// total is the number of iterations that the run is to have made, which is more than it has.
func (t *training) total(c *cli.Context) (int, error) {
	r := t.trainer
	total := r.Settings().Epochs * r.IterationsPerEpoch()
	if n := c.Int("iterations"); n > 0 {
		total = min(n, total)
	}
	if r.Iterations() >= total {
		return 0, fmt.Errorf("%s has made %d iterations and was to make %d: a larger --epochs or --iterations makes more", t.from, r.Iterations(), total)
	}
	return total, nil
}
