package program

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// By hand; where the padding is uneven, the odd pixel must come after the image.
func TestConv2DByHand(t *testing.T) {
	row := func(n, filter, stride int, p Padding) Geometry {
		return Geometry{Batch: 1, InH: 1, InW: n, InC: 1, OutC: 1,
			FilterH: 1, FilterW: filter, StrideH: 1, StrideW: stride, Padding: p}
	}
	for _, c := range []struct {
		name         string
		g            Geometry
		x, filter, y []float64
	}{
		{"same, even filter pads after", row(4, 2, 1, Same),
			[]float64{1, 2, 3, 4}, []float64{10, 1}, []float64{12, 23, 34, 40}},
		{"same, odd filter pads both sides", row(4, 3, 1, Same),
			[]float64{1, 2, 3, 4}, []float64{100, 10, 1}, []float64{12, 123, 234, 340}},
		{"same, stride 2 on an even image pads after only", row(4, 3, 2, Same),
			[]float64{1, 2, 3, 4}, []float64{100, 10, 1}, []float64{123, 340}},
		{"same, stride 2 on an odd image pads both sides", row(5, 3, 2, Same),
			[]float64{1, 2, 3, 4, 5}, []float64{100, 10, 1}, []float64{12, 234, 450}},
		{"same, stride larger than the filter pads nothing", row(4, 1, 3, Same),
			[]float64{1, 2, 3, 4}, []float64{1}, []float64{1, 4}},
		{"valid", row(5, 3, 2, Valid),
			[]float64{1, 2, 3, 4, 5}, []float64{100, 10, 1}, []float64{123, 345}},
		{"two channels in and out", Geometry{Batch: 1, InH: 1, InW: 1, InC: 2, OutC: 2,
			FilterH: 1, FilterW: 1, StrideH: 1, StrideW: 1},
			[]float64{1, 2}, []float64{3, 4, 5, 6}, []float64{13, 16}},
		{"two rows, two images", Geometry{Batch: 2, InH: 2, InW: 1, InC: 1, OutC: 1,
			FilterH: 2, FilterW: 1, StrideH: 1, StrideW: 1},
			[]float64{1, 2, 3, 4}, []float64{10, 1}, []float64{12, 20, 34, 40}},
	} {
		y := make([]float64, c.g.OutLen())
		compute(t, Conv2D{Geometry: c.g}, c.x, c.filter, y)
		if !slices.Equal(y, c.y) {
			t.Errorf("%s: %v, want %v", c.name, y, c.y)
		}
	}
}

// Keras's Conv2DTranspose of [1 2] with stride 2 and 'same' padding, by hand: each input paints
// the filter at twice its position, and the last of the 5 columns, the odd one, is cut off.
func TestConv2DTransposeByHand(t *testing.T) {
	g := Geometry{Batch: 1, InH: 1, InW: 4, InC: 1, OutC: 1,
		FilterH: 1, FilterW: 3, StrideH: 1, StrideW: 2, Padding: Same}
	y := make([]float64, 4)
	compute(t, Conv2DTranspose{g, Epilogue{Bias: true}}, []float64{1, 2}, []float64{100, 10, 1}, []float64{0.5}, y)
	if want := []float64{100.5, 10.5, 201.5, 20.5}; !slices.Equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
}

// The gradients of a bilinear map are its adjoints: <conv(x, f), dy> is <x, input grad> and
// <f, filter grad>. With a bias, <conv, dy> has the bias gradient's share besides.
func TestConv2DGradientsAreAdjoint(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, g := range geometries(rng, 60) {
		t.Run(g.String(), func(t *testing.T) {
			x, filter, dy := normals(rng, g.InLen()), normals(rng, g.FilterLen()), normals(rng, g.OutLen())
			y, dx, dfilter := make([]float64, g.OutLen()), make([]float64, g.InLen()), make([]float64, g.FilterLen())
			compute(t, Conv2D{Geometry: g}, x, filter, y)
			compute(t, Conv2DInputGrad{Geometry: g}, dy, filter, dx)
			compute(t, Conv2DFilterGrad{g}, x, dy, dfilter)
			want := dot(y, dy)
			near(t, "input gradient", dot(x, dx), want, 1e-12*norm(y)*norm(dy))
			near(t, "filter gradient", dot(filter, dfilter), want, 1e-12*norm(y)*norm(dy))

			bias, db := normals(rng, g.OutC), make([]float64, g.OutC)
			compute(t, Conv2D{g, Epilogue{Bias: true}}, x, filter, bias, y)
			clear(db)
			for i, d := range dy {
				db[i%g.OutC] += d
			}
			near(t, "bias gradient", want+dot(bias, db), dot(y, dy), 1e-12*norm(y)*norm(dy))
		})
	}
}

func TestConv2DGradientsAreFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, g := range geometries(rng, 6) {
		x, filter, dy := normals(rng, g.InLen()), normals(rng, g.FilterLen()), normals(rng, g.OutLen())
		dx, dfilter := make([]float64, g.InLen()), make([]float64, g.FilterLen())
		compute(t, Conv2DInputGrad{Geometry: g}, dy, filter, dx)
		compute(t, Conv2DFilterGrad{g}, x, dy, dfilter)
		y := make([]float64, g.OutLen())
		loss := func() float64 { compute(t, Conv2D{Geometry: g}, x, filter, y); return dot(y, dy) }
		checkGradient(t, fmt.Sprint(g, " input"), x, dx, loss)
		checkGradient(t, fmt.Sprint(g, " filter"), filter, dfilter, loss)
	}
}

// geometries are small random ones, valid and same.
func geometries(rng *rand.Rand, n int) []Geometry {
	var gs []Geometry
	for len(gs) < n {
		g := Geometry{Batch: 1 + rng.IntN(2), InH: 1 + rng.IntN(7), InW: 1 + rng.IntN(7),
			InC: 1 + rng.IntN(3), OutC: 1 + rng.IntN(3), FilterH: 1 + rng.IntN(5), FilterW: 1 + rng.IntN(5),
			StrideH: 1 + rng.IntN(3), StrideW: 1 + rng.IntN(3), Padding: []Padding{Same, Valid, Explicit(rng.IntN(2), rng.IntN(3)-1, rng.IntN(2), rng.IntN(2))}[rng.IntN(3)]}
		if g.Validate() == nil {
			gs = append(gs, g)
		}
	}
	return gs
}
