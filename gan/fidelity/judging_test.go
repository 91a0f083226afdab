package fidelity_test

import (
	"math"
	"strings"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/fidelity"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// inverting is a game whose network makes 1-a of a, and knows no better.
func inverting(shown func(b *train.Builder, made *nn.Node) []train.Shown) train.Game {
	net := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.Map("invert", func(v ...expr.Expr) expr.Expr { return v[0].Neg().Add(v[1].Mul(expr.Const(0))) }, x[0], l.Parameter("p", nn.Ones, 1))
		return []*nn.Node{y}
	}
	return train.Game{Name: "inverting", Settings: struct{}{}, Low: -1, High: 1, Networks: []train.Network{{Name: "n", Net: net}},
		Phases: []train.Phase{{Name: "p", Trains: []string{"n"}, Optimizer: train.SGD{Rate: train.Constant(1e-3)}, Loss: func(b *train.Builder) *nn.Node {
			return b.Term("loss", 1, nn.L1(b.Apply("n", b.Data("a")), b.Data("b")))
		}}},
		Show: func(b *train.Builder) []train.Shown { return shown(b, b.Apply("n", b.Data("a"))) },
	}
}

func ofPairs(b *train.Builder, made *nn.Node) []train.Shown {
	return []train.Shown{{Name: "a", Image: b.Data("a")}, {Name: "made", Image: made, Truth: "b", Baseline: "a"}, {Name: "b", Image: b.Data("b")}}
}

func judgeOf(t *testing.T, g train.Game, d train.Data) *fidelity.Judge {
	t.Helper()
	tr := traintest.New(t, g, d)
	tr.HeldOut = d
	runner, err := tr.Runner(train.ShowUse, fidelity.Batch)
	if err != nil {
		t.Fatal(err)
	}
	j, err := fidelity.NewJudge(fidelity.Subject{Showing: tr.Showing(), Runner: runner, HeldOut: d, Training: d, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if j != nil {
		t.Cleanup(func() { j.Close() })
	}
	return j
}

// All held-out rows are measured, and what is there without the networks beside them. A run is told when it is no better.
func TestJudge(t *testing.T) {
	d := traintest.Pairs(21, 16, 16, 3) // two batches, one of which is not full
	j := judgeOf(t, inverting(ofPairs), d)
	a, b := d.Tables[0].Fields[0].Bytes, d.Tables[0].Fields[1].Bytes
	var made, copied, ofMean float64
	mean := d.Mean("b")
	for i := range a {
		x, y := float64(a[i])/255, float64(b[i])/255
		made, copied, ofMean = made+math.Abs(1-x-y), copied+math.Abs(x-y), ofMean+math.Abs(float64(mean[i%len(mean)])-y)
	}
	n := float64(len(a))
	judging := j.Judging(2)
	scores, err := judging.Score()
	if err != nil {
		t.Fatal(err)
	}
	if len(scores) != 3 || math.Abs(scores[0]-made/n) > 1e-5 || judging.Measures[0].Name != "l1" || judging.Measures[0].Higher || judging.Every != 2 {
		t.Errorf("the measures %v are %v, want an L1 of %v", judging.Measures, scores, made/n)
	}
	for _, want := range []string{"21 held-out rows", "a as b has L1 " + four(copied/n), "the mean of b as b has L1 " + four(ofMean/n)} {
		if !strings.Contains(j.Baselines, want) {
			t.Errorf("the baselines are %q, want %q", j.Baselines, want)
		}
	}
	if g := judging.Guides; len(g) != 2 || g[0].Axis != "L1" || g[0].Label != "a" || math.Abs(g[0].Value-copied/n) > 1e-5 || math.Abs(g[1].Value-ofMean/n) > 1e-5 {
		t.Errorf("the levels of the baselines are %v", g)
	}
	line := judging.Line(scores)
	for baseline, better := range map[string]bool{"a": made < copied, "the mean of b": made < ofMean} {
		if strings.Contains(line, "NOT nearer to b than "+baseline+" (") == better {
			t.Errorf("the L1 is %v, of a copy %v, of the mean %v; the line is %q", made/n, copied/n, ofMean/n, line)
		}
	}
	if made < ofMean == (made < copied) {
		t.Error("the data do not tell the baselines apart")
	}
}

func four(v float64) string {
	return strings.TrimSuffix(fidelity.Measures{L1: v}.String(), ", PSNR 0.00 dB, SSIM 0.000")[3:]
}

// Domains that are no pairs have no truth but of a way there and back.
func TestJudgeOfDomains(t *testing.T) {
	d := traintest.Pairs(6, 16, 16, 1)
	fields := d.Tables[0].Fields
	d.Tables = []train.Table{{Rows: 6, Fields: fields[:1]}, {Rows: 6, Fields: fields[1:]}}
	there := func(b *train.Builder, made *nn.Node) []train.Shown {
		return append(ofPairs(b, made), train.Shown{Name: "back", Image: b.Apply("n", made), Truth: "a"})
	}
	j := judgeOf(t, inverting(there), d)
	scores, err := j.Judging(1).Score()
	if err != nil || len(scores) != 3 || scores[0] > 1e-6 || j.Baselines != "" {
		t.Errorf("the measures of the way back are %v (%v), the baselines %q", scores, err, j.Baselines)
	}
	small := judgeOf(t, inverting(ofPairs), traintest.Pairs(6, 8, 8, 1)).Judging(1)
	if scores, err := small.Score(); err != nil || len(scores) != 2 || len(small.Measures) != 2 {
		t.Errorf("images that are too small for SSIM have the measures %v: %v (%v)", small.Measures, scores, err)
	}
	if line := small.Line(nil); strings.Contains(line, "SSIM") || !strings.Contains(line, "PSNR") {
		t.Errorf("of images that are too small for SSIM a run says %q", line)
	}
	if j := judgeOf(t, inverting(ofPairs), d); j != nil {
		t.Error("pictures that are no pairs are compared")
	}
}
