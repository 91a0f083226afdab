package cpu

import "gangpu/engine/program"

// paddedImages are a batch of images with borders of zeros, as far as taps reach. They are made where images have so
// few channels that the copy costs little beside the convolution, and reading across the border gains much.
type paddedImages struct {
	batch, srcH, srcW, channels int
	top, left                   int // zeros before an image, in pixels
	height, width               int // with the border
	region                      region
}

// newPaddedInput has the input of a convolution: pixel (oy, ox) of the output reads pixels (oy*StrideH+ky,
// ox*StrideW+kx).
func newPaddedInput(g program.Geometry, l *layout) paddedImages {
	p := paddedImages{
		batch: g.Batch, srcH: g.InH, srcW: g.InW, channels: g.InC,
		top: g.PadTop(), left: g.PadLeft(),
		height: (g.OutH()-1)*g.StrideH + g.FilterH,
		width:  (g.OutW()-1)*g.StrideW + g.FilterW,
	}
	p.region = l.shared(g.Batch * p.len())
	return p
}

// newPaddedOutput has the output of a convolution of stride 1, or its gradient: pixel (iy, ix) of the input is read
// there by pixels (iy+FilterH-1-ky, ix+FilterW-1-kx).
func newPaddedOutput(g program.Geometry, l *layout) paddedImages {
	p := paddedImages{
		batch: g.Batch, srcH: g.OutH(), srcW: g.OutW(), channels: g.OutC,
		top: g.FilterH - 1 - g.PadTop(), left: g.FilterW - 1 - g.PadLeft(),
		height: g.InH + g.FilterH - 1,
		width:  g.InW + g.FilterW - 1,
	}
	p.region = l.shared(g.Batch * p.len())
	return p
}

// len is the number of elements of an image.
func (p paddedImages) len() int { return p.height * p.width * p.channels }

// at is the element of a channel of a pixel.
func (p paddedImages) at(y, x, channel int) int { return (y*p.width+x)*p.channels + channel }

// pad copies the images of x into their borders.
func (p paddedImages) pad(x []float32) phase {
	rows := min(p.srcH, p.height-p.top)
	rowLen := min(p.srcW, p.width-p.left) * p.channels
	return phase{tasks: p.batch, run: func(image, _ int) {
		padded := p.region.floats()[image*p.len():][:p.len()]
		clear(padded)
		for y := range rows {
			copy(padded[p.at(y+p.top, p.left, 0):][:rowLen], x[(image*p.srcH+y)*p.srcW*p.channels:])
		}
	}}
}
