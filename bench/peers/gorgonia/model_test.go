package main

import (
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The transposed convolution that is put together from stock operations is one: each input pixel adds its value times
// the filter around its place in the output.
func TestConvTranspose(t *testing.T) {
	const n, in, out, size = 2, 3, 2, 4
	r := rand.New(rand.NewPCG(1, 1))
	e := &expr{g: G.NewGraph()}
	values := func(name string, shape ...int) (*G.Node, []float32) {
		node, data := e.input(name, shape...)
		for i := range data {
			data[i] = float32(r.NormFloat64())
		}
		return node, data
	}
	x, xs := values("x", n, in, size, size)
	kernel, ks := values("kernel", out, in, 3, 3)
	bias, bs := values("bias", 1, out, 1, 1)
	y := e.convTranspose(x, kernel, bias)
	if e.err != nil {
		t.Fatal(e.err)
	}
	if err := G.NewTapeMachine(e.g).RunAll(); err != nil {
		t.Fatal(err)
	}
	if !y.Shape().Eq(tensor.Shape{n, out, 2 * size, 2 * size}) {
		t.Fatalf("the shape is %v", y.Shape())
	}
	const wide = 2 * size
	want := make([]float64, n*out*wide*wide)
	for i := range want {
		want[i] = float64(bs[i/wide/wide%out])
	}
	for b := range n {
		for c := range in {
			for row := range size {
				for col := range size {
					for o := range out {
						for ky := range 3 {
							for kx := range 3 {
								// The kernel lies turned around, as the convolution that follows takes it.
								oy, ox := 2*row+1-ky, 2*col+1-kx
								if oy >= 0 && ox >= 0 && oy < wide && ox < wide {
									want[((b*out+o)*wide+oy)*wide+ox] += float64(xs[((b*in+c)*size+row)*size+col]) * float64(ks[((o*in+c)*3+ky)*3+kx])
								}
							}
						}
					}
				}
			}
		}
	}
	for i, v := range y.Value().Data().([]float32) {
		if math.Abs(float64(v)-want[i]) > 1e-4 {
			t.Fatalf("y[%d] = %v, want %v", i, v, want[i])
		}
	}
}
