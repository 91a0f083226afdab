package run

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gangpu/gan/picture"
	"gangpu/gan/train"
)

// Symptom is what can go wrong in a run.
type Symptom string

const (
	Diverging         Symptom = "training is diverging"
	DiscriminatorWins Symptom = "the discriminator is winning"
	GeneratorWins     Symptom = "the generator is winning"
	Collapse          Symptom = "the generator is collapsing"
)

// diagnosisWindow is how many iterations the means are taken over.
const diagnosisWindow = 200

// Diagnose makes a diagnosis of a game that is trained, whose real images are given. What it says ends with the advice
// for the symptom, if there is some.
//
// It knows the game by the names of its columns, and by its guide on the axis "loss", which says what the discriminator's
// loss is where it cannot tell (what guessing costs). The rules, over the last 200 iterations:
//
//   - Divergence: a column that is no share is beyond 10,000 times what guessing costs, in one of them; said in the first
//     such iteration. Where there is no guide, as of Wasserstein's losses, which have no scale: beyond a million.
//   - D wins: it tells at least 99% of either half rightly (accuracy_real, accuracy_fake), and its loss (d_loss) is below
//     a seventh of what guessing costs. Of a game without these columns, or without a guide, nothing is said of who wins.
//   - G wins: D calls at least 95% of the fakes real, and its loss is above 1.25 times what guessing costs: it errs, and
//     with confidence.
//   - Collapse, at the end of an epoch: the samples' diversity is below a third of the run's best, once that was half of
//     the real images' diversity, or, from the fifth epoch on, below a tenth of the real images'.
//
// While a run diverges nothing is said of who wins.
//
// Losses that hover about what guessing costs, accuracies that swing from 0 to 100% for some iterations, and first epochs
// with one image for every noise are how a healthy run looks.
func Diagnose(t *train.Trainer, real train.Field, advice map[Symptom]string) (Diagnosis, error) {
	images, err := drawn(real, SamplesPerEpoch)
	if err != nil {
		return nil, fmt.Errorf("how much the real images differ: %w", err)
	}
	d := &diagnosis{real: diversity(images), advice: advice, absurd: 1e6, found: map[Symptom]bool{}}
	for _, g := range t.Game().Guides {
		if g.Axis == "loss" && g.Value > 0 {
			d.guessing, d.absurd = g.Value, 1e4*g.Value
		}
	}
	at := map[string]int{}
	for i, c := range t.Columns() {
		at[c.Name] = i
		if !c.Share {
			d.losses, d.names = append(d.losses, i), append(d.names, c.Name)
		}
	}
	for _, name := range []string{"d_loss", "accuracy_real", "accuracy_fake"} {
		if i, ok := at[name]; ok && d.guessing > 0 {
			d.told = append(d.told, i)
		}
	}
	return d, nil
}

// drawn are n of the images of a field, or all if there are no more.
func drawn(f train.Field, n int) (picture.Pixels, error) {
	values, err := f.Draw(n)
	if err != nil {
		return picture.Pixels{}, err
	}
	shape := f.Shape
	if p := f.Pictures; p != nil {
		shape = []int{p.Height, p.Width, p.Channels}
	}
	if len(shape) != 3 {
		return picture.Pixels{}, fmt.Errorf("field %s has rows of %v, want images [height width channels]", f.Name, shape)
	}
	return picture.Pixels{Count: min(n, f.Rows()), Height: shape[0], Width: shape[1], Channels: shape[2], Values: values}, nil
}

// diagnosis follows a game's run.
type diagnosis struct {
	absurd   float64 // a loss that none is beyond in a run that learns
	guessing float64 // D's loss where it cannot tell; 0 if its loss says nothing
	real     float64 // diversity of the real images
	best     float64 // of the samples so far
	advice   map[Symptom]string

	losses []int // the columns that are no shares, and their names
	names  []string
	told   []int // the columns d_loss, accuracy_real and accuracy_fake, if there are all

	window [diagnosisWindow]diagnosed
	filled int // of the window; it is used as a ring
	next   int
	found  map[Symptom]bool // what holds, and was said
}

// diagnosed is what is kept of an iteration.
type diagnosed struct {
	beyond           bool // measure, which a loss is
	loss, real, fake float64
}

func (d *diagnosis) Iteration(row Row) string {
	m := diagnosed{beyond: d.beyond(row.Values)}
	who := len(d.told) == 3
	if who {
		m.loss, m.real, m.fake = float64(row.Values[d.told[0]]), float64(row.Values[d.told[1]]), float64(row.Values[d.told[2]])
	}
	d.window[d.next] = m
	d.next = (d.next + 1) % diagnosisWindow
	d.filled = min(d.filled+1, diagnosisWindow)
	diverging := slices.ContainsFunc(d.window[:d.filled], func(m diagnosed) bool { return m.beyond })
	if d.starts(Diverging, diverging) {
		return d.say(Diverging, d.numbers(row.Values))
	}
	if diverging || d.filled < diagnosisWindow || !who {
		return ""
	}
	var loss, real, fake float64
	for _, m := range d.window {
		loss += m.loss / diagnosisWindow
		real += m.real / diagnosisWindow
		fake += m.fake / diagnosisWindow
	}
	if d.starts(DiscriminatorWins, real >= 0.99 && fake >= 0.99 && loss < d.guessing/7) {
		return d.say(DiscriminatorWins,
			fmt.Sprintf("over the last %d iterations it told %.1f%% of the real and %.1f%% of the generated images rightly, with a loss of %.3f",
				diagnosisWindow, 100*real, 100*fake, loss))
	}
	if d.starts(GeneratorWins, fake <= 0.05 && loss > 1.25*d.guessing) {
		return d.say(GeneratorWins,
			fmt.Sprintf("over the last %d iterations the discriminator took %.1f%% of the generated images for real, with a loss of %.3f",
				diagnosisWindow, 100*(1-fake), loss))
	}
	return ""
}

// beyond reports a loss larger than any that makes sense, in either direction. One that is not finite ends the run.
func (d *diagnosis) beyond(values []float32) bool {
	beyond := false
	for _, i := range d.losses {
		v := math.Abs(float64(values[i]))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
		beyond = beyond || v > d.absurd
	}
	return beyond
}

// numbers tells the losses of an iteration.
func (d *diagnosis) numbers(values []float32) string {
	var all []string
	for i, name := range d.names {
		all = append(all, fmt.Sprintf("%s is %.3g", name, values[d.losses[i]]))
	}
	text := strings.Join(all, ", ")
	if d.guessing > 0 {
		text += fmt.Sprintf(", where guessing costs %.3g", d.guessing)
	}
	return text
}

func (d *diagnosis) Epoch(number int, s Samples) string {
	if s.Count == 0 {
		return ""
	}
	now := diversity(s.Pixels)
	var least float64
	var evidence string
	switch {
	case d.best >= d.real/2:
		least, evidence = d.best/3, fmt.Sprintf("the samples differ by %.3f, and did by %.3f", now, d.best)
	case number >= 5:
		least, evidence = d.real/10, fmt.Sprintf("the samples differ by %.3f, real images by %.3f", now, d.real)
	}
	d.best = max(d.best, now)
	if !d.starts(Collapse, now < least) {
		return ""
	}
	return d.say(Collapse, evidence)
}

// starts keeps whether a symptom holds, and reports whether it does and did not before.
func (d *diagnosis) starts(s Symptom, holds bool) bool {
	before := d.found[s]
	d.found[s] = holds
	return holds && !before
}

func (d *diagnosis) say(s Symptom, evidence string) string {
	text := fmt.Sprintf("%s: %s", s, evidence)
	if a := d.advice[s]; a != "" {
		text += "; " + a
	}
	return text
}
