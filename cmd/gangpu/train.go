package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"gangpu/gan"
	"gangpu/gan/run"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:        "train",
		Usage:       "train a game, as gangpu train dcgan; without a name, the tutorial's by its recipe",
		ArgsUsage:   "[GAME]",
		Subcommands: gameCommands(),
		Description: "Writes to the run's folder: model.safetensors (weights, optimizer, settings) and, in checkpoints/,\n" +
			"the newest of it and the one of the least distance, if the run is judged; metrics.csv, run.json\n" +
			"(settings, how far it is), after each epoch samples/epoch-NNN.png, 25 images from noise that stays\n" +
			"the same, judge.csv (how good the images are), and at the end report.html. The first\n" +
			"Ctrl-C finishes the iteration and saves; --resume goes on from there, to the same bits. A run that\n" +
			"was killed goes on from what was saved last.",
		Flags: slices.Concat(settingsFlags(), dataFlags(), deviceFlags(), judgingFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", TakesFile: true, EnvVars: []string{"GANGPU_OUT"},
				DefaultText: "the next of runs/001, runs/002, ...", Usage: "`FOLDER` of the run"},
			&cli.StringFlag{Name: "resume", TakesFile: true, Usage: "go on with the run in this `FOLDER`, by its own settings; --epochs may be more; a file of its checkpoints goes on from there, and makes anew what came after; a model file outside of a run's folder goes on in --out"},
			&cli.StringFlag{Name: "weights", TakesFile: true, DefaultText: "drawn by --seed", Usage: "begin a new run with the weights of this model `FILE`, one that was imported, say; Adam begins anew"},
			&cli.IntFlag{Name: "iterations", DefaultText: "all epochs",
				Usage: "stop after this `NUMBER` of iterations, counted from the run's beginning"},
			&cli.IntFlag{Name: "checkpoint-every", DefaultText: "each epoch", Usage: "keep the state after each `NUMBER` of iterations"},
			&cli.IntFlag{Name: "keep", Value: 3, Usage: "`NUMBER` of the newest checkpoints to keep, beside the one of the least distance where that is measured"},
			&cli.StringFlag{Name: "serve", DefaultText: "no page", Usage: "show the run in browsers at this `ADDRESS` while it is trained: a port, of this machine only, or HOST:PORT"},
			&cli.BoolFlag{Name: "preview", DisableDefaultText: true, Usage: "draw each epoch's samples in the terminal, as many as have room"},
		}),
		Action: trainTutorial,
	}
}

// What a run's model file notes.
const (
	noteDataset = "dataset"
	notePixels  = "pixels-sha256" // of the training images, so that a run is resumed on the same ones
	noteLabels  = "labels-sha256" // and their labels, of a model that knows classes
	noteVersion = "gangpu"
)

// sha256Hex is the SHA-256 of a dataset's pixels or labels, in hexadecimal.
func sha256Hex(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

func trainTutorial(c *cli.Context) (err error) {
	t, err := checkTrainFlags(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	page, err := listen(c)
	if err != nil {
		return err
	}
	if page != nil {
		defer page.Close() // again, unless the run does not begin
	}
	from, conditional := flagSource(c), c.Bool("conditional")
	if f, file := t.known(c); f != nil {
		if from, err = sourceOf(c, file, f); err != nil {
			return err
		}
		conditional = f.Model.Classes() > 0
	}
	optional := []mnist.Part{mnist.TestImages, mnist.TestLabels}
	if !conditional {
		optional = append(optional, mnist.TrainLabels)
	}
	data, err := openData(c, from, optional...)
	if err != nil {
		return err
	}
	sayMissing(c, data)
	pixels, labels := sha256Hex(data.Train.Images), sha256Hex(data.Train.Labels)
	if t.saved != nil {
		if err := t.checkData(data.Dir, pixels, labels); err != nil {
			return blame(c, err, "data", "dataset")
		}
	}
	if t.plan, err = planJudging(c, t.before, data, pixels); err != nil {
		return err
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	defer func() { err = errors.Join(err, t.free()) }()

	images := imagesOf(data.Train)
	if err := t.makeTrainer(c, dev, images); err != nil {
		return err
	}
	t.trainer.Notes = map[string]string{noteDataset: data.Name, notePixels: pixels, noteVersion: versionLine()}
	if t.trainer.Model().Classes() > 0 {
		t.trainer.Notes[noteLabels] = labels
	}
	o, err := t.options(c, dev.Info(), recorded(data, from, pixels))
	if err != nil {
		return err
	}
	if err := t.makeJudge(dev, data); err != nil {
		return err
	}
	// All that can fail before the run's folder is there has been done.
	if err := t.makeFolder(c); err != nil {
		return err
	}
	if err := t.introduce(c, dev.Info(), data); err != nil {
		return err
	}
	o.Page, o.Judging, o.Diagnosis = page, t.judging(), newDiagnosis(t.trainer, images)
	return adviseRun(c, t.run.Train(c.Context, t.trainer, o))
}

// listen opens what --serve names, nil if it is not given.
func listen(c *cli.Context) (*run.Page, error) {
	if !c.IsSet("serve") {
		return nil, nil
	}
	address := c.String("serve")
	if err := run.CheckAddress(address); err != nil {
		return nil, usagef("--serve: %v", err)
	}
	page, err := run.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("--serve %s: %w", address, err)
	}
	return page, nil
}

// checkTrainFlags finds what is wrong before the images are fetched and the device is opened. Of
// a run to go on with it opens what was saved.
func checkTrainFlags(c *cli.Context) (*training, error) {
	if n := c.Int("iterations"); n < 0 {
		return nil, usagef("--iterations %d: want at least 1, or 0 for all epochs", n)
	}
	if n := c.Int("checkpoint-every"); n < 0 {
		return nil, usagef("--checkpoint-every %d: want at least 1, or 0 for each epoch", n)
	}
	if n := c.Int("judge-every"); n < 0 {
		return nil, usagef("--judge-every %d: want at least 1, or 0 for never", n)
	}
	if n := c.Int("keep"); n < 1 {
		return nil, usagef("--keep %d: want at least 1", n)
	}
	if err := errors.Join(checkDataFlags(c), checkDeviceFlags(c)); err != nil {
		return nil, err
	}
	if c.IsSet("resume") {
		return openResumed(c)
	}
	d := gan.DefaultSettings()
	if _, _, err := recipe(c, d.Height, d.Width, usualClasses); err != nil {
		return nil, err
	}
	initial, err := initialWeights(c)
	if err != nil {
		return nil, err
	}
	return &training{initial: initial}, checkNewFolder(c)
}

// initialWeights loads the model that --weights names, nil if none.
func initialWeights(c *cli.Context) (*gan.ModelFile, error) {
	if !c.IsSet("weights") {
		return nil, nil
	}
	for _, name := range []string{"latent", "alpha", "dropout", "conditional"} {
		if c.IsSet(name) {
			return nil, usagef("--%s is part of the model that --weights names", name)
		}
	}
	return gan.Load(c.String("weights"))
}

// otherNetworks says that the weights of that model bring other networks than --preset has.
func otherNetworks(c *cli.Context, model string) (string, error) {
	if !c.IsSet("preset") {
		return "", nil
	}
	p, err := preset(c)
	if err != nil {
		return "", err
	}
	m, err := p.Model(p.Settings)
	if err != nil || m.Name == model {
		return "", err
	}
	return fmt.Sprintf(", of the %s model, in the place of --preset %s's networks", model, p.Name), nil
}

// checkNewFolder reports why no new run can be made in the folder of --out.
func checkNewFolder(c *cli.Context) error {
	return blame(c, explainOccupied(run.CheckNew(c.String("out"))), "out")
}

// explainOccupied adds what to do to the error of a folder that holds another run.
func explainOccupied(err error) error {
	occupied := (*run.OccupiedError)(nil)
	switch {
	case !errors.As(err, &occupied):
		return err
	case occupied.Resumable:
		return fmt.Errorf("%w: give another --out, or go on with it by --resume %s", err, shellQuote(string(occupied.Folder)))
	}
	return fmt.Errorf("%w: give another --out", err)
}
