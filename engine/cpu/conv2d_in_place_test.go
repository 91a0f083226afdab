package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// Weights read in place, whether it pays or not: parts of tiles, several steps, borders, strides, classes without taps, and
// the same bits for any number of threads.
func TestInPlace(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		geometries := []program.Geometry{
			{Batch: 1, InH: 4, InW: 4, InC: 67, OutC: 45, FilterH: 4, FilterW: 4, StrideH: 2, StrideW: 2, Padding: program.Explicit(1, 1, 1, 1)},
			{Batch: 2, InH: 7, InW: 5, InC: 33, OutC: 70, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1},
			{Batch: 3, InH: 5, InW: 6, InC: 9, OutC: 130, FilterH: 2, FilterW: 1, StrideH: 3, StrideW: 2, Padding: program.Valid},
			{Batch: 1, InH: 1, InW: 41, InC: 300, OutC: 19, FilterH: 1, FilterW: 1, StrideH: 1, StrideW: 1},
		}
		for range 30 {
			geometries = append(geometries, randomGeometry(r))
		}
		for _, g := range geometries {
			for _, c := range convCases(r, g) {
				var k func(a arguments, ws *workspace) kernel
				switch op := c.op.(type) {
				case program.Conv2D:
					k = func(a arguments, ws *workspace) kernel {
						e, y := a.epilogue(op.Epilogue)
						return newInPlaceConv2D(g, a.f32(0), a.f32(1), e, y, &layout{workspace: ws})
					}
				case program.Conv2DTranspose:
					k = func(a arguments, ws *workspace) kernel {
						e, y := a.epilogue(op.Epilogue)
						return directTranspose(g).inPlaceKernel(a.f32(0), a.f32(1), e, y, &layout{workspace: ws})
					}
				default:
					continue
				}
				got := guardedKernel(t, 3, c.op, k, c.in...)
				checkClose(t, c.op, got, c.want)
				if err := sameBits(got, guardedKernel(t, 1, c.op, k, c.in...)); err != nil {
					t.Errorf("%s %+v: with one thread %v", c.op.Name(), c.op, err)
				}
			}
		}
	})
}
