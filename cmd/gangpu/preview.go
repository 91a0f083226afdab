package main

import (
	"fmt"
	"image"
	"io"
	"os"
	"time"

	"gangpu/gan"
	"gangpu/gan/picture"
	"gangpu/internal/termimage"
)

// preview is a watcher that draws an epoch's samples, those that fit into the terminal: in half
// blocks where it has them, in plain characters elsewhere.
type preview struct {
	w    io.Writer
	form termimage.Form
}

func newPreview(w io.Writer) *preview {
	p := &preview{w: w}
	if isTerminal(w) {
		p.form = termimage.FormOf(os.Getenv)
	}
	return p
}

func (p *preview) iteration(gan.Metrics, time.Duration) error { return nil }
func (p *preview) end() error                                 { return nil }

func (p *preview) epoch(_ int, samples gan.Samples) error {
	columns, lines := terminalSize(p.w)
	// A line is the bar's.
	l := termimage.Fit(samples.Count, image.Pt(samples.Width, samples.Height), columns, lines-1)
	samples.Count = l.Count
	samples.Pixels = samples.Pixels[:l.Count*samples.Height*samples.Width]
	picture, err := samples.Image(picture.Grid{Columns: l.PerRow, Gap: termimage.Gap})
	if err != nil {
		return fmt.Errorf("drawing the samples: %w", err)
	}
	// What cannot be shown is no reason to stop.
	_ = termimage.Write(p.w, termimage.Shrink(picture, l.Width), p.form)
	return nil
}
