package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/gan"
	"gangpu/internal/hostmemory"
	"gangpu/internal/runfolder"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// source says where a command's images are: in a folder, or in the cache under a dataset's name. Both may be
// empty, for MNIST, or given, if the folder is to hold that dataset.
type source struct{ name, folder string }

// flagSource is what the flags say.
func flagSource(c *cli.Context) source { return source{c.String("dataset"), c.String("data")} }

// sourceOf is where the images are that the model of a file was trained on, unless flags say otherwise: the
// folder that run.json has, if the file is in a run's folder, or what the environment says, or the dataset
// that the model notes.
func sourceOf(c *cli.Context, file string, model *gan.ModelFile) (source, error) {
	if given(c, "data") || given(c, "dataset") {
		return flagSource(c), nil
	}
	trained, gone := model.Notes[noteDataset], ""
	if run, _, err := runfolder.Resumable(file); err == nil && run != "" {
		i, err := run.ReadInfo()
		if err == nil && i.Dataset.Folder != "" && i.Dataset.SHA256 == model.Notes[notePixels] {
			if _, err := os.Stat(i.Dataset.Folder); err == nil {
				return source{folder: i.Dataset.Folder}, nil
			}
			gone = ", in " + i.Dataset.Folder + ", where they no longer are"
		}
	}
	if s := flagSource(c); s != (source{}) {
		return s, nil
	}
	if trained == "" || slices.Contains(mnist.Datasets(), trained) {
		return source{name: trained}, nil
	}
	return source{}, fmt.Errorf("%s was trained on the images of %s%s: --data FOLDER says where they are, --dataset NAME takes others of %s",
		file, trained, gone, strings.Join(mnist.Datasets(), ", "))
}

// openData finds or fetches the images. Of a folder's files those that are optional may be missing.
func openData(c *cli.Context, s source, optional ...mnist.Part) (*mnist.Data, error) {
	bar := newFetchBar(c.App.ErrWriter)
	defer bar.finish()
	data, err := mnist.Open(c.Context, mnist.Options{Dataset: s.name, Dir: s.folder, Optional: optional, Progress: bar.show})
	switch {
	case err == nil:
		return data, nil
	case s.folder == "" && c.Context.Err() == nil && !errors.As(err, new(*hostmemory.Error)):
		err = fmt.Errorf("opening the images: %w; --data FOLDER reads the dataset's files from a folder instead", err)
	default:
		err = fmt.Errorf("opening the images: %w", err)
	}
	if s == flagSource(c) {
		err = blame(c, err, "data", "dataset")
	}
	return nil, err
}

// filesOf are the paths of the images' and labels' files.
func filesOf(d *mnist.Data) []string {
	var paths []string
	for _, f := range d.Files {
		paths = append(paths, f.Path)
	}
	return paths
}

// sayMissing prints which files were there, could not be read, and are not needed.
func sayMissing(c *cli.Context, data *mnist.Data) {
	for _, p := range []mnist.Part{mnist.TrainLabels, mnist.TestImages, mnist.TestLabels} {
		if err := data.Missing[p]; err != nil && !errors.Is(err, mnist.ErrAbsent) {
			fmt.Fprintf(c.App.ErrWriter, "gangpu: going on without %s: %v\n", p, err)
		}
	}
}

// recorded is what a run's folder keeps of its images: their folder too if they are not in the cache.
func recorded(data *mnist.Data, s source, pixels string) runfolder.Dataset {
	d := runfolder.Dataset{Name: data.Name, Images: data.Train.Count, SHA256: pixels}
	if s.folder != "" {
		if folder, err := filepath.Abs(data.Dir); err == nil {
			d.Folder = folder
		}
	}
	return d
}

// checkTrained compares the images that a model is to be judged by with those that it was trained on.
// Files of early versions, and imported ones, do not say. Others that a flag asks for are told of only.
func checkTrained(c *cli.Context, file string, model *gan.ModelFile, data *mnist.Data, pixels string) error {
	if size, t := model.Settings, data.Train; size.Height != t.Rows || size.Width != t.Cols {
		return blame(c, fmt.Errorf("%s makes images of %dx%d, those in %s are %dx%d", file, size.Height, size.Width, data.Dir, t.Rows, t.Cols), "data", "dataset")
	}
	if before := model.Notes[notePixels]; before == "" || before == pixels {
		return nil
	}
	text := fmt.Sprintf("%s was trained on other images than those in %s: on %s", file, data.Dir, model.Notes[noteDataset])
	if given(c, "data") || given(c, "dataset") {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: %s\n", text)
		return nil
	}
	return blame(c, fmt.Errorf("%s; --data or --dataset says which to judge by", text), "data", "dataset")
}

func imagesOf(s mnist.Set) gan.Images {
	return gan.Images{Pixels: s.Images, Count: s.Count, Rows: s.Rows, Cols: s.Cols, Labels: s.Labels}
}
