package cpu

// transpose sets dst[i*dstStride+j] = src[j*srcStride+i] for i < rows, j < cols.
func transpose(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
	wholeRows, wholeCols := rows&^7, cols&^7
	for i := 0; i < wholeRows; i += 8 {
		for j := 0; j < wholeCols; j += 8 {
			unit.transpose8x8(&dst[i*dstStride+j], dstStride, &src[j*srcStride+i], srcStride)
		}
	}
	for i := range rows {
		first := wholeCols
		if i >= wholeRows {
			first = 0
		}
		for j := first; j < cols; j++ {
			dst[i*dstStride+j] = src[j*srcStride+i]
		}
	}
}

// packPanel lays cols columns of a matrix B out as a tile reads them, filled up with zeros:
//
//	panel[k*tileCols+j] = b[k*stride+j], or b[j*stride+k] if transposed
func packPanel(panel, b []float32, stride int, transposed bool, depth, cols int) {
	width := unit.tileCols
	if cols < width {
		clear(panel[:depth*width])
	}
	if transposed {
		transpose(panel, width, b, stride, depth, cols)
		return
	}
	if cols == 32 {
		for k := range depth { // in registers, without a call a row
			*(*[32]float32)(panel[k*32:]) = *(*[32]float32)(b[k*stride:])
		}
		return
	}
	for k := range depth {
		copy(panel[k*width:][:cols], b[k*stride:])
	}
}
