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

func conv2DFilterGradAlgorithm(g program.Geometry) algorithm {
	switch {
	case useFFT(g):
		return byFFT
	case fewOutputs(g):
		return bySwap
	}
	if _, pays := winogradFilterGrad(g); pays {
		return byWinograd
	}
	if g.InC%unit.outerRows == 0 || g.InC >= 4*unit.outerRows {
		return byTiles
	}
	return byPatches
}

// newConv2DFilterGrad is the product of all patches of x, transposed, with dy: a row a weight of
// one output channel, a column an output channel, summed over the pixels of the batch. The patches
// are read in place.
//
// Where there are few output channels, it is the product of all patches of dy, transposed, with x: a row an output
// channel of a tap, a column an input channel.
func newConv2DFilterGrad(op program.Conv2DFilterGrad, x, dy, dfilter []float32, ws *workspace) kernel {
	g := op.Geometry
	var k kernel
	l := layout{workspace: ws}
	p := filterProduct{
		a: func() []float32 { return x }, aLen: g.InH * g.InW * g.InC,
		b: dy, bLen: g.OutH() * g.OutW() * g.OutC, cols: g.OutC,
	}
	switch conv2DFilterGradAlgorithm(g) {
	case byFFT:
		return newFFTConv2DFilterGrad(op, x, dy, dfilter, ws)
	case byWinograd:
		c, _ := winogradFilterGrad(g)
		return c.filterGrad(x, dy, dfilter, &l)
	case bySwap:
		padded := newPaddedOutput(g, &l)
		k = append(k, padded.pad(dy))
		p = filterProduct{
			a: padded.region.floats, aLen: padded.len(),
			b: x, bLen: g.InH * g.InW * g.InC, cols: g.InC, swapped: g.OutC > 1,
			tiles: mixedTiles(outputPatch(g, padded), padded, g.InH, g.InW, 1, 1, g.InC),
		}
	case byTiles:
		p.tiles = tapTiles(g)
	case byPatches:
		padded := newPaddedInput(g, &l)
		k = append(k, padded.pad(x))
		p.a, p.aLen = padded.region.floats, padded.len()
		p.tiles = mixedTiles(inputPatch(g, padded), padded, g.OutH(), g.OutW(), g.StrideH, g.StrideW, g.OutC)
	}
	return append(k, p.kernel(g, dfilter, &l)...)
}

// fewOutputs reports whether rows of output channels cost less than rows of weights.
func fewOutputs(g program.Geometry) bool {
	cost := func(pixels, rows, cols int) int {
		return pixels * roundUp(rows, unit.outerRows) * roundUp(cols, unit.outerCols/2)
	}
	taps := g.FilterH * g.FilterW
	return g.OutC < shallow && g.StrideH == 1 && g.StrideW == 1 &&
		cost(g.InH*g.InW, taps*g.OutC, g.InC) < cost(g.OutH()*g.OutW(), taps*g.InC, g.OutC)
}

// A filterProduct is the sum over the images of a batch of products of tiles of an image of a with columns of one of b:
// [rows, cols], or [taps, OutC, InC] if swapped.
type filterProduct struct {
	a          func() []float32
	b          []float32
	aLen, bLen int // of an image
	cols       int
	swapped    bool
	tiles      []filterTile
}

func (p filterProduct) kernel(g program.Geometry, dfilter []float32, l *layout) kernel {
	var (
		chunkImages = ceilDiv(g.Batch, min(g.Batch, filterGradChunks, max(1, filterGradPartials/g.FilterLen())))
		chunks      = ceilDiv(g.Batch, chunkImages)
		group       = min(ceilDiv(filterGradSteps*p.cols, p.bLen), chunkImages)
		taskTiles   = max(1, len(p.tiles)*chunks/filterGradTasks)
		parts       = ceilDiv(len(p.tiles), taskTiles)
		partials    region
		outers      = make([]outer, l.workspace.threads)
		whole       = chunks == 1 && !p.swapped
	)
	if !whole {
		partials = l.shared(chunks * g.FilterLen())
	}
	multiply := phase{tasks: chunks * parts, run: func(task, worker int) {
		chunk, part := task/parts, task%parts
		sum, a := dfilter, p.a()
		if !whole {
			sum = partials.floats()[chunk*g.FilterLen():]
		}
		first, end := chunk*chunkImages, min((chunk+1)*chunkImages, g.Batch)
		o := &outers[worker]
		*o = outer{aImage: 4 * p.aLen, bImage: 4 * p.bLen, cStride: 4 * p.cols}
		for image := first; image < end; image += group {
			o.images = min(group, end-image)
			o.accumulate = image > first
			o.a = &a[image*p.aLen]
			for i := part * taskTiles; i < min((part+1)*taskTiles, len(p.tiles)); i++ {
				t := &p.tiles[i]
				out := sum[t.weight*p.cols:][:t.rows*p.cols]
				if len(t.pairs) == 0 {
					clear(out)
					continue
				}
				o.rows, o.rowOffsets = t.rows, t.rowOffsets
				o.pairs, o.steps = &t.pairs[0], len(t.pairs)
				for col := 0; col < p.cols; col += unit.outerCols {
					o.cols = min(unit.outerCols, p.cols-col)
					o.b = &p.b[image*p.bLen+col]
					o.c = &out[col]
					unit.outer(o)
				}
			}
		}
	}}
	switch {
	case whole:
		return kernel{multiply}
	case p.swapped:
		return kernel{multiply, {tasks: g.FilterH * g.FilterW, run: func(tap, _ int) {
			n := g.InC * g.OutC
			sum := partials.floats()[tap*n:][:n]
			for chunk := 1; chunk < chunks; chunk++ {
				unit.axpy(1, partials.floats()[chunk*g.FilterLen()+tap*n:][:n], sum)
			}
			transpose(dfilter[tap*n:], g.OutC, sum, g.InC, g.InC, g.OutC)
		}}}
	}
	return kernel{multiply, blocks(g.FilterLen(), 4096, func(first, end, _ int) {
		p := partials.floats()
		copy(dfilter[first:end], p[first:end])
		for chunk := 1; chunk < chunks; chunk++ {
			unit.axpy(1, p[chunk*g.FilterLen():][first:end], dfilter[first:end])
		}
	})}
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

// mixedTiles are tiles of elements of patches of any taps, for padded images of few channels, in which all of every
// patch is there to read. Patches are dy and dx pixels apart; each meets cols elements of the other image.
func mixedTiles(patch []int, p paddedImages, rows, width, dy, dx, cols int) []filterTile {
	pairs := make([]pair, 0, rows*width)
	for u := range rows {
		for v := range width {
			pairs = append(pairs, pair{a: 4 * p.at(u*dy, v*dx, 0), b: 4 * len(pairs) * cols})
		}
	}
	var tiles []filterTile
	for first := 0; first < len(patch); first += unit.outerRows {
		t := filterTile{weight: first, rows: min(unit.outerRows, len(patch)-first), pairs: pairs}
		for r := range t.rowOffsets {
			t.rowOffsets[r] = 4 * patch[first+min(r, t.rows-1)]
		}
		tiles = append(tiles, t)
	}
	return tiles
}
