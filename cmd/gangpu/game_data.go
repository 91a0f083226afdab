package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	pictures "gangpu/gan/data"
	"gangpu/gan/run"

	"github.com/urfave/cli/v2"
)

func gameDataFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: []string{"GANGPU_DATA"}, TakesFile: true, Usage: "`FOLDER` of pictures, or a .zip; docs/data.md tells what folders are read"},
		&cli.StringFlag{Name: "dataset", EnvVars: []string{"GANGPU_DATASET"}, DefaultText: "emoji", Usage: "`NAME` of a dataset that is fetched: " + strings.Join(pictures.Datasets(), ", ")},
		&cli.BoolFlag{Name: "skip-bad", DisableDefaultText: true, Usage: "go on without the files that have problems"},
		&cli.BoolFlag{Name: "flip", DisableDefaultText: true, Usage: "mirror every other picture, on average, left to right"},
		&cli.IntFlag{Name: "shift", Usage: "move pictures by up to this `NUMBER` of pixels"},
		&cli.Int64Flag{Name: "in-memory", Value: 4096, Usage: "keep pictures on the device if they have no more than this `NUMBER` of MB, else read them batch by batch"},
	}, pictureFlags()...)
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
	Shift      int    `json:"shift,omitempty"`
}

// noteSource is the note of run.json, and of a model, that holds a gameSource.
const noteSource = "source"

// gameSourceOf is what the flags say of the data; what they do not say is as before, where a run goes on.
func gameSourceOf(c *cli.Context, before string) (gameSource, pictures.Options, error) {
	var s gameSource
	var o pictures.Options
	var err error
	if before == "" {
		if o, err = pictureOptions(c); err != nil {
			return s, o, err
		}
		s = gameSource{Layout: string(o.Layout), Width: o.Width, Height: o.Height, Fit: string(o.Fit), Background: c.String("background"),
			SkipBad: c.Bool("skip-bad"), Flip: c.Bool("flip"), Shift: c.Int("shift"), Dataset: c.String("dataset")}
	}
	if before != "" {
		for _, name := range []string{"layout", "size", "fit", "background", "skip-bad", "flip", "shift"} {
			if given(c, name) {
				return s, o, usagef("--%s cannot change in the middle of a run", name)
			}
		}
		if err := json.Unmarshal([]byte(before), &s); err != nil {
			return s, o, fmt.Errorf("the run's note of its data: %w", err)
		}
		if given(c, "dataset") {
			s.Folder, s.Dataset = "", c.String("dataset")
		}
		o = pictures.Options{Layout: pictures.Layout(s.Layout), Width: s.Width, Height: s.Height, Fit: pictures.Fit(s.Fit)}
		if o.Background, err = colour(s.Background); err != nil {
			return s, o, err
		}
	}
	if given(c, "data") && given(c, "dataset") {
		return s, o, usagef("--data and --dataset: one of them says which images are meant")
	}
	// A dataset on the command line stands above a folder of the environment.
	if folder := c.String("data"); folder != "" && !given(c, "dataset") && (before == "" || given(c, "data")) {
		if s.Folder, err = filepath.Abs(folder); err != nil {
			return s, o, err
		}
		s.Dataset = ""
	}
	if s.Folder == "" && s.Dataset == "" {
		s.Dataset = "emoji"
	}
	if s.Dataset != "" && !slices.Contains(pictures.Datasets(), s.Dataset) {
		return s, o, blame(c, usagef("unknown dataset %q: want one of %s", s.Dataset, strings.Join(pictures.Datasets(), ", ")), "dataset")
	}
	o.Folder, o.Dataset, o.SkipBad = s.Folder, s.Dataset, s.SkipBad
	if s.Shift < 0 {
		return s, o, usagef("--shift %d: want at least 0", s.Shift)
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
	if err != nil {
		if problems := (*pictures.Problems)(nil); errors.As(err, &problems) {
			fmt.Fprintf(c.App.ErrWriter, "%v\n", problems)
			advice := ""
			if problems.Skippable() {
				advice = "; --skip-bad goes on without these files"
			}
			return nil, fmt.Errorf("%s cannot be trained on as it is: %s, listed above%s", problems.Source, counted(len(problems.List), "problem"), advice)
		}
		return nil, fmt.Errorf("opening the images: %w", err)
	}
	return &gameData{Dataset: d, source: s, augment: pictures.Augment{Flip: s.Flip, Shift: s.Shift}}, nil
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
