package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	"gangpu/gan/fidelity"
	"gangpu/gan/run"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"
	"gangpu/internal/terminal"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// trainDataFlags say what a game is trained on.
func trainDataFlags(s train.System) []cli.Flag {
	return slices.Concat(dataFlags(s.Dataset), []cli.Flag{
		&cli.BoolFlag{Name: "skip-bad", DisableDefaultText: true, Usage: "go on without the files that have problems"},
		&cli.BoolFlag{Name: "flip", DisableDefaultText: true, Usage: "mirror every other picture, on average, left to right"},
		&cli.BoolFlag{Name: "turn", DisableDefaultText: true, Usage: "turn pictures, which have to be square, by quarters: as many as chance has it"},
		&cli.IntFlag{Name: "crop", DefaultText: "whole pictures", Usage: "train on squares of this `NUMBER` of pixels, cut out of the pictures anywhere: of all pictures of a row the same one"},
		&cli.IntFlag{Name: "shift", Usage: "move pictures by up to this `NUMBER` of pixels"},
		&cli.Int64Flag{Name: "in-memory", Value: 4096, Usage: "keep pictures on the device if they have no more than this `NUMBER` of MB, else read them batch by batch"},
	}, pictureFlags())
}

// gameData are the images that a game is trained on, and what to find them by again.
type gameData struct {
	*pictures.Dataset
	source  gameSource
	augment pictures.Augment
}

// gameSource is what a run notes of its data, so that it can go on with the same.
type gameSource struct {
	Folder     string `json:"folder,omitempty"` // absolute
	Dataset    string `json:"dataset,omitempty"`
	Layout     string `json:"layout,omitempty"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Fit        string `json:"fit,omitempty"`
	Background string `json:"background,omitempty"`
	SkipBad    bool   `json:"skip_bad,omitempty"`
	Flip       bool   `json:"flip,omitempty"`
	Turn       bool   `json:"turn,omitempty"`
	Shift      int    `json:"shift,omitempty"`
	Crop       int    `json:"crop,omitempty"`
	Channels   int    `json:"channels,omitempty"` // that pictures are made to have; 0 is their own
}

// What a model notes of its data.
const (
	noteSource  = "source" // a gameSource, as JSON
	noteDataset = "dataset"
	notePixels  = "pixels-sha256" // of all images, so that a run is resumed on the same ones
	noteLabels  = "labels-sha256" // and of the classes of those it is trained on
	noteVersion = "gangpu"
)

// gameSourceOf is what the flags say of the data; what they do not say is as before, where a run goes on.
func gameSourceOf(c *cli.Context, system train.System, before string) (gameSource, pictures.Options, error) {
	var s gameSource
	var o pictures.Options
	var err error
	if before == "" {
		if o, err = pictureOptions(c); err != nil {
			return s, o, err
		}
		s = gameSource{Layout: string(o.Layout), Width: o.Width, Height: o.Height, Fit: string(o.Fit), Background: c.String("background"),
			SkipBad: c.Bool("skip-bad"), Flip: c.Bool("flip"), Turn: c.Bool("turn"), Shift: c.Int("shift"), Crop: c.Int("crop"), Dataset: c.String("dataset"), Channels: system.Channels}
	}
	if before != "" {
		for _, name := range []string{"layout", "size", "fit", "background", "skip-bad", "flip", "turn", "shift", "crop"} {
			if given(c, name) {
				return s, o, usagef("--%s cannot change in the middle of a run", name)
			}
		}
		if err := json.Unmarshal([]byte(before), &s); err != nil {
			return s, o, fmt.Errorf("the run's note of its data: %w", err)
		}
		if set := c.String("dataset"); given(c, "dataset") {
			if !given(c, "data") && set != s.Dataset {
				s.Layout = "" // it was that of other images
			}
			s.Folder, s.Dataset = "", set
		}
		o = pictures.Options{Layout: pictures.Layout(s.Layout), Width: s.Width, Height: s.Height, Fit: pictures.Fit(s.Fit)}
		if o.Background, err = colour(s.Background); err != nil {
			return s, o, err
		}
	}
	// A dataset on the command line stands above a folder of the environment. Beside a folder of IDX files it says what
	// they are to be.
	if folder := c.String("data"); folder != "" && (before == "" || given(c, "data")) && (given(c, "data") || !given(c, "dataset")) {
		if given(c, "dataset") && !mnist.IsFolder(folder) {
			return s, o, usagef("--data and --dataset: one of them says which images are meant")
		}
		if s.Folder, err = filepath.Abs(folder); err != nil {
			return s, o, err
		}
		if !given(c, "dataset") {
			s.Dataset = ""
		}
	}
	if s.Folder == "" && s.Dataset == "" {
		s.Dataset = system.Dataset
	}
	if s.Dataset != "" && !slices.Contains(pictures.Datasets(), s.Dataset) {
		return s, o, blame(c, usagef("unknown dataset %q: want one of %s", s.Dataset, strings.Join(pictures.Datasets(), ", ")), "dataset")
	}
	o.Folder, o.Dataset, o.SkipBad, o.Channels = s.Folder, s.Dataset, s.SkipBad, s.Channels
	if s.Shift < 0 {
		return s, o, usagef("--shift %d: want at least 0", s.Shift)
	}
	if s.Crop < 0 {
		return s, o, usagef("--crop %d: want at least 0", s.Crop)
	}
	return s, o, nil
}

// openGameData opens the images, decoding them if that was not done before.
func openGameData(c *cli.Context, s gameSource, o pictures.Options) (*gameData, error) {
	bar := &pictureBar{w: c.App.ErrWriter}
	defer bar.finish()
	o.Progress = bar.show
	fetching := newFetchBar(c.App.ErrWriter)
	defer fetching.finish()
	o.Fetching = fetching.show
	o.AtLeast = 2
	o.Begin = func(bytes int64, folder string) error {
		_, err := fmt.Fprintf(c.App.Writer, "decoding to %s: %s\n", folder, megabytes(bytes))
		return err
	}
	if o.Dataset != "" && o.Width == 0 {
		o.Width, o.Height = usualSize(o.Dataset)
	}
	d, err := pictures.Open(c.Context, o)
	if err != nil && o.Folder != "" && isWithoutImages(o.Folder, err) {
		return nil, blame(c, fmt.Errorf("opening the images: %w", withoutImages(o.Folder)), "data")
	}
	if err != nil {
		if problems := (*pictures.Problems)(nil); errors.As(err, &problems) {
			fmt.Fprintf(c.App.ErrWriter, "%v\n", problems)
			advice := ""
			if problems.Skippable() {
				advice = "; --skip-bad goes on without these files"
			}
			return nil, fmt.Errorf("%s cannot be trained on as it is: %s, listed above%s", problems.Source, counted(len(problems.List), "problem"), advice)
		}
		return nil, blame(c, explainImages(s, err), "data", "dataset")
	}
	for _, f := range d.Split("train").Fields {
		if s.Crop > min(f.Height, f.Width) {
			return nil, errors.Join(usagef("--crop %d: the pictures have %d x %d pixels; --size makes them larger", s.Crop, f.Width, f.Height), d.Close())
		}
		if s.Turn && s.Crop == 0 && f.Height != f.Width {
			return nil, errors.Join(usagef("--turn: the pictures have %d x %d pixels; --size or --crop makes them square", f.Width, f.Height), d.Close())
		}
	}
	augment := pictures.Augment{Flip: s.Flip, Turn: s.Turn, Shift: s.Shift, CropHeight: s.Crop, CropWidth: s.Crop}
	return &gameData{Dataset: d, source: s, augment: augment}, nil
}

// explainImages adds to the error of images that cannot be opened what else there is to do.
func explainImages(s gameSource, err error) error {
	err = fmt.Errorf("opening the images: %w", err)
	switch {
	case s.Folder != "" && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; --data FOLDER says where they are", err)
	case s.Folder == "" && !errors.As(err, new(*hostmemory.Error)) && !errors.Is(err, context.Canceled):
		return fmt.Errorf("%w; --data FOLDER reads the images from a folder instead", err)
	}
	return err
}

// labels is the SHA-256 of the classes that are trained on, in hexadecimal.
func (d *gameData) labels() string {
	hash := sha256.New()
	for _, l := range d.Split("train").Labels {
		fmt.Fprintln(hash, l)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// usualSize is what a dataset's pictures are made to where nobody says: emoji are 136 x 128, which games cannot halve.
func usualSize(dataset string) (width, height int) {
	if dataset == "emoji" {
		return 32, 32
	}
	return 0, 0
}

// testSplit is what a game is tested by, nil if the dataset has no such split.
func (d *gameData) testSplit() *pictures.Split {
	if s := d.Split("test"); s != nil {
		return s
	}
	return d.Split("val")
}

// recorded is what a run's folder keeps of its images.
func (d *gameData) recorded() run.Dataset {
	return run.Dataset{Name: d.Name, Images: d.Split("train").Fields[0].Count, SHA256: d.SHA256, Folder: d.source.Folder}
}

// mostHeldOut is how many rows a run is measured by, at most.
const mostHeldOut = 500

// holdOut gives a trainer whose game shows pictures of held-out rows these rows.
func (t *training) holdOut(c *cli.Context, trainer *train.Trainer) (err error) {
	if trainer.Game().Show == nil {
		return nil
	}
	trainer.HeldOut, err = t.data.heldOut(c, t.input.Height, t.input.Width)
	return err
}

// heldOut are the rows to test by, of the training's where there are no others.
func (d *gameData) heldOut(c *cli.Context, height, width int) (train.Data, error) {
	split := d.testSplit()
	if split == nil {
		split = d.Split("train")
		fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s has no pictures to test by (a folder test or val): it is shown and measured by those that are trained on\n", d.Source)
	}
	rows, err := train.HeldOut(d.Dataset, split, height, width, mostHeldOut)
	if err != nil {
		return rows, fmt.Errorf("reading the pictures to test by: %w", err)
	}
	return rows, nil
}

// trainedOn are examples of what is trained on.
func (d *gameData) trainedOn(height, width int) (train.Data, error) {
	return train.HeldOut(d.Dataset, d.Split("train"), height, width, 2*mostHeldOut)
}

// comparing has a run told of by how near its pictures of held-out rows come to what they are to be.
func (t *training) comparing(j run.Judging, trainer *train.Trainer, dev program.Device, classifier *train.Model) (_ run.Judging, baselines string, free func() error, err error) {
	free = func() error { return nil }
	s := fidelity.Subject{Showing: trainer.Showing(), HeldOut: trainer.HeldOut, Seed: trainer.Settings().Seed, Classifier: classifier, Device: dev}
	if s.Training, err = t.data.trainedOn(t.input.Height, t.input.Width); err != nil {
		return j, "", free, err
	}
	if s.Runner, err = trainer.Runner(train.ShowUse, fidelity.Batch); err != nil {
		return j, "", free, err
	}
	judge, err := fidelity.NewJudge(s)
	if err != nil || judge == nil {
		return j, "", free, err
	}
	return judge.Judging(j.Every), judge.Baselines, judge.Close, nil
}

// stream is the process's stdout or stderr. Once its reader is gone, as that of a pipe or of a
// closed terminal, what is written is dropped: a run goes on without it, and ends with the exit
// code that it would have had.
type stream struct {
	file     *os.File
	terminal bool
	gone     atomic.Bool
}

func newStream(f *os.File) *stream { return &stream{file: f, terminal: terminal.Is(f)} }

func (s *stream) Write(p []byte) (int, error) {
	if s.gone.Load() {
		return len(p), nil
	}
	n, err := s.file.Write(p)
	if s.readerGone(err) {
		s.gone.Store(true)
		return len(p), nil
	}
	return n, err
}

// readerGone reports whether an error of a write says that nobody reads any more. A terminal that
// was closed answers EIO, which of a file is a fault of the disk.
func (s *stream) readerGone(err error) bool {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	if runtime.GOOS == "windows" {
		const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232)
		return errors.Is(err, brokenPipe) || errors.Is(err, noData)
	}
	return s.terminal && errors.Is(err, syscall.EIO)
}

// File is the file that is written to.
func (s *stream) File() *os.File { return s.file }
