package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gangpu/gan/picture"
	"gangpu/gan/run"
	"gangpu/internal/atomicfile"
	"gangpu/internal/terminal"
	"gangpu/mnist"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"
)

// output is what a flag names that a command is to write.
type output struct {
	flag, path string            // the path is empty if the flag is not given
	written    func(string) bool // of a folder, whether a file of that name is written or removed; nil for a file
}

// fileOutputs are files that flags name.
func fileOutputs(c *cli.Context, flags ...string) []output {
	var outs []output
	for _, f := range flags {
		outs = append(outs, output{flag: f, path: c.String(f)})
	}
	return outs
}

// checkPictures refuses names of files that flags name and that are to be PNGs, if they end like another format's.
func checkPictures(c *cli.Context, flags ...string) error {
	for _, f := range flags {
		switch end := strings.ToLower(filepath.Ext(c.String(f))); end {
		case ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg", ".pdf":
			return usagef("--%s %s: what is written is a PNG, and not what %s stands for", f, c.String(f), end)
		}
	}
	return nil
}

// checkOutputs refuses, before the work for them is done, outputs that cannot be written, that are the same
// file, or that are one of the files that the command reads. If one of them is stdout, the command's words
// go to stderr from here on.
func checkOutputs(c *cli.Context, outs []output, inputs ...string) error {
	var seen []output
	for _, o := range outs {
		if o.path == "" {
			continue
		}
		check := atomicfile.Check
		if o.written != nil {
			check = atomicfile.CheckFolder
		}
		if err := check(o.path); err != nil {
			return fmt.Errorf("--%s: %w", o.flag, err)
		}
		if o.written == nil && atomicfile.IsStdout(o.path) {
			c.App.Writer = c.App.ErrWriter
		}
		for _, other := range seen {
			if atomicfile.Same(o.path, other.path) {
				return usagef("--%s %s: it is what --%s writes, too", o.flag, o.path, other.flag)
			}
		}
		seen = append(seen, o)
	}
	return spareInputs(outs, inputs...)
}

// spareInputs refuses outputs that are one of the files that the command reads, by whatever name or link.
func spareInputs(outs []output, inputs ...string) error {
	for _, o := range outs {
		files, err := o.files()
		if err != nil {
			return err
		}
		for _, file := range files {
			for _, in := range inputs {
				if atomicfile.Same(file, in) {
					return fmt.Errorf("--%s %s: it would replace %s, which is read", o.flag, o.path, in)
				}
			}
		}
	}
	return nil
}

// files are those that are written, of a folder those of them that are there.
func (o output) files() ([]string, error) {
	if o.path == "" {
		return nil, nil
	}
	if o.written == nil {
		return []string{o.path}, nil
	}
	entries, err := os.ReadDir(o.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", o.flag, err)
	}
	var files []string
	for _, e := range entries {
		if o.written(e.Name()) {
			files = append(files, filepath.Join(o.path, e.Name()))
		}
	}
	return files, nil
}

// explainLink adds to the error of a file that is not there which link on the way to it leads nowhere: a listing
// shows the link, as if it were the file.
func explainLink(err error) error {
	missing := (*fs.PathError)(nil)
	if !errors.As(err, &missing) || !errors.Is(missing, fs.ErrNotExist) {
		return err
	}
	for path := missing.Path; ; path = filepath.Dir(path) {
		target, linkErr := os.Readlink(path)
		if linkErr == nil {
			if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
				return fmt.Errorf("%w: %s is a link to %s, which is not there", err, path, target)
			}
		}
		if path == filepath.Dir(path) {
			return err
		}
	}
}

// fetchBar shows how far a dataset is fetched: a bar on a terminal, a line elsewhere.
type fetchBar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
	// begun says that the line was printed, where there is no terminal
	begun bool
}

func newFetchBar(w io.Writer) *fetchBar { return &fetchBar{w: w} }

func (b *fetchBar) show(p mnist.Progress) {
	if !terminal.Is(b.w) {
		if !b.begun {
			b.begun = true
			fmt.Fprintf(b.w, "fetching %s (%.1f MB) from %s\n", p.Dataset, float64(p.Total)/1e6, p.Source)
		}
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(p.Total,
			progressbar.OptionSetWriter(terminal.FileOf(b.w)),
			progressbar.OptionSetDescription("fetching "+p.Dataset),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30),
			progressbar.OptionClearOnFinish())
	}
	// A bar that cannot be drawn is no reason to stop.
	_ = b.bar.Set64(p.Done)
}

func (b *fetchBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// sampleGridOf is the grid of samples of that size, as a run draws them.
func sampleGridOf(height, width int) picture.Grid {
	return run.SampleGrid.Fit(run.SamplesPerEpoch, height, width)
}
