package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	pictures "gangpu/gan/data"
	"gangpu/gan/picture"
	"gangpu/gan/run"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name:      "data",
		Usage:     "find or fetch the images, and show where they are and what is in them",
		ArgsUsage: "[FOLDER|NAME]",
		Description: "FOLDER holds pictures, or a dataset's IDX files; a .zip of pictures will do. NAME is that of a dataset:\n" +
			strings.Join(pictures.Datasets(), ", ") + ". Without either, --data and --dataset say what. With --size, pictures\n" +
			"are decoded to the cache, as training would have it. docs/data.md tells what folders are read, and how.",
		Flags: slices.Concat(dataFlags("mnist"), pictureFlags(), []cli.Flag{
			&cli.StringFlag{Name: "grid", TakesFile: true, Usage: "write 25 of the training images to this PNG `FILE`"},
			&cli.BoolFlag{Name: "clear", DisableDefaultText: true, Usage: "remove decoded pictures from the cache"},
		}),
		Action: data,
	}
}

func data(c *cli.Context) error {
	grid := fileOutputs(c, "grid")
	_, err := pictureOptions(c)
	if err == nil {
		err = checkPictures(c, "grid")
	}
	if err := errors.Join(checkOutputs(c, grid), err); err != nil {
		return err
	}
	name := c.Args().First()
	switch {
	case c.Args().Len() > 1:
		return usagef("data takes one folder or name, not %d: flags come first", c.Args().Len())
	case name != "" && (given(c, "data") || given(c, "dataset")):
		return usagef("%s and --data or --dataset: one of them says which images are meant", name)
	case c.Bool("clear") && name != "":
		return usagef("--clear removes all decoded pictures, not those of %s only", name)
	case c.Bool("clear"):
		return clearPictures(c)
	}
	if err := checkDataFlags(c); err != nil {
		return err
	}
	o := mnist.Options{Dir: c.String("data"), Dataset: c.String("dataset"), Optional: []mnist.Part{mnist.TrainLabels, mnist.TestImages, mnist.TestLabels}}
	switch {
	case slices.Contains(pictures.Datasets(), name):
		o.Dir, o.Dataset = "", name
	case name != "":
		o.Dir, o.Dataset = name, ""
	case given(c, "dataset") && !given(c, "data"):
		o.Dir = ""
	}
	switch {
	case o.Dir != "" && !mnist.IsFolder(o.Dir):
		return dataOfPictures(c, o.Dir)
	case o.Dir == "" && o.Dataset != "" && !slices.Contains(mnist.Datasets(), o.Dataset):
		return dataOfPictures(c, o.Dataset)
	}
	bar := newFetchBar(c.App.ErrWriter)
	defer bar.finish()
	o.Progress = bar.show
	d, err := mnist.Open(c.Context, o)
	if err != nil {
		return blame(c, explainImages(gameSource{Folder: o.Dir}, err), "data", "dataset")
	}
	for _, flag := range pictureFlags() {
		if c.IsSet(flag.Names()[0]) {
			return usagef("--%s is for pictures, and %s are IDX files", flag.Names()[0], d.Name)
		}
	}
	return describeIDX(c, d, grid)
}

// describeIDX shows what is in the files of a dataset of MNIST's form.
func describeIDX(c *cli.Context, d *mnist.Data, grid []output) error {
	var paths []string
	for _, f := range d.Files {
		paths = append(paths, f.Path)
	}
	if err := spareInputs(grid, paths...); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s in %s\n\n", d.Name, d.Dir)
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FILE\tSHA-256\tKNOWN")
	for _, f := range d.Files {
		known := "no"
		if f.Official {
			known = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, f.SHA256, known)
	}
	fmt.Fprint(w, "\nSET\tIMAGES\tSIZE\tIMAGES OF EACH CLASS\n")
	for _, s := range []struct {
		name string
		set  mnist.Set
	}{{"training", d.Train}, {"test", d.Test}} {
		if s.set.Count == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%dx%d\t%s\n", s.name, s.set.Count, s.set.Rows, s.set.Cols, classCounts(s.set.Labels))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for p := mnist.TrainLabels; p <= mnist.TestLabels; p++ {
		if err := d.Missing[p]; err != nil {
			fmt.Fprintf(c.App.Writer, "\nwithout %s: %v\n", p, err)
		}
	}
	if file := c.String("grid"); file != "" {
		return writeDataGrid(c, file, d.Train)
	}
	return nil
}

// classCounts lists how often each label comes: "5923 6742 ...".
func classCounts(labels []byte) string {
	if labels == nil {
		return "not known"
	}
	var counts [256]int
	last := 0
	for _, l := range labels {
		counts[l]++
		last = max(last, int(l))
	}
	return fmt.Sprint(counts[:last+1])
}

// writeDataGrid draws 25 images, evenly spaced, dark on white.
func writeDataGrid(c *cli.Context, file string, set mnist.Set) error {
	p := picture.Pixels{Count: min(set.Count, run.SamplesPerEpoch), Height: set.Rows, Width: set.Cols, Channels: 1}
	for i := range p.Count {
		for _, ink := range set.Image(i * set.Count / p.Count) {
			p.Values = append(p.Values, 255-ink)
		}
	}
	if err := sampleGridOf(p.Height, p.Width).SavePNG(file, p); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "\n%d images in %s\n", p.Count, file)
	return err
}

// How to come to images from what a folder has instead.

// npzCommand makes IDX files of a mnist.npz, by Python's usual packages. It takes the file as its argument.
const npzCommand = `python3 -c 'import sys,os,numpy;d=numpy.load(sys.argv[1]);` +
	`[open(os.path.join(os.path.dirname(sys.argv[1]),n),"wb").write(bytes([0,0,8,d[k].ndim])+` +
	`b"".join(s.to_bytes(4,"big") for s in d[k].shape)+d[k].astype("uint8").tobytes()) for k,n in ` +
	`(("x_train","train-images-idx3-ubyte"),("y_train","train-labels-idx1-ubyte"),` +
	`("x_test","t10k-images-idx3-ubyte"),("y_test","t10k-labels-idx1-ubyte"))]' `

var archives = map[string]string{".zip": "unzip ", ".tar": "tar -xf ", ".tgz": "tar -xf ", ".tar.gz": "tar -xf "}

// withoutImages is the error of a path where there are neither pictures nor IDX files: it says what there is.
func withoutImages(path string) error {
	_, err := mnist.Open(context.Background(), mnist.Options{Dir: path})
	return err
}

// isWithoutImages reports whether an error of opening pictures is that there are none.
func isWithoutImages(path string, err error) bool {
	if problems := (*pictures.Problems)(nil); errors.As(err, &problems) {
		return len(problems.List) == 1 && problems.List[0].Kind == pictures.NoPictures
	}
	info, statErr := os.Stat(path)
	return statErr == nil && !info.IsDir() && !strings.EqualFold(filepath.Ext(path), ".zip")
}

// adviseData adds to the error of a folder without images how to come to them from the files that it has.
func adviseData(err error) error {
	others := (*mnist.OtherFilesError)(nil)
	if !errors.As(err, &others) {
		return err
	}
	for _, file := range others.Examples {
		if advice := convert(file); advice != "" {
			return fmt.Errorf("%w; %s", err, advice)
		}
	}
	return fmt.Errorf("%w; gangpu reads pictures, and IDX files as MNIST's", err)
}

// convert says how to come from a file to a folder of IDX files; empty if nobody knows.
func convert(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for end, command := range archives {
		if strings.HasSuffix(name, end) {
			into := " -C "
			if command == "unzip " {
				into = " -d "
			}
			return fmt.Sprintf("an archive has to be unpacked: %s%s%s%s", command, shellQuote(path), into, shellQuote(filepath.Dir(path)))
		}
	}
	if strings.HasSuffix(name, ".npz") {
		return fmt.Sprintf("gangpu reads pictures and IDX files: this makes these beside a mnist.npz of Keras: %s%s", npzCommand, shellQuote(path))
	}
	return ""
}
