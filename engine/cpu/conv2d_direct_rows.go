package cpu

// A directWorker is what a worker needs to set up tiles.
type directWorker struct {
	conv  *directConv
	tile  tile
	table []segment
	// Of each row of the tile: the source pixel of tap (0, 0), which may lie outside the image,
	// and where it would be.
	y, x, offset [maxTileRows]int
	// inside says that all taps of all rows lie inside the image.
	inside bool
	_      [128]byte // keeps workers off each other's cache lines
}

// rows finds the pixels of the rows from first on.
func (g *directWorker) rows(task *directTask, first int) {
	c, class := g.conv, task.class
	rows := min(unit.tileRows, task.endRow-first)
	g.tile.rows = rows
	pixel, image := first/task.images, first%task.images
	u, v := pixel/class.cols, pixel%class.cols
	srcLen := 4 * c.srcH * c.srcW * c.srcC
	outside := 0 // negative as soon as a tap is
	for r := 0; r < rows; {
		y, x := class.y+u*class.dy, class.x+v*class.dx
		outside |= c.outside(y, x) | c.outside(y+(class.tapRows-1)*class.tapStep, x+(class.tapCols-1)*class.tapStep)
		offset := image*srcLen + 4*(y*c.srcW+x)*c.srcC
		cOffset := 4 * (image*c.dstLen + class.first + u*class.rowStep + v*class.colStep)
		n := min(task.images-image, rows-r) // of the same pixel
		for end := r + n; r < end; r++ {
			g.y[r], g.x[r], g.offset[r], g.tile.cOffsets[r] = y, x, offset, cOffset
			offset += srcLen
			cOffset += 4 * c.dstLen
		}
		image = 0
		if v++; v == class.cols {
			v = 0
			u++
		}
	}
	g.inside = outside >= 0
	for r, last := rows, rows-1; r < maxTileRows; r++ {
		g.y[r], g.x[r], g.offset[r], g.tile.cOffsets[r] = g.y[last], g.x[last], g.offset[last], g.tile.cOffsets[last]
	}
}

// outside is negative if the source has no pixel (y, x). There is no branch, which could not be predicted.
func (c *directConv) outside(y, x int) int { return y | (c.srcH - 1 - y) | x | (c.srcW - 1 - x) }

// segments makes a segment of each tap that lies inside the image for some row.
func (g *directWorker) segments(class *directClass) {
	c := g.conv
	n, b := 0, 0
	for i := range class.tapRows {
		di := i * class.tapStep
		var rows [maxTileRows]int // negative if the tap's row lies outside
		for r, y := range &g.y {
			rows[r] = (y + di) | (c.srcH - 1 - di - y)
		}
		for j := range class.tapCols {
			s := &g.table[n]
			s.b = b
			b += 4 * c.depth * unit.tileCols
			dj := j * class.tapStep
			move := 4 * (di*c.srcW + dj) * c.srcC
			if g.inside {
				for r, offset := range &g.offset {
					s.a[r] = offset + move
				}
				n++
				continue
			}
			last := c.srcW - 1 - dj
			all := -1 // negative as long as all rows are outside
			for r, x := range &g.x {
				offset := (g.offset[r] + move) | (rows[r]|(x+dj)|(last-x))>>63
				s.a[r] = offset
				all &= offset
			}
			if all >= 0 {
				n++
			}
		}
	}
	g.tile.segments = n
}
