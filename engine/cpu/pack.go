package cpu

// transpose sets dst[i*dstStride+j] = src[j*srcStride+i] for i < rows, j < cols. The last blocks of 8x8 overlap those
// before where 8 is no divisor.
func transpose(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) {
	if rows < 8 || cols < 8 {
		for i := range rows {
			for j := range cols {
				dst[i*dstStride+j] = src[j*srcStride+i]
			}
		}
		return
	}
	for i := 0; i < rows; i += 8 {
		i := min(i, rows-8)
		for j := 0; j < cols; j += 8 {
			j := min(j, cols-8)
			unit.transpose8x8(&dst[i*dstStride+j], dstStride, &src[j*srcStride+i], srcStride)
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
