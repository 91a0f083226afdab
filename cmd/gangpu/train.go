package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/internal/runfolder"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "train a model; without flags, the tutorial's by its recipe",
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
		Action: train,
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

func train(c *cli.Context) (err error) {
	s, err := checkTrainFlags(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	listener, err := listen(c)
	if err != nil {
		return err
	}
	if listener != nil {
		defer listener.Close() // again, unless the run does not begin
	}
	from, conditional := flagSource(c), c.Bool("conditional")
	if f, file := s.known(c); f != nil {
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
	if s.saved != nil {
		if err := s.checkData(data.Dir, pixels, labels); err != nil {
			return blame(c, err, "data", "dataset")
		}
	}
	if s.plan, err = planJudging(c, s.before, data, pixels); err != nil {
		return err
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	defer func() { err = errors.Join(err, s.free()) }()

	images := imagesOf(data.Train)
	if err := s.makeTrainer(c, dev, images); err != nil {
		return err
	}
	t := s.trainer
	t.Notes = map[string]string{noteDataset: data.Name, notePixels: pixels, noteVersion: versionLine()}
	if t.Model().Classes() > 0 {
		t.Notes[noteLabels] = labels
	}
	total, err := s.total(c)
	if err != nil {
		return err
	}
	if err := s.makeJudge(dev, data); err != nil {
		return err
	}
	// All that can fail before the run's folder is there has been done.
	if err := s.makeFolder(c); err != nil {
		return err
	}

	info := dev.Info()
	fmt.Fprintf(c.App.Writer, "device  %s: %s, %s\nimages  %s, %d of %dx%d, from %s\nrun     %s\n", info.Name, info.Description, info.Precision,
		data.Name, images.Count, images.Rows, images.Cols, data.Dir, s.folder)
	if n := t.Model().Classes(); n > 0 {
		fmt.Fprintf(c.App.Writer, "classes %d, known to both networks\n", n)
	}
	if f := s.initial; f != nil {
		networks, err := otherNetworks(c, f.Model.Name)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "weights from %s%s; Adam begins anew\n", c.String("weights"), networks)
	}
	if list := unusual(t.Model(), t.Settings()); list != "" {
		fmt.Fprintf(c.App.Writer, "with    %s; all else is the tutorial's\n", list)
	}

	if err := s.begin(c, info, recorded(data, from, pixels), total); err != nil {
		return err
	}
	s.stderr = c.App.ErrWriter
	defer func() { s.end(err) }()
	if err := s.startWatchers(c, images, listener); err != nil {
		return err
	}
	// What came between the saving of the last epoch's state and its samples is made up for.
	if t := s.trainer; s.before != nil && t.Iterations() > 0 && t.Iterations()%t.IterationsPerEpoch() == 0 {
		if _, err := os.Stat(s.folder.Sample(t.Epoch())); errors.Is(err, fs.ErrNotExist) {
			if _, err := s.drawSamples(); err != nil {
				return err
			}
		}
	}
	return s.loop(c, total)
}

// checkTrainFlags finds what is wrong before the images are fetched and the device is opened. Of
// a run to go on with it opens what was saved.
func checkTrainFlags(c *cli.Context) (*session, error) {
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
	return &session{initial: initial}, checkNewFolder(c)
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
	folder := runfolder.Folder(c.String("out"))
	if err := folder.CheckFree(); err != nil {
		return blame(c, explainOccupied(err), "out")
	}
	return blame(c, folder.CheckWritable(), "out")
}

// explainOccupied adds what to do to the error of a folder that holds another run.
func explainOccupied(err error) error {
	occupied := (*runfolder.OccupiedError)(nil)
	switch {
	case !errors.As(err, &occupied):
		return err
	case occupied.Resumable:
		return fmt.Errorf("%w: give another --out, or go on with it by --resume %s", err, shellQuote(string(occupied.Folder)))
	}
	return fmt.Errorf("%w: give another --out", err)
}

// known is the model that a run goes on from, or begins with the weights of, and its file; nil of one from nothing.
func (s *session) known(c *cli.Context) (model *gan.ModelFile, file string) {
	if s.saved != nil {
		return s.saved, s.from
	}
	return s.initial, c.String("weights")
}

// makeTrainer makes the trainer, with room for the samples.
func (s *session) makeTrainer(c *cli.Context, dev program.Device, images gan.Images) (err error) {
	if s.saved != nil {
		err = s.resume(c, dev, images)
	} else {
		err = s.startAnew(c, dev, images)
	}
	if err == nil {
		_, err = s.trainer.Sampler(samplesPerEpoch)
	}
	return err
}

func (s *session) startAnew(c *cli.Context, dev program.Device, images gan.Images) error {
	settings, m, err := recipe(c, images.Rows, images.Cols, images.Classes())
	if err != nil {
		return err
	}
	if f := s.initial; f != nil {
		m, settings.Latent, settings.Alpha, settings.Dropout = f.Model, f.Settings.Latent, f.Settings.Alpha, f.Settings.Dropout
	}
	if s.trainer, err = gan.NewTrainer(dev, settings, m, images); err != nil || s.initial == nil {
		return err
	}
	return s.trainer.SetWeights(s.initial)
}

// makeFolder makes the folder of a run that has none.
func (s *session) makeFolder(c *cli.Context) (err error) {
	if s.folder == "" {
		s.folder, s.lock, err = runfolder.Create(c.String("out"))
	}
	return explainOccupied(err)
}

// total is the number of iterations that the run is to have made, which is more than it has.
func (s *session) total(c *cli.Context) (int, error) {
	t := s.trainer
	total := t.Settings().Epochs * t.IterationsPerEpoch()
	if n := c.Int("iterations"); n > 0 {
		total = min(n, total)
	}
	if t.Iterations() >= total {
		return 0, fmt.Errorf("%s has made %d iterations and was to make %d: a larger --epochs or --iterations makes more", s.from, t.Iterations(), total)
	}
	return total, nil
}
