package exchange

import (
	"fmt"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
)

// mean is that of v along axes, which stay with a size of 1.
func (g *onnxUse) mean(v *operand, axes ...int) *operand { return g.reduce("ReduceMean", v, axes...) }

// moments are the mean and the variance of v along axes.
func (g *onnxUse) moments(v *operand, axes ...int) (mean, variance *operand, err error) {
	mean = g.mean(v, axes...)
	squares, err := g.mapOf(func(x ...expr.Expr) expr.Expr { d := x[0].Sub(x[1]); return d.Mul(d) }, v, mean)
	if err != nil {
		return nil, nil, err
	}
	return mean, g.mean(squares, axes...), nil
}

// normalise is (v-mean)/sqrt(variance+epsilon), times gamma, plus beta if they are given.
func (g *onnxUse) normalise(v, mean, variance *operand, affine []*operand, epsilon float64) (*operand, error) {
	return g.mapOf(func(x ...expr.Expr) expr.Expr {
		y := x[0].Sub(x[1]).Mul(x[2].Add(expr.Const(epsilon)).Rsqrt())
		if len(affine) > 0 {
			y = y.Mul(x[3])
		}
		if len(affine) > 1 {
			y = y.Add(x[4])
		}
		return y
	}, append([]*operand{v, mean, variance}, affine...)...)
}

func writeNorm(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct {
		Over    string
		Epsilon float64
		Groups  int
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	v, last := x[0], len(x[0].shape)-1
	var axes []int
	switch a.Over {
	case "batch":
		for i := range last {
			axes = append(axes, i)
		}
	case "instance":
		axes = []int{1, 2}
	case "layer":
		axes = []int{last}
	case "group":
		return g.groupNorm(v, x[1:], a.Groups, a.Epsilon)
	default:
		return nil, fmt.Errorf("a norm over a %q cannot be written as ONNX", a.Over)
	}
	mean, variance, err := g.moments(v, axes...)
	if err != nil {
		return nil, err
	}
	y, err := g.normalise(v, mean, variance, x[1:], a.Epsilon)
	if err != nil || a.Over != "batch" {
		return one(y, err)
	}
	return []*operand{y, mean, variance}, nil
}

func (g *onnxUse) groupNorm(v *operand, affine []*operand, groups int, epsilon float64) ([]*operand, error) {
	s := v.shape
	grouped := g.reshape(v, s[0], s[1], s[2], groups, s[3]/groups)
	mean, variance, err := g.moments(grouped, 1, 2, 4)
	if err != nil {
		return nil, err
	}
	y, err := g.normalise(grouped, mean, variance, nil, epsilon)
	if err != nil {
		return nil, err
	}
	y = g.reshape(y, s...)
	if len(affine) < 2 {
		return one(y, nil)
	}
	return one(g.mapOf(func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Add(x[2]) }, y, affine[0], affine[1]))
}

// writeNormalise is a BatchNormalization where there is one number a channel.
func writeNormalise(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Epsilon float64 }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	rank := len(x[0].shape)
	perChannel := rank == 4 || rank == 2
	for _, v := range x[1:] {
		perChannel = perChannel && len(v.shape) == 1
	}
	if !perChannel {
		return one(g.normalise(x[0], x[1], x[2], x[3:], a.Epsilon))
	}
	first, channels := rank == 4, x[0].shape[rank-1]
	inputs := []string{g.as(x[0], first)}
	for i := range 2 { // gamma and beta
		if 3+i < len(x) {
			inputs = append(inputs, g.channelsLast(x[3+i]))
			continue
		}
		none := make([]float32, channels)
		for j := range none {
			none[j] = float32(1 - i)
		}
		inputs = append(inputs, g.array(g.unique(g.at+"/none"), []int{channels}, none))
	}
	inputs = append(inputs, g.channelsLast(x[1]), g.channelsLast(x[2]))
	return one(made(g.node("BatchNormalization", inputs, onnxFloat("epsilon", a.Epsilon)), first, x[0].shape), nil)
}

func writePixelNorm(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Epsilon float64 }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	squares, err := g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }, x[0])
	if err != nil {
		return nil, err
	}
	return one(g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[1].Add(expr.Const(a.Epsilon)).Rsqrt()) },
		x[0], g.mean(squares, len(x[0].shape)-1)))
}

func writeDemodulation(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct {
		Transposed bool
		Epsilon    float64
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	square := func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }
	w, err := g.mapOf(square, x[0])
	if err != nil {
		return nil, err
	}
	styles, err := g.mapOf(square, x[1])
	if err != nil {
		return nil, err
	}
	inputs, out := w.shape[2], w.shape[3]
	squares := g.channelsLast(g.reshape(g.reduce("ReduceSum", w, 0, 1), inputs, out))
	if a.Transposed {
		squares, out = g.node("Transpose", []string{squares}, onnxInts("perm", 1, 0)), inputs
	}
	sums := made(g.node("MatMul", []string{g.channelsLast(styles), squares}), false, []int{styles.shape[0], out})
	return one(g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(a.Epsilon)).Rsqrt() }, sums))
}

func writeSpectralNorm(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Epsilon float64 }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	w, u := x[0], x[1]
	out, rows := w.shape[len(w.shape)-1], 1
	for _, d := range w.shape[:len(w.shape)-1] {
		rows *= d
	}
	matrix := g.reshape(w, rows, out)
	sumOfProducts := func(a, b *operand) (*operand, error) {
		products, err := g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[1]) }, a, b)
		if err != nil {
			return nil, err
		}
		return made(g.reduction("ReduceSum", products.last, 0, nil), false, nil), nil
	}
	unit := func(x *operand) (*operand, error) {
		length, err := sumOfProducts(x, x)
		if err != nil {
			return nil, err
		}
		return g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Div(v[1].Sqrt().Add(expr.Const(a.Epsilon))) }, x, length)
	}
	v, err := unit(made(g.node("Gemm", []string{g.channelsLast(u), matrix.last}, onnxInt("transB", 1)), false, []int{1, rows}))
	if err != nil {
		return nil, err
	}
	product := made(g.node("Gemm", []string{v.last, matrix.last}), false, []int{1, out})
	next, err := unit(product)
	if err != nil {
		return nil, err
	}
	sigma, err := sumOfProducts(product, next)
	if err != nil {
		return nil, err
	}
	normalised, err := g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Div(v[1]) }, w, sigma)
	return []*operand{normalised, next}, err
}

func writeMinibatchStddev(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct {
		Group   int
		Epsilon float64
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	s := x[0].shape
	grouped := g.reshape(x[0], a.Group, ofBatch, s[1], s[2], s[3])
	_, variance, err := g.moments(grouped, 0)
	if err != nil {
		return nil, err
	}
	deviation, err := g.mapOf(func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(a.Epsilon)).Sqrt() }, variance)
	if err != nil {
		return nil, err
	}
	mean := g.mean(deviation, 2, 3, 4) // [1, groups, 1, 1, 1]
	channel := g.node("Expand", []string{mean.last, g.integers(int64(a.Group), 1, int64(s[1]), int64(s[2]), 1)})
	return one(g.concat(3, x[0], g.reshape(made(channel, false, nil), s[0], s[1], s[2], 1)), nil)
}
