package cpu

// winogradPanel is about how many elements of transformed filters a task holds at a time, and winogradPanelTiles the most
// tiles that it multiplies them by: both stay in a second-level cache with the products. Only a test changes them.
var winogradPanel, winogradPanelTiles = 1 << 17, 128

// byPanels is for transformed filters that the second-level cache doesn't hold. The images of a group of tiles are
// transformed; then each task transforms the filters of a panel of output channels, some input channels at a time, and
// multiplies them with all tiles of the group while they are in the cache.
func (c *winograd) byPanels(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		rows, cols = c.tiles()
		total      = c.batch * rows * cols
		group      = ceilDiv(total, ceilDiv(total, winogradPanelTiles))
		width      = unit.tileCols
		phases     = c.stride * c.stride // of the image or of the result
		segments   = phases / c.phases()
		chunk      = ceilDiv(c.in, ceilDiv(c.in, max(1, winogradPanel/(c.products()*phases*width))))
		length     = (phases*chunk + 1) * width // of a product's filters, out of each other's way in the caches
		rowLen     = c.depth() + rowPad
		imagesLen  = roundUp(group, unit.tileRows) * rowLen // of a product
		columns    = c.phases() * width
		resultLen  = c.products()*columns + rowPad
		images     = l.shared(c.products() * imagesLen)
		filters    = l.perWorker(c.products() * length)
		products   = l.perWorker(group * resultLen)
		packed     = c.newFilterScratch(l)
		scratch    = c.newScratch(c.m*width, c.m*c.winogradMatrices.in()*columns, l)
		workers    = make([]directWorker, l.workspace.threads)
		k          kernel
	)
	for i := range workers {
		workers[i].table = make([]segment, segments+1) // one apart from the next worker's
	}
	for begin := 0; begin < total; begin += group {
		tiles := min(group, total-begin)
		k = append(k, blocks(tiles, 4, func(first, end, worker int) {
			for i := first; i < end; i++ {
				c.transformImage(src, begin+i, scratch, worker, images.floats()[i*rowLen:], imagesLen)
			}
		}), phase{tasks: ceilDiv(c.out, width), run: func(panel, worker int) {
			column := panel * width
			cols := min(width, c.out-column)
			u, v, m := filters.worker(worker), images.floats(), products.worker(worker)
			t, table := &workers[worker].tile, workers[worker].table
			*t = tile{zeros: &v[0], table: &table[0], segments: segments, cols: cols, alpha: 1}
			for r := range t.cOffsets {
				t.cOffsets[r] = 4 * r * resultLen
				for i := range segments {
					table[i].a[r], table[i].b = 4*(r*rowLen+i*c.in), 4*i*chunk*width
				}
			}
			for first := 0; first < c.in; first += chunk {
				t.depth, t.accumulate = min(chunk, c.in-first), first > 0
				for phase := range phases {
					for i := 0; i < t.depth; i += winogradInputs {
						n := min(winogradInputs, t.depth-i)
						c.transformFilters(filter, phase, first+i, n, column, packed.worker(worker), u[(phase*chunk+i)*width:], length)
					}
				}
				for product := range c.products() {
					for phase := range c.phases() {
						t.b = &u[product*length+phase*chunk*width]
						for row := 0; row < tiles; row += unit.tileRows {
							t.rows = min(unit.tileRows, tiles-row)
							t.a, t.c = &v[product*imagesLen+row*rowLen+first], &m[row*resultLen+(product*c.phases()+phase)*cols]
							unit.tile(t)
						}
					}
				}
			}
			for i := range tiles {
				c.transformResult(m[i*resultLen:], begin+i, column, cols, scratch, worker, &e, dst)
			}
		}})
	}
	return k
}
