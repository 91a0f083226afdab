// Package runplot draws the curves of training runs, one or several, into one picture.
//
// Its curves are trailing means: at each iteration, the mean of the iterations of the epoch up to it,
// as many as an epoch of that run has. Of a single run each iteration is drawn too, faintly.
package runplot

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"gangpu/gan"
	"gangpu/internal/atomicfile"
	"gangpu/internal/runfolder"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Run is what is drawn of a run.
type Run struct {
	Name               string
	IterationsPerEpoch int
	Loss               gan.Loss
	Rows               []gan.MetricsRow // in order; of an iteration without one the numbers are unknown
	Judgements         []runfolder.Judgement
}

// CheckPath refuses a file of a format that Save does not write.
func CheckPath(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".svg":
		return nil
	}
	return fmt.Errorf("%s: want a name that ends with .png or .svg", path)
}

// Of the picture.
const (
	width       = 9 * vg.Inch
	panelHeight = 3.4 * vg.Inch
	dpi         = 120
)

// Save makes or replaces the file at path, a PNG or an SVG by its name, with the curves of the runs:
// losses, with a line at what a discriminator that cannot tell has, accuracies and, if a run was
// judged, distances.
func Save(path string, runs []Run) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	loss, accuracy := newPanel("loss", "d", "g", len(runs)), newPanel("accuracy", "real", "fake", len(runs))
	distance := newPanel("classifier Fréchet distance", "", "", len(runs))
	for i, r := range runs {
		if len(r.Rows) == 0 {
			return fmt.Errorf("%s has no iterations to draw", r.Name)
		}
		loss.guess(r.Loss.Guessing())
		styles := stylesOf(i, len(runs))
		if err := distance.drawJudgements(r, styles[0]); err != nil {
			return fmt.Errorf("drawing %s: %w", r.Name, err)
		}
		for s, values := range r.values() {
			if err := [2]*panel{loss, accuracy}[s/2].draw(r, s%2, values, styles[s%2]); err != nil {
				return fmt.Errorf("drawing %s: %w", r.Name, err)
			}
		}
	}
	loss.fitLosses()
	accuracy.Y.Min, accuracy.Y.Max = 0, 1
	accuracy.Y.Tick.Marker = percents{}
	panels := []*panel{loss, accuracy}
	if distance.judged {
		distance.fitDistances()
		distance.X.Max = max(distance.X.Max, loss.X.Max)
		panels = append(panels, distance)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return write(w, path, panels...) })
}

// write draws the panels one below the other, their axes in line, their legends beside them.
func write(w io.Writer, path string, panels ...*panel) error {
	height := panelHeight * vg.Length(len(panels))
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	if strings.ToLower(filepath.Ext(path)) == ".svg" {
		canvas = vgsvg.New(width, height)
	} else {
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
	}
	all := draw.New(canvas)
	pad, legend := vg.Points(8), vg.Length(0)
	var rows [][]*plot.Plot
	for _, p := range panels {
		rows = append(rows, []*plot.Plot{p.Plot})
		legend = max(legend, p.legend.Rectangle(all).Size().X)
	}
	tiles := draw.Tiles{Rows: len(panels), Cols: 1, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: legend + 3*pad, PadY: pad}
	for i, row := range plot.Align(rows, tiles, all) {
		panels[i].Draw(row[0])
		beside := row[0]
		beside.Min.X, beside.Max.X = row[0].Max.X+2*pad, all.Max.X-pad
		beside.Max.Y -= vg.Points(24) // below the title
		panels[i].legend.Draw(beside)
	}
	_, err := canvas.WriteTo(w)
	return err
}

// values are a run's d and g loss, and its accuracies on real and on fake images, an iteration each; NaN
// where they are unknown.
func (r Run) values() [4][]float64 {
	var all [4][]float64
	for _, row := range r.Rows {
		for i, v := range []float32{row.DLoss, row.GLoss, row.AccuracyReal, row.AccuracyFake} {
			for len(all[i]) < row.Epoch*r.IterationsPerEpoch+row.Iteration {
				all[i] = append(all[i], math.NaN())
			}
			all[i] = append(all[i], float64(v))
		}
	}
	return all
}
