package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	pictures "gangpu/gan/data"
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
		Flags: slices.Concat(dataFlags(), pictureFlags(), []cli.Flag{
			&cli.StringFlag{Name: "grid", TakesFile: true, Usage: "write 25 of the training images to this PNG `FILE`"},
			&cli.BoolFlag{Name: "clear", DisableDefaultText: true, Usage: "remove decoded pictures from the cache"},
		}),
		Action: data,
	}
}

func data(c *cli.Context) error {
	grid := fileOutputs(c, "grid")
	_, err := pictureOptions(c)
	if err := errors.Join(checkOutputs(c, grid), err); err != nil {
		return err
	}
	src, name := flagSource(c), c.Args().First()
	if name == "" && src.folder == "" && slices.Contains(pictures.Datasets(), src.name) && !slices.Contains(mnist.Datasets(), src.name) {
		return dataOfPictures(c, src.name)
	}
	if err := checkDataFlags(c); err != nil {
		return err
	}
	switch {
	case c.Args().Len() > 1:
		return usagef("data takes one folder or name, not %d: flags come first", c.Args().Len())
	case name != "" && (given(c, "data") || given(c, "dataset")):
		return usagef("%s and --data or --dataset: one of them says which images are meant", name)
	case c.Bool("clear") && name != "":
		return usagef("--clear removes all decoded pictures, not those of %s only", name)
	case c.Bool("clear"):
		return clearPictures(c)
	case slices.Contains(mnist.Datasets(), name):
		src = source{name: name}
	case slices.Contains(pictures.Datasets(), name), name != "" && isPictures(name, nil):
		return dataOfPictures(c, name)
	case name != "":
		src = source{folder: name}
	}
	d, err := openData(c, src, mnist.TrainLabels, mnist.TestImages, mnist.TestLabels)
	if name != "" && isPictures(name, err) {
		return dataOfPictures(c, name)
	}
	if err != nil {
		return err
	}
	for _, flag := range pictureFlags() {
		if c.IsSet(flag.Names()[0]) {
			return usagef("--%s is for pictures, and %s are IDX files", flag.Names()[0], d.Name)
		}
	}
	if err := spareInputs(grid, filesOf(d)...); err != nil {
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

// writeDataGrid draws 25 images.
func writeDataGrid(c *cli.Context, file string, set mnist.Set) error {
	s := imagesOf(set).Samples(run.SamplesPerEpoch)
	if err := s.SavePNG(file, sampleGridOf(s.Height, s.Width)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "\n%d images in %s\n", s.Count, file)
	return err
}
