package cpu

import "gangpu/engine/program"

// patchElements is about how many elements of the result a task makes, and finishes while they are in the first-level
// cache.
const patchElements = 1 << 13

// A patchConv is a convolution of padded images of few channels: runs of channels are too short there to be read by
// tiles, and a patch is read element by element.
//
//	dst[p, c] = epilogue(sum over k of padded[pixels[p] + patch[k]] * filter[k, c])
type patchConv struct {
	images paddedImages
	pixels []int // of an image: where their patches begin
	patch  []int // where the elements of a patch lie, from its beginning
	dstC   int
}

// newPatchConv is the convolution g, whose filter is [patch, dstC] as it is.
func newPatchConv(g program.Geometry, l *layout) patchConv {
	c := patchConv{images: newPaddedInput(g, l), dstC: g.OutC}
	c.grid(g.OutH(), g.OutW(), g.StrideH, g.StrideW)
	c.patch = inputPatch(g, c.images)
	return c
}

// newPatchInputGrad is the transposed convolution of g, of stride 1. Its filter is [patch, dstC] after filterOfPatches.
func newPatchInputGrad(g program.Geometry, l *layout) patchConv {
	c := patchConv{images: newPaddedOutput(g, l), dstC: g.InC}
	c.patch = outputPatch(g, c.images)
	c.grid(g.InH, g.InW, 1, 1)
	return c
}

// inputPatch is where in the padded input the elements lie that a pixel of the output reads: [taps, InC].
func inputPatch(g program.Geometry, p paddedImages) []int {
	var patch []int
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			for i := range g.InC {
				patch = append(patch, p.at(ky, kx, i))
			}
		}
	}
	return patch
}

// outputPatch is where in the padded output the elements lie that read a pixel of the input: [taps, OutC].
func outputPatch(g program.Geometry, p paddedImages) []int {
	var patch []int
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			for o := range g.OutC {
				patch = append(patch, p.at(g.FilterH-1-ky, g.FilterW-1-kx, o))
			}
		}
	}
	return patch
}

func (c *patchConv) grid(rows, cols, dy, dx int) {
	for u := range rows {
		for v := range cols {
			c.pixels = append(c.pixels, c.images.at(u*dy, v*dx, 0))
		}
	}
}

// kernel binds the convolution to its arrays. The filter is there when the phases run.
func (c patchConv) kernel(src []float32, filter func() []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		pixels  = len(c.pixels)
		pairs   = make([]pair, len(c.patch))
		outers  = make([]outer, l.workspace.threads)
		perTask = roundUp(max(1, patchElements/c.dstC), unit.outerRows)
		parts   = ceilDiv(pixels, perTask)       // of an image
		group   = max(1, perTask/max(pixels, 1)) // images of a task
		biases  = e.bias
	)
	if parts > 1 {
		group = 1
	}
	for k, offset := range c.patch {
		pairs[k] = pair{a: 4 * offset, b: 4 * k * c.dstC}
	}
	offsets := make([]int, roundUp(pixels, unit.outerRows))
	for i := range offsets {
		offsets[i] = 4 * c.pixels[min(i, pixels-1)]
	}
	e.bias = nil
	multiply := phase{tasks: ceilDiv(c.images.batch, group) * parts, run: func(task, worker int) {
		w, o := filter(), &outers[worker]
		*o = outer{pairs: &pairs[0], steps: len(pairs), images: 1, cStride: 4 * c.dstC}
		first, end := task%parts*perTask, min((task%parts+1)*perTask, pixels)
		begin := task / parts * group
		for image := begin; image < min(begin+group, c.images.batch); image++ {
			out := dst[image*pixels*c.dstC:][:pixels*c.dstC]
			o.a = &c.images.region.floats()[image*c.images.len()]
			for p := first; p < end; p += unit.outerRows {
				o.rows = min(unit.outerRows, end-p)
				copy(o.rowOffsets[:], offsets[p:p+unit.outerRows])
				for col := 0; col < c.dstC; col += unit.outerCols {
					o.cols = min(unit.outerCols, c.dstC-col)
					o.b, o.c = &w[col], &out[p*c.dstC+col]
					if biases != nil {
						o.start = &biases[col]
					}
					unit.outer(o)
				}
			}
			e.finish(out[first*c.dstC:end*c.dstC], image*pixels*c.dstC+first*c.dstC)
		}
	}}
	return kernel{c.images.pad(src), multiply}
}

// filterOfPatches is a filter [taps, in, out] as [taps, out, in], and the phase that makes it.
func filterOfPatches(g program.Geometry, filter []float32, l *layout) (func() []float32, kernel) {
	if g.OutC == 1 {
		return func() []float32 { return filter }, nil
	}
	packed := l.shared(g.FilterLen())
	return packed.floats, kernel{{tasks: g.FilterH * g.FilterW, run: func(tap, _ int) {
		n := g.InC * g.OutC
		transpose(packed.floats()[tap*n:], g.InC, filter[tap*n:], g.OutC, g.OutC, g.InC)
	}}}
}
