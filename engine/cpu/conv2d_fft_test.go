package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"gangpu/engine/program"
)

// runFFT runs a convolution by Fourier transform, whatever it costs, on a result of NaNs
// between guard words and a workspace of NaNs.
func runFFT(t testing.TB, p *pool, c convCase) []float32 {
	t.Helper()
	nan := float32(math.NaN())
	memory := slices.Repeat([]float32{guardWord}, len(c.want)+2*guardLen)
	result := memory[guardLen:][:len(c.want):len(c.want)]
	for i := range result {
		result[i] = nan
	}
	withEpilogue := func(op program.Epilogue) epilogue {
		args := make(arguments, len(c.in)+1)
		for i, s := range c.in {
			args[i] = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
		}
		e, _ := args.epilogue(op)
		return e
	}
	ws := &workspace{threads: p.threads}
	var k kernel
	switch op := c.op.(type) {
	case program.Conv2D:
		k = newFFTConv2D(op.Geometry, c.in[0], c.in[1], withEpilogue(op.Epilogue), result, ws)
	case program.Conv2DTranspose:
		k = newFFTConv2DTranspose(op.Geometry, c.in[0], c.in[1], withEpilogue(op.Epilogue), result, ws)
	case program.Conv2DInputGrad:
		k = newFFTConv2DTranspose(op.Geometry, c.in[0], c.in[1], withEpilogue(op.Epilogue), result, ws)
	case program.Conv2DFilterGrad:
		k = newFFTConv2DFilterGrad(op, c.in[0], c.in[1], result, ws)
	}
	ws.allocate()
	for i := range ws.floats {
		ws.floats[i] = nan
	}
	p.run(k)
	for i := range guardLen {
		if memory[i] != guardWord || memory[len(memory)-1-i] != guardWord {
			t.Fatalf("%s %+v wrote outside its result", c.op.Name(), c.op)
		}
	}
	return result
}

// fftGeometry is a convolution of stride 1 whose filter may well be larger than its image.
func fftGeometry(r *rand.Rand) program.Geometry {
	channels := []int{1, 1, 2, 3, 8, 16, 17, 32, 33, 40}
	for {
		g := program.Geometry{
			Batch: 1 + r.IntN(20), InH: 1 + r.IntN(9), InW: 1 + r.IntN(9),
			InC: channels[r.IntN(len(channels))], OutC: channels[r.IntN(len(channels))],
			FilterH: 1 + r.IntN(12), FilterW: 1 + r.IntN(12), StrideH: 1, StrideW: 1,
			Padding: drawPadding(r),
		}
		if g.Validate() == nil && g.MACs() < 1<<20 {
			return g
		}
	}
}

func TestFFTConvolutions(t *testing.T) {
	p := newPool(3)
	defer p.close()
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		geometries := []program.Geometry{
			{Batch: 2, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1},
			{Batch: 1, InH: 3, InW: 2, InC: 4, OutC: 2, FilterH: 20, FilterW: 17, StrideH: 1, StrideW: 1},
			{Batch: 1, InH: 1, InW: 1, InC: 1, OutC: 1, FilterH: 1, FilterW: 1, StrideH: 1, StrideW: 1},
		}
		for range 60 {
			geometries = append(geometries, fftGeometry(r))
		}
		for _, g := range geometries {
			for _, c := range convCases(r, g) {
				checkClose(t, c.op, runFFT(t, p, c), c.want)
			}
		}
	})
}

func TestFFTBitsDoNotDependOnThreads(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	g := program.Geometry{Batch: 70, InH: 9, InW: 10, InC: 20, OutC: 2, FilterH: 9, FilterW: 7, StrideH: 1, StrideW: 1}
	for _, c := range convCases(r, g) {
		var first []float32
		for _, threads := range []int{1, 2, 3, 7} {
			p := newPool(threads)
			got := runFFT(t, p, c)
			p.close()
			if first == nil {
				first = got
			} else if err := sameBits(first, got); err != nil {
				t.Errorf("%s on 1 and %d threads: %v", c.op.Name(), threads, err)
			}
		}
	}
}

func TestUseFFT(t *testing.T) {
	if g := largeFilter(256); !useFFT(g) {
		t.Errorf("%v is not computed by Fourier transform", g)
	}
	for _, g := range tutorialGeometries(256) {
		if useFFT(g) {
			t.Errorf("%v is computed by Fourier transform", g)
		}
	}
}

// largeFilter is the last layer of the tutorial's generator.
func largeFilter(batch int) program.Geometry {
	return program.Geometry{Batch: batch, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1}
}
