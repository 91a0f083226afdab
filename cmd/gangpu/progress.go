package main

import (
	"fmt"
	"io"
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
}

func newProgress(stdout, stderr io.Writer, epochs, perEpoch, done, total int) *progress {
	p := &progress{stdout: stdout, stderr: stderr, epochs: epochs, perEpoch: perEpoch}
	if isTerminal(stderr) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(stderr),
			progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionFullWidth(),
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
	if p.bar == nil {
		fmt.Fprintf(p.stdout, ">%d, %d/%d, d=%.3f, g=%.3f, accuracy real %.0f%%, fake %.0f%%\n",
			m.Epoch+1, m.Iteration+1, p.perEpoch, m.DLoss, m.GLoss, 100*m.AccuracyReal, 100*m.AccuracyFake)
		return
	}
	p.bar.Describe(fmt.Sprintf("epoch %d/%d, %d/%d  d=%.3f g=%.3f  real %.0f%% fake %.0f%%  %.3f s/iteration, %s left",
		m.Epoch+1, p.epochs, m.Iteration+1, p.perEpoch, m.DLoss, m.GLoss, 100*m.AccuracyReal, 100*m.AccuracyFake,
		p.mean.Seconds(), (time.Duration(left) * p.mean).Round(time.Second)))
	// A bar that cannot be drawn is no reason to stop.
	_ = p.bar.Add(1)
}

// say prints a line without disturbing the bar.
func (p *progress) say(format string, args ...any) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.stdout, format+"\n", args...)
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
