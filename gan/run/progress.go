package run

import (
	"fmt"
	"math"
	"strings"
	"time"

	"gangpu/internal/runfolder"
	"gangpu/internal/terminal"

	"github.com/schollz/progressbar/v3"
)

// progress shows a run: a bar on Err if that is a terminal, else lines on Out.
type progress struct {
	o        *Options
	columns  []Column
	axes     []runfolder.Axis
	epochs   int
	perEpoch int
	bar      *progressbar.ProgressBar
	mean     time.Duration // of an iteration, recent ones weighing most
	printed  time.Time     // the last line
	sums     []float64     // of the values of an epoch's iterations, of those made by this process
	count    float64       // of these iterations
}

func newProgress(o *Options, columns []Column, perEpoch, done int) *progress {
	p := &progress{o: o, columns: columns, axes: runfolder.Axes(columns), perEpoch: perEpoch,
		epochs: (o.Iterations + perEpoch - 1) / perEpoch, sums: make([]float64, len(columns))}
	if terminal.Is(o.Err) {
		p.bar = progressbar.NewOptions(o.Iterations,
			progressbar.OptionSetWriter(terminal.FileOf(o.Err)), // it asks a file for the terminal's width
			progressbar.OptionFullWidth(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionClearOnFinish())
		_ = p.bar.Set(done)
	}
	return p
}

// show is called after each iteration, with the number of iterations still to come.
func (p *progress) show(row Row, left int) {
	if p.mean == 0 {
		p.mean = row.Taken
	}
	p.mean += (row.Taken - p.mean) / 16
	p.count++
	for i, v := range row.Values {
		p.sums[i] += float64(v)
	}
	if p.bar != nil {
		columns, _ := terminal.Size(p.o.Err)
		p.bar.Describe(p.describe(row, left, columns))
		// A bar that cannot be drawn is no reason to stop.
		_ = p.bar.Add(1)
		return
	}
	if now := time.Now(); p.printed.IsZero() || now.Sub(p.printed) >= p.o.LineEvery {
		p.printed = now
		line := p.line(row, left)
		if p.o.Line != nil {
			line = p.o.Line(row)
		}
		fmt.Fprintln(p.o.Out, line)
	}
}

// form says how numbers are put together.
type form struct {
	between string // axes
	comma   string // shares
	names   bool   // whether shares have theirs
}

// numbers are a value a column: "d=0.693 g=0.701  accuracy real 70% fake 77%".
func (p *progress) numbers(f form, value func(column int) float64) string {
	var parts []string
	for _, a := range p.axes {
		var words []string
		for _, c := range a.Columns {
			name, v := p.columns[c].Short(), value(c)
			switch {
			case !p.columns[c].Share:
				words = append(words, name+"="+p.columns[c].Format(v))
			case f.names && name != a.Name:
				words = append(words, name+" "+p.columns[c].Format(v))
			default:
				words = append(words, p.columns[c].Format(v))
			}
		}
		switch {
		case !a.Share:
			parts = append(parts, strings.Join(words, " "))
		case f.names:
			parts = append(parts, a.Name+" "+strings.Join(words, f.comma))
		default:
			parts = append(parts, strings.Join(words, "/"))
		}
	}
	return strings.Join(parts, f.between)
}

// line says how the run goes.
func (p *progress) line(row Row, left int) string {
	return fmt.Sprintf("epoch %d/%d, %d/%d  %s  %.3f s/iteration, %s left", row.Epoch+1, p.epochs, row.Iteration+1, p.perEpoch,
		p.numbers(form{"  ", " ", true}, valueOf(row)), p.mean.Seconds(), p.timeLeft(left))
}

// barColumns is what the bar takes beside its description, at least.
const barColumns = 20

// describe says how the run goes in so many columns less those of the bar: what would run into
// the next line could not be erased.
func (p *progress) describe(row Row, left, columns int) string {
	text := p.line(row, left)
	if len(text)+barColumns < columns {
		return text
	}
	text = fmt.Sprintf("%d/%d, %d/%d %s %.2f s/it %s", row.Epoch+1, p.epochs, row.Iteration+1, p.perEpoch,
		p.numbers(form{" ", "", false}, valueOf(row)), p.mean.Seconds(), p.timeLeft(left))
	return text[:max(0, min(len(text), columns-barColumns-1))]
}

// timeLeft is how long so many iterations will take: "2h13m", "5m7s".
func (p *progress) timeLeft(iterations int) string {
	seconds := float64(iterations) * p.mean.Seconds()
	if seconds >= math.MaxInt64/float64(time.Second) {
		return "ages"
	}
	left := time.Duration(seconds * float64(time.Second))
	if left < time.Hour {
		return left.Round(time.Second).String()
	}
	return fmt.Sprintf("%dh%02dm", int(left.Hours()), int(left.Minutes())%60)
}

// hide erases the bar until the next iteration, so that something else can be printed.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// endEpoch prints an epoch's means, and where its samples are, if there are any.
func (p *progress) endEpoch(number int, samples string) {
	line := fmt.Sprintf("epoch %d/%d  mean %s", number, p.epochs, p.numbers(form{", ", ", ", true}, func(c int) float64 { return p.sums[c] / p.count }))
	if samples != "" {
		line += "  " + samples
	}
	fmt.Fprintln(p.o.Out, line)
	clear(p.sums)
	p.count = 0
}

// finish erases the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func valueOf(row Row) func(column int) float64 {
	return func(column int) float64 { return float64(row.Values[column]) }
}
