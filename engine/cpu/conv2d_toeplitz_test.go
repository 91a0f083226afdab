package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// toeplitzGeometries are those that every vector unit computes by rows: filters about as wide as
// the image or wider, few channels out, batches on either side of a tile and of a chunk.
func toeplitzGeometries() []program.Geometry {
	return []program.Geometry{
		{Batch: 2, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1},
		{Batch: 13, InH: 5, InW: 9, InC: 8, OutC: 1, FilterH: 9, FilterW: 11, StrideH: 1, StrideW: 1},
		{Batch: 1, InH: 9, InW: 33, InC: 9, OutC: 2, FilterH: 4, FilterW: 33, StrideH: 1, StrideW: 1},
		{Batch: 3, InH: 7, InW: 20, InC: 17, OutC: 1, FilterH: 3, FilterW: 14, StrideH: 1, StrideW: 1, Padding: program.Valid},
		{Batch: 130, InH: 3, InW: 6, InC: 8, OutC: 1, FilterH: 3, FilterW: 6, StrideH: 1, StrideW: 1},
	}
}

func TestConvolutionsByRows(t *testing.T) {
	d := openDevice(t, 3)
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for _, g := range toeplitzGeometries() {
			if _, ok := newToeplitz(g); !ok && unit != plainGo {
				t.Errorf("%v is not computed by rows", g)
			}
			for _, c := range convCases(r, g) {
				checkClose(t, c.op, guardedRun(t, d, c.op, c.in...), c.want)
			}
		}
	})
}

func TestConvolutionsByRowsOnAnyThreads(t *testing.T) {
	g := toeplitzGeometries()[1]
	for i, c := range convCases(rand.New(rand.NewPCG(23, 24)), g) {
		t.Run(fmt.Sprintf("%d/%s", i, c.op.Name()), func(t *testing.T) {
			want := guardedRun(t, openDevice(t, 1), c.op, c.in...)
			for _, threads := range []int{2, 3, 7} {
				if err := sameBits(guardedRun(t, openDevice(t, threads), c.op, c.in...), want); err != nil {
					t.Errorf("%d threads: %v", threads, err)
				}
			}
		})
	}
}
