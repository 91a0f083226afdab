package cpu

import "unsafe"

// maxTileRows and maxTileCols bound the tiles of every vector unit.
const (
	maxTileRows = 12
	maxTileCols = 32
)

// A tile is one product of the innermost loop: a few rows of C by a panel of columns, kept in
// registers from the first multiply-add to the last.
//
// The reduction runs over segments of depth elements each. In a segment, the rows of A lie
// anywhere in memory, each depth elements long, so that a convolution reads its patches straight
// from the image (Dukhan, 2019, "The indirect convolution algorithm"); a plain product has one
// segment. B is packed in panels of unit.tileCols columns, filled up with zeros.
//
//	for r < rows, j < cols:
//		sum = 0
//		for s < segments, k < depth:
//			sum += A(s,r)[k] * b[table[s].b + k*tileCols + j]
//		if accumulate: sum += c[cOffsets[r]+j]
//		if bias != nil: sum += bias[j]
//		if !(sum > 0): sum *= alpha
//		c[cOffsets[r]+j] = sum
//
// where A(s,r) is a[table[s].a[r]:], or zeros if that offset is negative. All offsets are in
// bytes. Rows from rows on are computed and not stored: their offsets must name readable memory.
type tile struct {
	a, zeros   *float32
	table      *segment
	segments   int
	depth      int // at least 1
	b          *float32
	c          *float32
	cOffsets   [maxTileRows]int
	rows, cols int
	bias       *float32 // nil for none
	alpha      float32  // 1 for no activation
	accumulate bool
}

// A segment says where in memory the operands of a tile's segment start.
type segment struct {
	b int
	a [maxTileRows]int
}

// A tileWorker is one worker's tile of one segment, on cache lines of its own.
type tileWorker struct {
	tile    tile
	segment segment
	_       [128]byte
}

// tileGo is the loop of type tile, 4 rows by 4 columns.
func tileGo(t *tile) {
	var acc [4][4]float32
	table := unsafe.Slice(t.table, t.segments)
	for s := range table {
		var rows [4][]float32
		for r := range rows {
			p := t.zeros
			if offset := table[s].a[r]; offset >= 0 {
				p = at(t.a, offset)
			}
			rows[r] = unsafe.Slice(p, t.depth)
		}
		a0, a1, a2, a3 := rows[0], rows[1][:len(rows[0])], rows[2][:len(rows[0])], rows[3][:len(rows[0])]
		b := unsafe.Slice(at(t.b, table[s].b), 4*t.depth)
		for k, x0 := range a0 {
			w := (*[4]float32)(b[4*k:])
			x1, x2, x3 := a1[k], a2[k], a3[k]
			for j, v := range w {
				acc[0][j] += x0 * v
				acc[1][j] += x1 * v
				acc[2][j] += x2 * v
				acc[3][j] += x3 * v
			}
		}
	}
	for r := range t.rows {
		c := unsafe.Slice(at(t.c, t.cOffsets[r]), t.cols)
		for j := range c {
			sum := acc[r][j]
			if t.accumulate {
				sum += c[j]
			}
			if t.bias != nil {
				sum += *at(t.bias, 4*j)
			}
			if !(sum > 0) {
				sum *= t.alpha
			}
			c[j] = sum
		}
	}
}

// at is the element some bytes after p.
func at(p *float32, bytes int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes)) }
