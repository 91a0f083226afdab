package run

import (
	"fmt"
	"image"
	"io"
	"os"

	"gangpu/gan/picture"
	"gangpu/internal/termimage"
	"gangpu/internal/terminal"
)

// preview is a watcher that draws an epoch's samples, those that fit into the terminal: in half
// blocks where it has them, in plain characters elsewhere.
type preview struct {
	w    io.Writer
	form termimage.Form
}

func newPreview(w io.Writer) *preview {
	p := &preview{w: w}
	if terminal.Is(w) {
		p.form = termimage.FormOf(os.Getenv)
	}
	return p
}

func (p *preview) Iteration(Row) error { return nil }
func (p *preview) End() error          { return nil }

func (p *preview) Epoch(_ int, samples Samples) error {
	if samples.Count == 0 {
		return nil
	}
	columns, lines := terminal.Size(p.w)
	// A line is the bar's.
	l := termimage.Fit(samples.Count, image.Pt(samples.Width, samples.Height), columns, lines-1)
	some := samples.Pixels
	some.Count = l.Count
	some.Values = some.Values[:l.Count*some.Height*some.Width*some.Channels]
	drawn, err := picture.Grid{Columns: l.PerRow, Gap: termimage.Gap}.Draw(some)
	if err != nil {
		return fmt.Errorf("drawing the samples: %w", err)
	}
	// What cannot be shown is no reason to stop.
	_ = termimage.Write(p.w, termimage.Shrink(drawn, l.Width), p.form)
	return nil
}
