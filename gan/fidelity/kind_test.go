package fidelity_test

import (
	"math"
	"strings"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/fidelity"
	"gangpu/gan/games/classifier"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// brightness is a classifier that takes dark pictures for a, and bright ones for b. Its features are a picture's mean colours.
func brightness(t *testing.T, d train.Data) *train.Model {
	t.Helper()
	g := inverting(ofPairs)
	g.Low, g.High = 0, 1
	g.Uses = []train.Use{{Name: classifier.Use, Build: func(b *train.Builder) []*nn.Node {
		x := b.Data("a")
		colours := nn.Flatten(nn.MeanOver(x, 1, 2))
		mean := nn.Flatten(nn.MeanOver(x, 1, 2, 3))
		bright := nn.Map("bright", func(v ...expr.Expr) expr.Expr { return v[0].Sub(expr.Const(0.5)) }, mean)
		dark := nn.Map("dark", func(v ...expr.Expr) expr.Expr { return v[0].Neg() }, bright)
		return []*nn.Node{nn.Concat(dark, bright), colours}
	}}}
	d.Description.Classes = []string{"a", "b"}
	m, err := traintest.New(t, g, d).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	inputs := m.Uses[classifier.Use].Inputs
	for i := range inputs {
		if inputs[i].Name == "a" {
			inputs[i].Name = "image"
		}
	}
	for _, n := range m.Uses[classifier.Use].Nodes {
		for i, name := range n.Inputs {
			if name == "a" {
				n.Inputs[i] = "image"
			}
		}
	}
	return m
}

// A classifier tells how far pictures are from those that they are to be like, and which kind it takes them for. What is
// as far as what it was made of is told of.
func TestJudgeByAClassifier(t *testing.T) {
	d := traintest.Pairs(20, 16, 16, 3)
	a, b := d.Tables[0].Fields[0].Bytes, d.Tables[0].Fields[1].Bytes
	for i := range a {
		a[i] = a[i] / 3
		b[i] = 255 - a[i]
	}
	byItself := d
	byItself.Tables = []train.Table{{Rows: 20, Fields: d.Tables[0].Fields[:1]}, {Rows: 20, Fields: d.Tables[0].Fields[1:]}}
	asItIs := func(b *train.Builder, _ *nn.Node) []train.Shown {
		return []train.Shown{{Name: "a", Image: b.Data("a")}, {Name: "made", Image: b.Data("a"), Truth: "b", Baseline: "a"}, {Name: "b", Image: b.Data("b")}}
	}
	for name, c := range map[string]struct {
		show     func(*train.Builder, *nn.Node) []train.Shown
		data     train.Data
		scores   int
		taken    float64
		short    string
		measured string
	}{
		"pairs":                   {ofPairs, d, 5, 1, "", "classifier Fréchet distance 0.00, 100.0% taken for b"},
		"kinds":                   {ofPairs, byItself, 2, 1, "", "made classifier Fréchet distance 0.00, 100.0% taken for b"},
		"kinds, left as they are": {asItIs, byItself, 2, 0, "made is NOT more like b than a (classifier Fréchet distance", ", 0.0% taken for b, NOT more like b than a"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := traintest.New(t, inverting(c.show), c.data)
			runner, err := tr.Runner(train.ShowUse, fidelity.Batch)
			if err != nil {
				t.Fatal(err)
			}
			j, err := fidelity.NewJudge(fidelity.Subject{Showing: tr.Showing(), Runner: runner, HeldOut: c.data, Training: c.data,
				Classifier: brightness(t, d), Device: traintest.CPU(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			if !strings.Contains(j.Baselines, "a as b has classifier Fréchet distance") || !strings.Contains(j.Baselines, "real pictures of b have classifier Fréchet distance 0.00, 100.0% taken for b") {
				t.Errorf("the baselines are %s", j.Baselines)
			}
			judging := j.Judging(1)
			scores, err := judging.Score()
			if err != nil || len(scores) != c.scores || len(judging.Measures) != c.scores {
				t.Fatalf("%v of %v: %v", scores, judging.Measures, err)
			}
			if taken := scores[c.scores-1]; taken != c.taken {
				t.Errorf("%v taken for b", taken)
			}
			if distance := scores[c.scores-2]; (math.Abs(distance) < 1e-3) != (c.taken == 1) {
				t.Errorf("distance %v", distance)
			}
			if line := judging.Line(scores); !strings.Contains(line, c.measured) {
				t.Errorf("the line is %s", line)
			}
			if short := judging.Shortfall(); !strings.HasPrefix(short, c.short) || (short == "") != (c.short == "") {
				t.Errorf("it falls short of %q", short)
			}
		})
	}
}
