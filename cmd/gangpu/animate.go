package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gangpu/gan/picture"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// gifGrid is how each picture of an animation is drawn.
var gifGrid = picture.Grid{Scale: 8}

// writeGIF animates images: as a motion, or as images that each wants to be looked at.
func writeGIF(file string, p picture.Pixels, motion bool) error {
	pictures, err := gifGrid.Each(p)
	if err != nil {
		return err
	}
	a := picture.Animation{Pictures: pictures, Delay: 400 * time.Millisecond}
	if motion {
		a.Delay = 60 * time.Millisecond
	}
	return a.SaveGIF(file)
}

// animateRun makes a GIF of the grids of samples that a run left at the end of each epoch.
func animateRun(c *cli.Context) error {
	for _, flag := range []string{"out", "images", "npy", "latents", "interpolate", "digit", "tags", "truncation", "truncated-layers", "standing", "mix"} {
		if c.IsSet(flag) {
			return usagef("--run animates what a run left, by --gif alone; it has no --%s", flag)
		}
	}
	run, file := runfolder.Folder(c.String("run")), c.String("gif")
	if file == "" {
		return usagef("nothing to write: give --gif FILE")
	}
	if err := checkOutputs(c, fileOutputs(c, "gif"), run.Files()...); err != nil {
		return err
	}
	endAtOnce()
	entries, err := os.ReadDir(run.Samples())
	if err != nil {
		return fmt.Errorf("--run %s: %w", run, err)
	}
	var names []string
	for _, e := range entries {
		if ok, _ := filepath.Match("epoch-*.png", e.Name()); ok {
			names = append(names, filepath.Join(run.Samples(), e.Name()))
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("--run %s: no samples in %s", run, run.Samples())
	}
	// By the epoch's number, which has three digits or more.
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	epochs := len(names)
	names = spread(names, mostGrids)
	a := picture.Animation{Delay: 150 * time.Millisecond, Rest: 2 * time.Second}
	for _, name := range names {
		grid, err := readPNG(name)
		if err != nil {
			return err
		}
		a.Pictures = append(a.Pictures, grid)
	}
	if err := a.SaveGIF(file); err != nil {
		return err
	}
	what := "the samples of one epoch"
	if epochs > 1 {
		what = fmt.Sprintf("samples of %d epochs", epochs)
	}
	fmt.Fprintf(c.App.Writer, "%s in %s\n", what, file)
	return nil
}

// mostGrids of an animation of a run: half a minute, and a few megabytes.
const mostGrids = 200

// spread leaves at most so many names, evenly spread, the last among them.
func spread(names []string, most int) []string {
	step := (len(names) + most - 1) / most
	var kept []string
	for i := (len(names) - 1) % step; i < len(names); i += step {
		kept = append(kept, names[i])
	}
	return kept
}

func readPNG(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return picture, nil
}
