package cpu

import "unsafe"

// fftLoops are the innermost loops of convolutions by Fourier transform. Strides are in
// elements, and rows of a column of a spectrum are [re, im][lanes].
type fftLoops struct {
	// product multiplies a small matrix m [rows, depth], stored by columns, with rows of lanes.
	//
	//	out[r*outStride+l] = sum over k of m[k*rows+r] * in[k*inStride+l]
	product func(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int)
	// butterfly sets sum and diff to a+b and a-b, n rows of lanes. They may be a and b.
	butterfly func(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int)
	// complexDot sets y[r*yStride] + i*y[r*yStride+yImag] to the sum over lanes of a[r] * conj(v[r]).
	complexDot func(rows, lanes int, a, v, y *float32, yStride, yImag int)
	// complexAxpy adds (y[r*yStride] + i*sign*y[r*yStride+yImag]) * v[r] to out[r].
	complexAxpy func(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32)
}

var fftLoopsGo = fftLoops{
	product:     productGo,
	butterfly:   butterflyGo,
	complexDot:  complexDotGo,
	complexAxpy: complexAxpyGo,
}

func productGo(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int) {
	const block = 4 // rows at a time
	matrix := unsafe.Slice(m, rows*depth)
	for r := 0; r < rows; r += block {
		n := min(block, rows-r)
		for i := range n {
			clear(laneSlice(out, (r+i)*outStride, lanes))
		}
		for k := range depth {
			x := laneSlice(in, k*inStride, lanes)
			if n < block {
				for i := range n {
					axpyGo(matrix[k*rows+r+i], x, laneSlice(out, (r+i)*outStride, lanes))
				}
				continue
			}
			m0, m1, m2, m3 := matrix[k*rows+r], matrix[k*rows+r+1], matrix[k*rows+r+2], matrix[k*rows+r+3]
			y0, y1 := laneSlice(out, r*outStride, len(x)), laneSlice(out, (r+1)*outStride, len(x))
			y2, y3 := laneSlice(out, (r+2)*outStride, len(x)), laneSlice(out, (r+3)*outStride, len(x))
			for l, v := range x {
				y0[l] += m0 * v
				y1[l] += m1 * v
				y2[l] += m2 * v
				y3[l] += m3 * v
			}
		}
	}
}

func butterflyGo(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int) {
	for i := range n {
		x, y := laneSlice(a, i*aStride, lanes), laneSlice(b, i*bStride, lanes)
		s, d := laneSlice(sum, i*sumStride, lanes), laneSlice(diff, i*diffStride, lanes)
		for l := range x {
			s[l], d[l] = x[l]+y[l], x[l]-y[l]
		}
	}
}

func complexDotGo(rows, lanes int, a, v, y *float32, yStride, yImag int) {
	for r := range rows {
		ar, ai := laneSlice(a, 2*r*lanes, lanes), laneSlice(a, (2*r+1)*lanes, lanes)
		vr, vi := laneSlice(v, 2*r*lanes, lanes), laneSlice(v, (2*r+1)*lanes, lanes)
		var re, im float32
		for l := range ar {
			re += ar[l]*vr[l] + ai[l]*vi[l]
			im += ai[l]*vr[l] - ar[l]*vi[l]
		}
		out := laneSlice(y, r*yStride, yImag+1)
		out[0], out[yImag] = re, im
	}
}

func complexAxpyGo(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32) {
	for r := range rows {
		factor := laneSlice(y, r*yStride, yImag+1)
		yr, yi := factor[0], sign*factor[yImag]
		vr, vi := laneSlice(v, 2*r*lanes, lanes), laneSlice(v, (2*r+1)*lanes, lanes)
		re, im := laneSlice(out, 2*r*lanes, lanes), laneSlice(out, (2*r+1)*lanes, lanes)
		for l := range vr {
			re[l] += yr*vr[l] - yi*vi[l]
			im[l] += yr*vi[l] + yi*vr[l]
		}
	}
}

// laneSlice is the n elements from offset on, which may be negative.
func laneSlice(p *float32, offset, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), 4*offset)), n)
}
