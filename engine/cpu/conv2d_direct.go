package cpu

import (
	"math"

	"gangpu/engine/program"
)

// A directConv is a convolution or a transposed one, seen from its result: the pixels of a
// destination image sum those of a source image that its taps connect them with.
//
//	dst[p, c] = epilogue(sum over taps t of p, s < depth of src[p moved by t, s] * weight[t, s, c])
//
// It is computed as a product of patches, one row a destination pixel, with the filter. The
// patches are never written out: tiles read the source in place.
type directConv struct {
	batch            int
	srcH, srcW, srcC int
	depth            int // elements that a tap reads: the channels of a pixel, or of a run of pixels
	dstLen, dstC     int // elements of an image, channels
	classes          []directClass
}

// A directClass is a regular grid of destination pixels that use the same taps: all of a
// convolution's, and one class for each residue of a transposed convolution's pixels modulo the
// stride, so that nothing is multiplied by the zeros that the stride leaves between pixels.
type directClass struct {
	rows, cols       int // of the grid
	first            int // element of the grid's first pixel in its image
	rowStep, colStep int // elements from one pixel of the grid to the next
	// Tap (i, j) of pixel (u, v) reads the source's pixel (y + u*dy + i*tapStep, x + v*dx + j*tapStep).
	y, dy, x, dx int
	tapRows      int
	tapCols      int
	tapStep      int
	taps         []int // position in the filter of each tap, row by row
}

// directConv2D is the convolution g.
func directConv2D(g program.Geometry) directConv {
	taps := make([]int, g.FilterH*g.FilterW)
	for i := range taps {
		taps[i] = i
	}
	return directConv{
		batch: g.Batch,
		srcH:  g.InH, srcW: g.InW, srcC: g.InC, depth: g.InC,
		dstLen: g.OutH() * g.OutW() * g.OutC, dstC: g.OutC,
		classes: []directClass{{
			rows: g.OutH(), cols: g.OutW(),
			rowStep: g.OutW() * g.OutC, colStep: g.OutC,
			y: -g.PadTop(), dy: g.StrideH, x: -g.PadLeft(), dx: g.StrideW,
			tapRows: g.FilterH, tapCols: g.FilterW, tapStep: 1,
			taps: taps,
		}},
	}
}

// directTranspose is the transposed convolution of g, from its output to its input.
func directTranspose(g program.Geometry) directConv {
	c := directConv{
		batch: g.Batch,
		srcH:  g.OutH(), srcW: g.OutW(), srcC: g.OutC, depth: g.OutC,
		dstLen: g.InH * g.InW * g.InC, dstC: g.InC,
	}
	for py := range min(g.StrideH, g.InH) {
		for px := range min(g.StrideW, g.InW) {
			// The first taps that reach a pixel of the class: pixel + pad - tap is a multiple of
			// the stride.
			ky, kx := (py+g.PadTop())%g.StrideH, (px+g.PadLeft())%g.StrideW
			class := directClass{
				rows: ceilDiv(g.InH-py, g.StrideH), cols: ceilDiv(g.InW-px, g.StrideW),
				first:   (py*g.InW + px) * g.InC,
				rowStep: g.StrideH * g.InW * g.InC, colStep: g.StrideW * g.InC,
				y: (py + g.PadTop() - ky) / g.StrideH, dy: 1,
				x: (px + g.PadLeft() - kx) / g.StrideW, dx: 1,
				tapRows: max(0, ceilDiv(g.FilterH-ky, g.StrideH)),
				tapCols: max(0, ceilDiv(g.FilterW-kx, g.StrideW)),
				tapStep: -1,
			}
			for i := range class.tapRows {
				for j := range class.tapCols {
					class.taps = append(class.taps, (ky+i*g.StrideH)*g.FilterW+kx+j*g.StrideW)
				}
			}
			c.classes = append(c.classes, class)
		}
	}
	return c
}

// A directTask is a run of the tiles of a class over a group of images. Rows are ordered by pixel
// first and image last, so that the rows of a tile share their position as far as may be: a tap
// that lies outside the image for all of them is left out.
type directTask struct {
	class            *directClass
	filter           int // element of the class's weights in a packed panel
	image, images    int
	firstRow, endRow int
	panel, endPanel  int
}

const (
	// directCache is the source and destination that a group of images may have, in elements: a
	// second-level cache.
	directCache = 1 << 18
	// directTaskMACs is about how much a task does.
	directTaskMACs = 1 << 21
	// directWeights is how many weights, in elements, do not stay in a second-level cache. If no more than directFewRows
	// rows share them, a task has one panel of them, which it packs itself.
	directWeights = 1 << 18
	directFewRows = 128
)

func (c *directConv) panels() int { return ceilDiv(c.dstC, unit.tileCols) }

// panelLen is the number of elements of a packed panel, with the weights of all classes.
func (c *directConv) panelLen() (n int) {
	for _, class := range c.classes {
		n += len(class.taps) * c.depth * unit.tileCols
	}
	return n
}

// shared reports whether all tasks share the packed weights.
func (c *directConv) shared() bool {
	rows := 0
	for _, class := range c.classes {
		rows = max(rows, c.batch*class.rows*class.cols)
	}
	return c.panels()*c.panelLen() <= directWeights || rows > directFewRows
}

func (c *directConv) tasks() []directTask {
	var tasks []directTask
	group := min(max(1, directCache/(c.srcH*c.srcW*c.srcC+c.dstLen)), c.batch)
	step, taskMACs := c.panels(), directTaskMACs
	if !c.shared() {
		group, step, taskMACs = c.batch, 1, math.MaxInt
	}
	for image := 0; image < c.batch; image += group {
		images := min(group, c.batch-image)
		filter := 0
		for i := range c.classes {
			class := &c.classes[i]
			rows := class.rows * class.cols * images
			block := taskMACs / max(1, len(class.taps)*c.depth*c.dstC)
			block = roundUp(max(1, min(block, rows)), maxTileRows)
			for first := 0; first < rows; first += block {
				for panel := 0; panel < c.panels(); panel += step {
					tasks = append(tasks, directTask{class: class, filter: filter, image: image, images: images,
						firstRow: first, endRow: min(first+block, rows), panel: panel, endPanel: panel + step})
				}
			}
			filter += len(class.taps) * c.depth * unit.tileCols
		}
	}
	return tasks
}

// kernel binds the convolution to its arrays. The weights of tap t are filter[t*depth*dstC:], as
// [depth, dstC], or as [dstC, depth] if transposed.
func (c directConv) kernel(src, filter []float32, transposed bool, e epilogue, dst []float32, l *layout) kernel {
	var (
		maxTaps = 0
		tasks   = c.tasks()
		srcLen  = c.srcH * c.srcW * c.srcC
		workers = make([]directWorker, l.workspace.threads)
		zeros   = make([]float32, c.depth)
		packed  region
		k       kernel
	)
	for _, class := range c.classes {
		maxTaps = max(maxTaps, len(class.taps))
	}
	for i := range workers {
		// One to write past the last, one apart from the next worker's.
		workers[i] = directWorker{conv: &c, table: make([]segment, maxTaps+2)}
	}
	if c.shared() {
		packed = l.shared(c.panels()*c.panelLen() + 1) // a class without taps at the end points there
		k = kernel{{tasks: c.panels(), run: func(panel, _ int) {
			p := packed.floats()[panel*c.panelLen():]
			for i := range c.classes {
				p = c.pack(p, &c.classes[i], filter, transposed, panel)
			}
		}}}
	} else {
		packed = l.perWorker(maxTaps*c.depth*unit.tileCols + 1)
	}
	k = append(k, phase{tasks: len(tasks), run: func(i, worker int) {
		task, g := &tasks[i], &workers[worker]
		panels, first := packed.floats(), task.panel*c.panelLen()+task.filter
		if !c.shared() {
			panels, first = packed.worker(worker), 0
			c.pack(panels, task.class, filter, transposed, task.panel)
		}
		out := dst[task.image*c.dstLen:]
		g.tile = tile{
			a: &src[task.image*srcLen], zeros: &zeros[0], table: &g.table[0],
			depth: c.depth, alpha: 1,
		}
		for row := task.firstRow; row < task.endRow; row += unit.tileRows {
			g.rows(task, row)
			g.segments(task.class)
			for panel := task.panel; panel < task.endPanel; panel++ {
				column := panel * unit.tileCols
				g.tile.cols = min(unit.tileCols, c.dstC-column)
				g.tile.b = &panels[first+(panel-task.panel)*c.panelLen()]
				g.tile.c = &out[column]
				e.onTile(&g.tile, column)
				unit.tile(&g.tile)
			}
		}
	}})
	return append(k, e.afterTiles(dst)...)
}

// pack lays the weights of a class for a panel out at p, and returns what follows.
func (c *directConv) pack(p []float32, class *directClass, filter []float32, transposed bool, panel int) []float32 {
	j := panel * unit.tileCols
	cols := min(unit.tileCols, c.dstC-j)
	for _, tap := range class.taps {
		w := filter[tap*c.depth*c.dstC:][:c.depth*c.dstC]
		if transposed {
			packPanel(p, w[j*c.depth:], c.depth, true, c.depth, cols)
		} else {
			packPanel(p, w[j:], c.dstC, false, c.depth, cols)
		}
		p = p[c.depth*unit.tileCols:]
	}
	return p
}
