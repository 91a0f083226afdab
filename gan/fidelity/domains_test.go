package fidelity_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/fidelity"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// shades is a game whose domains are three levels of grey: it makes an image of the level of its class, but one fifth of
// the range too dark, and classifies by the nearest level.
func shades() train.Game {
	level := func(i int) expr.Expr { return expr.Const(0.2 + 0.3*float64(i)) }
	net := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		return []*nn.Node{nn.Add(x[0], l.Parameter("p", nn.Zeros, 1))}
	}
	return train.Game{Name: "shades", Settings: struct{}{}, Networks: []train.Network{{Name: "n", Net: net}},
		Phases: []train.Phase{{Name: "p", Trains: []string{"n"}, Optimizer: train.SGD{Rate: train.Constant(1)},
			Loss: func(b *train.Builder) *nn.Node { return nn.Mean(b.Apply("n", b.Data("image"))) }}},
		Uses: []train.Use{
			{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node {
				c := b.Data("class")
				y := nn.Map("level", func(x ...expr.Expr) expr.Expr {
					return x[1].Mul(level(0)).Add(x[2].Mul(level(1))).Add(x[3].Mul(level(2))).Sub(expr.Const(0.2))
				}, b.Data("image"), column(c, 0), column(c, 1), column(c, 2))
				return []*nn.Node{y}
			}},
			{Name: "classify", Build: func(b *train.Builder) []*nn.Node {
				mean := nn.Flatten(nn.MeanOver(b.Data("image"), 1, 2, 3))
				var logits []*nn.Node
				for i := range 3 {
					logits = append(logits, nn.Map("near", func(x ...expr.Expr) expr.Expr { return x[0].Sub(level(i)).Abs().Neg() }, mean))
				}
				return []*nn.Node{nn.Concat(logits...)}
			}},
		}}
}

func column(c *nn.Node, i int) *nn.Node { return nn.Reshape(nn.Channels(c, i, i+1), 1, 1, 1) }

// Of what is known exactly, the measures are what they have to be: images that are a fifth of the range too dark are taken for
// the level below, but for the darkest ones.
func TestDomains(t *testing.T) {
	d := traintest.Images(6, 4, 4, 1, 3)
	image := &d.Tables[0].Fields[0]
	image.Low, image.High = 0, 1
	var labels []int32
	for i := range 6 {
		labels = append(labels, int32(i%3))
		for j := range 16 {
			image.Bytes[i*16+j] = byte(51 + 76*(i%3))
		}
	}
	tr := traintest.New(t, shades(), d)
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	runner := func(use string) *train.Runner {
		r, err := train.NewRunner(traintest.CPU(t), m, use, 4)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
	names := []string{"x/1f.png", "y/1f.png", "z/1f.png", "x/2f.png", "y/2f.png", "z/other.png"}
	of := fidelity.Domains{Translate: runner(train.TranslateUse), Classify: runner("classify"), Images: image.Bytes, Labels: labels, Count: 3, Names: names}
	got, err := of.Measure()
	if err != nil {
		t.Fatal(err)
	}
	// To level 0 four images are made, which stay nearest to it; to the others eight, all wrong. Pairs are 6 of the first name
	// and 2 of the second. A copy is off by 76/255, or twice that.
	if got.RealError != 0 || math.Abs(got.Error-8.0/12) > 1e-9 || got.Pairs != 8 {
		t.Errorf("%+v", got)
	}
	level := 76.0 / 255
	if want := (4*level + 2*2*level + 2*level) / 8; math.Abs(got.Copy-want) > 1e-6 {
		t.Errorf("a copy is off by %v, want %v", got.Copy, want)
	}
	if math.Abs(got.L1-0.2) > 0.01 {
		t.Errorf("L1 %v, want 0.2", got.L1)
	}
	if text := got.String(); !strings.Contains(text, "error 66.67% (0.00% of real images)") || strings.Contains(text, "NOT nearer") {
		t.Error(text)
	}
	j, baselines, err := of.Judging(1)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := j.Score()
	if err != nil || len(scores) != 2 || scores[0] != got.Error || scores[1] != got.L1 || j.Measures[0].Name != "error" || j.Measures[1].Name != "l1" {
		t.Errorf("scores %v of %v: %v", scores, j.Measures, err)
	}
	if want := fmt.Sprintf("6 held-out rows: the classifier is wrong about 0.00%% of the real images; a copy has L1 %.4f", got.Copy); !strings.Contains(baselines, want) {
		t.Errorf("baselines %q, want %q", baselines, want)
	}
	if short := j.Shortfall(); short != "what images become is NOT below twice the error of real images (0.00%)" {
		t.Errorf("short of %q", short)
	}
	for of, short := range map[fidelity.DomainMeasures]int{{Error: 0.1, RealError: 0.05, L1: 0.1, Copy: 0.2, Pairs: 1}: 0, {Error: 0.11, RealError: 0.05, L1: 0.2, Copy: 0.2, Pairs: 1}: 2,
		{Error: math.NaN(), L1: 3, Pairs: 0}: 0} {
		if got := of.Shortfalls(); len(got) != short {
			t.Errorf("%+v falls short of %q", of, got)
		}
	}
	// Numbers are no names, and a name that a domain has twice is none.
	for i, names := range [][]string{{"x/1.png", "y/1.png", "z/1.png", "x/2.png", "y/2.png", "z/3.png"}, {"x/a", "y/a", "z/b", "x/a", "y/c", "z/d"}} {
		of.Names = names
		if got, err := of.Measure(); err != nil || got.Pairs != 0 {
			t.Errorf("names %d: %d pairs, %v", i, got.Pairs, err)
		}
	}
	of.Labels = of.Labels[:5]
	if _, err := of.Measure(); err == nil {
		t.Error("no error of labels that are too few")
	}
}
