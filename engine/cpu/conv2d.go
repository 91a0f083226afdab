package cpu

import "gangpu/engine/program"

// shallow is the number of channels below which a tap of one pixel is too short a run to read by itself, and fills too
// little of a tile as its columns.
const shallow = 8

// An algorithm is a way to compute a convolution or a gradient of one.
type algorithm string

const (
	byFFT      algorithm = "fft"      // Fourier transform
	byThin     algorithm = "thin"     // planes of products, added up
	byPatches  algorithm = "patches"  // patches read element by element
	byWinograd algorithm = "winograd" // Winograd's algorithm
	byTiles    algorithm = "direct"   // patches read in runs of channels
	byWeights  algorithm = "in place" // weights read where they lie, as few pixels share them
	bySwap     algorithm = "swapped"  // a filter's gradient with the sides swapped
)

// Algorithm names the way in which the device computes a convolution, a transposed one or a gradient: "" for any other
// operation.
func Algorithm(op program.Op) string {
	switch o := op.(type) {
	case program.Conv2D:
		return string(conv2DAlgorithm(o.Geometry))
	case program.Conv2DTranspose:
		return string(conv2DTransposeAlgorithm(o.Geometry))
	case program.Conv2DInputGrad:
		return string(conv2DTransposeAlgorithm(o.Geometry))
	case program.Conv2DFilterGrad:
		return string(conv2DFilterGradAlgorithm(o.Geometry))
	}
	return ""
}

var _ = runs(func(op program.Conv2D, a arguments, ws *workspace) (kernel, error) {
	e, y := a.epilogue(op.Epilogue)
	return newConv2D(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
})

func conv2DAlgorithm(g program.Geometry) algorithm {
	c := directConv2D(g)
	switch {
	case useFFT(g):
		return byFFT
	case g.InC < shallow:
		return byPatches
	case c.thin():
		return byThin
	}
	if _, pays := winogradConv2D(g); pays {
		return byWinograd
	}
	if inPlace(g.Batch*g.OutH()*g.OutW(), g.FilterLen()) {
		return byWeights
	}
	return byTiles
}

func newConv2D(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	switch conv2DAlgorithm(g) {
	case byFFT:
		return newFFTConv2D(g, x, filter, e, y, ws)
	case byPatches:
		return newPatchConv(g, l).kernel(x, func() []float32 { return filter }, e, y, l)
	case byThin:
		return directConv2D(g).thinKernel(x, filter, false, e, y, l)
	case byWinograd:
		c, _ := winogradConv2D(g)
		return c.kernel(x, filter, e, y, l)
	case byWeights:
		return newInPlaceConv2D(g, x, filter, e, y, l)
	}
	return directConv2D(g).kernel(x, filter, false, e, y, l)
}
