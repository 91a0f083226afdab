package program

import (
	"math"
	"slices"
	"testing"
)

// Known answers of philox4x32-10 from Random123, examples/kat_vectors.
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestWordAddressing(t *testing.T) {
	d := Draw{Seed: 0x0123456789abcdef, Stream: 7}
	want := philox([4]uint32{2, 7, 9, 0}, [2]uint32{0x89abcdef, 0x01234567})[1]
	if got := d.Word(9, 9); got != want {
		t.Errorf("word 9 at step 9 is %x, want %x", got, want)
	}
}

const draws = 100_000

var step5 = []uint32{5}

var someDraw = Draw{Seed: 42, Stream: 3}

func TestUniformMoments(t *testing.T) {
	y := make([]float64, draws)
	compute(t, Uniform{N: draws, Draw: someDraw, Low: -1, High: 3}, step5, y)
	if lo, hi := slices.Min(y), slices.Max(y); lo < -1 || hi >= 3 || lo > -0.99 || hi < 2.99 {
		t.Errorf("uniforms over [-1, 3) lie in [%v, %v]", lo, hi)
	}
	mean, variance, _ := moments(y)
	near(t, "mean", mean, 1, 0.02)
	near(t, "variance", variance, 16./12, 0.02)
}

func TestNormalMoments(t *testing.T) {
	y := make([]float64, draws)
	compute(t, Normal{N: draws, Draw: someDraw, Mean: 2, Stddev: 3}, step5, y)
	mean, variance, fourth := moments(y)
	near(t, "mean", mean, 2, 0.05)
	near(t, "variance", variance, 9, 0.15)
	near(t, "kurtosis", fourth/(variance*variance), 3, 0.1)

	// Both halves of a pair are used: cos and sin of one radius.
	var correlation float64
	for i := 0; i < draws; i += 2 {
		correlation += (y[i] - 2) * (y[i+1] - 2) / (9 * draws / 2)
	}
	near(t, "correlation within pairs", correlation, 0, 0.02)
	r2 := (math.Pow(y[0]-2, 2) + math.Pow(y[1]-2, 2)) / 9
	near(t, "radius of the first pair", r2, -2*math.Log((float64(someDraw.Word(5, 0))+1)/(1<<32)), 1e-12)
}

func TestDropoutMask(t *testing.T) {
	const rate = 0.4
	mask, u := make([]float64, draws), make([]float64, draws)
	compute(t, DropoutMask{N: draws, Draw: someDraw, Rate: rate}, step5, mask)
	compute(t, Uniform{N: draws, Draw: someDraw, High: 1}, step5, u)
	dropped := 0
	for i, v := range mask {
		keep := u[i] >= float64(float32(rate))
		if !keep {
			dropped++
		}
		if keep != (v != 0) || keep && math.Abs(v-1/0.6) > 1e-7 {
			t.Fatalf("mask[%d] is %v where u is %v", i, v, u[i])
		}
	}
	near(t, "share dropped", float64(dropped)/draws, rate, 0.01)
	compute(t, DropoutMask{N: draws, Draw: someDraw}, step5, mask)
	if slices.Min(mask) != 1 || slices.Max(mask) != 1 {
		t.Error("a rate of 0 drops or scales")
	}
}

func TestIndices(t *testing.T) {
	indices := make([]uint32, draws)
	compute(t, Indices{N: draws, Draw: someDraw, Limit: 10}, step5, indices)
	counts := make([]int, 10)
	for i, v := range indices {
		if v >= 10 {
			t.Fatalf("index %d is %d, limit 10", i, v)
		}
		counts[v]++
	}
	for _, n := range counts {
		near(t, "share of an index", float64(n)/draws, 0.1, 0.005)
	}
}

func moments(y []float64) (mean, variance, fourth float64) {
	n := float64(len(y))
	for _, v := range y {
		mean += v / n
	}
	for _, v := range y {
		d := v - mean
		variance += d * d / n
		fourth += d * d * d * d / n
	}
	return mean, variance, fourth
}
