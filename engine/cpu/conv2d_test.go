package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// visitTaps calls f with the elements of x, filter and y that each multiply-add of a convolution
// joins.
func visitTaps(g program.Geometry, f func(x, w, y int)) {
	outH, outW := g.OutH(), g.OutW()
	for b := range g.Batch {
		for oy := range outH {
			for ox := range outW {
				for ky := range g.FilterH {
					for kx := range g.FilterW {
						iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
						if iy < 0 || iy >= g.InH || ix < 0 || ix >= g.InW {
							continue
						}
						for i := range g.InC {
							for o := range g.OutC {
								f(((b*g.InH+iy)*g.InW+ix)*g.InC+i, ((ky*g.FilterW+kx)*g.InC+i)*g.OutC+o, ((b*outH+oy)*outW+ox)*g.OutC+o)
							}
						}
					}
				}
			}
		}
	}
}

// convCase is an operation on a geometry with its operands and float64 result.
type convCase struct {
	op   program.Op
	in   [][]float32
	want []float64
}

// convCases are the operations on g.
func convCases(r *rand.Rand, g program.Geometry) []convCase {
	x, w, dy := randomFloats(r, g.InLen()), randomFloats(r, g.FilterLen()), randomFloats(r, g.OutLen())
	y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
	visitTaps(g, func(i, j, k int) {
		y[k] += float64(x[i]) * float64(w[j])
		dx[i] += float64(dy[k]) * float64(w[j])
		dw[j] += float64(dy[k]) * float64(x[i])
	})
	transposed := append([]float64(nil), dx...)
	forward, ofForward := randomEpilogue(r, g.OutC, y)
	transpose, ofTranspose := randomEpilogue(r, g.InC, transposed)
	inputGrad, ofInputGrad := randomEpilogue(r, g.InC, dx)
	return []convCase{
		{program.Conv2D{Geometry: g, Epilogue: forward}, append([][]float32{x, w}, ofForward...), y},
		{program.Conv2DTranspose{Geometry: g, Epilogue: transpose}, append([][]float32{dy, w}, ofTranspose...), transposed},
		{program.Conv2DInputGrad{Geometry: g, Epilogue: inputGrad}, append([][]float32{dy, w}, ofInputGrad...), dx},
		{program.Conv2DFilterGrad{Geometry: g}, [][]float32{x, dy}, dw},
	}
}

func randomGeometry(r *rand.Rand) program.Geometry {
	channels := []int{1, 1, 2, 3, 5, 8, 16, 17, 32, 33, 40}
	for {
		g := program.Geometry{
			Batch: 1 + r.IntN(4), InH: 1 + r.IntN(11), InW: 1 + r.IntN(11),
			InC: channels[r.IntN(len(channels))], OutC: channels[r.IntN(len(channels))],
			FilterH: 1 + r.IntN(5), FilterW: 1 + r.IntN(5),
			StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3),
			Padding: drawPadding(r),
		}
		if r.IntN(8) == 0 {
			g.FilterH = 12 + r.IntN(4) // larger than the image
		}
		if g.Validate() == nil {
			return g
		}
	}
}

func TestConvolutionsOfRandomGeometry(t *testing.T) {
	d := openDevice(t, 3)
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		geometries := []program.Geometry{ // few channels on one side, many taps
			{Batch: 2, InH: 9, InW: 8, InC: 1, OutC: 24, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
			{Batch: 2, InH: 9, InW: 8, InC: 24, OutC: 1, FilterH: 5, FilterW: 4, StrideH: 1, StrideW: 1},
			{Batch: 2, InH: 9, InW: 8, InC: 24, OutC: 3, FilterH: 5, FilterW: 5, StrideH: 1, StrideW: 2},
			{Batch: 3, InH: 9, InW: 8, InC: 24, OutC: 3, FilterH: 3, FilterW: 4, StrideH: 1, StrideW: 1},
			{Batch: 3, InH: 35, InW: 37, InC: 20, OutC: 2, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1, Padding: program.Explicit(2, 0, 0, 1)},
			{Batch: 3, InH: 35, InW: 36, InC: 2, OutC: 20, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1, Padding: program.Explicit(0, 2, 1, 0)},
			{Batch: 1, InH: 7, InW: 10, InC: 3, OutC: 16, FilterH: 5, FilterW: 5, StrideH: 2, StrideW: 3, Padding: program.Valid},
		}
		for range 60 {
			geometries = append(geometries, randomGeometry(r))
		}
		for _, g := range geometries {
			for _, c := range convCases(r, g) {
				checkClose(t, c.op, guardedRun(t, d, c.op, c.in...), c.want)
			}
		}
	})
}

// tutorialGeometries are the small-filter convolutions of the GAN of package gan.
func tutorialGeometries(batch int) []program.Geometry {
	return []program.Geometry{
		{Batch: batch, InH: 28, InW: 28, InC: 1, OutC: 32, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 14, InW: 14, InC: 32, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 14, InW: 14, InC: 64, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 28, InW: 28, InC: 32, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
	}
}

func TestConvolutionsOfTutorial(t *testing.T) {
	d := openDevice(t, 2)
	r := rand.New(rand.NewPCG(3, 4))
	for _, g := range tutorialGeometries(6) {
		for _, c := range convCases(r, g) {
			checkClose(t, c.op, guardedRun(t, d, c.op, c.in...), c.want)
		}
	}
}

// drawPadding draws Same, Valid, or less than 3 on each side.
func drawPadding(r *rand.Rand) program.Padding {
	return []program.Padding{program.Same, program.Valid,
		program.Explicit(r.IntN(3), r.IntN(4)-1, r.IntN(3), r.IntN(4)-1)}[r.IntN(3)]
}
