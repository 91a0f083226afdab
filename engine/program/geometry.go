package program

import "fmt"

// Padding says how a convolution treats the border. The zero value is Same.
type Padding struct {
	kind                     paddingKind
	Top, Bottom, Left, Right int // rows and columns of zeros, of an explicit one
}

type paddingKind uint8

const (
	same paddingKind = iota
	valid
	explicit
)

var (
	// Same pads with zeros so that Out = ceil(In/Stride). An odd pixel of padding goes after
	// (below, to the right), as in Keras and TensorFlow.
	Same = Padding{}
	// Valid does not pad: Out = ceil((In-Filter+1)/Stride), at least one.
	Valid = Padding{kind: valid}
)

// Explicit pads by so many rows and columns of zeros: Out = floor((In+before+after-Filter)/Stride) + 1. There are
// fewer on a side than the filter has. After the image, below and to the right, there may be less than none, by less
// than the stride: the convolution does not see the last rows or columns then.
//
// For a transposed convolution the same numbers say how much of the whole result is cut off: its size is
// (in-1)*stride + filter - before - after. PyTorch's output padding is so much less after: a filter of 3, stride 2,
// padding 1 and output padding 1 is Explicit(1, 0, 1, 0).
func Explicit(top, bottom, left, right int) Padding {
	return Padding{explicit, top, bottom, left, right}
}

func (p Padding) String() string {
	switch p.kind {
	case same:
		return "same"
	case valid:
		return "valid"
	}
	return fmt.Sprintf("[%d %d %d %d]", p.Top, p.Bottom, p.Left, p.Right)
}

// Geometry is the shape of one 2-D convolution over a batch:
//
//	x [Batch, InH, InW, InC] * filter [FilterH, FilterW, InC, OutC] -> y [Batch, OutH, OutW, OutC]
//	y[b,oy,ox,o] = sum over ky, kx, i of x[b, oy*StrideH+ky-PadTop, ox*StrideW+kx-PadLeft, i] * filter[ky,kx,i,o]
//
// with x zero outside the image. The two gradients of a convolution, and with them the
// transposed convolution and its gradients, are described by the same value: In is always the
// image that the convolution reads, Out the one that it writes. A transposed convolution from
// [h, w, c] to [H, W, C] is the input gradient of the convolution with In = (H, W, C) and
// Out = (h, w, c).
type Geometry struct {
	Batch            int
	InH, InW, InC    int
	OutC             int
	FilterH, FilterW int
	StrideH, StrideW int
	Padding          Padding
}

// OutH is the height of the convolution's output in pixels.
func (g Geometry) OutH() int {
	return g.out(g.InH, g.FilterH, g.StrideH, g.Padding.Top+g.Padding.Bottom)
}

// OutW is the width of the convolution's output in pixels.
func (g Geometry) OutW() int {
	return g.out(g.InW, g.FilterW, g.StrideW, g.Padding.Left+g.Padding.Right)
}

// PadTop is the number of zero rows before the first row of the input.
func (g Geometry) PadTop() int { return g.padBefore(g.InH, g.FilterH, g.StrideH, g.Padding.Top) }

// PadLeft is the number of zero columns before the first column of the input.
func (g Geometry) PadLeft() int { return g.padBefore(g.InW, g.FilterW, g.StrideW, g.Padding.Left) }

func (g Geometry) out(in, filter, stride, padded int) int {
	switch g.Padding.kind {
	case same:
		return (in + stride - 1) / stride
	case valid:
		padded = 0
	}
	return (in+padded-filter)/stride + 1
}

func (g Geometry) padBefore(in, filter, stride, before int) int {
	switch g.Padding.kind {
	case valid:
		return 0
	case explicit:
		return before
	}
	return max((g.out(in, filter, stride, 0)-1)*stride+filter-in, 0) / 2
}

// InLen is the number of elements of the input, Batch*InH*InW*InC.
func (g Geometry) InLen() int { return g.Batch * g.InH * g.InW * g.InC }

// OutLen is the number of elements of the output, Batch*OutH*OutW*OutC.
func (g Geometry) OutLen() int { return g.Batch * g.OutH() * g.OutW() * g.OutC }

// FilterLen is the number of weights, FilterH*FilterW*InC*OutC.
func (g Geometry) FilterLen() int { return g.FilterH * g.FilterW * g.InC * g.OutC }

// MACs counts the multiply-adds of one pass, only those whose tap lies inside the image. It is
// the same for the forward pass and for either gradient.
func (g Geometry) MACs() int {
	rows := taps(g.InH, g.OutH(), g.FilterH, g.StrideH, g.PadTop())
	cols := taps(g.InW, g.OutW(), g.FilterW, g.StrideW, g.PadLeft())
	return g.Batch * rows * cols * g.InC * g.OutC
}

// taps counts the pairs of an output position and a filter tap that meet inside the input.
func taps(in, out, filter, stride, pad int) int {
	n := 0
	for o := range out {
		first := o*stride - pad
		n += max(min(first+filter, in)-max(first, 0), 0)
	}
	return n
}

// Validate reports the first thing that makes g no convolution.
func (g Geometry) Validate() error {
	for _, d := range []struct {
		name string
		v    int
	}{
		{"batch", g.Batch}, {"input height", g.InH}, {"input width", g.InW}, {"input channels", g.InC},
		{"output channels", g.OutC}, {"filter height", g.FilterH}, {"filter width", g.FilterW},
		{"vertical stride", g.StrideH}, {"horizontal stride", g.StrideW},
	} {
		if d.v < 1 {
			return fmt.Errorf("%s is %d, want at least 1", d.name, d.v)
		}
	}
	if g.Padding.kind == explicit {
		p := g.Padding
		for _, d := range []struct {
			name           string
			n, least, most int
		}{
			{"top", p.Top, 0, g.FilterH}, {"bottom", p.Bottom, 1 - g.StrideH, g.FilterH},
			{"left", p.Left, 0, g.FilterW}, {"right", p.Right, 1 - g.StrideW, g.FilterW},
		} {
			if d.n < d.least || d.n >= d.most {
				return fmt.Errorf("padding %s is %d, want %d to %d for a filter of %dx%d", d.name, d.n, d.least, d.most-1, g.FilterH, g.FilterW)
			}
		}
	}
	if h, w := g.InH+g.Padding.Top+g.Padding.Bottom, g.InW+g.Padding.Left+g.Padding.Right; g.Padding.kind != same && (g.FilterH > h || g.FilterW > w) {
		without := "without padding"
		if g.Padding.kind == explicit {
			without = fmt.Sprintf("with padding %v", g.Padding)
		}
		return fmt.Errorf("a %dx%d filter does not fit a %dx%d image %s", g.FilterH, g.FilterW, g.InH, g.InW, without)
	}
	return nil
}

func (g Geometry) String() string {
	return fmt.Sprintf("%dx[%d %d %d]*[%d %d]/%d,%d %v->[%d %d %d]", g.Batch, g.InH, g.InW, g.InC,
		g.FilterH, g.FilterW, g.StrideH, g.StrideW, g.Padding, g.OutH(), g.OutW(), g.OutC)
}
