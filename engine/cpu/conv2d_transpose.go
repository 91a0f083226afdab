package cpu

import "gangpu/engine/program"

var _ = runs(func(op program.Conv2DTranspose, a arguments, ws *workspace) (kernel, error) {
	e, y := a.epilogue(op.Epilogue)
	return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
})

var _ = runs(func(op program.Conv2DInputGrad, a arguments, ws *workspace) (kernel, error) {
	e, dx := a.epilogue(op.Epilogue)
	return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, dx, ws), nil
})

func conv2DTransposeAlgorithm(g program.Geometry) algorithm {
	c := directTranspose(g)
	switch {
	case useFFT(g):
		return byFFT
	case c.thin():
		return byThin
	case g.OutC < shallow && g.StrideH == 1 && g.StrideW == 1:
		return byPatches
	}
	if _, pays := winogradTranspose(g); pays {
		return byWinograd
	}
	if inPlace(g.Batch*g.OutH()*g.OutW(), g.FilterLen()) {
		return byWeights
	}
	return byTiles
}

// newConv2DTranspose is also the input's gradient.
func newConv2DTranspose(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	switch conv2DTransposeAlgorithm(g) {
	case byFFT:
		return newFFTConv2DTranspose(g, x, filter, e, y, ws)
	case byThin:
		return directTranspose(g).thinKernel(x, filter, true, e, y, l)
	case byWinograd:
		c, _ := winogradTranspose(g)
		return c.kernel(x, filter, e, y, l)
	case byPatches:
		packed, k := filterOfPatches(g, filter, l)
		return append(k, newPatchInputGrad(g, l).kernel(x, packed, e, y, l)...)
	case byWeights:
		return directTranspose(g).inPlaceKernel(x, filter, e, y, l)
	}
	return directTranspose(g).kernel(x, filter, true, e, y, l)
}
