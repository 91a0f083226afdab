package main

import (
	"fmt"

	"gangpu/gan"
	"gangpu/gan/run"
)

// ganTrainer is a gan.Trainer as gan/run takes it.
type ganTrainer struct {
	*gan.Trainer
	values  [4]float32  // of the columns
	samples gan.Samples // made last
}

// ganColumns are the numbers of a gan.Metrics.
var ganColumns = []run.Column{
	{Name: "d_loss"}, {Name: "g_loss"},
	{Name: "accuracy_real", Axis: "accuracy", Share: true}, {Name: "accuracy_fake", Axis: "accuracy", Share: true},
}

func (t *ganTrainer) Columns() []run.Column { return ganColumns }

func (t *ganTrainer) Metrics() ([]float32, error) {
	m, err := t.Trainer.Metrics()
	t.values = [4]float32{m.DLoss, m.GLoss, m.AccuracyReal, m.AccuracyFake}
	return t.values[:], err
}

// metricsOf is what a row has of a gan.Metrics.
func metricsOf(row run.Row) gan.Metrics {
	v := row.Values
	return gan.Metrics{Epoch: row.Epoch, Iteration: row.Iteration, DLoss: v[0], GLoss: v[1], AccuracyReal: v[2], AccuracyFake: v[3]}
}

func (t *ganTrainer) Samples(n int) (_ run.Samples, err error) {
	if t.samples, err = t.Trainer.Samples(n); err != nil {
		return run.Samples{}, err
	}
	return run.Samples{Pixels: t.samples.Picture(),
		Numbers: []run.Number{{Name: "samples/diversity", Value: float32(t.samples.Diversity())}}}, nil
}

func (t *ganTrainer) Snapshot() (run.Snapshot, error) {
	f, err := t.Trainer.Snapshot()
	if err == nil {
		err = t.CheckSnapshot(f)
	}
	if err != nil {
		return nil, err
	}
	return snapshot{f}, nil
}

func (t *ganTrainer) FindOrigin(from run.Snapshot) (string, error) {
	o, err := t.Trainer.FindOrigin(from.(snapshot).ModelFile)
	if o == nil || err != nil {
		return "", err
	}
	return o.String(), nil
}

// snapshot is a model file as gan/run takes it.
type snapshot struct{ *gan.ModelFile }

func (s snapshot) Iterations() int { return s.ModelFile.Iterations }
func (s snapshot) Score() *float64 { return s.Distance }

func (s snapshot) Save(path string, score *float64) error {
	s.Distance = score
	return s.ModelFile.Save(path)
}

func loadSnapshot(path string) (run.Snapshot, error) {
	f, err := gan.Load(path)
	if err != nil {
		return nil, err
	}
	return snapshot{f}, nil
}

// tutorialLine is what the tutorial prints of an iteration.
func tutorialLine(perEpoch int) func(run.Row) string {
	return func(row run.Row) string {
		m := metricsOf(row)
		return fmt.Sprintf(">%d, %d/%d, d=%v, g=%v, accuracy real %.0f%%, fake %.0f%%",
			m.Epoch+1, m.Iteration+1, perEpoch, loss(m.DLoss), loss(m.GLoss), 100*m.AccuracyReal, 100*m.AccuracyFake)
	}
}

// loss is one as the tutorial prints it; what is beyond measure is not written out.
type loss float64

func (l loss) String() string {
	if l >= 1e6 || l <= -1e6 {
		return fmt.Sprintf("%.3g", float64(l))
	}
	return fmt.Sprintf("%.3f", float64(l))
}

// guides is D's loss where it cannot tell, if that says anything.
func guides(l gan.Loss) []run.Guide {
	g := run.Guide{Axis: "loss", Value: l.Guessing(), Label: "cannot tell"}
	switch l {
	case gan.NonSaturating, gan.Minimax:
		g.Label = "log 2"
	}
	if g.Value == 0 {
		return nil
	}
	return []run.Guide{g}
}
