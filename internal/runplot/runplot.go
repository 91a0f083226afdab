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
	Columns            []runfolder.Column
	Guides             []runfolder.Guide
	Rows               []runfolder.Row // in order; of an iteration without one the numbers are unknown
	Measure            *runfolder.Measure
	Judgements         []runfolder.Judgement // by the measure; nil if that is
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

// Save makes or replaces the file at path, a PNG or an SVG by its name, with the curves of the runs: a panel an axis of
// their columns, with its guides, and one a measure if a run was judged.
func Save(path string, runs []Run) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	var axes, measures []*panel
	end := 0.0
	for i, r := range runs {
		if len(r.Rows) == 0 {
			return fmt.Errorf("%s has no iterations to draw", r.Name)
		}
		if err := drawRun(&axes, &measures, r, i, len(runs)); err != nil {
			return fmt.Errorf("drawing %s: %w", r.Name, err)
		}
	}
	for _, p := range axes {
		p.fit()
		end = max(end, p.X.Max)
	}
	panels := axes
	for _, p := range measures {
		p.fitScores()
		p.X.Max = max(p.X.Max, end)
		panels = append(panels, p)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return write(w, path, panels...) })
}

// drawRun draws what there is of the i-th of n runs on the panels, and makes those that are not there yet.
func drawRun(axes, measures *[]*panel, r Run, i, n int) error {
	values := r.values()
	for _, a := range runfolder.Axes(r.Columns) {
		p := panelOf(axes, a.Name, n)
		p.share = a.Share
		for _, g := range r.Guides {
			if g.Axis == a.Name {
				p.guide(g)
			}
		}
		for _, c := range a.Columns {
			series := p.series(r.Columns[c].Short())
			if err := p.draw(r, series, values[c], styleOf(series, i, n)); err != nil {
				return err
			}
		}
	}
	if r.Measure == nil {
		return nil
	}
	if points := pointsOf(r); len(points) > 0 {
		p := panelOf(measures, r.Measure.Title(), n)
		p.higher = r.Measure.Higher
		for _, g := range r.Guides {
			if g.Axis == p.title {
				p.guide(g)
			}
		}
		return p.drawScores(r, points, styleOf(0, i, n))
	}
	return nil
}

// panelOf is the panel of that title, which is made if it is not there.
func panelOf(panels *[]*panel, title string, runs int) *panel {
	for _, p := range *panels {
		if p.title == title {
			return p
		}
	}
	p := newPanel(title, runs)
	*panels = append(*panels, p)
	return p
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

// values are those of a run's columns, an iteration each; NaN where they are unknown.
func (r Run) values() [][]float64 {
	all := make([][]float64, len(r.Columns))
	for _, row := range r.Rows {
		for i, v := range row.Values {
			for len(all[i]) < row.Epoch*r.IterationsPerEpoch+row.Iteration {
				all[i] = append(all[i], math.NaN())
			}
			all[i] = append(all[i], float64(v))
		}
	}
	return all
}
