package engine

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// ResizeBilinear makes images x [batch, height, width, channels] of another size, each pixel between the four whose
// centres are around its own: along an axis, pixel i of n lies at (i+0.5)*m/n - 0.5 among m pixels, and beyond the
// outermost centre it is the outermost pixel. TensorFlow 2 and PyTorch (align_corners=False) do the same, without
// smoothing where images become smaller.
func ResizeBilinear(x *gorgonia.Node, height, width int) (*gorgonia.Node, error) {
	const op = "resize_bilinear"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	if height < 1 || width < 1 {
		return nil, opError(op, fmt.Errorf("no size of %dx%d", height, width), x)
	}
	l := after(x, op)
	y, err := interpolate(l, x, 1, height)
	if err == nil {
		y, err = interpolate(l, y, 2, width)
	}
	return y, err
}

// interpolate resizes along one axis.
func interpolate(l label, x *gorgonia.Node, axis, n int) (*gorgonia.Node, error) {
	m := x.Shape()[axis]
	if n == m {
		return x, nil
	}
	weights := make([]map[int]float64, n)
	for i := range weights {
		at := (float64(i)+0.5)*float64(m)/float64(n) - 0.5
		before := int(math.Floor(at))
		part := at - math.Floor(at)
		weights[i] = map[int]float64{}
		weights[i][max(before, 0)] += 1 - part
		weights[i][min(before+1, m-1)] += part
	}
	return resample(l, x, axis, weights)
}

// resample makes element i along an axis the sum of elements of x, each times its weight in weights[i]. Its gradient is
// the same by the transposed weights. Where x has m elements and the result n, the elements that n/gcd(n, m) results on
// are made of lie m/gcd(n, m) on: a few neighbours are read by each, by an index, unless that period is long.
func resample(l label, x *gorgonia.Node, axis int, weights []map[int]float64) (*gorgonia.Node, error) {
	s, n := x.Shape(), len(weights)
	period := gcd(n, s[axis])
	places, step := n/period, s[axis]/period // of the result, and of x
	first, last := math.MaxInt, math.MinInt  // element that is read, from that on which is step on for each period
	for i, of := range weights {
		for j := range of {
			first, last = min(first, j-i/places*step), max(last, j-i/places*step)
		}
	}
	taps := last + 1 - first
	if 2*taps > maxSources {
		return resampleByProduct(l, x, axis, weights)
	}
	table := make([]float64, n*taps)
	for i, of := range weights {
		for j, w := range of {
			table[i*taps+j-i/places*step-first] = w
		}
	}
	by, err := constantOf(x, table, period, places, taps)
	if err != nil {
		return nil, opError(l.role, err, x)
	}
	// The points have two dimensions in the axis' place: the period, and the place in it.
	shape := tensor.Shape(slices.Concat(s[:axis], []int{period, places}, s[axis+1:]))
	along := count(len(s))
	for t := axis + 1; t < len(s); t++ {
		along[t]++
	}
	e, sources := expr.Const(0), []source(nil)
	for tap := range taps {
		at, weight := axes(x, along, len(shape)), axes(by, []int{axis, axis + 1, -1}, len(shape))
		at.Axes[axis].Offset, at.Axes[axis].Coef[axis] = first+tap, step
		weight.Axes[2].Offset = tap
		e = e.Add(expr.Input(2 * tap).Mul(expr.Input(2*tap + 1)))
		sources = append(sources, source{x, at}, source{by, weight})
	}
	op := program.Map{Shape: shape, In: programSources(sources), Code: expr.Compile(e)}
	wrt := make([]bool, len(sources))
	wrt[0] = true
	return apply(op, slices.Concat(s[:axis], []int{n}, s[axis+1:]), l, pullback{
		wrt: wrt,
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			transposed := make([]map[int]float64, in[0].Shape()[axis])
			for j := range transposed {
				transposed[j] = map[int]float64{}
			}
			for i, of := range weights {
				for j, w := range of {
					transposed[j][i] = w
				}
			}
			grads := make(gorgonia.Nodes, len(in))
			var err error
			grads[0], err = resample(l.grad("grad"), dy, axis, transposed)
			return grads, err
		}}, nodesOf(sources)...)
}

// resampleByProduct multiplies by a matrix of all weights.
func resampleByProduct(l label, x *gorgonia.Node, axis int, weights []map[int]float64) (*gorgonia.Node, error) {
	m, n := x.Shape()[axis], len(weights)
	table := make([]float64, m*n)
	for i, of := range weights {
		for j, w := range of {
			table[j*n+i] = w
		}
	}
	by, err := constantOf(x, table, m, n)
	if err != nil {
		return nil, opError(l.role, err, x)
	}
	order := count(x.Dims()) // the axis and the last one change places
	order[axis], order[len(order)-1] = order[len(order)-1], order[axis]
	turned, err := Transpose(x, order...)
	if err != nil {
		return nil, err
	}
	s := turned.Shape().Clone()
	rows, err := reshape(l, turned, tensor.Shape{s.TotalSize() / m, m})
	if err != nil {
		return nil, err
	}
	y, err := Dense(rows, by, nil)
	if err != nil {
		return nil, err
	}
	s[len(s)-1] = n
	if y, err = reshape(l, y, s); err != nil {
		return nil, err
	}
	return Transpose(y, order...)
}

// constantOf is a constant of x's type, in x's graph.
func constantOf(x *gorgonia.Node, data []float64, shape ...int) (*gorgonia.Node, error) {
	if x.Dtype() == tensor.Float64 {
		return Constant(x.Graph(), tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)))
	}
	single := make([]float32, len(data))
	for i, v := range data {
		single[i] = float32(v)
	}
	return Constant(x.Graph(), tensor.New(tensor.WithShape(shape...), tensor.WithBacking(single)))
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
