package cpu

import (
	"math"

	"gangpu/engine/program"
)

// A fftConv is a convolution of stride 1 by Fourier transform: a product for each frequency
// in place of a sum over the filter's taps. With F, X and Y the spectra of filter, input and
// output, and V = F * exp(-i*phase):
//
//	forward        Y = sum over input channels of X * conj(V)
//	input's grad   X = sum over output channels of Y * V
//	filter's grad  F = sum over the batch of X * conj(Y) * exp(i*phase)
//
// where the phase makes up for the arrays' middles being the origin. Images are transformed one by
// one on the input's side, with their channels as lanes. On the output's side, a group of images
// is, so that a single channel fills the lanes, too.
type fftConv struct {
	program.Geometry
	filterH, filterW    int // without the taps that never meet a pixel
	firstKY, firstKX    int // the first taps that do
	padTop, padLeft     int // before those
	input, output, taps dft2D
	group, groups       int // images transformed at once on the output's side

	temp, bands, column                     region // of a worker: the input's side
	outTemp, outImage, outBands, outColumns region // and the output's
}

func newFFTConv(g program.Geometry, l *layout) *fftConv {
	c := &fftConv{Geometry: g}
	outH, outW := g.OutH(), g.OutW()
	c.firstKY, c.filterH = usedTaps(g.InH, outH, g.FilterH, g.PadTop())
	c.firstKX, c.filterW = usedTaps(g.InW, outW, g.FilterW, g.PadLeft())
	c.padTop, c.padLeft = g.PadTop()-c.firstKY, g.PadLeft()-c.firstKX
	lengthH := dftLength(g.InH, outH, c.filterH, c.padTop)
	lengthW := dftLength(g.InW, outW, c.filterW, c.padLeft)
	c.input = newDFT2D(g.InH, g.InW, lengthH, lengthW)
	c.output = newDFT2D(outH, outW, lengthH, lengthW)
	c.taps = newDFT2D(c.filterH, c.filterW, lengthH, lengthW)
	c.group = min(max(1, fftLanes/g.OutC), g.Batch)
	c.groups = ceilDiv(g.Batch, c.group)
	if l == nil {
		return c
	}
	lanes := c.group * g.OutC
	temp := max(c.input.tempLen(g.InC), c.taps.tempLen(g.InC))
	bands := max(c.input.bandsLen(g.InC), c.taps.bandsLen(g.InC))
	c.temp, c.bands = l.perWorker(temp), l.perWorker(bands)
	c.column = l.perWorker(c.input.columnLen(g.InC))
	c.outTemp, c.outBands = l.perWorker(c.output.tempLen(lanes)), l.perWorker(c.output.bandsLen(lanes))
	c.outImage, c.outColumns = l.perWorker(outH*outW*lanes), l.perWorker(c.output.spectrumLen(lanes))
	return c
}

// fftLanes is about how many lanes the output's side should have.
const fftLanes = 16

// usedTaps returns the first tap of a filter that meets a pixel, for any output, and how many do.
func usedTaps(in, out, filter, pad int) (first, n int) {
	first = max(0, pad-(out-1))
	return first, min(filter, in+pad) - first
}

// multiplyAdds estimates what a pass costs, in multiply-adds as fast as those of a direct
// convolution.
func (c *fftConv) multiplyAdds() int {
	transform := func(d dft2D, lanes int) int {
		lanes = roundUp(lanes, 16)
		rows := d.rows.n * d.cols.bins * d.cols.n
		columns := 2 * d.cols.bins * d.rows.bins * d.rows.n
		return (rows + columns + 4*d.rows.n*d.cols.n) * lanes
	}
	products := c.input.cols.bins * 2 * c.input.rows.bins * (8*roundUp(c.InC, 16) + 64) * c.OutC
	image := transform(c.input, c.InC) + products
	return c.Batch*image + c.groups*transform(c.output, c.group*c.OutC) + c.OutC*transform(c.taps, c.InC)
}

// useFFT reports whether a convolution is cheaper by Fourier transform.
func useFFT(g program.Geometry) bool {
	if g.StrideH != 1 || g.StrideW != 1 || g.FilterH*g.FilterW < 50 {
		return false
	}
	c := newFFTConv(g, nil)
	spectrum := c.input.spectrumLen(g.InC * g.OutC)
	return spectrum < 1<<24 && c.multiplyAdds() < g.MACs()
}

// groupImages returns the images of a group.
func (c *fftConv) groupImages(group int) (first, n int) {
	first = group * c.group
	return first, min(c.group, c.Batch-first)
}

// filterSpectrum is the phase that sets spectrum, [output channel][spectrum of the input
// channels], to V.
func (c *fftConv) filterSpectrum(filter []float32, spectrum, taps region) phase {
	return phase{tasks: c.OutC, run: func(o, worker int) {
		image := filter
		if c.OutC > 1 || c.filterH != c.FilterH || c.filterW != c.FilterW {
			image = taps.worker(worker)
			c.eachTap(func(tap, weight int) {
				for i := range c.InC {
					image[tap*c.InC+i] = filter[(weight*c.InC+i)*c.OutC+o]
				}
			})
		}
		temp, bands := c.temp.worker(worker), c.bands.worker(worker)
		c.taps.forwardRows(image, bands, temp, c.InC)
		n := c.taps.columnLen(c.InC)
		for k := range c.taps.cols.bins {
			column := spectrum.floats()[(o*c.taps.cols.bins+k)*n:][:n]
			c.taps.forwardColumn(bands, k, column, c.InC)
			c.turn(column, k, -1)
		}
	}}
}

// eachTap calls f with the numbers of the taps that are used, among themselves and in the filter.
func (c *fftConv) eachTap(f func(tap, weight int)) {
	for ky := range c.filterH {
		for kx := range c.filterW {
			f(ky*c.filterW+kx, (c.firstKY+ky)*c.FilterW+c.firstKX+kx)
		}
	}
}

// turn multiplies column k of a filter's spectrum by exp(sign*i*phase).
func (c *fftConv) turn(column []float32, k int, sign float64) {
	angle := func(in, out, taps *dftAxis, pad int) float64 {
		return sign * 2 * math.Pi / float64(in.length) * (float64(out.n+taps.n-in.n-1)/2 - float64(pad))
	}
	alongRow := angle(c.input.cols, c.output.cols, c.taps.cols, c.padLeft) * float64(k)
	alongColumn := angle(c.input.rows, c.output.rows, c.taps.rows, c.padTop)
	bins, lanes := c.input.rows.bins, c.InC
	for r := range 2 * bins {
		frequency := float64(r)
		if r >= bins {
			frequency = float64(bins - r)
		}
		s, co := math.Sincos(alongRow + alongColumn*frequency)
		sin, cos := float32(s), float32(co)
		re, im := column[2*r*lanes:][:lanes], column[(2*r+1)*lanes:][:lanes]
		for l, a := range re {
			b := im[l]
			re[l], im[l] = a*cos-b*sin, a*sin+b*cos
		}
	}
}

// outputSpectrum sets columns to the spectra of the images of y from first on, n of them.
func (c *fftConv) outputSpectrum(y []float32, first, n, worker int) (columns []float32) {
	pixels, lanes := c.OutH()*c.OutW(), n*c.OutC
	image := y[first*pixels*c.OutC:][:pixels*lanes]
	if n > 1 {
		images := image
		image = c.outImage.worker(worker)
		for b := range n {
			for p := range pixels {
				copy(image[p*lanes+b*c.OutC:][:c.OutC], images[(b*pixels+p)*c.OutC:])
			}
		}
	}
	bands := c.outBands.worker(worker)
	columns = c.outColumns.worker(worker)
	c.output.forwardRows(image, bands, c.outTemp.worker(worker), lanes)
	for k := range c.output.cols.bins {
		c.output.forwardColumn(bands, k, columns[k*c.output.columnLen(lanes):], lanes)
	}
	return columns
}

func newFFTConv2D(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	c := newFFTConv(g, l)
	spectrum := l.shared(c.OutC * c.taps.spectrumLen(c.InC))
	taps := l.perWorker(c.filterH * c.filterW * c.InC)
	pixels, imageLen, bins := c.OutH()*c.OutW(), c.InH*c.InW*c.InC, c.input.cols.bins
	return kernel{c.filterSpectrum(filter, spectrum, taps), {tasks: c.groups, run: func(task, worker int) {
		first, n := c.groupImages(task)
		lanes := n * c.OutC
		columns, columnLen := c.outColumns.worker(worker), c.output.columnLen(lanes)
		bands, column := c.bands.worker(worker), c.column.worker(worker)[:c.input.columnLen(c.InC)]
		v := spectrum.floats()
		for b := range n {
			c.input.forwardRows(x[(first+b)*imageLen:][:imageLen], bands, c.temp.worker(worker), c.InC)
			for k := range bins {
				c.input.forwardColumn(bands, k, column, c.InC)
				for o := range c.OutC {
					unit.complexDot(2*c.input.rows.bins, c.InC, &column[0], &v[(o*bins+k)*len(column)],
						&columns[k*columnLen+b*c.OutC+o], 2*lanes, lanes)
				}
			}
		}
		outBands := c.outBands.worker(worker)
		for k := range bins {
			c.output.inverseColumn(columns[k*columnLen:][:columnLen], outBands, k, lanes)
		}
		images := y[first*pixels*c.OutC:][:pixels*lanes]
		image := images
		if n > 1 {
			image = c.outImage.worker(worker)
		}
		c.output.inverseRows(outBands, image, c.outTemp.worker(worker), lanes)
		if n > 1 {
			for b := range n {
				for p := range pixels {
					copy(images[(b*pixels+p)*c.OutC:][:c.OutC], image[p*lanes+b*c.OutC:])
				}
			}
		}
		e.addBias(images)
		e.finish(images, first*pixels*c.OutC)
	}}}
}

// newFFTConv2DTranspose is also the input's gradient.
func newFFTConv2DTranspose(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	c := newFFTConv(g, l)
	spectrum := l.shared(c.OutC * c.taps.spectrumLen(c.InC))
	taps := l.perWorker(c.filterH * c.filterW * c.InC)
	imageLen, bins := c.InH*c.InW*c.InC, c.input.cols.bins
	return kernel{c.filterSpectrum(filter, spectrum, taps), {tasks: c.groups, run: func(task, worker int) {
		first, n := c.groupImages(task)
		lanes := n * c.OutC
		columns, columnLen := c.outputSpectrum(x, first, n, worker), c.output.columnLen(lanes)
		bands, column := c.bands.worker(worker), c.column.worker(worker)[:c.input.columnLen(c.InC)]
		v := spectrum.floats()
		for b := range n {
			for k := range bins {
				clear(column)
				for o := range c.OutC {
					unit.complexAxpy(2*c.input.rows.bins, c.InC, 1, &columns[k*columnLen+b*c.OutC+o], 2*lanes, lanes,
						&v[(o*bins+k)*len(column)], &column[0])
				}
				c.input.inverseColumn(column, bands, k, c.InC)
			}
			image := y[(first+b)*imageLen:][:imageLen]
			c.input.inverseRows(bands, image, c.temp.worker(worker), c.InC)
			e.addBias(image)
			e.finish(image, (first+b)*imageLen)
		}
	}}}
}

const (
	// fftChunks is the most parts that a batch is cut into, each with a gradient's spectrum of
	// its own, and fftPartials the most elements that these may have.
	fftChunks   = 16
	fftPartials = 1 << 23
)

func newFFTConv2DFilterGrad(op program.Conv2DFilterGrad, x, dy, dfilter []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	c := newFFTConv(op.Geometry, l)
	var (
		imageLen, bins = c.InH * c.InW * c.InC, c.input.cols.bins
		spectrumLen    = c.OutC * c.taps.spectrumLen(c.InC)
		chunkGroups    = ceilDiv(c.groups, min(c.groups, fftChunks, max(1, fftPartials/spectrumLen)))
		chunks         = ceilDiv(c.groups, chunkGroups)
		partials       = l.shared(chunks * spectrumLen)
		taps           = l.perWorker(c.filterH * c.filterW * c.InC)
	)
	sum := phase{tasks: chunks, run: func(chunk, worker int) {
		d := partials.floats()[chunk*spectrumLen:][:spectrumLen]
		clear(d)
		bands, column := c.bands.worker(worker), c.column.worker(worker)[:c.input.columnLen(c.InC)]
		for group := chunk * chunkGroups; group < min((chunk+1)*chunkGroups, c.groups); group++ {
			first, n := c.groupImages(group)
			lanes := n * c.OutC
			columns, columnLen := c.outputSpectrum(dy, first, n, worker), c.output.columnLen(lanes)
			for b := range n {
				c.input.forwardRows(x[(first+b)*imageLen:][:imageLen], bands, c.temp.worker(worker), c.InC)
				for k := range bins {
					c.input.forwardColumn(bands, k, column, c.InC)
					for o := range c.OutC {
						unit.complexAxpy(2*c.input.rows.bins, c.InC, -1, &columns[k*columnLen+b*c.OutC+o], 2*lanes, lanes,
							&column[0], &d[(o*bins+k)*len(column)])
					}
				}
			}
		}
	}}
	reduce := blocks(spectrumLen, 4096, func(first, end, _ int) {
		p := partials.floats()
		for chunk := 1; chunk < chunks; chunk++ {
			unit.axpy(1, p[chunk*spectrumLen:][first:end], p[first:end])
		}
	})
	inverse := phase{tasks: c.OutC, run: func(o, worker int) {
		bands, image := c.bands.worker(worker), taps.worker(worker)
		n := c.taps.columnLen(c.InC)
		for k := range bins {
			column := partials.floats()[(o*bins+k)*n:][:n]
			c.turn(column, k, 1)
			c.taps.inverseColumn(column, bands, k, c.InC)
		}
		c.taps.inverseRows(bands, image, c.temp.worker(worker), c.InC)
		if c.filterH != c.FilterH || c.filterW != c.FilterW {
			for i := o; i < len(dfilter); i += c.OutC {
				dfilter[i] = 0
			}
		}
		c.eachTap(func(tap, weight int) {
			for i := range c.InC {
				dfilter[(weight*c.InC+i)*c.OutC+o] = image[tap*c.InC+i]
			}
		})
	}}
	return kernel{sum, reduce, inverse}
}
