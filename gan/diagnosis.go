package gan

import (
	"fmt"
	"math"
	"slices"
)

// Diagnosis follows a run and says in words when it goes wrong: when one network wins, so that the
// other has nothing left to learn from, or when the generator collapses onto a few images. Each
// finding is made once, and again only after things were well in between.
//
// The rules, over the last 200 iterations:
//
//   - Divergence: a loss is beyond 10,000 times what guessing costs, in one of them; said in the first
//     such iteration, and of Wasserstein's losses, which have no scale, beyond a million.
//   - D wins: it tells at least 99% of either half rightly, and its loss is below a seventh of
//     what guessing costs. It has no such floor for Wasserstein's losses, whose rule is left out.
//   - G wins: D calls at least 95% of the fakes real, and its loss is above 1.25 times what guessing
//     costs: it errs, and with confidence.
//   - Collapse, at the end of an epoch: the samples' diversity is below a third of the run's best,
//     once that was half of the real images' diversity, or, from the fifth epoch on, below a tenth
//     of the real images'.
//
// While a run diverges nothing is said of who wins.
//
// Losses that hover about what guessing costs, accuracies that swing from 0 to 100% for some
// iterations, and first epochs with one blob for every noise are how a healthy run looks.
type Diagnosis struct {
	absurd   float64 // a loss that none is beyond in a run that learns
	guessing float64 // D's loss where it cannot tell; 0 if its loss says nothing
	real     float64 // diversity of the real images
	best     float64 // of the samples so far

	window [diagnosisWindow]Metrics
	filled int // of the window; it is used as a ring
	next   int
	found  map[Symptom]bool // what holds, and was said
}

// diagnosisWindow is how many iterations the means are taken over.
const diagnosisWindow = 200

// Symptom is what can go wrong in a run.
type Symptom string

const (
	Diverging         Symptom = "training is diverging"
	DiscriminatorWins Symptom = "the discriminator is winning"
	GeneratorWins     Symptom = "the generator is winning"
	Collapse          Symptom = "the generator is collapsing"
)

// Finding is a symptom with the numbers that show it.
type Finding struct {
	Epoch, Iteration int // as in Metrics
	Symptom          Symptom
	Evidence         string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", position(f.Epoch, f.Iteration), f.Symptom, f.Evidence)
}

// NewDiagnosis makes one for a run of those settings, on images of that diversity.
func NewDiagnosis(s Settings, real float64) *Diagnosis {
	d := &Diagnosis{guessing: s.Loss.Guessing(), real: real, found: map[Symptom]bool{}}
	if d.absurd = 1e4 * d.guessing; d.guessing == 0 {
		d.absurd = 1e6
	}
	return d
}

// Iteration takes an iteration's numbers and returns what they show that was not said before.
func (d *Diagnosis) Iteration(m Metrics) *Finding {
	d.window[d.next] = m
	d.next = (d.next + 1) % diagnosisWindow
	d.filled = min(d.filled+1, diagnosisWindow)
	diverging := slices.ContainsFunc(d.window[:d.filled], func(m Metrics) bool { return m.beyond(d.absurd) })
	if d.starts(Diverging, diverging) {
		return &Finding{m.Epoch, m.Iteration, Diverging, d.losses(m)}
	}
	if diverging || d.filled < diagnosisWindow || d.guessing == 0 {
		return nil
	}
	var loss, real, fake float64
	for i := range d.window {
		loss += float64(d.window[i].DLoss) / diagnosisWindow
		real += float64(d.window[i].AccuracyReal) / diagnosisWindow
		fake += float64(d.window[i].AccuracyFake) / diagnosisWindow
	}
	if d.starts(DiscriminatorWins, real >= 0.99 && fake >= 0.99 && loss < d.guessing/7) {
		return &Finding{m.Epoch, m.Iteration, DiscriminatorWins,
			fmt.Sprintf("over the last %d iterations it told %.1f%% of the real and %.1f%% of the generated images rightly, with a loss of %.3f",
				diagnosisWindow, 100*real, 100*fake, loss)}
	}
	if d.starts(GeneratorWins, fake <= 0.05 && loss > 1.25*d.guessing) {
		return &Finding{m.Epoch, m.Iteration, GeneratorWins,
			fmt.Sprintf("over the last %d iterations the discriminator took %.1f%% of the generated images for real, with a loss of %.3f",
				diagnosisWindow, 100*(1-fake), loss)}
	}
	return nil
}

// beyond reports a loss larger than any that makes sense, in either direction. One that is not finite ends the run.
func (m Metrics) beyond(absurd float64) bool {
	return m.check() == nil && max(math.Abs(float64(m.DLoss)), math.Abs(float64(m.GLoss))) > absurd
}

// losses tells those of an iteration that are beyond measure.
func (d *Diagnosis) losses(m Metrics) string {
	text := fmt.Sprintf("the discriminator's loss is %.3g and the generator's %.3g", m.DLoss, m.GLoss)
	if d.guessing > 0 {
		text += fmt.Sprintf(", where guessing costs %.3g", d.guessing)
	}
	return text
}

// Epoch takes the samples made after an epoch, counted from 1, whose last iteration had that index,
// and returns what they show that was not said before.
func (d *Diagnosis) Epoch(number, iteration int, s Samples) *Finding {
	diversity := s.Diversity()
	var least float64
	var evidence string
	switch {
	case d.best >= d.real/2:
		least, evidence = d.best/3, fmt.Sprintf("the samples differ by %.3f, and did by %.3f", diversity, d.best)
	case number >= 5:
		least, evidence = d.real/10, fmt.Sprintf("the samples differ by %.3f, real images by %.3f", diversity, d.real)
	}
	d.best = max(d.best, diversity)
	if !d.starts(Collapse, diversity < least) {
		return nil
	}
	return &Finding{number - 1, iteration, Collapse, evidence}
}

// starts keeps whether a symptom holds, and reports whether it does and did not before.
func (d *Diagnosis) starts(s Symptom, holds bool) bool {
	before := d.found[s]
	d.found[s] = holds
	return holds && !before
}

// Guessing is D's loss where it gives every image the same odds, 0 if that says nothing of it.
func (l Loss) Guessing() float64 {
	switch l {
	case NonSaturating, Minimax:
		return math.Ln2
	case LeastSquares:
		return 1
	case Hinge:
		return 2
	}
	return 0
}
