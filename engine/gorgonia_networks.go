package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Gorgonia's images are [batch, channels, height, width], those of this package [batch, height, width, channels]. The
// transposes between them become part of the maps beside them, and cancel where maps alone lie between two.
var toLast, toFirst = []int{0, 2, 3, 1}, []int{0, 3, 1, 2}

// onImages does what it does to images with their channels last.
func onImages(x *gorgonia.Node, do func(x *gorgonia.Node) (*gorgonia.Node, error)) (*gorgonia.Node, error) {
	x, err := Transpose(x, toLast...)
	if err != nil {
		return nil, err
	}
	if x, err = do(x); err != nil {
		return nil, err
	}
	return Transpose(x, toFirst...)
}

// convolution finds what Gorgonia makes of one, the product of the patches of images, a row each, and filters, and
// makes a convolution of it. It is nil where a node is none.
func (t *translation) convolution(n *gorgonia.Node) (*gorgonia.Node, error) {
	is := func(n *gorgonia.Node, op string) bool { return n.Op() != nil && typeOf(n.Op()) == op }
	if !is(n, "linAlgBinOp") || n.Op().String() != "A × Bᵀ" {
		return nil, nil
	}
	rows, of := operandsOf(n)[0], operandsOf(n)[1]
	if !is(rows, "reshapeOp") || !is(operandsOf(rows)[0], "im2colOp") {
		return nil, nil
	}
	patches := operandsOf(rows)[0]
	if p := patches.Shape(); rows.Dims() != 2 || rows.Shape()[1] != p[len(p)-1] {
		return nil, nil
	}
	x, err := t.node(operandsOf(patches)[0])
	if err != nil {
		return nil, err
	}
	filters, err := t.node(of)
	if err != nil {
		return nil, err
	}
	y, err := convolve(x, filters, patchesOf(patches.Op().String()))
	if err == nil {
		y, err = fit(y, n.Shape())
	}
	if err != nil {
		return nil, fmt.Errorf("engine: gorgonia's convolution, node %s: %w", describe(n), err)
	}
	return y, nil
}

// patchesOf are the attributes that Gorgonia prints of an im2col, "im2col<(2,2), (1, 0), (1,2) (1, 1)>": the height and
// width of a patch, and then, down and across, padding, stride and dilation.
func patchesOf(text string) []int { return numbers(strings.TrimPrefix(text, "im2col")) }

// convolve convolves images x [batch, channels, height, width] with filters [out, channels*h*w], by the attributes that
// patchesOf reads. The result has its channels last.
func convolve(x, filters *gorgonia.Node, im2col []int) (*gorgonia.Node, error) {
	if len(im2col) != 8 || x.Dims() != 4 || filters.Dims() != 2 {
		return nil, fmt.Errorf("im2col of %v by %v", x.Shape(), im2col)
	}
	h, w, stride, dilation := im2col[0], im2col[1], im2col[4:6], im2col[6:8]
	filters, err := fit(filters, tensor.Shape{filters.Shape()[0], x.Shape()[1], h, w})
	if err != nil {
		return nil, err
	}
	if filters, err = Transpose(filters, 2, 3, 1, 0); err != nil {
		return nil, err
	}
	if dilation[0] > 1 || dilation[1] > 1 {
		if filters, err = Pad(filters, Padding{Between: dilation[0] - 1}, Padding{Between: dilation[1] - 1}); err != nil {
			return nil, err
		}
	}
	if x, err = Transpose(x, toLast...); err != nil {
		return nil, err
	}
	top, left := im2col[2], im2col[3]
	if f := filters.Shape(); top >= f[0] || left >= f[1] { // further than a convolution pads
		if x, err = Pad(x, Padding{}, Padding{Before: top, After: top}, Padding{Before: left, After: left}); err != nil {
			return nil, err
		}
		top, left = 0, 0
	}
	return Conv2D(x, filters, nil, [2]int{stride[0], stride[1]}, program.Explicit(top, top, left, left))
}

// im2col are the patches of images that no product reads alone: a convolution by filters that each take one pixel.
func im2col(c *call) (*gorgonia.Node, error) {
	s, by := c.in[0].Shape(), patchesOf(c.text)
	if len(s) != 4 || len(by) != 8 {
		return nil, fmt.Errorf("im2col of %v", s)
	}
	n := s[1] * by[0] * by[1]
	one := make([]float64, n*n)
	for i := range n {
		one[i*n+i] = 1
	}
	filters, err := constantOf(c.in[0], one, n, n)
	if err != nil {
		return nil, err
	}
	return convolve(c.in[0], filters, by)
}

// maxPool is the largest element of each window. Windows that a pass cannot read at once are pooled across, then down.
func maxPool(c *call) (*gorgonia.Node, error) {
	w, err := poolOf(c.node.Op())
	if err != nil {
		return nil, err
	}
	windows := []Window{w}
	if w.Height*w.Width > maxSources-2 {
		windows = []Window{{Height: 1, Width: w.Width, StrideH: 1, StrideW: w.StrideW, Left: w.Left, Right: w.Right},
			{Height: w.Height, Width: 1, StrideH: w.StrideH, StrideW: 1, Top: w.Top, Bottom: w.Bottom}}
	}
	return onImages(c.in[0], func(x *gorgonia.Node) (*gorgonia.Node, error) {
		for _, w := range windows {
			var err error
			if x, err = MaxPool(x, w); err != nil {
				return nil, err
			}
		}
		return x, nil
	})
}

// averagePool is what Gorgonia's machine computes, and that is no average but where a window has as many pixels as the
// image is wide: it divides the sum of a window by that width.
func averagePool(c *call) (*gorgonia.Node, error) {
	w, err := poolOf(c.node.Op())
	if err != nil {
		return nil, err
	}
	windows, s := []Window{w}, c.in[0].Shape()
	if w.Height*w.Width > maxSources-2 {
		windows = []Window{{Height: 1, Width: w.Width, StrideH: 1, StrideW: w.StrideW, Left: w.Left, Right: w.Right},
			{Height: w.Height, Width: 1, StrideH: w.StrideH, StrideW: 1, Top: w.Top, Bottom: w.Bottom}}
	}
	return onImages(c.in[0], func(x *gorgonia.Node) (*gorgonia.Node, error) {
		for _, w := range windows {
			var err error
			if x, err = AveragePool(x, w); err != nil {
				return nil, err
			}
		}
		by := expr.Const(float64(w.Height*w.Width) / float64(s[3]))
		return mapOf(after(x, "average_pool"), func(x ...expr.Expr) expr.Expr { return x[0].Mul(by) }, x)
	})
}

func globalAveragePool(c *call) (*gorgonia.Node, error) { return Mean(c.in[0], 2, 3) }

// upsample repeats pixels: "Upsample{}(stride: (1))" twice.
func upsample(c *call) (*gorgonia.Node, error) {
	times := numbers(c.text)[0] + 1
	return onImages(c.in[0], func(x *gorgonia.Node) (*gorgonia.Node, error) { return UpsampleNearest(x, times, times) })
}

// softmax is that along an axis, or its logarithm: "Softmax{-1, false}()", where -1 is the last one.
func softmax(c *call) (*gorgonia.Node, error) {
	x, axis := c.in[0], numbers(c.text)[0]
	s := x.Shape()
	if len(s) == 0 {
		return nil, fmt.Errorf("a scalar has no axis")
	}
	if axis < 0 {
		axis = len(s) - 1
		if s.IsColVec() {
			axis = 0
		}
	}
	order := count(len(s)) // the axis and the last one change places
	order[axis], order[len(s)-1] = len(s)-1, axis
	x, err := Transpose(x, order...)
	if err != nil {
		return nil, err
	}
	if strings.Contains(c.text, "true") {
		x, err = LogSoftmax(x)
	} else {
		x, err = Softmax(x)
	}
	if err != nil {
		return nil, err
	}
	return Transpose(x, order...)
}

// batchNorm normalises channels, the axis 1, without gamma and beta, which Gorgonia multiplies by and adds itself: by
// the moments of the batch while it trains, else by the running ones. The running variance is of n-1.
func batchNorm(c *call) (*gorgonia.Node, error) {
	op, x := c.node.Op().(*gorgonia.BatchNormOp), c.in[0]
	f, err := batchNormOf(op)
	if err != nil {
		return nil, err
	}
	of := slices.Repeat([]int{1}, x.Dims())
	of[1] = x.Shape()[1]
	id := c.node.ID()
	s := statistics{op: op, id: id, mean: c.t.variable(c.t.unique(fmt.Sprintf("running mean %d", id)), x.Dtype(), of),
		variance: c.t.variable(c.t.unique(fmt.Sprintf("running variance %d", id)), x.Dtype(), of)}
	mean, variance := s.mean, s.variance
	if f.training {
		others := slices.DeleteFunc(count(x.Dims()), func(i int) bool { return i == 1 })
		if mean, variance, err = Moments(x, others...); err != nil {
			return nil, err
		}
		n := float64(x.Shape().TotalSize() / of[1])
		running := func(old, now *gorgonia.Node, factor float64) (*gorgonia.Node, error) {
			return mapOf(after(x, "running"), func(v ...expr.Expr) expr.Expr {
				return v[1].Mul(expr.Const(f.momentum * factor)).Add(v[0].Mul(expr.Const(1 - f.momentum)))
			}, old, now)
		}
		if s.toMean, err = running(s.mean, mean, 1); err != nil {
			return nil, err
		}
		if s.toVariance, err = running(s.variance, variance, n/(n-1)); err != nil {
			return nil, err
		}
	}
	c.t.statistics = append(c.t.statistics, s)
	return Normalise(x, mean, variance, nil, nil, f.epsilon)
}

// groupNorm normalises groups of channels of each image, without gamma and beta: "GroupNorm{2, 6}()" is two groups.
func groupNorm(c *call) (*gorgonia.Node, error) {
	x, groups := c.in[0], numbers(c.text)[0]
	epsilon, err := floatField(c.node.Op(), "epsilon")
	if err != nil {
		return nil, err
	}
	s := x.Shape()
	if len(s) < 2 || groups < 1 || s[1]%groups != 0 {
		return nil, fmt.Errorf("%d groups of the channels of %v", groups, s)
	}
	if x, err = fit(x, tensor.Shape{s[0], groups, s.TotalSize() / (s[0] * groups)}); err != nil {
		return nil, err
	}
	mean, variance, err := Moments(x, 2)
	if err != nil {
		return nil, err
	}
	return Normalise(x, mean, variance, nil, nil, epsilon)
}

// dropoutOfGorgonia multiplies by a mask while it trains.
func dropoutOfGorgonia(c *call) (*gorgonia.Node, error) {
	x := c.in[0]
	f, err := dropoutOf(c.node.Op())
	if err != nil {
		return nil, err
	}
	if !f.training || f.probability == 0 {
		return Reshape(x, x.Shape()...)
	}
	if !(f.probability > 0 && f.probability < 1) || math.IsNaN(f.probability) {
		return nil, fmt.Errorf("a probability of %v, want one from 0 to 1", f.probability)
	}
	return Dropout(x, c.t.drawn(c.node, maskOf(f.probability)))
}

func maskOf(rate float64) func(n int, from program.Draw) program.Op {
	return func(n int, from program.Draw) program.Op {
		return program.DropoutMask{N: n, Draw: from, Rate: float32(rate)}
	}
}

// random are numbers that are drawn anew for each run. Gorgonia prints which, and two parameters: "2(1, 0.3) - (2, 3)".
func random(c *call) (*gorgonia.Node, error) {
	var which int
	var a, b float64
	if _, err := fmt.Sscanf(c.text, "%d(%g, %g)", &which, &a, &b); err != nil {
		return nil, err
	}
	switch {
	case which == 0:
		return c.t.drawn(c.node, func(n int, from program.Draw) program.Op {
			return program.Uniform{N: n, Draw: from, Low: float32(a), High: float32(b)}
		}), nil
	case which == 1:
		return c.t.drawn(c.node, func(n int, from program.Draw) program.Op {
			return program.Normal{N: n, Draw: from, Mean: float32(a), Stddev: float32(b)}
		}), nil
	case which == 2 && a == 1: // one trial: a mask says whether it succeeds
		mask := c.t.drawn(c.node, maskOf(1-b))
		return mapOf(after(mask, "binomial"), func(x ...expr.Expr) expr.Expr { return expr.Const(0).Less(x[0]) }, mask)
	}
	return nil, fmt.Errorf("numbers of distribution %d (%v, %v): a binomial one has one trial", which, a, b)
}
