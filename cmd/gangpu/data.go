package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name:  "data",
		Usage: "find or fetch the images, and show where they are and what is in them",
		Flags: append(dataFlags(),
			&cli.StringFlag{Name: "grid", TakesFile: true, Usage: "write 25 of the training images to this PNG `FILE`"},
		),
		Action: data,
	}
}

func data(c *cli.Context) error {
	grid := fileOutputs(c, "grid")
	if err := errors.Join(checkDataFlags(c), checkOutputs(c, grid)); err != nil {
		return err
	}
	d, err := openData(c, flagSource(c), mnist.TrainLabels, mnist.TestImages, mnist.TestLabels)
	if err != nil {
		return err
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
	s := imagesOf(set).Samples(samplesPerEpoch)
	if err := s.SavePNG(file, sampleGridOf(s.Height, s.Width)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "\n%d images in %s\n", s.Count, file)
	return err
}
