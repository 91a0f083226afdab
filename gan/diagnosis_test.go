package gan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// diagnosed trains and returns the findings.
func diagnosed(t *testing.T, s Settings, images Images, iterations int) []Finding {
	t.Helper()
	trainer, err := NewTrainer(openCPU(t, 0), s, tinyModel(s), images)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	d := NewDiagnosis(s, images.Samples(25).Diversity())
	var all []Finding
	for range iterations {
		iterate(t, trainer, 1)
		m, err := trainer.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		if f := d.Iteration(m); f != nil {
			all = append(all, *f)
		}
		if trainer.Iteration() == 0 {
			samples, err := trainer.Samples(25)
			if err != nil {
				t.Fatal(err)
			}
			if f := d.Epoch(trainer.Epoch(), m.Iteration, samples); f != nil {
				all = append(all, *f)
			}
		}
	}
	return all
}

// spots are images of a bright disc anywhere, on black.
func spots(count, rows, cols int) Images {
	r := rand.New(rand.NewPCG(1, 2))
	images := Images{Pixels: make([]byte, count*rows*cols), Count: count, Rows: rows, Cols: cols}
	for i := range count {
		images.draw(i, r.Float64()*float64(rows-1), r.Float64()*float64(cols-1))
	}
	return images
}

// Runs made to fail, each in its way.
func TestDiagnosisOfFailingRuns(t *testing.T) {
	for _, c := range []struct {
		name   string
		images func(count, rows, cols int) Images
		set    func(*Settings)
		want   Symptom
	}{
		{"many steps of D", discs, func(s *Settings) { s.Alternation, s.K, s.Dropout = KSteps, 12, 0 }, DiscriminatorWins},
		{"hardly a step of D", spots, func(s *Settings) { s.K = 50 }, GeneratorWins},
		{"a rate far too high", spots, func(s *Settings) { s.LearningRate = 0.2 }, Collapse},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tinySettings()
			c.set(&s)
			findings := diagnosed(t, s, c.images(50*s.Batch, s.Height, s.Width), 300)
			if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Symptom == c.want }) {
				t.Errorf("found %v, want that %s", findings, c.want)
			}
		})
	}
}

func TestDiagnosisOfHealthyRun(t *testing.T) {
	s := tinySettings()
	s.K = 1
	if findings := diagnosed(t, s, spots(150*s.Batch, s.Height, s.Width), 900); len(findings) > 0 {
		t.Errorf("found %v", findings)
	}
}

// A finding is made once, and again after things were well.
func TestDiagnosisRepeats(t *testing.T) {
	d := NewDiagnosis(DefaultSettings(), 0.25)
	won := Metrics{DLoss: 0.01, GLoss: 5, AccuracyReal: 1, AccuracyFake: 1}
	well := Metrics{DLoss: math.Ln2, GLoss: math.Ln2, AccuracyReal: 0.5, AccuracyFake: 0.5}
	feed := func(m Metrics, n int) (found int) {
		for range n {
			if d.Iteration(m) != nil {
				found++
			}
		}
		return found
	}
	if n := feed(won, diagnosisWindow-1); n != 0 {
		t.Errorf("%d findings before the window was full", n)
	}
	if n := feed(won, 500); n != 1 {
		t.Errorf("%d findings of one trouble", n)
	}
	if n := feed(well, 300) + feed(won, 300); n != 1 {
		t.Errorf("%d findings of trouble that came back", n)
	}
}

// Losses beyond measure are spoken of in the first iteration that has some, once.
func TestDiagnosisOfOverflow(t *testing.T) {
	for _, c := range []struct {
		loss         Loss
		dLoss, gLoss float32
		want         bool
	}{
		{NonSaturating, 1e8, 0.7, true}, {NonSaturating, 0.7, 1e14, true}, {NonSaturating, 1e26, 1e26, true},
		{Minimax, 0.1, -1e5, true}, {LeastSquares, 1e5, 1, true}, {Hinge, 2, -1e8, true},
		{Wasserstein, -1e8, 1, true}, {Wasserstein, -1e5, 1e5, false},
		{NonSaturating, 15, 5000, false}, {LeastSquares, 400, 900, false},
	} {
		s := DefaultSettings()
		s.Loss = c.loss
		d := NewDiagnosis(s, 0.25)
		var found []Finding
		take := func(n int, m Metrics) {
			for range n {
				if f := d.Iteration(m); f != nil {
					found = append(found, *f)
				}
				m.Iteration++
			}
		}
		take(7, Metrics{DLoss: 0.7, GLoss: 0.7, AccuracyReal: 0.5, AccuracyFake: 0.5})
		take(500, Metrics{Iteration: 7, DLoss: c.dLoss, GLoss: c.gLoss, AccuracyReal: 0.5, AccuracyFake: 0.5})
		if len(found) > 0 != c.want || c.want && (len(found) != 1 || found[0].Iteration != 7 || found[0].Symptom != Diverging) {
			t.Errorf("%s, losses of %g and %g: found %v", c.loss, c.dLoss, c.gLoss, found)
		}
	}
}
