package program

import "fmt"

// Padding says how a convolution treats the border, in Keras's words.
type Padding uint8

const (
	// Same pads with zeros so that Out = ceil(In/Stride). An odd pixel of padding goes after
	// (below, to the right), as in Keras and TensorFlow.
	Same Padding = iota
	// Valid does not pad: Out = ceil((In-Filter+1)/Stride), at least one.
	Valid
)

func (p Padding) String() string {
	switch p {
	case Same:
		return "same"
	case Valid:
		return "valid"
	}
	return fmt.Sprintf("Padding(%d)", uint8(p))
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
func (g Geometry) OutH() int { return g.out(g.InH, g.FilterH, g.StrideH) }

// OutW is the width of the convolution's output in pixels.
func (g Geometry) OutW() int { return g.out(g.InW, g.FilterW, g.StrideW) }

// PadTop is the number of zero rows before the first row of the input.
func (g Geometry) PadTop() int { return g.padBefore(g.InH, g.FilterH, g.StrideH) }

// PadLeft is the number of zero columns before the first column of the input.
func (g Geometry) PadLeft() int { return g.padBefore(g.InW, g.FilterW, g.StrideW) }

func (g Geometry) out(in, filter, stride int) int {
	if g.Padding == Valid {
		return (in-filter)/stride + 1
	}
	return (in + stride - 1) / stride
}

func (g Geometry) padBefore(in, filter, stride int) int {
	if g.Padding == Valid {
		return 0
	}
	return max((g.out(in, filter, stride)-1)*stride+filter-in, 0) / 2
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
	if g.Padding > Valid {
		return fmt.Errorf("unknown padding %v", g.Padding)
	}
	if g.Padding == Valid && (g.FilterH > g.InH || g.FilterW > g.InW) {
		return fmt.Errorf("a %dx%d filter does not fit a %dx%d image without padding",
			g.FilterH, g.FilterW, g.InH, g.InW)
	}
	return nil
}

func (g Geometry) String() string {
	return fmt.Sprintf("%dx[%d %d %d]*[%d %d]/%d,%d %v->[%d %d %d]", g.Batch, g.InH, g.InW, g.InC,
		g.FilterH, g.FilterW, g.StrideH, g.StrideW, g.Padding, g.OutH(), g.OutW(), g.OutC)
}
