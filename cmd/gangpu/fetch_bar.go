package main

import (
	"fmt"
	"io"

	"gangpu/internal/terminal"
	"gangpu/mnist"

	"github.com/schollz/progressbar/v3"
)

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
