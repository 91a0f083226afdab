package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// winogradKernels are all kernels of a convolution by Winograd's algorithm, whether it pays or not, and what roundoff says
// of them.
func winogradKernels(op program.Op) (roundoff float64, kernels []func(arguments, *workspace) kernel) {
	bind := func(c winograd, e program.Epilogue) {
		for _, of := range []func(c *winograd, x, w []float32, e epilogue, y []float32, l *layout) kernel{(*winograd).byTiles, (*winograd).byPanels} {
			kernels = append(kernels, func(a arguments, ws *workspace) kernel {
				bound, y := a.epilogue(e)
				return of(&c, a.f32(0), a.f32(1), bound, y, &layout{workspace: ws})
			})
		}
		roundoff = c.roundoff(c.depth())
	}
	switch op := op.(type) {
	case program.Conv2D:
		c, _ := winogradConv2D(op.Geometry)
		bind(c, op.Epilogue)
	case program.Conv2DTranspose:
		c, _ := winogradTranspose(op.Geometry)
		bind(c, op.Epilogue)
	case program.Conv2DFilterGrad:
		c, _ := winogradFilterGrad(op.Geometry)
		kernels = append(kernels, func(a arguments, ws *workspace) kernel {
			return c.filterGrad(a.f32(0), a.f32(1), a.f32(2), &layout{workspace: ws})
		})
		rows, cols := c.tiles()
		roundoff = c.roundoff(gradSteps(c.batch * rows * cols))
	}
	return roundoff, kernels
}

// Winograd's algorithm by itself, whether it pays or not: parts of tiles, borders, and tasks of several images.
func TestWinograd(t *testing.T) {
	defer func(n, tiles, panel int) { winogradGroup, winogradPanelTiles, winogradPanel = n, tiles, panel }(winogradGroup, winogradPanelTiles, winogradPanel)
	winogradGroup, winogradPanelTiles, winogradPanel = 0, 7, 1<<13 // as few tiles, and channels, at a time as may be
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, g := range []program.Geometry{
			{Batch: 3, InH: 9, InW: 14, InC: 17, OutC: 40, FilterH: 3},
			{Batch: 2, InH: 8, InW: 8, InC: 32, OutC: 16, FilterH: 3, Padding: program.Valid},
			{Batch: 5, InH: 5, InW: 3, InC: 8, OutC: 33, FilterH: 3, Padding: program.Explicit(2, 1, 0, 2)},
			{Batch: 1, InH: 1, InW: 30, InC: 9, OutC: 8, FilterH: 3},
			{Batch: 5, InH: 38, InW: 40, InC: 9, OutC: 8, FilterH: 3},
			{Batch: 3, InH: 16, InW: 10, InC: 17, OutC: 40, FilterH: 4, Padding: program.Explicit(1, 1, 1, 1)},
			{Batch: 2, InH: 9, InW: 12, InC: 40, OutC: 9, FilterH: 4},
			{Batch: 2, InH: 13, InW: 8, InC: 8, OutC: 33, FilterH: 4, Padding: program.Explicit(3, 0, 2, 3)},
			{Batch: 2, InH: 12, InW: 15, InC: 8, OutC: 33, FilterH: 4, Padding: program.Valid},
			{Batch: 3, InH: 7, InW: 10, InC: 17, OutC: 40, FilterH: 5},
			{Batch: 2, InH: 9, InW: 5, InC: 40, OutC: 9, FilterH: 5, Padding: program.Explicit(3, 0, 1, 4)},
			{Batch: 3, InH: 9, InW: 14, InC: 17, OutC: 40, FilterH: 4, StrideH: 1, Padding: program.Explicit(1, 1, 1, 1)},
			{Batch: 2, InH: 6, InW: 11, InC: 33, OutC: 9, FilterH: 4, StrideH: 1, Padding: program.Explicit(3, 0, 2, 1)},
		} {
			if g.StrideH == 0 {
				g.StrideH = 2 - g.FilterH%2
			}
			g.FilterW, g.StrideW = g.FilterH, g.StrideH
			for _, c := range convCases(r, g) {
				_, kernels := winogradKernels(c.op)
				for _, k := range kernels {
					got := guardedKernel(t, 3, c.op, k, c.in...)
					if err := relativeError(got, c.want); !(err < 5e-6) {
						t.Errorf("%s %+v: relative error %.2g", c.op.Name(), c.op, err)
					}
					if err := sameBits(got, guardedKernel(t, 1, c.op, k, c.in...)); err != nil {
						t.Errorf("%s %+v: with one thread %v", c.op.Name(), c.op, err)
					}
				}
			}
		}
	})
}

// What is said of errors holds: for 512 channels, or so many tiles, and values of any mean. Where it is too much, as of bad
// points, the algorithm is not chosen.
func TestWinogradRoundoff(t *testing.T) {
	check := func(t *testing.T, g program.Geometry, mean float32) (largest float64) {
		r := rand.New(rand.NewPCG(13, 14))
		moved := func(n int) []float32 {
			v := randomFloats(r, n)
			for i := range v {
				v[i] += mean
			}
			return v
		}
		x, w, dy := moved(g.InLen()), randomFloats(r, g.FilterLen()), moved(g.OutLen())
		y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
		visitTaps(g, func(i, j, k int) {
			y[k] += float64(x[i]) * float64(w[j])
			dx[i] += float64(dy[k]) * float64(w[j])
			dw[j] += float64(dy[k]) * float64(x[i])
		})
		for _, c := range []convCase{
			{program.Conv2D{Geometry: g}, [][]float32{x, w}, y},
			{program.Conv2DTranspose{Geometry: g}, [][]float32{dy, w}, dx},
			{program.Conv2DFilterGrad{Geometry: g}, [][]float32{x, dy}, dw},
		} {
			roundoff, kernels := winogradKernels(c.op)
			for _, k := range kernels {
				err := relativeError(guardedKernel(t, 2, c.op, k, c.in...), c.want)
				if !(err <= roundoff) {
					t.Errorf("%s of %+v about %v: error %.2g, over the bound of %.2g", c.op.Name(), g, mean, err, roundoff)
				}
				largest = max(largest, err)
			}
			if roundoff > winogradError && Algorithm(c.op) == string(byWinograd) {
				t.Errorf("%s of %+v goes by Winograd's algorithm, with an error of %.2g", c.op.Name(), g, roundoff)
			}
		}
		return largest
	}
	wide := []program.Geometry{
		{Batch: 1, InH: 7, InW: 5, InC: 512, OutC: 17, FilterH: 3},
		{Batch: 1, InH: 5, InW: 7, InC: 512, OutC: 17, FilterH: 5},
		{Batch: 1, InH: 9, InW: 7, InC: 512, OutC: 17, FilterH: 4},
		{Batch: 1, InH: 7, InW: 9, InC: 17, OutC: 512, FilterH: 4},
		{Batch: 1, InH: 7, InW: 6, InC: 512, OutC: 17, FilterH: 4, StrideH: 1},
		{Batch: 40, InH: 15, InW: 13, InC: 3, OutC: 5, FilterH: 3}, // 640 tiles
	}
	for i := range wide {
		if wide[i].StrideH == 0 {
			wide[i].StrideH = 2 - wide[i].FilterH%2
		}
		wide[i].FilterW, wide[i].StrideW = wide[i].FilterH, wide[i].StrideH
	}
	eachUnit(t, func(t *testing.T) {
		for _, g := range wide {
			for _, mean := range []float32{0, 3} {
				if err := check(t, g, mean); !(err <= winogradError) {
					t.Errorf("%+v about %v: error %.2g", g, mean, err)
				}
			}
		}
	})
	defer func(w winogradMatrices) { winograd4x3 = w }(winograd4x3)
	winograd4x3 = newWinogradMatrices(4, 3, 0, 1, 2, 3, 4)
	if err := check(t, program.Geometry{Batch: 2, InH: 16, InW: 16, InC: 64, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1}, 0); err < winogradError {
		t.Errorf("bad points have an error of %.2g", err)
	}
	winograd4x3 = newWinogradMatrices(4, 3, 0, 1, -1, 0.5, -2)
	for channels, want := range map[int]algorithm{512: byWinograd, 2048: byTiles} {
		g := program.Geometry{Batch: 8, InH: 32, InW: 32, InC: channels, OutC: 512, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1}
		if got := conv2DAlgorithm(g); got != want {
			t.Errorf("%d channels go by %s", channels, got)
		}
	}
}
