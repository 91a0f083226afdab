package train_test

import (
	"math"
	"testing"

	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// A game of one parameter w [3], whose loss is the sum of c*w with known c: each optimizer makes the updates of its
// formula, in float64.
func TestOptimizers(t *testing.T) {
	c := []float64{1, -2, 0.5}
	line := func(b *train.Builder) *nn.Node { return b.Term("loss", 1, nn.SumOver(b.Apply("line"))) }
	network := func(l *nn.Layers, _ []*nn.Node) []*nn.Node {
		w := l.Parameter("w", nn.Constant(0.5), 3)
		var parts []*nn.Node
		for i, v := range c {
			parts = append(parts, nn.Scale(nn.Channels(w, i, i+1), v))
		}
		return []*nn.Node{nn.Concat(parts...)}
	}
	for _, o := range []struct {
		name      string
		optimizer train.Optimizer
		clip      float64
		want      func(w, g []float64) func(step int)
	}{
		{"sgd", train.SGD{Rate: train.Schedule{Rate: 0.1, WarmUp: 2}, Momentum: 0.9}, 0, func(w, g []float64) func(int) {
			m := make([]float64, 3)
			return func(step int) {
				rate := 0.1 * math.Min(1, float64(step+1)/2)
				for i := range w {
					m[i] = 0.9*m[i] + g[i]
					w[i] -= rate * m[i]
				}
			}
		}},
		{"rmsprop", train.RMSProp{Rate: train.Schedule{Rate: 0.01, StepEvery: 2, StepFactor: 0.5}, Decay: 0.9}, 0, func(w, g []float64) func(int) {
			v := make([]float64, 3)
			return func(step int) {
				rate := 0.01 * math.Pow(0.5, float64(step/2))
				for i := range w {
					v[i] = 0.9*v[i] + 0.1*g[i]*g[i]
					w[i] -= rate * g[i] / (math.Sqrt(v[i]) + 1e-8)
				}
			}
		}},
		{"adam, clipped", train.Adam{Rate: train.Schedule{Rate: 0.01, DecayFrom: 1, DecayUntil: 5}, Beta1: 0.5, Beta2: 0.9}, 0.7, func(w, g []float64) func(int) {
			m, v := make([]float64, 3), make([]float64, 3)
			length := 0.0
			for _, x := range g {
				length += x * x
			}
			scale := math.Min(1, 0.7/math.Sqrt(length))
			return func(step int) {
				rate := 0.01
				if step >= 1 {
					rate *= float64(5-step) / 4
				}
				n := float64(step + 1)
				rate *= math.Sqrt(1-math.Pow(0.9, n)) / (1 - math.Pow(0.5, n))
				for i := range w {
					x := g[i] * scale
					m[i] = 0.5*m[i] + 0.5*x
					v[i] = 0.9*v[i] + 0.1*x*x
					w[i] -= rate * m[i] / (math.Sqrt(v[i]) + 1e-7)
				}
			}
		}},
	} {
		g := train.Game{Name: "line", Networks: []train.Network{{Name: "line", Net: network}},
			Phases: []train.Phase{{Name: "p", Trains: []string{"line"}, Optimizer: o.optimizer, Loss: line, ClipNorm: o.clip}}}
		tr := traintest.New(t, g, traintest.Images(8, 2, 2, 3, 0))
		w := []float64{0.5, 0.5, 0.5}
		update := o.want(w, c)
		for step := range 4 {
			update(step)
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			m, err := tr.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			a, _ := m.Array("line/w")
			for i, v := range a.Values {
				if math.Abs(float64(v)-w[i]) > 1e-6 {
					t.Errorf("%s: after %d updates w[%d] is %v, want %v", o.name, step+1, i, v, w[i])
				}
			}
		}
	}
}
