package exchange

import (
	"fmt"
	"math"
	"slices"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/nn"
)

func writeDense(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	var inputs []string
	for _, v := range x {
		inputs = append(inputs, g.channelsLast(v))
	}
	return one(made(g.node("Gemm", inputs), false, []int{x[0].shape[0], x[1].shape[1]}), nil)
}

func writeAttention(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	queries, keys, values := x[0], x[1], x[2]
	n, m, depth := queries.shape[1], keys.shape[1], queries.shape[2]
	columns := g.node("Transpose", []string{g.channelsLast(keys)}, onnxInts("perm", 0, 2, 1))
	scores := made(g.node("MatMul", []string{g.channelsLast(queries), columns}), false, []int{queries.shape[0], n, m})
	scale := expr.Const(1 / math.Sqrt(float64(depth)))
	scaled, err := g.mapOf(func(x ...expr.Expr) expr.Expr { return x[0].Mul(scale) }, scores)
	if err != nil {
		return nil, err
	}
	weights := g.node("Softmax", []string{scaled.last}, onnxInt("axis", -1))
	y := g.node("MatMul", []string{weights, g.channelsLast(values)})
	return one(made(y, false, []int{queries.shape[0], n, values.shape[2]}), nil)
}

// filter is the name of a filter as ONNX has it: (height, width, in, out) as (out, in, height, width) for a convolution,
// and (height, width, out, in) as (in, out, height, width) for a transposed one.
func (g *onnxUse) filter(v *operand) string {
	if v.values == nil {
		return g.node("Transpose", []string{g.channelsLast(v)}, onnxInts("perm", 3, 2, 0, 1))
	}
	name := v.name + "/channels_first"
	if g.names[name] > 0 {
		return name
	}
	shape, values := channelsFirst(v.shape, v.values)
	return g.array(name, shape, values)
}

// stripes are a window along an axis of images: its size and stride, and the zeros before and after the image.
type stripes struct{ size, stride, before, after int }

// windows are the attributes of an operator with these windows, down and across.
func windows(h, w stripes) []message {
	return []message{
		onnxInts("kernel_shape", h.size, w.size),
		onnxInts("strides", h.stride, w.stride),
		onnxInts("pads", h.before, w.before, h.after, w.after),
	}
}

// out is how many windows there are in an image.
func (s stripes) out(in int) int { return (in+s.before+s.after-s.size)/s.stride + 1 }

// same is s with Keras's padding, half of it before the image, for an image of so many pixels.
func (s stripes) same(in int) stripes {
	total := max(((in+s.stride-1)/s.stride-1)*s.stride+s.size-in, 0)
	s.before, s.after = total/2, total-total/2
	return s
}

// convolutionOf reads the attributes of a convolution of images with a filter.
func convolutionOf(n nn.SavedNode, filter *operand) (h, w stripes, p program.Padding, err error) {
	var a struct {
		Stride  [2]int
		Padding program.Padding
	}
	err = decode(n, &a)
	p = a.Padding
	h = stripes{filter.shape[0], a.Stride[0], p.Top, p.Bottom}
	w = stripes{filter.shape[1], a.Stride[1], p.Left, p.Right}
	return h, w, p, err
}

func writeConv2D(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	h, w, padding, err := convolutionOf(n, x[1])
	if err != nil {
		return nil, err
	}
	image := x[0]
	if padding == program.Same {
		h, w = h.same(image.shape[1]), w.same(image.shape[2])
	}
	g.channelsFirst(image)
	for axis, s := range []*stripes{&h, &w} {
		if s.after < 0 { // rows that the convolution does not see
			size := image.shape[1+axis] + s.after
			image = g.slice(image, 1+axis, 0, int64(size), 1, size)
			s.after = 0
		}
	}
	shape := []int{image.shape[0], h.out(image.shape[1]), w.out(image.shape[2]), x[1].shape[3]}
	y := g.node("Conv", append([]string{g.channelsFirst(image), g.filter(x[1])}, g.bias(x)...), windows(h, w)...)
	return one(made(y, true, shape), nil)
}

// bias is the name of the third input, if there is one.
func (g *onnxUse) bias(x []*operand) []string {
	if len(x) < 3 {
		return nil
	}
	return []string{g.channelsLast(x[2])}
}

func writeConv2DTranspose(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	h, w, padding, err := convolutionOf(n, x[1])
	if err != nil {
		return nil, err
	}
	shape := []int{x[0].shape[0], 0, 0, x[1].shape[2]}
	var more [2]int // rows and columns after the last one that the filter reaches
	for axis, s := range []*stripes{&h, &w} {
		in := x[0].shape[1+axis]
		switch padding {
		case program.Same:
			*s = s.same(in * s.stride)
			more[axis] = max(s.stride-s.size, 0)
		case program.Valid:
			more[axis] = max(s.stride-s.size, 0)
		default:
			more[axis], s.after = max(-s.after, 0), max(s.after, 0)
		}
		shape[1+axis] = (in-1)*s.stride + s.size - s.before - s.after + more[axis]
	}
	y := g.node("ConvTranspose", append([]string{g.channelsFirst(x[0]), g.filter(x[1])}, g.bias(x)...),
		append(windows(h, w), onnxInts("output_padding", more[:]...))...)
	return one(made(y, true, shape), nil)
}

// writeFIR is a convolution of each channel by itself down and one across, or transposed ones where the image gets larger.
func writeFIR(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var f engine.FIR
	if err := decode(n, &f); err != nil {
		return nil, err
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	k, channels := len(f.Weights), x[0].shape[3]
	operator, along := "Conv", stripes{k, f.Down, f.Before, f.After}
	taps := f.Taps()
	if f.Up > 1 {
		operator, along = "ConvTranspose", stripes{k, f.Up, k - 1 - f.Before, k - f.Up - f.After}
		slices.Reverse(taps)
	}
	if f.Up > 1 && f.Down > 1 || min(along.before, along.after) < 0 {
		return nil, fmt.Errorf("a filter %+v cannot be written as ONNX", f)
	}
	filter := make([]float32, 0, channels*k)
	for range channels {
		for _, w := range taps {
			filter = append(filter, float32(w))
		}
	}
	still := stripes{size: 1, stride: 1}
	down := g.array(g.unique(g.at+"/down"), []int{channels, 1, k, 1}, filter)
	across := g.array(g.unique(g.at+"/across"), []int{channels, 1, 1, k}, filter)
	y := g.node(operator, []string{g.channelsFirst(x[0]), down}, append(windows(along, still), onnxInt("group", channels))...)
	y = g.node(operator, []string{y, across}, append(windows(still, along), onnxInt("group", channels))...)
	in := x[0].shape
	return one(made(y, true, []int{in[0], f.Out(in[1]), f.Out(in[2]), channels}), nil)
}

func writePool(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct {
		Of                    string
		Size, Stride, Padding int
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	if a.Stride == 0 {
		a.Stride = a.Size
	}
	s := stripes{a.Size, a.Stride, a.Padding, a.Padding}
	operator, attributes := "MaxPool", windows(s, s)
	if a.Of != "maximum" {
		operator, attributes = "AveragePool", append(attributes, onnxInt("count_include_pad", 1))
	}
	y := g.node(operator, []string{g.channelsFirst(x[0])}, attributes...)
	in := x[0].shape
	return one(made(y, true, []int{in[0], s.out(in[1]), s.out(in[2]), in[3]}), nil)
}

func writeUpsample(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Factor int }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	f := float32(a.Factor)
	scales := constant(g, onnxFloat32, []int{4}, 1, 1, f, f)
	y := g.node("Resize", []string{g.channelsFirst(x[0]), "", scales}, onnxText("mode", "nearest"),
		onnxText("coordinate_transformation_mode", "asymmetric"), onnxText("nearest_mode", "floor"))
	in := x[0].shape
	return one(made(y, true, []int{in[0], in[1] * a.Factor, in[2] * a.Factor, in[3]}), nil)
}

// writeBicubic multiplies rows and columns by matrices of weights: ONNX's own cubic kernel is not stretched where images
// become smaller.
func writeBicubic(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Up, Down int }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	if a.Up < 1 || a.Down < 1 {
		return nil, fmt.Errorf("images times %d/%d", a.Up, a.Down)
	}
	in := x[0].shape
	height, width := in[1]*a.Up/a.Down, in[2]*a.Up/a.Down
	rows, columns := make([]float32, height*in[1]), make([]float32, in[2]*width)
	for i, of := range engine.BicubicWeights(in[1], height) {
		for j, w := range of {
			rows[i*in[1]+j] = float32(w)
		}
	}
	for i, of := range engine.BicubicWeights(in[2], width) {
		for j, w := range of {
			columns[j*width+i] = float32(w)
		}
	}
	y := g.node("MatMul", []string{g.array(g.unique(g.at+"/rows"), []int{height, in[1]}, rows), g.channelsFirst(x[0])})
	y = g.node("MatMul", []string{y, g.array(g.unique(g.at+"/columns"), []int{in[2], width}, columns)})
	return one(made(y, true, []int{in[0], height, width, in[3]}), nil)
}

func writeDepthToSpace(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Block int }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	y := g.node("DepthToSpace", []string{g.channelsFirst(x[0])}, onnxInt("blocksize", a.Block), onnxText("mode", "DCR"))
	in := x[0].shape
	return one(made(y, true, []int{in[0], in[1] * a.Block, in[2] * a.Block, in[3] / (a.Block * a.Block)}), nil)
}

func writeReflectPad(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Top, Bottom, Left, Right int64 }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	pads := g.integers(0, 0, a.Top, a.Left, 0, 0, a.Bottom, a.Right)
	y := g.node("Pad", []string{g.channelsFirst(x[0]), pads}, onnxText("mode", "reflect"))
	shape := slices.Clone(x[0].shape)
	shape[1] += int(a.Top + a.Bottom)
	shape[2] += int(a.Left + a.Right)
	return one(made(y, true, shape), nil)
}

func writeGlobalAveragePool(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	first := imagesFirst(x[0])
	axes := []int{axisOf(1, first), axisOf(2, first)}
	y := g.reduction("ReduceMean", g.as(x[0], first), 0, axes)
	return one(made(y, false, []int{x[0].shape[0], x[0].shape[3]}), nil)
}

func writeTotalVariation(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	var sums []*operand // of each image
	for axis := 1; axis <= 2; axis++ {
		size := x[0].shape[axis]
		if size == 1 {
			continue
		}
		differences, err := g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Sub(v[1]).Abs() },
			g.slice(x[0], axis, 1, int64(size), 1, size-1), g.slice(x[0], axis, 0, int64(size-1), 1, size-1))
		if err != nil {
			return nil, err
		}
		sums = append(sums, g.reduce("ReduceSum", differences, 1, 2, 3))
	}
	if len(sums) == 0 {
		return nil, fmt.Errorf("images of one pixel cannot be written as ONNX")
	}
	sum := sums[0]
	if len(sums) == 2 {
		var err error
		if sum, err = g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Add(v[1]) }, sums...); err != nil {
			return nil, err
		}
	}
	return one(made(g.reduction("ReduceMean", g.as(sum, imagesFirst(sum)), 0, nil), false, nil), nil)
}
