package program

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestMatMul(t *testing.T) {
	// A = (1 2 3; 4 5 6), B = (7 8; 9 10; 11 12)
	a, at := []float64{1, 2, 3, 4, 5, 6}, []float64{1, 4, 2, 5, 3, 6}
	b, bt := []float64{7, 8, 9, 10, 11, 12}, []float64{7, 9, 11, 8, 10, 12}
	for _, transA := range []bool{false, true} {
		for _, transB := range []bool{false, true} {
			op := MatMul{M: 2, N: 2, K: 3, TransA: transA, TransB: transB, Epilogue: Epilogue{Bias: true}}
			left, right, c := a, b, make([]float64, 4)
			if transA {
				left = at
			}
			if transB {
				right = bt
			}
			compute(t, op, left, right, []float64{0.5, 0.25}, c)
			if want := []float64{58.5, 64.25, 139.5, 154.25}; !slices.Equal(c, want) {
				t.Errorf("%+v: %v, want %v", op, c, want)
			}
		}
	}
}

func TestElementwise(t *testing.T) {
	x, y := []float64{-2, 0, 3}, []float64{1, 10, 100}
	sigmoid, mask := Epilogue{Activation: Activation{Kind: SigmoidActivation}}, Epilogue{Mask: true}
	const half = 0.5
	for _, c := range []struct {
		name string
		op   Op
		args []any
		want []float64
	}{
		{"leaky_relu", LeakyReLU{3, half}, []any{x}, []float64{-1, 0, 3}},
		{"leaky_relu_grad", LeakyReLUGrad{3, half}, []any{x, y}, []float64{0.5, 5, 100}},
		{"sigmoid", MatMul{M: 1, N: 3, K: 1, Epilogue: sigmoid}, []any{[]float64{1}, x}, []float64{0.11920292202211755, 0.5, 0.9525741268224334}},
		{"sigmoid far out", MatMul{M: 1, N: 3, K: 1, Epilogue: sigmoid}, []any{[]float64{1000}, x}, []float64{0, 0.5, 1}},
		{"dropout", MatMul{M: 1, N: 3, K: 1, Epilogue: mask}, []any{[]float64{1}, x, []float64{2, 2, 0}}, []float64{-4, 0, 0}},
		{"fill", Fill{3, half}, nil, []float64{0.5, 0.5, 0.5}},
	} {
		out := []float64{math.NaN(), math.NaN(), math.NaN()}
		compute(t, c.op, append(c.args, out)...)
		for i := range out {
			if !(math.Abs(out[i]-c.want[i]) < 1e-15) {
				t.Errorf("%s: %v, want %v", c.name, out, c.want)
				break
			}
		}
	}
}

func TestActivationGradientsAreFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, dy := normals(rng, 20), normals(rng, 20)
	y, dx := make([]float64, 20), make([]float64, 20)

	compute(t, LeakyReLU{20, 0.3}, x, y)
	compute(t, LeakyReLUGrad{20, 0.3}, y, dy, dx)
	checkGradient(t, "leaky_relu", x, dx, func() float64 { compute(t, LeakyReLU{20, 0.3}, x, y); return dot(y, dy) })
}

// Two updates of one parameter, worked out from the paper's algorithm 1 with epsilon where Keras
// has it.
func TestAdam(t *testing.T) {
	op := Adam{N: 1, Beta1: 0.5, Beta2: 0.9, Epsilon: 1e-7}
	rate, param, m, v := []float64{0.07, 0.03}, []float64{1}, []float64{0}, []float64{0}
	compute(t, op, []float64{2}, []uint32{0}, rate, param, m, v)
	// m = 1, v = 0.4, rate = 0.1*sqrt(0.1)/0.5: the first update is the learning rate, nearly.
	near(t, "m", m[0], 1, 1e-15)
	near(t, "v", v[0], 0.4, 1e-15)
	near(t, "param", param[0], 1-0.1*math.Sqrt(0.1)/0.5/(math.Sqrt(0.4)+1e-7), 1e-15)
	compute(t, op, []float64{-1}, []uint32{1}, rate, param, m, v)
	near(t, "m", m[0], 0, 1e-15)
	near(t, "v", v[0], 0.46, 1e-15)
	near(t, "param after a moment of zero", param[0], 0.9, 1e-7)
}

// The average after three updates, from any start, is the weighted mean of the three values.
func TestEMA(t *testing.T) {
	average := []float64{1e3}
	for step, x := range []float64{4, -2, 6} {
		compute(t, EMA{1, 0.5}, []float64{x}, []uint32{uint32(step)}, average)
	}
	near(t, "average", average[0], (0.25*4-0.5*2+6)/1.75, 1e-12)
}

func TestIncrement(t *testing.T) {
	counters := []uint32{0, math.MaxUint32}
	compute(t, Increment{2, 2}, counters)
	if !slices.Equal(counters, []uint32{2, 1}) {
		t.Errorf("got %v", counters)
	}
}

func TestImages(t *testing.T) {
	y := make([]float64, 4)
	compute(t, Images{Batch: 2, Pixels: 2, Count: 3}, []uint8{0, 255, 51, 102, 1, 2}, []uint32{1, 0}, y)
	if want := []float64{0.2, 0.4, 0, 1}; !slices.Equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
}

func TestComputeRefuses(t *testing.T) {
	four := make([]float64, 4)
	for _, c := range []struct {
		op   Op
		args []any
		want string
	}{
		{LeakyReLU{N: 4}, []any{four}, "leaky_relu: got 1 arguments, want 2"},
		{LeakyReLU{N: 4}, []any{four, four[:3]}, "leaky_relu: y has 3 elements, want 4"},
		{LeakyReLU{N: 4}, []any{make([]float32, 4), four}, "leaky_relu: x is a []float32, want float32"},
		{LeakyReLU{}, nil, "length is 0"},
		{Images{Batch: 1, Pixels: 4, Count: 2}, []any{make([]uint8, 8), []uint32{2}, four}, "index 2"},
	} {
		err := Compute[float64](c.op, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: error %v, want one with %q", c.op, err, c.want)
		}
	}
}

// What an epilogue adds comes in its order, after the sum.
func TestComputeAppliesEpilogues(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	g := Geometry{Batch: 2, InH: 5, InW: 4, InC: 3, OutC: 2, FilterH: 3, FilterW: 2, StrideH: 2, StrideW: 1}
	all := Epilogue{Bias: true, Activation: Activation{Kind: LeakyReLUActivation, Alpha: 0.3}, Mask: true, Gate: true}
	for _, c := range []struct {
		op             func(e Epilogue) Op
		x, channels, n int
	}{
		{func(e Epilogue) Op { return Conv2D{g, e} }, g.InLen(), g.OutC, g.OutLen()},
		{func(e Epilogue) Op { return Conv2DTranspose{g, e} }, g.OutLen(), g.InC, g.InLen()},
		{func(e Epilogue) Op { return Conv2DInputGrad{g, e} }, g.OutLen(), g.InC, g.InLen()},
	} {
		x, filter, bias := normals(rng, c.x), normals(rng, g.FilterLen()), normals(rng, c.channels)
		mask, gate := normals(rng, c.n), normals(rng, c.n)
		got, want := make([]float64, c.n), make([]float64, c.n)
		compute(t, c.op(all), x, filter, bias, mask, gate, got)
		compute(t, c.op(Epilogue{Bias: true}), x, filter, bias, want)
		compute(t, LeakyReLU{c.n, 0.3}, want, want)
		for i := range want {
			want[i] *= mask[i]
		}
		compute(t, LeakyReLUGrad{c.n, 0.3}, gate, want, want)
		if !slices.Equal(got, want) {
			t.Errorf("%s differs", c.op(all).Name())
		}
	}
}

// compute computes op in float64.
func compute(t *testing.T, op Op, args ...any) {
	t.Helper()
	if err := Compute[float64](op, args...); err != nil {
		t.Fatal(err)
	}
}

func normals(rng *rand.Rand, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = rng.NormFloat64()
	}
	return s
}

func dot(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func norm(a []float64) float64 { return math.Sqrt(dot(a, a)) }

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// checkGradient compares grad, that of loss with respect to x, with central differences.
func checkGradient(t *testing.T, what string, x, grad []float64, loss func() float64) {
	t.Helper()
	const h = 1e-5
	for i, x0 := range x {
		x[i] = x0 + h
		up := loss()
		x[i] = x0 - h
		down := loss()
		x[i] = x0
		near(t, fmt.Sprintf("%s: derivative %d", what, i), grad[i], (up-down)/(2*h), 1e-8)
	}
}
