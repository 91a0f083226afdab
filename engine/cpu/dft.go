package cpu

import "math"

// Large filters are convolved through discrete Fourier transforms of arrays of a few dozen pixels,
// channels last. Transforms this short are computed as products with small matrices of cosines and
// sines, which vectorise over channels, need no shuffles and take any length: a filter of 28 on 28
// pixels needs a length of 43 and costs 1.4 million multiply-adds for 32 channels. A fast transform
// of length 48 has two thirds of the operations, but fused multiply-adds do two at a time.
//
// Three things keep the products small. Zeros are left out: only the pixels that are there are
// rows of the matrix. An array is split into the parts that are even and odd around its middle,
// which halves the products, since the cosines see the one only and the sines the other. And the
// length is odd, so that frequencies come in pairs of k and -k, without one at half the sampling
// rate; of an array of real numbers, only k >= 0 is needed.
//
// Frequencies are measured around the middle of an array, (n-1)/2, which is no pixel if n is even.
// The phase that this leaves out is made up for in the filter's spectrum.

// A dftAxis is the transform along one axis, of n pixels to the frequencies 2*pi*k/length for
// |k| < bins:
//
//	F[k] = sum over pixels j of f[j] * exp(-2*pi*i*k*(j-(n-1)/2)/length)
//
// The even part has an element for each distance from the middle, (n+1)/2 of them, and the odd
// part n/2: the difference of two pixels at the same distance.
type dftAxis struct {
	n, length, bins int
	even, odd       int

	// Forward matrices [part, bins]: cosines of the even part, negative sines of the odd.
	cos, negCos, sin, negSin smallMatrix
	// Inverse ones [bins, part], weighted.
	inverseCos, inverseNegCos, inverseSin, inverseNegSin smallMatrix
}

// newDFTAxis makes the matrices. weights are those of k = 0 and of k > 0 in the inverse.
func newDFTAxis(n, length int, weight0, weight float64) *dftAxis {
	a := &dftAxis{n: n, length: length, bins: (length + 1) / 2, even: (n + 1) / 2, odd: n / 2}
	first := 0.5 // distance of the parts' first elements from the middle
	if n%2 != 0 {
		first = 0
	}
	angle := func(k, j int, first float64) float64 {
		return 2 * math.Pi * float64(k) / float64(length) * (float64(j) + first)
	}
	cos := func(k, j int) float64 { return math.Cos(angle(k, j, first)) }
	sin := func(k, j int) float64 { return math.Sin(angle(k, j, 1-first)) }
	weighted := func(sign float64, f func(k, j int) float64) func(j, k int) float64 {
		return func(j, k int) float64 {
			if k == 0 {
				return sign * weight0 * f(k, j)
			}
			return sign * weight * f(k, j)
		}
	}
	negative := func(f func(k, j int) float64) func(k, j int) float64 {
		return func(k, j int) float64 { return -f(k, j) }
	}
	a.cos = newSmallMatrix(a.bins, a.even, cos)
	a.negCos = newSmallMatrix(a.bins, a.even, negative(cos))
	a.sin = newSmallMatrix(a.bins, a.odd, sin)
	a.negSin = newSmallMatrix(a.bins, a.odd, negative(sin))
	a.inverseCos = newSmallMatrix(a.even, a.bins, weighted(1, cos))
	a.inverseNegCos = newSmallMatrix(a.even, a.bins, weighted(-1, cos))
	a.inverseSin = newSmallMatrix(a.odd, a.bins, weighted(1, sin))
	a.inverseNegSin = newSmallMatrix(a.odd, a.bins, weighted(-1, sin))
	return a
}

// dftLength is the shortest length with which a circular convolution of in pixels with filter
// taps, of which the first lies pad before the pixel, has no wrapped term in it.
func dftLength(in, out, filter, pad int) int {
	return max(in+pad, out+filter-1-pad) | 1
}

// A smallMatrix [rows, depth] is stored by columns.
type smallMatrix struct {
	rows, depth int
	elements    []float32
}

func newSmallMatrix(rows, depth int, f func(row, col int) float64) smallMatrix {
	m := smallMatrix{rows: rows, depth: depth, elements: make([]float32, rows*depth)}
	for col := range depth {
		for row := range rows {
			m.elements[col*rows+row] = float32(f(row, col))
		}
	}
	return m
}

// squares is the sum of the squares of a row.
func (m *smallMatrix) squares(row int) (sum float64) {
	for col := range m.depth {
		e := float64(m.elements[col*m.rows+row])
		sum += e * e
	}
	return sum
}

func (m *smallMatrix) transposed() smallMatrix {
	return newSmallMatrix(m.depth, m.rows, func(row, col int) float64 { return float64(m.elements[row*m.rows+col]) })
}

// times sets rows of lanes elements of out, outStride apart, to the product with those of in.
func (m *smallMatrix) times(in []float32, inStride int, out []float32, outStride, lanes int) {
	if m.rows == 0 {
		return
	}
	if m.depth == 0 {
		for r := range m.rows {
			clear(out[r*outStride:][:lanes])
		}
		return
	}
	unit.product(m.rows, m.depth, &m.elements[0], &in[0], inStride, &out[0], outStride, lanes)
}

// A dft2D transforms images of rows.n by cols.n pixels of lanes real numbers. The lanes are
// channels, or channels of several images.
//
// Half way, an image is bands of the bins along its rows: [even rows, then odd rows][bins along a
// row][re, im][lanes], where those of odd rows are multiplied by -i. A spectrum is columns, one a
// bin along the rows: [bins along a row][k >= 0, then k <= 0][bins along a column][re, im][lanes].
type dft2D struct {
	rows, cols *dftAxis // along a column, from row to row; and along a row
}

func newDFT2D(height, width, lengthH, lengthW int) dft2D {
	scale := 1 / (float64(lengthH) * float64(lengthW))
	return dft2D{
		// k = 0 is there twice, as 0 and as -0.
		rows: newDFTAxis(height, lengthH, 0.5, 1),
		cols: newDFTAxis(width, lengthW, scale, 2*scale),
	}
}

func (d dft2D) bandLen(lanes int) int   { return d.cols.bins * 2 * lanes }
func (d dft2D) bandsLen(lanes int) int  { return d.rows.n * d.bandLen(lanes) }
func (d dft2D) columnLen(lanes int) int { return 2 * d.rows.bins * 2 * lanes }
func (d dft2D) spectrumLen(lanes int) int {
	return d.cols.bins * d.columnLen(lanes)
}

// tempLen is the temporary memory of a transform.
func (d dft2D) tempLen(lanes int) int { return 3 * d.cols.n * lanes }

// forwardRows sets bands to the transforms of an image's rows.
func (d dft2D) forwardRows(image, bands, temp []float32, lanes int) {
	var (
		rowLen = d.cols.n * lanes
		sum    = temp[:rowLen]
		diff   = temp[rowLen:][:rowLen]
		parts  = temp[2*rowLen:][:rowLen]
	)
	for j := range d.rows.even {
		lower, upper := pairAt(d.rows.n, j)
		if lower == upper {
			d.forwardRow(image[lower*rowLen:][:rowLen], parts, bands[j*d.bandLen(lanes):], lanes, false)
			continue
		}
		unit.butterfly(1, rowLen, &image[upper*rowLen], &image[lower*rowLen], 0, 0, &sum[0], &diff[0], 0, 0)
		d.forwardRow(sum, parts, bands[j*d.bandLen(lanes):], lanes, false)
		odd := d.rows.even + j - d.rows.n%2
		d.forwardRow(diff, parts, bands[odd*d.bandLen(lanes):], lanes, true)
	}
}

// pairAt returns the pixels of element j of the even part of n pixels. They are one in the middle
// of an odd number.
func pairAt(n, j int) (lower, upper int) { return (n-1)/2 - j, n/2 + j }

// forwardRow transforms a row, or -i times it, into a band.
func (d dft2D) forwardRow(row, parts, band []float32, lanes int, timesMinusI bool) {
	c := d.cols
	d.fold(row, parts, lanes)
	even, odd := parts[:c.even*lanes], parts[c.even*lanes:]
	re, im := &c.cos, &c.negSin
	first, second := band, band[lanes:]
	if timesMinusI {
		re = &c.negCos
		first, second = second, first
	}
	re.times(even, lanes, first, 2*lanes, lanes)
	im.times(odd, lanes, second, 2*lanes, lanes)
}

// fold splits a row into its even part, then its odd one.
func (d dft2D) fold(row, parts []float32, lanes int) {
	c := d.cols
	if c.n%2 != 0 {
		copy(parts[:lanes], row[c.odd*lanes:])
	}
	if c.odd > 0 {
		lower, upper := pairAt(c.n, c.n%2)
		unit.butterfly(c.odd, lanes, &row[upper*lanes], &row[lower*lanes], lanes, -lanes,
			&parts[c.n%2*lanes], &parts[c.even*lanes], lanes, lanes)
	}
}

// unfold is the inverse of fold, but for a factor of 2.
func (d dft2D) unfold(parts, row []float32, lanes int) {
	c := d.cols
	if c.n%2 != 0 {
		copy(row[c.odd*lanes:][:lanes], parts)
	}
	if c.odd > 0 {
		lower, upper := pairAt(c.n, c.n%2)
		unit.butterfly(c.odd, lanes, &parts[c.n%2*lanes], &parts[c.even*lanes], lanes, lanes,
			&row[upper*lanes], &row[lower*lanes], lanes, -lanes)
	}
}

// forwardColumn sets column to that of bin k of a spectrum.
func (d dft2D) forwardColumn(bands []float32, k int, column []float32, lanes int) {
	r := d.rows
	half := r.bins * 2 * lanes
	in := bands[k*2*lanes:]
	r.cos.times(in, d.bandLen(lanes), column, 2*lanes, 2*lanes)
	if r.odd == 0 {
		copy(column[half:2*half], column[:half])
		return
	}
	r.sin.times(in[r.even*d.bandLen(lanes):], d.bandLen(lanes), column[half:], 2*lanes, 2*lanes)
	unit.butterfly(1, half, &column[0], &column[half], 0, 0, &column[0], &column[half], 0, 0)
}

// inverseColumn sets bin k of the bands to what a column of a spectrum gives. The column is lost.
func (d dft2D) inverseColumn(column []float32, bands []float32, k, lanes int) {
	r := d.rows
	half := r.bins * 2 * lanes
	out := bands[k*2*lanes:]
	unit.butterfly(1, half, &column[0], &column[half], 0, 0, &column[0], &column[half], 0, 0)
	r.inverseCos.times(column, 2*lanes, out, d.bandLen(lanes), 2*lanes)
	if r.odd > 0 {
		r.inverseSin.times(column[half:], 2*lanes, out[r.even*d.bandLen(lanes):], d.bandLen(lanes), 2*lanes)
	}
}

// inverseRows sets the image to what the bands give. Those of odd rows are multiplied by i here.
func (d dft2D) inverseRows(bands, image, temp []float32, lanes int) {
	var (
		rowLen = d.cols.n * lanes
		even   = temp[:rowLen]
		odd    = temp[rowLen:][:rowLen]
		parts  = temp[2*rowLen:][:rowLen]
	)
	for j := range d.rows.even {
		lower, upper := pairAt(d.rows.n, j)
		if lower == upper {
			d.inverseRow(bands[j*d.bandLen(lanes):], parts, image[lower*rowLen:][:rowLen], lanes, false)
			continue
		}
		d.inverseRow(bands[j*d.bandLen(lanes):], parts, even, lanes, false)
		i := d.rows.even + j - d.rows.n%2
		d.inverseRow(bands[i*d.bandLen(lanes):], parts, odd, lanes, true)
		unit.butterfly(1, rowLen, &even[0], &odd[0], 0, 0, &image[upper*rowLen], &image[lower*rowLen], 0, 0)
	}
}

// inverseRow transforms a band, or i times it, into a row.
func (d dft2D) inverseRow(band, parts, row []float32, lanes int, timesI bool) {
	c := d.cols
	even, odd := parts[:c.even*lanes], parts[c.even*lanes:]
	m := &c.inverseCos
	re, im := band, band[lanes:]
	if timesI {
		m = &c.inverseNegCos
		re, im = im, re
	}
	m.times(re, 2*lanes, even, lanes, lanes)
	if c.odd > 0 {
		c.inverseNegSin.times(im, 2*lanes, odd, lanes, lanes)
	}
	d.unfold(parts, row, lanes)
}
