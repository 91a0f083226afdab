package runplot

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gangpu/internal/runfolder"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is a picture of what some runs have on one axis.
type panel struct {
	*plot.Plot
	title  string
	legend plot.Legend
	names  []string // of the series
	named  []string // runs that the legend has
	runs   int
	share  bool // whether all series are shares, of [0, 1]
	higher bool // of a measure, whether higher is better
	guides []runfolder.Guide
	peaks  []float64 // greatest values of the bins of what is drawn
	means  float64   // the greatest of the smoothed values
}

func newPanel(title string, runs int) *panel {
	p := &panel{Plot: plot.New(), title: title, legend: plot.NewLegend(), runs: runs}
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text = "epochs"
	p.X.Min = 0
	p.legend.Top, p.legend.Left, p.legend.ThumbnailWidth = true, true, vg.Points(24)
	p.legend.Padding = vg.Points(3)
	for _, style := range []*draw.TextStyle{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 225}, color.Transparent
	p.Add(grid)
	return p
}

// series is the index of the series of that name, which is new or of an earlier run too.
func (p *panel) series(name string) int {
	if i := slices.Index(p.names, name); i >= 0 {
		return i
	}
	p.names = append(p.names, name)
	return len(p.names) - 1
}

// bins are about as many as a panel has columns.
const bins = 800

// draw adds a series of a run: its smoothed values and, if the run is the only one, all of them.
func (p *panel) draw(r Run, series int, values []float64, style draw.LineStyle) error {
	x := make([]float64, len(values))
	for i := range x {
		x[i] = float64(i+1) / float64(r.IterationsPerEpoch)
	}
	name, smoothed := p.names[series], decimate(x, smooth(values, r.IterationsPerEpoch), bins)
	if p.runs == 1 {
		all := decimate(x, values, bins)
		p.peaks = append(p.peaks, column(all)...)
		pale := style
		pale.Color, pale.Width, pale.Dashes = paler(style.Color), vg.Points(0.6), nil
		if err := p.line(all, pale); err != nil {
			return err
		}
	}
	p.peaks = append(p.peaks, column(smoothed)...)
	p.means = max(p.means, slices.Max(append(column(smoothed), 0)))
	if err := p.line(smoothed, style); err != nil {
		return err
	}
	broken := slices.IndexFunc(values, func(v float64) bool { return !finite(v) })
	if p.runs > 1 {
		name = r.Name
	}
	if p.runs == 1 || !slices.Contains(p.named, r.Name) {
		p.named = append(p.named, r.Name)
		p.legend.Add(name, &plotter.Line{LineStyle: style})
	}
	if broken >= 0 {
		p.Add(mark{x[broken]})
		p.legend.Add(fmt.Sprintf("%s is %v in epoch %d", p.names[series], values[broken], broken/r.IterationsPerEpoch+1))
	}
	return nil
}

// pointsOf are a run's scores that can be drawn, a point an epoch that was judged.
func pointsOf(r Run) plotter.XYs {
	var points plotter.XYs
	for _, j := range r.Judgements {
		if finite(j.Score) && (r.Measure.Higher || j.Score > 0) {
			points = append(points, plotter.XY{X: float64(j.Epoch), Y: j.Score})
		}
	}
	return points
}

// drawScores adds a run's scores.
func (p *panel) drawScores(r Run, points plotter.XYs, style draw.LineStyle) error {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.LineStyle = style
	dots.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
	p.Add(line, dots)
	if p.runs > 1 {
		p.legend.Add(r.Name, line)
	}
	return nil
}

// line draws what is left of a curve, which may be nothing.
func (p *panel) line(points plotter.XYs, style draw.LineStyle) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.LineStyle = style
	p.Add(line)
	return nil
}

func column(points plotter.XYs) []float64 {
	var y []float64
	for _, p := range points {
		y = append(y, p.Y)
	}
	return y
}

// guide draws a level, once.
func (p *panel) guide(g runfolder.Guide) {
	if slices.Contains(p.guides, g) {
		return
	}
	p.guides = append(p.guides, g)
	line := plotter.NewFunction(func(float64) float64 { return g.Value })
	line.Color, line.Width, line.Dashes = color.Black, vg.Points(1), []vg.Length{vg.Points(1), vg.Points(2)}
	name := g.Label
	if !strings.ContainsAny(name, "0123456789") {
		name = fmt.Sprintf("%s, %.4g", g.Label, g.Value)
	}
	p.Add(line)
	p.legend.Add(name, line)
}

// fitScores makes the axis of what is better lower logarithmic: distances begin very high.
func (p *panel) fitScores() {
	p.Title.Text = p.title
	for _, g := range p.guides {
		p.Y.Min, p.Y.Max = min(p.Y.Min, g.Value), max(p.Y.Max, g.Value)
	}
	if p.higher {
		return
	}
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(p.Y.Min))), math.Pow(10, math.Ceil(math.Log10(p.Y.Max)))
	if p.Y.Min == p.Y.Max {
		p.Y.Max *= 10
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
}

// fit makes room for 0, for the guides and for the curves. If a few values are far above the rest, these leave the
// picture, and the title says how far they go.
func (p *panel) fit() {
	p.Title.Text = p.title
	if p.runs > 1 && len(p.names) > 1 {
		p.Title.Text += ": " + p.key()
	}
	if p.share {
		p.Y.Min, p.Y.Max = 0, 1
		p.Y.Tick.Marker = percents{}
		return
	}
	p.Y.Min = min(p.Y.Min, 0)
	guide := 0.0
	for _, g := range p.guides {
		guide = max(guide, g.Value)
	}
	if len(p.peaks) == 0 { // no number is finite
		p.Y.Max = max(guide, 1)
		return
	}
	slices.Sort(p.peaks)
	greatest, usual := p.peaks[len(p.peaks)-1], p.peaks[int(0.98*float64(len(p.peaks)-1))]
	p.Y.Max = 1.1 * max(greatest, guide)
	if greatest > 1.5*max(usual, guide) {
		p.Y.Max = 1.1 * max(usual, p.means, guide)
		if greatest > p.Y.Max {
			p.Title.Text += fmt.Sprintf(" (at most %.3g, above the picture)", greatest)
		}
	}
	if p.Y.Max <= p.Y.Min { // all are 0
		p.Y.Max = p.Y.Min + 1
	}
}

// key tells which series are dashed how, where a colour is a run's: "d, and dashed g".
func (p *panel) key() string {
	words := []string{"", "dashed ", "dotted ", "dash-dotted "}
	var named []string
	for i, name := range p.names {
		named = append(named, words[i%len(words)]+name)
	}
	last := len(named) - 1
	return strings.Join(named[:last], ", ") + ", and " + named[last]
}

// palette tells up to eight runs apart, also for those who do not see all colours (Okabe and Ito,
// 2008, without its yellow). More begin again.
var palette = []color.RGBA{{0, 90, 181, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{86, 180, 233, 255}, {120, 90, 20, 255}, {100, 100, 100, 255}, {230, 159, 0, 255}}

// styleOf is how a series of a run is drawn: of one run in a colour of its own, of several in the colour of the run.
func styleOf(series, run, runs int) draw.LineStyle {
	if runs == 1 {
		run = series
	}
	dashes := [][]vg.Length{nil, {vg.Points(5), vg.Points(2)}, {vg.Points(1.5), vg.Points(2)}, {vg.Points(6), vg.Points(2), vg.Points(1.5), vg.Points(2)}}
	return draw.LineStyle{Color: palette[run%len(palette)], Width: vg.Points(1.5), Dashes: dashes[series%len(dashes)]}
}

// paler is a colour over white, so that no transparency is needed.
func paler(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	lighten := func(v uint32) uint8 { return uint8(255 - (255-v>>8)/4) }
	return color.RGBA{lighten(r), lighten(g), lighten(b), 255}
}

// mark is a line where a number is not finite.
type mark struct{ x float64 }

func (m mark) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	c.StrokeLine2(draw.LineStyle{Color: color.RGBA{192, 24, 43, 255}, Width: vg.Points(1.5)}, tx(m.x), c.Min.Y, tx(m.x), c.Max.Y)
}

// percents are the ticks of shares.
type percents struct{}

func (percents) Ticks(float64, float64) []plot.Tick {
	var ticks []plot.Tick
	for i := 0; i <= 100; i += 20 {
		ticks = append(ticks, plot.Tick{Value: float64(i) / 100, Label: fmt.Sprintf("%d%%", i)})
	}
	return ticks
}
