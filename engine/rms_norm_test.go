package engine

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func init() {
	operations["rms_norm"] = func(b *network) *gorgonia.Node {
		return b.must(RMSNorm(b.parameter("x", 2, 3, 4), b.parameter("gamma", 4), 1e-3))
	}
}

func TestRMSNorm(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	x, gamma := b.input("x", 3, 4), b.input("gamma", 4)
	xs, gs := x.Value().Data().([]float64), gamma.Value().Data().([]float64)
	for i, got := range b.value(b.must(RMSNorm(x, gamma, 0.1))) {
		var squares float64
		for _, v := range xs[i/4*4:][:4] {
			squares += v * v / 4
		}
		if want := xs[i] / math.Sqrt(squares+0.1) * gs[i%4]; math.Abs(got-want) > 1e-6 {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}
