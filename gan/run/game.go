package run

import (
	"math"

	"gangpu/gan/picture"
	"gangpu/gan/train"
)

// OfGame is a game's trainer as a run takes it.
func OfGame(t *train.Trainer) Trainer {
	g := gameTrainer{t}
	switch of := t.Game(); {
	case of.Show != nil:
		return shownGame{g}
	case of.Sample != nil:
		return sampledGame{g}
	}
	return g
}

// GuidesOf are the levels that a game's numbers are to be compared with.
func GuidesOf(g train.Game) []Guide {
	var all []Guide
	for _, of := range g.Guides {
		all = append(all, Guide{Axis: of.Axis, Value: of.Value, Label: of.Label})
	}
	return all
}

// LineOf is what a system tells of an iteration, for [Options.Line].
func LineOf(line func(epoch, iteration, perEpoch int, value func(column string) float64) string, t *train.Trainer) func(Row) string {
	at := map[string]int{}
	for i, c := range t.Columns() {
		at[c.Name] = i
	}
	perEpoch := t.IterationsPerEpoch()
	return func(row Row) string {
		return line(row.Epoch, row.Iteration, perEpoch, func(column string) float64 { return float64(row.Values[at[column]]) })
	}
}

type gameTrainer struct{ *train.Trainer }

func (t gameTrainer) Columns() []Column {
	var all []Column
	for _, c := range t.Trainer.Columns() {
		all = append(all, Column{Name: c.Name, Axis: c.Axis, Share: c.Share})
	}
	return all
}

func (t gameTrainer) Snapshot() (Snapshot, error) {
	m, err := t.Trainer.Snapshot()
	if err == nil {
		err = t.CheckFinite(m)
	}
	if err != nil {
		return nil, err
	}
	return gameSnapshot{m}, nil
}

func (t gameTrainer) FindOrigin(from Snapshot) (string, error) {
	o, err := t.Trainer.FindOrigin(ModelOf(from))
	if o == nil || err != nil {
		return "", err
	}
	return o.String(), nil
}

// sampledGame is a game that makes images.
type sampledGame struct{ gameTrainer }

func (t sampledGame) Samples(n int) (Samples, error) {
	p, err := t.Trainer.Samples(n)
	if err != nil {
		return Samples{}, err
	}
	return Samples{Pixels: p, Numbers: []Number{{Name: "samples/diversity", Value: float32(diversity(p))}}}, nil
}

// shownGame is a game that makes images of others.
type shownGame struct{ gameTrainer }

func (t shownGame) Samples(n int) (Samples, error) {
	p, columns, err := t.ShowHeldOut(n)
	return Samples{Pixels: p, Columns: columns}, err
}

// diversity is how much pictures differ: the root of the mean over pixels of the variance over the pictures, 0 if all are
// one picture, with colours from 0 to 1.
func diversity(p picture.Pixels) float64 {
	size := p.Height * p.Width * p.Channels
	total := 0.0
	for j := range size {
		var sum, squares float64
		for i := range p.Count {
			v := float64(p.Values[i*size+j]) / 255
			sum += v
			squares += v * v
		}
		mean := sum / float64(p.Count)
		total += max(squares/float64(p.Count)-mean*mean, 0)
	}
	return math.Sqrt(total / float64(size))
}

// scoreOf is the name under which a model of a game keeps the score that it was saved with.
const scoreOf = "score"

// gameSnapshot is a model of a game as a run keeps it.
type gameSnapshot struct{ *train.Model }

func (s gameSnapshot) Iterations() int { return s.Model.Iterations }

func (s gameSnapshot) Score() *float64 {
	if v, ok := s.Scores[scoreOf]; ok {
		return &v
	}
	return nil
}

func (s gameSnapshot) Save(path string, score *float64) error {
	m := *s.Model
	if m.Scores = nil; score != nil {
		m.Scores = map[string]float64{scoreOf: *score}
	}
	return m.Save(path)
}

// LoadGame reads a model of a game.
func LoadGame(path string) (Snapshot, error) {
	m, err := train.Load(path)
	if err != nil {
		return nil, err
	}
	return gameSnapshot{m}, nil
}

// ModelOf is the model of a snapshot that is a game's, nil of none.
func ModelOf(s Snapshot) *train.Model {
	if g, ok := s.(gameSnapshot); ok {
		return g.Model
	}
	return nil
}
