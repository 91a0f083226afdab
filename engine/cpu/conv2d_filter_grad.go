package cpu

import "gangpu/engine/program"

const (
	// filterGradChunks is the most parts that a batch is cut into, each with a gradient of its own
	// to be summed at the end, and filterGradPartials the most elements that these may have.
	filterGradChunks   = 32
	filterGradPartials = 1 << 20
	// filterGradTasks is how many tasks there should be: where the batch has too few chunks, the
	// gradient is cut, too.
	filterGradTasks = 32
	// filterGradSteps is about how many pixels a tile of the gradient should sum over before it is
	// stored: as many as the first-level cache holds a tile's part of.
	filterGradSteps = 192
)

// A filterTile is a few rows of the product that a filter's gradient is: weights of one or more
// taps, each for all output channels.
type filterTile struct {
	weight, rows int // the first weight of one output channel, and how many
	rowOffsets   [maxOuterRows]int
	pairs        []pair
}

var _ = runs(func(op program.Conv2DFilterGrad, a arguments, ws *workspace) (kernel, error) {
	return newConv2DFilterGrad(op, a.f32(0), a.f32(1), a.f32(2), ws), nil
})

// newConv2DFilterGrad is the product of all patches of x, transposed, with dy: a row a weight of
// one output channel, a column an output channel, summed over the pixels of the batch. The patches
// are read in place.
func newConv2DFilterGrad(op program.Conv2DFilterGrad, x, dy, dfilter []float32, ws *workspace) kernel {
	g := op.Geometry
	if useFFT(g) {
		return newFFTConv2DFilterGrad(op, x, dy, dfilter, ws)
	}
	var k kernel
	l := layout{workspace: ws}
	images := func() []float32 { return x }
	imageLen := g.InH * g.InW * g.InC
	var tiles []filterTile
	if g.InC%unit.outerRows == 0 || g.InC >= 4*unit.outerRows {
		tiles = tapTiles(g)
	} else {
		p := newPaddedImages(g, &l)
		k = append(k, p.pad(x))
		images, imageLen = p.region.floats, p.len()
		tiles = mixedTiles(g, p)
	}
	var (
		pixels      = g.OutH() * g.OutW()
		outLen      = pixels * g.OutC
		chunkImages = ceilDiv(g.Batch, min(g.Batch, filterGradChunks, max(1, filterGradPartials/g.FilterLen())))
		chunks      = ceilDiv(g.Batch, chunkImages)
		group       = min(ceilDiv(filterGradSteps, pixels), chunkImages)
		taskTiles   = max(1, len(tiles)*chunks/filterGradTasks)
		parts       = ceilDiv(len(tiles), taskTiles)
		partials    region
		outers      = make([]outer, ws.threads)
	)
	if chunks > 1 {
		partials = l.shared(chunks * g.FilterLen())
	}
	k = append(k, phase{tasks: chunks * parts, run: func(task, worker int) {
		chunk, part := task/parts, task%parts
		sum, x := dfilter, images()
		if chunks > 1 {
			sum = partials.floats()[chunk*g.FilterLen():]
		}
		first, end := chunk*chunkImages, min((chunk+1)*chunkImages, g.Batch)
		o := &outers[worker]
		*o = outer{aImage: 4 * imageLen, bImage: 4 * outLen, cStride: 4 * g.OutC}
		for image := first; image < end; image += group {
			o.images = min(group, end-image)
			o.accumulate = image > first
			o.a = &x[image*imageLen]
			for i := part * taskTiles; i < min((part+1)*taskTiles, len(tiles)); i++ {
				t := &tiles[i]
				out := sum[t.weight*g.OutC:][:t.rows*g.OutC]
				if len(t.pairs) == 0 {
					clear(out)
					continue
				}
				o.rows, o.rowOffsets = t.rows, t.rowOffsets
				o.pairs, o.steps = &t.pairs[0], len(t.pairs)
				for col := 0; col < g.OutC; col += unit.outerCols {
					o.cols = min(unit.outerCols, g.OutC-col)
					o.b = &dy[image*outLen+col]
					o.c = &out[col]
					unit.outer(o)
				}
			}
		}
	}})
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

// tapTiles are tiles of one tap each, over the pixels for which the tap lies inside the image.
func tapTiles(g program.Geometry) []filterTile {
	var tiles []filterTile
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			var pairs []pair
			for oy := range g.OutH() {
				for ox := range g.OutW() {
					iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
					if iy >= 0 && iy < g.InH && ix >= 0 && ix < g.InW {
						pairs = append(pairs, pair{a: 4 * (iy*g.InW + ix) * g.InC, b: 4 * (oy*g.OutW() + ox) * g.OutC})
					}
				}
			}
			for i := 0; i < g.InC; i += unit.outerRows {
				t := filterTile{weight: (ky*g.FilterW+kx)*g.InC + i, rows: min(unit.outerRows, g.InC-i), pairs: pairs}
				for r := range t.rowOffsets {
					t.rowOffsets[r] = 4 * (i + min(r, t.rows-1))
				}
				tiles = append(tiles, t)
			}
		}
	}
	return tiles
}

// mixedTiles are tiles of weights of any taps, for images of few channels: padded, so that every
// tap of every pixel is there to read.
func mixedTiles(g program.Geometry, p paddedImages) []filterTile {
	pairs := make([]pair, 0, g.OutH()*g.OutW())
	for oy := range g.OutH() {
		for ox := range g.OutW() {
			pairs = append(pairs, pair{
				a: 4 * (oy*g.StrideH*p.width + ox*g.StrideW) * g.InC,
				b: 4 * len(pairs) * g.OutC,
			})
		}
	}
	weights := g.FilterH * g.FilterW * g.InC
	var tiles []filterTile
	for first := 0; first < weights; first += unit.outerRows {
		t := filterTile{weight: first, rows: min(unit.outerRows, weights-first), pairs: pairs}
		for r := range t.rowOffsets {
			tap, channel := (first+min(r, t.rows-1))/g.InC, (first+min(r, t.rows-1))%g.InC
			t.rowOffsets[r] = 4 * ((tap/g.FilterW*p.width+tap%g.FilterW)*g.InC + channel)
		}
		tiles = append(tiles, t)
	}
	return tiles
}
