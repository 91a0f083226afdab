package engine

import (
	"math"
	"testing"

	"gorgonia.org/tensor"
)

// The minibatch standard deviation, by its definition, of groups small and large.
func TestMinibatchStddevByDefinition(t *testing.T) {
	const height, width, channels = 2, 3, 2
	for _, c := range []struct{ batch, group int }{{4, 2}, {8, 4}, {6, 1}, {18, 9}} {
		b := newNetwork(t, tensor.Float64, 1)
		x := b.input("x", c.batch, height, width, channels)
		got, xs := b.value(b.must(MinibatchStddev(x, c.group, 1e-3))), x.Value().Data().([]float64)
		const image = height * width * channels
		for n := range c.batch {
			var deviations float64
			for e := range image {
				var mean, variance float64
				for i := n % (c.batch / c.group); i < c.batch; i += c.batch / c.group {
					mean += xs[i*image+e] / float64(c.group)
				}
				for i := n % (c.batch / c.group); i < c.batch; i += c.batch / c.group {
					variance += math.Pow(xs[i*image+e]-mean, 2) / float64(c.group)
				}
				deviations += math.Sqrt(variance + 1e-3)
			}
			for p := range height * width {
				pixel := got[(n*height*width+p)*(channels+1):][:channels+1]
				for ch, v := range pixel[:channels] {
					if want := xs[n*image+p*channels+ch]; v != want {
						t.Fatalf("%+v: image %d, pixel %d, channel %d is %v, want %v", c, n, p, ch, v, want)
					}
				}
				if want := deviations / image; math.Abs(pixel[channels]-want) > 1e-6 {
					t.Fatalf("%+v: the deviation of image %d is %v, want %v", c, n, pixel[channels], want)
				}
			}
		}
	}
}

// Demodulation, by its definition.
func TestDemodulationByDefinition(t *testing.T) {
	const batch, size, in, out = 2, 3, 4, 5
	for _, transposed := range []bool{false, true} {
		b := newNetwork(t, tensor.Float64, 1)
		shape, at := []int{size, size, in, out}, func(tap, i, o int) int { return (tap*in+i)*out + o }
		if transposed {
			shape, at = []int{size, size, out, in}, func(tap, i, o int) int { return (tap*out+o)*in + i }
		}
		w, styles := b.input("w", shape...), b.input("styles", batch, in)
		got := b.value(b.must(Demodulation(w, styles, transposed, 1e-3)))
		ws, ss := w.Value().Data().([]float64), styles.Value().Data().([]float64)
		for n := range batch {
			for o := range out {
				squares := 1e-3
				for i := range in {
					for tap := range size * size {
						squares += math.Pow(ws[at(tap, i, o)]*ss[n*in+i], 2)
					}
				}
				if g, want := got[n*out+o], 1/math.Sqrt(squares); math.Abs(g-want) > 1e-6 {
					t.Fatalf("the factor of output %d of image %d is %v, want %v", o, n, g, want)
				}
			}
		}
	}
}
