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
func TestDemodulateByDefinition(t *testing.T) {
	const batch, size, in, out = 2, 3, 4, 5
	b := newNetwork(t, tensor.Float64, 1)
	w, styles := b.input("w", size, size, in, out), b.input("styles", batch, in)
	got, ws, ss := b.value(b.must(Demodulate(w, styles, 1e-3))), w.Value().Data().([]float64), styles.Value().Data().([]float64)
	for n := range batch {
		for o := range out {
			var squares float64
			for i := range size * size * in {
				squares += math.Pow(ws[i*out+o]*ss[n*in+i%in], 2)
			}
			for i := range size * size * in {
				want := ws[i*out+o] * ss[n*in+i%in] / math.Sqrt(squares+1e-3)
				if g := got[(n*size*size*in+i)*out+o]; math.Abs(g-want) > 1e-6 {
					t.Fatalf("element %d %d %d is %v, want %v", n, i, o, g, want)
				}
			}
		}
	}
}
