package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	pictures "gangpu/gan/data"
	"gangpu/gan/train"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// openTrainedOn opens the images that the model of a file was trained on, unless flags say otherwise.
func openTrainedOn(c *cli.Context, file string, m *train.Model) (*gameData, error) {
	note := m.Notes[noteSource]
	if note == "" {
		var err error
		if note, err = sourceNote(c, file, m); err != nil {
			return nil, err
		}
	}
	of, _ := system(m.Game)
	source, o, err := gameSourceOf(c, of, note)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(source.Folder); source.Folder != "" && !given(c, "data") && errors.Is(err, fs.ErrNotExist) {
		return nil, goneImages(file, m.Data.Name, source.Folder)
	}
	d, err := openGameData(c, source, o)
	return d, blame(c, err, "data", "dataset")
}

// sourceNote is the note of its data that a model has not, because it is of an earlier form, or was imported: the folder
// that run.json has, if the file is in a run's folder, or what the environment says, or the dataset that the model notes.
func sourceNote(c *cli.Context, file string, m *train.Model) (string, error) {
	of, _ := system(m.Game)
	s, trained, gone := gameSource{Dataset: of.Dataset, Channels: of.Channels}, m.Notes[noteDataset], ""
	if run, _, err := runfolder.Resumable(file); err == nil && run != "" {
		i, err := run.ReadInfo()
		if err == nil && i.Dataset.Folder != "" && i.Dataset.SHA256 == m.Notes[notePixels] {
			if _, err := os.Stat(i.Dataset.Folder); err == nil {
				s.Folder, s.Dataset = i.Dataset.Folder, ""
			} else {
				gone = i.Dataset.Folder
			}
		}
	}
	switch {
	case s.Folder != "" || given(c, "data") || given(c, "dataset"):
	case c.String("data") != "" || c.String("dataset") != "": // of the environment
		s.Folder, s.Dataset = c.String("data"), c.String("dataset")
	case slices.Contains(pictures.Datasets(), trained):
		s.Dataset = trained
	case trained != "":
		return "", goneImages(file, trained, gone)
	}
	note, err := json.Marshal(s)
	return string(note), err
}

// goneImages is the error of a file whose images are not where they were, if that is known.
func goneImages(file, dataset, folder string) error {
	if folder != "" {
		dataset += ", in " + folder + ", where they no longer are"
	}
	return fmt.Errorf("%s was trained on the images of %s: --data FOLDER says where they are, --dataset NAME takes others of %s",
		file, dataset, strings.Join(pictures.Datasets(), ", "))
}

// inputsOf are the files that a dataset's images were read of, as far as they are in its folder.
func inputsOf(d *gameData) []string {
	var paths []string
	for _, s := range d.Splits {
		for _, f := range s.Fields {
			for _, name := range f.Files {
				paths = append(paths, filepath.Join(d.Source, name))
			}
		}
	}
	if paths != nil {
		return paths
	}
	entries, err := os.ReadDir(d.Source)
	if err != nil {
		return []string{d.Source}
	}
	for _, e := range entries {
		paths = append(paths, filepath.Join(d.Source, e.Name()))
	}
	return paths
}

// checkTrainedOn compares the images that a model is to be judged by with those that it was trained on. Imported files do
// not say. Others that a flag asks for are told of only.
func checkTrainedOn(c *cli.Context, file string, m *train.Model, d *gameData) error {
	shape, ok := m.ImageShape()
	if !ok {
		return fmt.Errorf("%s, a model of the game %s, makes no images", file, m.Game)
	}
	images := d.Split("train").Fields[0]
	if real := []int{images.Height, images.Width, images.Channels}; !slices.Equal(shape, real) {
		return blame(c, fmt.Errorf("%s makes images of %s, those in %s are %s", file, sizeText(shape), d.Source, sizeText(real)), "data", "dataset")
	}
	if known, err := d.known(m.Notes[notePixels]); known || err != nil {
		return err
	}
	text := fmt.Sprintf("%s was trained on other images than those in %s: on %s", file, d.Source, m.Data.Name)
	if given(c, "data") || given(c, "dataset") {
		_, err := fmt.Fprintf(c.App.ErrWriter, "gangpu: %s\n", text)
		return err
	}
	return blame(c, fmt.Errorf("%s; --data or --dataset says which to judge by", text), "data", "dataset")
}
