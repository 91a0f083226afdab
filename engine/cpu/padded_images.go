package cpu

import "gangpu/engine/program"

// paddedImages are a batch of a convolution's input images with their borders, as far as taps
// reach. They are made where images have so few channels that the copy costs little beside the
// convolution, and reading runs of pixels across the border gains much.
type paddedImages struct {
	program.Geometry
	height, width int // in pixels
	region        region
}

func newPaddedImages(g program.Geometry, l *layout) paddedImages {
	p := paddedImages{
		Geometry: g,
		height:   (g.OutH()-1)*g.StrideH + g.FilterH,
		width:    (g.OutW()-1)*g.StrideW + g.FilterW,
	}
	p.region = l.shared(g.Batch * p.len())
	return p
}

// len is the number of elements of an image.
func (p paddedImages) len() int { return p.height * p.width * p.InC }

// pad copies the images of x into their borders of zeros.
func (p paddedImages) pad(x []float32) phase {
	rows := min(p.InH, p.height-p.PadTop())
	rowLen := min(p.InW, p.width-p.PadLeft()) * p.InC
	return phase{tasks: p.Batch, run: func(image, _ int) {
		padded := p.region.floats()[image*p.len():][:p.len()]
		clear(padded)
		for y := range rows {
			copy(padded[((y+p.PadTop())*p.width+p.PadLeft())*p.InC:][:rowLen], x[(image*p.InH+y)*p.InW*p.InC:])
		}
	}}
}
