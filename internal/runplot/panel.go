package runplot

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is a picture of two series of each run.
type panel struct {
	*plot.Plot
	legend  plot.Legend
	names   [2]string // of the series
	runs    int
	guesses []float64
	peaks   []float64 // greatest values of the bins of what is drawn
	means   float64   // the greatest of the smoothed values
	judged  bool      // whether there is a distance
}

func newPanel(title, first, second string, runs int) *panel {
	p := &panel{Plot: plot.New(), legend: plot.NewLegend(), names: [2]string{first, second}, runs: runs}
	p.Title.Text = title
	if runs > 1 && first != "" {
		p.Title.Text = fmt.Sprintf("%s: %s, and dashed %s", title, first, second)
	}
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
	if p.runs == 1 || series == 0 {
		p.legend.Add(name, &plotter.Line{LineStyle: style})
	}
	if broken >= 0 {
		p.Add(mark{x[broken]})
		p.legend.Add(fmt.Sprintf("%s is %v in epoch %d", p.names[series], values[broken], broken/r.IterationsPerEpoch+1))
	}
	return nil
}

// drawJudgements adds a run's distances, a point an epoch that was judged.
func (p *panel) drawJudgements(r Run, style draw.LineStyle) error {
	var points plotter.XYs
	for _, j := range r.Judgements {
		if finite(j.Distance) && j.Distance > 0 {
			points = append(points, plotter.XY{X: float64(j.Epoch), Y: j.Distance})
		}
	}
	if len(points) == 0 {
		return nil
	}
	p.judged = true
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

// guess draws D's loss where it cannot tell, once.
func (p *panel) guess(loss float64) {
	if loss == 0 || slices.Contains(p.guesses, loss) {
		return
	}
	p.guesses = append(p.guesses, loss)
	line := plotter.NewFunction(func(float64) float64 { return loss })
	line.Color, line.Width, line.Dashes = color.Black, vg.Points(1), []vg.Length{vg.Points(1), vg.Points(2)}
	name := fmt.Sprintf("cannot tell, %.3f", loss)
	if math.Abs(loss-math.Ln2) < 1e-6 {
		name = "log 2"
	}
	p.Add(line)
	p.legend.Add(name, line)
}

// fitDistances makes the axis logarithmic: distances begin very high.
func (p *panel) fitDistances() {
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(p.Y.Min))), math.Pow(10, math.Ceil(math.Log10(p.Y.Max)))
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
}

// fitLosses makes room for 0, for the guesses and for the curves. If a few values are far above the
// rest, these leave the picture, and the title says how far they go.
func (p *panel) fitLosses() {
	p.Y.Min = min(p.Y.Min, 0)
	guess := slices.Max(append(slices.Clone(p.guesses), 0))
	if len(p.peaks) == 0 { // no number is finite
		p.Y.Max = max(guess, 1)
		return
	}
	slices.Sort(p.peaks)
	greatest, usual := p.peaks[len(p.peaks)-1], p.peaks[int(0.98*float64(len(p.peaks)-1))]
	p.Y.Max = 1.1 * max(greatest, guess)
	if greatest > 1.5*max(usual, guess) {
		p.Y.Max = 1.1 * max(usual, p.means, guess)
		if greatest > p.Y.Max {
			p.Title.Text += fmt.Sprintf(" (at most %.3g, above the picture)", greatest)
		}
	}
}

// palette tells up to eight runs apart, also for those who do not see all colours (Okabe and Ito,
// 2008, without its yellow). More begin again.
var palette = []color.RGBA{{0, 90, 181, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{86, 180, 233, 255}, {120, 90, 20, 255}, {100, 100, 100, 255}, {230, 159, 0, 255}}

// stylesOf is how the first and the second curve of a panel are drawn: of one run in two colours,
// of several in a colour a run; the second dashed.
func stylesOf(run, runs int) [2]draw.LineStyle {
	first := draw.LineStyle{Color: palette[run%len(palette)], Width: vg.Points(1.5)}
	second := first
	second.Dashes = []vg.Length{vg.Points(5), vg.Points(2)}
	if runs == 1 {
		second.Color = palette[1]
	}
	return [2]draw.LineStyle{first, second}
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

// percents are the ticks of accuracies.
type percents struct{}

func (percents) Ticks(float64, float64) []plot.Tick {
	var ticks []plot.Tick
	for i := 0; i <= 100; i += 20 {
		ticks = append(ticks, plot.Tick{Value: float64(i) / 100, Label: fmt.Sprintf("%d%%", i)})
	}
	return ticks
}
