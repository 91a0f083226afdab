package cpu

import "gangpu/engine/program"

const (
	// filterGradChunks is the most parts that a batch is cut into, each with a gradient of its own
	// to be summed at the end, and filterGradPartials the most elements that these may have.
	filterGradChunks   = 32
	filterGradPartials = 1 << 20
	// filterGradTaskMACs is about how much a task does at least.
	filterGradTaskMACs = 1 << 22
	// filterGradSteps is about how many pixels a tile of the gradient should sum over before it is
	// stored, and filterGradCache how many elements of padded images may be at hand for that.
	filterGradSteps = 256
	filterGradCache = 1 << 16
)

// newConv2DFilterGrad is the product of all patches of x, transposed, with dy: a row a weight of
// one output channel, a column an output channel, summed over the pixels of the batch. Images are
// padded one group at a time, so that every tap of every pixel is there to read; patches are read
// in place.
func newConv2DFilterGrad(op program.Conv2DFilterGrad, x, dy, dfilter []float32, ws *workspace) kernel {
	var (
		g              = op.Geometry
		outH, outW     = g.OutH(), g.OutW()
		pixels         = outH * outW
		padded         = paddedImage{g, (outH-1)*g.StrideH + g.FilterH, (outW-1)*g.StrideW + g.FilterW}
		weights        = g.FilterH * g.FilterW * g.InC
		inLen, outLen  = g.InH * g.InW * g.InC, pixels * g.OutC
		chunks         = min(g.Batch, filterGradChunks, max(1, filterGradPartials/g.FilterLen()))
		chunkImages    = ceilDiv(g.Batch, chunks)
		group          = min(max(1, min(ceilDiv(filterGradSteps, pixels), filterGradCache/padded.len())), chunkImages)
		rowBlock       = roundUp(max(64, filterGradTaskMACs/(chunkImages*pixels*g.OutC)), unit.outerRows)
		rowBlocks      = ceilDiv(weights, rowBlock)
		l              = layout{workspace: ws}
		partials, pads region
		outers         = make([]outer, ws.threads)
	)
	chunks = ceilDiv(g.Batch, chunkImages)
	if chunks > 1 {
		partials = l.shared(chunks * g.FilterLen())
	}
	pads = l.perWorker(group * padded.len())

	pairs := make([]pair, 0, pixels)
	for oy := range outH {
		for ox := range outW {
			pairs = append(pairs, pair{
				a: 4 * (oy*g.StrideH*padded.width + ox*g.StrideW) * g.InC,
				b: 4 * len(pairs) * g.OutC,
			})
		}
	}
	rowOffsets := make([]int, 0, weights)
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			for i := range g.InC {
				rowOffsets = append(rowOffsets, 4*((ky*padded.width+kx)*g.InC+i))
			}
		}
	}

	k := kernel{{tasks: chunks * rowBlocks, run: func(task, worker int) {
		chunk, firstRow := task/rowBlocks, task%rowBlocks*rowBlock
		endRow := min(firstRow+rowBlock, weights)
		sum := dfilter
		if chunks > 1 {
			sum = partials.floats()[chunk*g.FilterLen():]
		}
		pad := pads.worker(worker)
		clear(pad)
		first, end := chunk*chunkImages, min((chunk+1)*chunkImages, g.Batch)
		o := &outers[worker]
		*o = outer{a: &pad[0], pairs: &pairs[0], steps: pixels, aImage: 4 * padded.len(), bImage: 4 * outLen, cStride: 4 * g.OutC}
		for image := first; image < end; image += group {
			o.images = min(group, end-image)
			o.accumulate = image > first
			for n := range o.images {
				padded.copy(pad[n*padded.len():], x[(image+n)*inLen:])
			}
			for row := firstRow; row < endRow; row += unit.outerRows {
				o.rows = min(unit.outerRows, endRow-row)
				for r := range unit.outerRows {
					o.rowOffsets[r] = rowOffsets[row+min(r, o.rows-1)]
				}
				for col := 0; col < g.OutC; col += unit.outerCols {
					o.cols = min(unit.outerCols, g.OutC-col)
					o.b = &dy[image*outLen+col]
					o.c = &sum[row*g.OutC+col]
					unit.outer(o)
				}
			}
		}
	}}}
	if chunks > 1 {
		k = append(k, blocks(g.FilterLen(), 4096, func(first, end, _ int) {
			p := partials.floats()
			copy(dfilter[first:end], p[first:end])
			for chunk := 1; chunk < chunks; chunk++ {
				unit.axpy(1, p[chunk*g.FilterLen():][first:end], dfilter[first:end])
			}
		}))
	}
	return k
}

// paddedImage is the part of an input image that a convolution's taps reach, with its border.
type paddedImage struct {
	program.Geometry
	height, width int // in pixels
}

func (p paddedImage) len() int { return p.height * p.width * p.InC }

// copy writes an image inside a border that is there.
func (p paddedImage) copy(padded, image []float32) {
	rowLen := min(p.InW, p.width-p.PadLeft()) * p.InC
	for y := range min(p.InH, p.height-p.PadTop()) {
		copy(padded[((y+p.PadTop())*p.width+p.PadLeft())*p.InC:][:rowLen], image[y*p.InW*p.InC:])
	}
}
