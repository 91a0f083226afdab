package gan

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

func tinyLayouts(t testing.TB) layouts {
	t.Helper()
	l, err := tinyModel(tinySettings()).layouts()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// conditionalLayouts are those of a model that knows three classes.
func conditionalLayouts(t testing.TB) layouts {
	t.Helper()
	l, err := tinyModel(tinySettings()).Conditional(3).layouts()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// builders makes every graph that is run, by name: those of the losses after their network.
var builders = func() map[string]func(layouts, tensor.Dtype) (*graph, error) {
	all := map[string]func(layouts, tensor.Dtype) (*graph, error){
		"generate": func(l layouts, d tensor.Dtype) (*graph, error) {
			return generateGraph(l, d, 4, program.Arg{Storage: storageImages, Offset: 4 * l.pixels()}, inference)
		},
		"discriminate": func(l layouts, d tensor.Dtype) (*graph, error) { return discriminateGraph(l, d, 3) },
	}
	for _, loss := range Losses() {
		all["discriminator/"+string(loss)] = func(l layouts, d tensor.Dtype) (*graph, error) { return discriminatorGraph(l, d, 6, loss, 0) }
		all["discriminator/"+string(loss)+"/penalty"] = func(l layouts, d tensor.Dtype) (*graph, error) { return discriminatorGraph(l, d, 6, loss, 10) }
		all["generator/"+string(loss)] = func(l layouts, d tensor.Dtype) (*graph, error) { return generatorGraph(l, d, 5, loss) }
	}
	return all
}()

// A compiled graph on the CPU gives what Gorgonia's own machine computes of it in float64.
func TestProgramsAgreeWithTapeMachine(t *testing.T) {
	t.Run("plain", func(t *testing.T) { checkPrograms(t, tinyLayouts(t)) })
	t.Run("conditional", func(t *testing.T) { checkPrograms(t, conditionalLayouts(t)) })
}

func checkPrograms(t *testing.T, l layouts) {
	dev := openCPU(t, 0)
	for name, build := range builders {
		t.Run(name, func(t *testing.T) {
			g, err := build(l, tensor.Float64)
			if err != nil {
				t.Fatal(err)
			}
			values := storages64{}
			fill(g, values, rand.New(rand.NewPCG(3, 4)))
			p, err := compiled(build(l, tensor.Float32))
			if err != nil {
				t.Fatal(err)
			}
			a := newArrays(dev)
			defer a.close()
			if err := a.alloc(p); err != nil {
				t.Fatal(err)
			}
			for storage, wide := range values {
				narrow := make([]float32, len(wide))
				for i, v := range wide {
					narrow[i] = float32(v)
				}
				if err := write(a, storage, 0, narrow); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.once(p); err != nil {
				t.Fatal(err)
			}
			run64(t, g, values)
			for _, out := range g.outputs {
				n := max(out.Node.Shape().TotalSize(), 1)
				got := make([]float32, n)
				if err := read(a, out.At.Storage, out.At.Offset, got); err != nil {
					t.Fatal(err)
				}
				want := values[out.At.Storage][out.At.Offset:][:n]
				if e := relativeError(got, want); !(e < 1e-5) {
					t.Errorf("%s[%d:]: relative error %g", out.At.Storage, out.At.Offset, e)
				}
			}
		})
	}
}

// The gradient along a random direction is the slope of the loss, for either network and all losses.
func TestGradientsAgainstDifferences(t *testing.T) {
	t.Run("plain", func(t *testing.T) { checkSlopes(t, tinyLayouts(t)) })
	t.Run("conditional", func(t *testing.T) { checkSlopes(t, conditionalLayouts(t)) })
}

func checkSlopes(t *testing.T, l layouts) {
	for name, build := range builders {
		network, _, found := strings.Cut(name, "/")
		if !found {
			continue
		}
		layout, metric := l.discriminator, metricDLoss
		if network == generatorName {
			layout, metric = l.generator, metricGLoss
		}
		r := rand.New(rand.NewPCG(5, 6))
		direction := make([]float64, layout.Len)
		for i := range direction {
			direction[i] = r.NormFloat64()
		}
		values := storages64{}
		loss := func(step float64) float64 {
			g, err := build(l, tensor.Float64)
			if err != nil {
				t.Fatal(err)
			}
			fill(g, values, r)
			p := values[parametersOf(layout.Name)]
			for i := range p {
				p[i] += step * direction[i]
			}
			run64(t, g, values)
			for i := range p {
				p[i] -= step * direction[i]
			}
			return values[storageMetrics][metric]
		}
		const h = 1e-7 // a larger step crosses LeakyReLU's kinks
		want := (loss(h) - loss(-h)) / (2 * h)
		loss(0)
		got := 0.0
		for i, gradient := range values[gradientOf(layout.Name)] {
			got += gradient * direction[i]
		}
		if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
			t.Errorf("%s: slope %v, want %v", name, got, want)
		}
	}
}

// Of one image, the gradients of the two losses differ by the factor D/(1-D) > 0: both push
// fakes to where D calls them real.
func TestMinimaxGradient(t *testing.T) {
	l := tinyLayouts(t)
	values := storages64{}
	gradients := map[Loss][]float64{}
	losses := map[Loss]float64{}
	for kind, target := range map[Loss]float64{NonSaturating: 1, Minimax: 0} {
		g, err := generatorGraph(l, tensor.Float64, 1, kind)
		if err != nil {
			t.Fatal(err)
		}
		values[storageTarget] = []float64{target}
		values[gradientOf(generatorName)] = nil
		fill(g, values, rand.New(rand.NewPCG(7, 8)))
		run64(t, g, values)
		gradients[kind], losses[kind] = values[gradientOf(generatorName)], values[storageMetrics][metricGLoss]
	}
	d := math.Exp(-losses[NonSaturating]) // the loss is -log D
	if want := math.Log(1 - d); math.Abs(losses[Minimax]-want) > 1e-12 {
		t.Errorf("the minimax loss is %v, want log(1-D) = %v", losses[Minimax], want)
	}
	any := false
	for i, g := range gradients[NonSaturating] {
		any = any || g != 0
		if want := g * d / (1 - d); math.Abs(gradients[Minimax][i]-want) > 1e-10*math.Max(1, math.Abs(want)) {
			t.Fatalf("gradient %d is %v, want %v", i, gradients[Minimax][i], want)
		}
	}
	if !any {
		t.Error("the gradient is zero")
	}
}
