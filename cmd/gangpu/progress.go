package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"gangpu/gan"

	"github.com/schollz/progressbar/v3"
)

// progress shows a run: a bar on stderr if that is a terminal, else a line an iteration on stdout,
// in the tutorial's form.
type progress struct {
	stdout, stderr io.Writer
	epochs         int
	perEpoch       int
	bar            *progressbar.ProgressBar
	mean           time.Duration // of an iteration, recent ones weighing most
	epoch          epochMeans
}

// epochMeans are sums over an epoch's iterations, of those made by this process.
type epochMeans struct {
	count                          float64
	dLoss, gLoss, accReal, accFake float64
}

func newProgress(stdout, stderr io.Writer, epochs, perEpoch, done, total int) *progress {
	p := &progress{stdout: stdout, stderr: stderr, epochs: epochs, perEpoch: perEpoch}
	if isTerminal(stderr) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(fileOf(stderr)), // it asks a file for the terminal's width
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
func (p *progress) show(m gan.Metrics, taken time.Duration, left int) {
	if p.mean == 0 {
		p.mean = taken
	}
	p.mean += (taken - p.mean) / 16
	p.epoch.add(m)
	if p.bar == nil {
		fmt.Fprintf(p.stdout, ">%d, %d/%d, d=%v, g=%v, accuracy real %.0f%%, fake %.0f%%\n",
			m.Epoch+1, m.Iteration+1, p.perEpoch, loss(m.DLoss), loss(m.GLoss), 100*m.AccuracyReal, 100*m.AccuracyFake)
		return
	}
	columns, _ := terminalSize(p.stderr)
	p.bar.Describe(p.describe(m, left, columns))
	// A bar that cannot be drawn is no reason to stop.
	_ = p.bar.Add(1)
}

// loss is one as people read it: what is beyond measure is not written out.
type loss float64

func (l loss) String() string {
	if math.Abs(float64(l)) >= 1e6 {
		return fmt.Sprintf("%.3g", float64(l))
	}
	return fmt.Sprintf("%.3f", float64(l))
}

// barColumns is what the bar takes beside its description, at least.
const barColumns = 20

// describe says how the run goes in so many columns less those of the bar: what would run into
// the next line could not be erased.
func (p *progress) describe(m gan.Metrics, left, columns int) string {
	text := ""
	for _, form := range []string{
		"epoch %d/%d, %d/%d  d=%v g=%v  accuracy real %.0f%% fake %.0f%%  %.3f s/iteration, %s left",
		"%d/%d, %d/%d d=%v g=%v %.0f%%/%.0f%% %.2f s/it %s",
	} {
		text = fmt.Sprintf(form, m.Epoch+1, p.epochs, m.Iteration+1, p.perEpoch, loss(m.DLoss), loss(m.GLoss),
			100*m.AccuracyReal, 100*m.AccuracyFake, p.mean.Seconds(), p.timeLeft(left))
		if len(text)+barColumns < columns {
			return text
		}
	}
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

func (e *epochMeans) add(m gan.Metrics) {
	e.count++
	e.dLoss += float64(m.DLoss)
	e.gLoss += float64(m.GLoss)
	e.accReal += float64(m.AccuracyReal)
	e.accFake += float64(m.AccuracyFake)
}

// hide erases the bar until the next iteration, so that something else can be printed.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// endEpoch prints an epoch's means, and where its samples are.
func (p *progress) endEpoch(number int, samples string) {
	e := &p.epoch
	fmt.Fprintf(p.stdout, "epoch %d/%d  mean d=%v g=%v, accuracy real %.0f%%, fake %.0f%%  %s\n", number, p.epochs,
		loss(e.dLoss/e.count), loss(e.gLoss/e.count), 100*e.accReal/e.count, 100*e.accFake/e.count, samples)
	*e = epochMeans{}
}

// finish erases the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
