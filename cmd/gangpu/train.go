package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "train a model; without flags, the tutorial's",
		Description: "Writes to the run's folder: model.safetensors (weights, optimizer, settings), metrics.csv, and\n" +
			"after each epoch samples/epoch-NNN.png, 25 images from noise that stays the same. The first\n" +
			"Ctrl-C finishes the iteration and saves; --resume goes on from there, to the same bits.",
		Flags: slices.Concat(settingsFlags(), dataFlags(), deviceFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", TakesFile: true, EnvVars: []string{"GANGPU_OUT"}, Usage: "`FOLDER` of the run (default: the next of runs/001, runs/002, ...)"},
			&cli.StringFlag{Name: "resume", TakesFile: true, Usage: "go on with the run in this `FOLDER`, by its own settings"},
			&cli.IntFlag{Name: "iterations", Usage: "stop after so many iterations, counted from the run's beginning; 0 for all epochs"},
		}),
		Action: train,
	}
}

const samplesPerEpoch = 25

// errInterrupted is a run that was asked to stop, and did so in good order.
var errInterrupted = errors.New("interrupted")

func train(c *cli.Context) (err error) {
	if err := checkTrainFlags(c); err != nil {
		return err
	}
	data, err := openData(c)
	if err != nil {
		return err
	}
	images := gan.Images{Pixels: data.Train.Images, Count: data.Train.Count, Rows: data.Train.Rows, Cols: data.Train.Cols}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()

	trainer, folder, err := startRun(c, dev, images)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	trainer.Notes = map[string]string{"dataset": data.Name, "gangpu": versionLine()}

	info := dev.Info()
	fmt.Fprintf(c.App.Writer, "device  %s: %s, %s\nimages  %s, %d of %dx%d, from %s\nrun     %s\n", info.Name, info.Description, info.Precision,
		data.Name, images.Count, images.Rows, images.Cols, data.Dir, folder)

	metrics, err := folder.openMetrics(trainer.Iterations())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close()) }()
	return trainLoop(c, trainer, folder, metrics)
}

func checkTrainFlags(c *cli.Context) error {
	if c.Int("iterations") < 0 {
		return usagef("--iterations %d: want 0 or more", c.Int("iterations"))
	}
	if !c.IsSet("resume") {
		d := gan.DefaultSettings()
		_, err := settings(c, d.Height, d.Width)
		return err
	}
	if c.IsSet("out") {
		return usagef("--resume goes on in the run's own folder: leave --out away")
	}
	for _, f := range settingsFlags() {
		if name := f.Names()[0]; name != "epochs" && slices.Contains(c.LocalFlagNames(), name) {
			return usagef("--%s cannot change in the middle of a run; a resumed run has its own settings", name)
		}
	}
	return nil
}

// startRun makes the trainer and the folder of a new run, or of the one to go on with.
func startRun(c *cli.Context, dev program.Device, images gan.Images) (*gan.Trainer, runFolder, error) {
	if c.IsSet("resume") {
		folder := runFolder(c.String("resume"))
		f, err := gan.Load(folder.model())
		if err != nil {
			return nil, "", fmt.Errorf("resuming %s: %w", folder, err)
		}
		if c.IsSet("epochs") {
			f.Settings.Epochs = c.Int("epochs")
		}
		if f.Device != dev.Info().Name {
			fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and goes on on %s: same draws, other rounding\n",
				f.Device, dev.Info().Name)
		}
		t, err := gan.ResumeTrainer(dev, f, images)
		if err != nil {
			return nil, "", fmt.Errorf("resuming %s: %w", folder, err)
		}
		return t, folder, nil
	}
	s, err := settings(c, images.Rows, images.Cols)
	if err != nil {
		return nil, "", err
	}
	m, err := gan.Tutorial(s)
	if err != nil {
		return nil, "", err
	}
	t, err := gan.NewTrainer(dev, s, m, images)
	if err != nil {
		return nil, "", err
	}
	folder, err := newRunFolder(c.String("out"))
	if err != nil {
		return nil, "", errors.Join(err, t.Close())
	}
	return t, folder, nil
}

func trainLoop(c *cli.Context, t *gan.Trainer, folder runFolder, metrics *metricsFile) error {
	perEpoch := t.IterationsPerEpoch()
	total := t.Settings().Epochs * perEpoch
	if n := c.Int("iterations"); n > 0 {
		total = min(n, total)
	}
	if t.Iterations() >= total {
		return fmt.Errorf("%s has made its %d iterations: a larger --epochs makes more", folder, t.Iterations())
	}
	bar := newProgress(c.App.Writer, c.App.ErrWriter, t.Settings().Epochs, perEpoch, t.Iterations(), total)
	defer bar.finish()
	begin, before := time.Now(), t.Iterations()
	for t.Iterations() < total {
		start := time.Now()
		if err := t.Step(); err != nil {
			return err
		}
		m, err := t.Metrics()
		if err != nil {
			return fmt.Errorf("%w; the last model saved is as it was", err)
		}
		taken := time.Since(start)
		if err := metrics.Write(m, taken); err != nil {
			return fmt.Errorf("writing %s: %w", folder.metrics(), err)
		}
		bar.show(m, taken, total-t.Iterations())
		if t.Iterations()%perEpoch == 0 {
			if err := endEpoch(t, folder, metrics); err != nil {
				return err
			}
		}
		if c.Context.Err() != nil {
			break
		}
	}
	bar.finish()
	return endRun(c, t, folder, metrics, total, before, time.Since(begin))
}

// endEpoch saves what an epoch made: its samples, the model, the metrics so far.
func endEpoch(t *gan.Trainer, folder runFolder, metrics *metricsFile) error {
	samples, err := t.Samples(samplesPerEpoch)
	if err != nil {
		return fmt.Errorf("making samples: %w", err)
	}
	epoch := t.Iterations() / t.IterationsPerEpoch()
	if err := samples.SavePNG(folder.sample(epoch), sampleGrid); err != nil {
		return err
	}
	if err := metrics.Flush(); err != nil {
		return fmt.Errorf("writing %s: %w", folder.metrics(), err)
	}
	return t.Save(folder.model())
}

// endRun saves what the last, perhaps unfinished epoch made, and says what there is.
func endRun(c *cli.Context, t *gan.Trainer, folder runFolder, metrics *metricsFile, total, before int, taken time.Duration) error {
	perEpoch := t.IterationsPerEpoch()
	if t.Iterations()%perEpoch != 0 {
		if err := metrics.Flush(); err != nil {
			return fmt.Errorf("writing %s: %w", folder.metrics(), err)
		}
		if err := t.Save(folder.model()); err != nil {
			return err
		}
	}
	made := t.Iterations() - before
	fmt.Fprintf(c.App.Writer, "%d iterations in %s, %.3f s each\nmodel   %s\n", made, taken.Round(time.Second),
		taken.Seconds()/float64(made), folder.model())
	if t.Iterations() >= perEpoch {
		fmt.Fprintf(c.App.Writer, "samples %s\n", folder.samples())
	}
	if t.Iterations() < total && errors.Is(c.Context.Err(), context.Canceled) {
		return fmt.Errorf("%w after %d of %d iterations; go on with: gangpu train --resume %s", errInterrupted, t.Iterations(), total, folder)
	}
	return nil
}
