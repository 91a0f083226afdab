package style_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/games/style"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

const layers, width, latent, batch = 3, 4, 5, 6

// game makes "images" whose rows are the styles of the layers.
func game() train.Game {
	m := style.Map{Layers: 2, Width: width, Rate: 0.01, Decay: 0.9}
	rows := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		gain := l.Parameter("gain", nn.Ones, 1)
		return []*nn.Node{nn.Multiply(nn.Reshape(x[0], layers, width, 1), gain)}
	}
	images := func(b *train.Builder, styles *nn.Node) *nn.Node { return b.Apply(style.Synthesis, styles) }
	return train.Game{
		Name: "rows of styles", Settings: struct{}{}, Low: -8, High: 8,
		Networks: []train.Network{{Name: style.Mapping, Net: m.Network()}, {Name: style.Synthesis, Net: rows}},
		Phases: []train.Phase{{Name: "g", Trains: []string{style.Mapping, style.Synthesis}, Optimizer: train.SGD{Rate: train.Constant(1e-6)},
			Loss: func(b *train.Builder) *nn.Node {
				w := style.Mixed(b, b.Apply(style.Mapping, b.Noise("z", latent)), b.Apply(style.Mapping, b.Noise("other", latent)), layers, 0.9)
				return b.Term("loss", 1, nn.L2(b.Apply(style.Synthesis, w), b.Data("image")))
			}}},
		Sample: style.Sample(latent, layers, images),
		Uses:   style.Uses(latent, width, layers, images),
	}
}

func sampler(t *testing.T, m *train.Model, truncation float64, of int) *train.Sampler {
	t.Helper()
	dev := traintest.CPU(t)
	s, err := train.NewStyled(dev, m, 4, truncation, of)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func model(t *testing.T) *train.Model {
	t.Helper()
	tr := traintest.New(t, game(), traintest.Images(batch, layers, width, 1, 0))
	for range 3 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// Truncated styles lie on the way from the average, in the layers that are asked for, and the images are made of them.
func TestTruncation(t *testing.T) {
	m := model(t)
	average, ok := m.Used("mapping/w_average")
	if !ok || !slices.ContainsFunc(average.Values, func(v float32) bool { return v != 0 }) {
		t.Fatalf("the average of w is %v", average.Values)
	}
	const n = 5
	whole, part := sampler(t, m, 1, 0), sampler(t, m, 0.3, 2)
	inputs, err := whole.Noise(3, n)
	if err != nil {
		t.Fatal(err)
	}
	w, err := whole.Styles(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(w)
	for i := range want {
		if a := average.Values[i%width]; i/width%layers < 2 {
			want[i] = a + 0.3*(w[i]-a)
		}
	}
	got, err := part.Styles(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "styles", got, want)
	images, err := part.Generate(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i] = (want[i] + 8) / 16
	}
	near(t, "images", images, want)
	plain, err := train.NewSampler(traintest.CPU(t), m, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	of, err := plain.Generate(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	halves, err := whole.Generate(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "images of both halves", halves, of)
}

// A square of mixed images has the styles of its rows before a layer, and those of its columns from there on.
func TestMix(t *testing.T) {
	s := sampler(t, model(t), 1, 0)
	const n, from = 3, 2
	inputs, err := s.Noise(1, n)
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.Generate(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Mix(inputs, n, from)
	if err != nil {
		t.Fatal(err)
	}
	const each, at = layers * width, from * width
	for i := range n {
		for j := range n {
			want := slices.Concat(own[i*each:][:at], own[j*each+at:(j+1)*each])
			near(t, "mixed image", got[(i*n+j)*each:][:each], want)
		}
	}
	if _, err := s.Mix(inputs, n, layers+1); err == nil {
		t.Error("no error of a layer that there is not")
	}
}

// Every image has its own crossover: of all layers but the first, as often as the probability says.
func TestMixed(t *testing.T) {
	const probability, images = 0.8, 512
	of := func(x *nn.Node, v float64) *nn.Node {
		return nn.Map("of", func(...expr.Expr) expr.Expr { return expr.Const(v) }, x)
	}
	g := game()
	g.Phases[0].Loss = func(b *train.Builder) *nn.Node {
		x := b.Noise("z", 1)
		mixed := style.Mixed(b, of(x, 0), of(x, 1), layers, probability)
		for i := range layers {
			b.Metric(fmt.Sprint(i), nn.Mean(style.Of(mixed, i)))
		}
		b.Metric("back", nn.Mean(nn.ReLU(nn.Subtract(style.Of(mixed, 1), style.Of(mixed, 2)))))
		return nn.Mean(b.Apply(style.Synthesis, style.Each(b.Apply(style.Mapping, b.Noise("w", latent)), layers)))
	}
	tr, err := train.New(traintest.CPU(t), g, train.Settings{Batch: images, Shards: 1, Seed: 1}, traintest.Images(batch, layers, width, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := tr.Step(); err != nil {
		t.Fatal(err)
	}
	got, err := tr.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, probability / 2, probability, 0} {
		if math.Abs(float64(got[i])-want) > 0.05 || want == 0 && got[i] != 0 {
			t.Errorf("%v of the images are mixed, want %v", got, []float64{0, probability / 2, probability, 0})
			break
		}
	}
}

// Images that are the styles themselves change along a way in w by the difference of its ends, whatever its length.
func TestPathLengths(t *testing.T) {
	m := model(t)
	const n = 5
	s := sampler(t, m, 1, 0)
	byNoise, byStyles, err := s.PathLengths(3, n)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := s.Noise(3, 2*n)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Styles(inputs, 2*n)
	if err != nil {
		t.Fatal(err)
	}
	const each, colours = layers * width, 16 // colours: from Low to High
	for i := range n {
		want := 0.0
		for j := range each {
			d := float64(w[(2*i+1)*each+j]-w[2*i*each+j]) / colours
			want += d * d / each
		}
		if got := byStyles[i]; math.Abs(got-want) > 0.02*want {
			t.Errorf("way %d in w has length %v, want %v", i, got, want)
		}
	}
	halfNoise, halfStyles, err := sampler(t, m, 0.5, 0).PathLengths(3, n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if !(byNoise[i] > 0) || math.Abs(4*halfNoise[i]-byNoise[i]) > 0.05*byNoise[i] || math.Abs(4*halfStyles[i]-byStyles[i]) > 0.05*byStyles[i] {
			t.Errorf("way %d has lengths %v and %v, and %v and %v of styles that go half of the way", i, byNoise[i], byStyles[i], halfNoise[i], halfStyles[i])
		}
	}
}

// Images that are the styles themselves are walked between on straight lines.
func TestWalk(t *testing.T) {
	const n, steps = 3, 2
	s := sampler(t, model(t), 1, 0)
	inputs, err := s.Noise(3, n)
	if err != nil {
		t.Fatal(err)
	}
	images, err := s.Generate(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	between, err := s.Walk(inputs, n, steps)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Generate(between, n*steps)
	if err != nil {
		t.Fatal(err)
	}
	const each = layers * width
	var want []float32
	for i := range n {
		from, to := images[i*each:][:each], images[(i+1)%n*each:][:each]
		want = append(want, from...)
		for j := range each {
			want = append(want, (from[j]+to[j])/2)
		}
	}
	near(t, "the walk", got, want)
}
