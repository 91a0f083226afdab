package tutorial_test

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// trained is a model of a small game after some iterations, and images to evaluate it by, with their labels.
func trained(t *testing.T, s tutorial.Settings, images int) (*train.Model, train.Field, []int32) {
	t.Helper()
	d := traintest.Images(images, 8, 8, 1, 3).In(0, 1)
	g, err := tutorial.New(s, train.Input{Height: 8, Width: 8, Channels: 1, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr := traintest.New(t, g, d)
	for range 20 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]int32, images)
	for i := range labels {
		labels[i] = int32(i % 3)
	}
	return m, d.Tables[0].Fields[0], labels
}

// An evaluation is what the graphs in float64 and the papers' formulas give on the same images and noise, over whole
// batches and what is left of them.
func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		loss        tutorial.Loss
		count       int
		conditional bool
	}{{"non-saturating", 437, false}, {"minimax", 5, false}, {"minimax", 200, true}, {"least-squares", 7, true}, {"hinge", 7, false},
		{"wasserstein", 7, false}, {"wasserstein-gp", 7, false}} {
		s := tutorial.Best().WithLoss(c.loss)
		s.Latent, s.Conditional, s.K = 6, c.conditional, 1
		if c.loss == "non-saturating" {
			s.Smoothing = 0.1 // which is of training alone
		}
		m, images, labels := trained(t, s, c.count)
		got, err := tutorial.Evaluate(traintest.CPU(t), m, images, labels, 3)
		if err != nil {
			t.Fatal(err)
		}
		want := evaluate64(t, m, images, labels, 3, c.loss)
		for name, v := range map[string][2]float64{
			"images": {float64(got.Images), float64(c.count)},
			"d loss": {got.DLoss, want.DLoss}, "g loss": {got.GLoss, want.GLoss},
			"accuracy real": {got.AccuracyReal, want.AccuracyReal}, "accuracy fake": {got.AccuracyFake, want.AccuracyFake},
		} {
			if !(math.Abs(v[0]-v[1]) <= 1e-5) {
				t.Errorf("%s, %d images: %s is %v, want %v", c.loss, c.count, name, v[0], v[1])
			}
		}
		if again, err := tutorial.Evaluate(traintest.CPU(t), m, images, labels, 3); err != nil || again != got {
			t.Errorf("a second evaluation gave %+v (%v), the first %+v", again, err, got)
		}
	}
}

func evaluate64(t *testing.T, m *train.Model, images train.Field, labels []int32, seed uint64, loss tutorial.Loss) tutorial.Evaluation {
	t.Helper()
	n := len(labels)
	sampler, err := train.NewSampler(traintest.CPU(t), m, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.Close()
	noise, err := sampler.Noise(seed, n)
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string][]float64{"class": make([]float64, 3*n)}
	for name, v := range noise {
		inputs[name] = widen(v)
	}
	for i, l := range labels {
		inputs["class"][3*i+int(l)] = 1
	}
	inputs["image"] = run64(t, m, "sample", inputs, n)
	fake := run64(t, m, tutorial.ScoreUse, inputs, n)
	for i, p := range images.Bytes {
		inputs["image"][i] = float64(p) / 255
	}
	var e tutorial.Evaluation
	for i, s := range run64(t, m, tutorial.ScoreUse, inputs, n) {
		ofReal, _, _ := losses64(loss, s)
		_, ofFake, g := losses64(loss, fake[i])
		e.DLoss += (ofReal + ofFake) / float64(n)
		e.GLoss += g / float64(n)
		if s > 0 {
			e.AccuracyReal += 1 / float64(n)
		}
		if fake[i] <= 0 {
			e.AccuracyFake += 1 / float64(n)
		}
	}
	return e
}

// run64 runs a graph of a model in float64 by Gorgonia's own machine.
func run64(t *testing.T, m *train.Model, use string, inputs map[string][]float64, n int) []float64 {
	t.Helper()
	g := nn.NewGraph(use, tensor.Float64)
	y, _, err := m.Uses[use].Build(g, n)
	if err != nil {
		t.Fatal(err)
	}
	var result gorgonia.Value
	gorgonia.Read(y[0].Gorgonia(), &result)
	for _, in := range g.Inputs() {
		values := inputs[in.Node.Name()]
		if a, ok := m.Used(in.Node.Name()); ok {
			values = widen(a.Values)
		}
		x := tensor.New(tensor.WithShape(in.Node.Shape()...), tensor.WithBacking(append([]float64(nil), values...)))
		if err := gorgonia.Let(in.Node, x); err != nil {
			t.Fatal(err)
		}
	}
	machine := gorgonia.NewTapeMachine(y[0].Gorgonia().Graph())
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	return append([]float64(nil), result.Data().([]float64)...)
}

func widen(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

// losses64 is what a score adds to D's loss as that of a real image and of a fake, and to G's, by the papers' formulas.
func losses64(loss tutorial.Loss, s float64) (real, fake, g float64) {
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	switch loss {
	case "non-saturating":
		return softplus(-s) / 2, softplus(s) / 2, softplus(-s)
	case "minimax": // log(1-D)
		return softplus(-s) / 2, softplus(s) / 2, -softplus(s)
	case "least-squares":
		return (s - 1) * (s - 1) / 2, (s + 1) * (s + 1) / 2, (s - 1) * (s - 1) / 2
	case "hinge":
		return max(0, 1-s), max(0, 1+s), -s
	}
	return -s, s, -s // Wasserstein
}

func TestEvaluateErrors(t *testing.T) {
	s := tutorial.Best()
	s.Latent, s.Conditional = 6, true
	m, images, labels := trained(t, s, 4)
	other, none := images, images
	other.Shape, none.Bytes = []int{4, 16, 1}, nil
	for want, c := range map[string]struct {
		images train.Field
		labels []int32
	}{
		"no images": {none, labels}, "the images are [4 16 1]": {other, labels}, "3 labels of 4 images": {images, labels[:3]},
		"of class 3, the model knows 0 to 2": {images, []int32{0, 1, 2, 3}}, "of class -1": {images, []int32{0, 1, 2, -1}},
	} {
		if _, err := tutorial.Evaluate(traintest.CPU(t), m, c.images, c.labels, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
