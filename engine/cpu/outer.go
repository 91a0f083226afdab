package cpu

import "unsafe"

const maxOuterRows = 8

// An outer is a sum of outer products, the innermost loop of a filter's gradient: pieces of pixels
// of one image with pieces of the pixels of another that the same tap connects.
//
//	for r < rows, j < cols:
//		sum = c[r*cStride+j] if accumulate, else start[j], else 0 if start is nil
//		for n < images, s < steps:
//			sum += a[n*aImage + rowOffsets[r] + pairs[s].a] * b[n*bImage + pairs[s].b + j]
//		c[r*cStride+j] = sum
//
// All offsets and strides are in bytes. Rows from rows on are computed and not stored: their
// offsets must name readable memory.
type outer struct {
	a, b           *float32
	rowOffsets     [maxOuterRows]int
	pairs          *pair
	steps          int // at least 1
	images         int // at least 1
	aImage, bImage int
	c              *float32
	cStride        int
	rows, cols     int
	start          *float32
	accumulate     bool
	_              [128]byte // keeps workers off each other's cache lines
}

// A pair is where the two pixels of a step lie in their images.
type pair struct{ a, b int }

// outerGo is the loop of type outer, 4 rows by 16 columns.
func outerGo(o *outer) {
	var acc [4][16]float32
	for r := range o.rows {
		switch {
		case o.accumulate:
			copy(acc[r][:], unsafe.Slice(at(o.c, r*o.cStride), o.cols))
		case o.start != nil:
			copy(acc[r][:], unsafe.Slice(o.start, o.cols))
		}
	}
	pairs := unsafe.Slice(o.pairs, o.steps)
	for n := range o.images {
		a, b := at(o.a, n*o.aImage), at(o.b, n*o.bImage)
		for _, p := range pairs {
			row := unsafe.Slice(at(b, p.b), o.cols)
			for r := range acc[:o.rows] {
				x := *at(a, o.rowOffsets[r]+p.a)
				sum := acc[r][:len(row)]
				for j, v := range row {
					sum[j] += x * v
				}
			}
		}
	}
	for r := range o.rows {
		copy(unsafe.Slice(at(o.c, r*o.cStride), o.cols), acc[r][:])
	}
}
