package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/mnist"

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
			&cli.StringFlag{Name: "out", TakesFile: true, EnvVars: []string{"GANGPU_OUT"},
				DefaultText: "the next of runs/001, runs/002, ...", Usage: "`FOLDER` of the run"},
			&cli.StringFlag{Name: "resume", TakesFile: true, Usage: "go on with the run in this `FOLDER`, by its own settings; --epochs may be more"},
			&cli.IntFlag{Name: "iterations", DefaultText: "all epochs",
				Usage: "stop after this `NUMBER` of iterations, counted from the run's beginning"},
			&cli.BoolFlag{Name: "preview", DisableDefaultText: true, Usage: "draw each epoch's samples in the terminal, as many as have room"},
		}),
		Action: train,
	}
}

// What a run's model file notes.
const (
	noteDataset = "dataset"
	notePixels  = "pixels-sha256" // of the training images, so that a run is resumed on the same ones
	noteVersion = "gangpu"
)

// datasetOf is the dataset that the flags name or, where they say nothing of the images, the one
// that the model was trained on.
func datasetOf(c *cli.Context, model *gan.ModelFile) string {
	name, trained := c.String("dataset"), model.Notes[noteDataset]
	if name == "" && c.String("data") == "" && slices.Contains(mnist.Datasets(), trained) {
		return trained
	}
	return name
}

func train(c *cli.Context) (err error) {
	saved, err := checkTrainFlags(c)
	if err != nil {
		return err
	}
	name := c.String("dataset")
	if saved != nil {
		name = datasetOf(c, saved)
	}
	data, err := openDataset(c, name)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data.Train.Images)
	pixels := hex.EncodeToString(sum[:])
	if saved != nil && saved.Notes[notePixels] != "" && saved.Notes[notePixels] != pixels {
		return fmt.Errorf("the run in %s was trained on other images than those in %s: on %s; --data or --dataset says which",
			c.String("resume"), data.Dir, saved.Notes[noteDataset])
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()

	images := gan.Images{Pixels: data.Train.Images, Count: data.Train.Count, Rows: data.Train.Rows, Cols: data.Train.Cols}
	trainer, folder, err := startRun(c, dev, saved, images)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	trainer.Notes = map[string]string{noteDataset: data.Name, notePixels: pixels, noteVersion: versionLine()}

	info := dev.Info()
	fmt.Fprintf(c.App.Writer, "device  %s: %s, %s\nimages  %s, %d of %dx%d, from %s\nrun     %s\n", info.Name, info.Description, info.Precision,
		data.Name, images.Count, images.Rows, images.Cols, data.Dir, folder)

	metrics, err := folder.openMetrics(trainer.Iterations())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close()) }()
	watchers, err := startWatchers(c, trainer, images, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watchers.end(err)) }()
	return trainLoop(c, trainer, folder, metrics, watchers)
}

// checkTrainFlags finds what is wrong before the images are fetched and the device is opened. It
// returns the model of the run to go on with, or nil for a new run.
func checkTrainFlags(c *cli.Context) (*gan.ModelFile, error) {
	if n := c.Int("iterations"); n < 0 {
		return nil, usagef("--iterations %d: want at least 1, or 0 for all epochs", n)
	}
	if err := errors.Join(checkDataFlags(c), checkDeviceFlags(c)); err != nil {
		return nil, err
	}
	if c.IsSet("resume") {
		return checkResume(c)
	}
	d := gan.DefaultSettings()
	if _, err := settings(c, d.Height, d.Width); err != nil {
		return nil, err
	}
	return nil, runFolder(c.String("out")).checkFree()
}

// startRun makes the trainer and the folder of a new run, or of the saved one.
func startRun(c *cli.Context, dev program.Device, saved *gan.ModelFile, images gan.Images) (*gan.Trainer, runFolder, error) {
	if saved != nil {
		folder := runFolder(c.String("resume"))
		t, err := resumeRun(c, dev, saved, images)
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
