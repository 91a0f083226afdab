package engine

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
)

// Normalise is (x-mean)/sqrt(variance+epsilon)*gamma + beta, with all of them broadcast to x: batch norm by
// given statistics (Ioffe and Szegedy, 2015), as it is used after training. gamma and beta may be nil.
func Normalise(x, mean, variance, gamma, beta *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	const op = "normalise"
	if err := checkInputs(op, input{"x", x, -1}, input{"mean", mean, -1}, input{"variance", variance, -1}); err != nil {
		return nil, err
	}
	l := after(x, op)
	// One value a channel, which the pass over x need not compute again for each element.
	scale, err := mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(epsilon)).Rsqrt() }, variance)
	if err != nil {
		return nil, err
	}
	inputs := gorgonia.Nodes{x, mean, scale}
	if gamma != nil {
		inputs = append(inputs, gamma)
	}
	if beta != nil {
		inputs = append(inputs, beta)
	}
	return mapOf(l, func(v ...expr.Expr) expr.Expr {
		y := v[0].Sub(v[1]).Mul(v[2])
		if gamma != nil {
			y = y.Mul(v[3])
		}
		if beta != nil {
			y = y.Add(v[len(v)-1])
		}
		return y
	}, inputs...)
}

// BatchNorm normalises each channel of x [batch, ..., channels] by its mean and variance over the batch (Ioffe
// and Szegedy, 2015): [Normalise] by the moments, which it returns too, of shape [1, ..., channels], for
// running averages. gamma and beta have the shape [channels] and may be nil.
func BatchNorm(x, gamma, beta *gorgonia.Node, epsilon float64) (y, mean, variance *gorgonia.Node, err error) {
	if err := checkInputs("batch_norm", input{"x", x, -1}); err != nil {
		return nil, nil, nil, err
	}
	if mean, variance, err = Moments(x, count(x.Shape().Dims()-1)...); err != nil {
		return nil, nil, nil, err
	}
	y, err = Normalise(x, mean, variance, gamma, beta, epsilon)
	return y, mean, variance, err
}

// InstanceNorm normalises each channel of each image of x [batch, height, width, channels] by its own moments
// (Ulyanov et al., 2016). gamma and beta have the shape [channels] and may be nil.
func InstanceNorm(x, gamma, beta *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	if err := checkInputs("instance_norm", input{"x", x, 4}); err != nil {
		return nil, err
	}
	mean, variance, err := Moments(x, 1, 2)
	if err != nil {
		return nil, err
	}
	return Normalise(x, mean, variance, gamma, beta, epsilon)
}

// LayerNorm normalises each example of x [batch, ..., channels] by the moments of its last axis (Ba et al.,
// 2016). gamma and beta have the shape [channels] and may be nil.
func LayerNorm(x, gamma, beta *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	if err := checkInputs("layer_norm", input{"x", x, -1}); err != nil {
		return nil, err
	}
	mean, variance, err := Moments(x, x.Shape().Dims()-1)
	if err != nil {
		return nil, err
	}
	return Normalise(x, mean, variance, gamma, beta, epsilon)
}

// GroupNorm normalises groups of neighbouring channels of each image of x [batch, height, width, channels] by
// their moments (Wu and He, 2018). gamma and beta have the shape [channels] and may be nil.
func GroupNorm(x, gamma, beta *gorgonia.Node, groups int, epsilon float64) (*gorgonia.Node, error) {
	const op = "group_norm"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	s := x.Shape()
	if groups < 1 || s[3]%groups != 0 {
		return nil, opError(op, fmt.Errorf("%d groups of %d channels", groups, s[3]), x)
	}
	l := after(x, op)
	grouped, err := reshape(l, x, tensor.Shape{s[0], s[1], s[2], groups, s[3] / groups})
	if err != nil {
		return nil, err
	}
	mean, variance, err := Moments(grouped, 1, 2, 4)
	if err != nil {
		return nil, err
	}
	for _, p := range []**gorgonia.Node{&gamma, &beta} {
		if *p != nil {
			if *p, err = reshape(l, *p, tensor.Shape{groups, s[3] / groups}); err != nil {
				return nil, err
			}
		}
	}
	y, err := Normalise(grouped, mean, variance, gamma, beta, epsilon)
	if err != nil {
		return nil, err
	}
	return reshape(l, y, s)
}

// PixelNorm divides each pixel of x [..., channels] by the root of its channels' mean square (Karras et al.,
// 2018, section 4.2): x / sqrt(mean(x^2) + epsilon).
func PixelNorm(x *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	const op = "pixel_norm"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	l, last := after(x, op), x.Shape().Dims()-1
	if last < 0 {
		return nil, opError(op, errors.New("a scalar has no channels"), x)
	}
	channels := x.Shape()[last]
	square, err := mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }, x)
	if err != nil {
		return nil, err
	}
	sum, err := Sum(square, last)
	if err != nil {
		return nil, err
	}
	scale, err := mapOf(l, func(v ...expr.Expr) expr.Expr {
		return v[0].Mul(expr.Const(1 / float64(channels))).Add(expr.Const(epsilon)).Rsqrt()
	}, sum)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[1]) }, x, scale)
}

// Demodulation is the factors that demodulate the outputs of a convolution, whose inputs styles [batch, in] scale (Karras et
// al., 2020, equation 3), [batch, out]: with a filter w [height, width, in, out],
//
//	d[n,o] = 1/sqrt(sum over y, x, i of (w[y,x,i,o]*styles[n,i])^2 + epsilon)
//
// The filter of a transposed convolution is [height, width, out, in]. To scale the inputs by styles, and the outputs by d, is
// the convolution of each image by a filter of its own, of which none is made.
func Demodulation(w, styles *gorgonia.Node, transposed bool, epsilon float64) (*gorgonia.Node, error) {
	const op = "demodulation"
	if err := checkInputs(op, input{"w", w, 4}, input{"styles", styles, 2}); err != nil {
		return nil, err
	}
	f, in := w.Shape(), 2
	if transposed {
		in = 3
	}
	if styles.Shape()[1] != f[in] {
		return nil, opError(op, fmt.Errorf("%d styles for %d channels", styles.Shape()[1], f[in]), w, styles)
	}
	l := after(w, op)
	square := func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }
	squares, err := mapOf(l, square, w)
	if err != nil {
		return nil, err
	}
	if squares, err = Sum(squares, 0, 1); err != nil { // which all images share
		return nil, err
	}
	if squares, err = reshape(l, squares, tensor.Shape{f[2], f[3]}); err != nil {
		return nil, err
	}
	if transposed {
		if squares, err = Transpose(squares, 1, 0); err != nil {
			return nil, err
		}
	}
	if styles, err = mapOf(l, square, styles); err != nil {
		return nil, err
	}
	sums, err := Dense(styles, squares, nil)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(epsilon)).Rsqrt() }, sums)
}

// SpectralNorm is one step of power iteration (Miyato et al., 2018, algorithm 1) for a kernel w, seen as the
// matrix [rows, out] of all of its axes but the last: with a vector u [1, out],
//
//	v = u*W' / |u*W'|,  u' = v*W / |v*W|,  sigma = v*W*u'
//
// It returns w/sigma and u'. v and u' count as constants in the gradient.
func SpectralNorm(w, u *gorgonia.Node, epsilon float64) (normalised, next *gorgonia.Node, err error) {
	const op = "spectral_norm"
	if err := checkInputs(op, input{"w", w, -1}, input{"u", u, 2}); err != nil {
		return nil, nil, err
	}
	s := w.Shape()
	if s.Dims() < 2 || u.Shape()[0] != 1 || u.Shape()[1] != s[s.Dims()-1] {
		return nil, nil, opError(op, errors.New("u is no row of w"), w, u)
	}
	l, out := after(w, op), s[s.Dims()-1]
	rows := s.TotalSize() / out
	matrix, err := reshape(l, w, tensor.Shape{rows, out})
	if err != nil {
		return nil, nil, err
	}
	constant, err := Detach(matrix)
	if err != nil {
		return nil, nil, err
	}
	unit := func(x *gorgonia.Node) (*gorgonia.Node, error) {
		length, err := sumOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }, x)
		if err != nil {
			return nil, err
		}
		return mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Div(v[1].Sqrt().Add(expr.Const(epsilon))) }, x, length)
	}
	column, err := Transpose(constant, 1, 0)
	if err != nil {
		return nil, nil, err
	}
	v, err := Dense(u, column, nil)
	if err == nil {
		v, err = unit(v)
	}
	if err != nil {
		return nil, nil, err
	}
	if next, err = Dense(v, constant, nil); err == nil {
		next, err = unit(next)
	}
	if err != nil {
		return nil, nil, err
	}
	product, err := Dense(v, matrix, nil)
	if err != nil {
		return nil, nil, err
	}
	sigma, err := sumOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[1]) }, product, next)
	if err != nil {
		return nil, nil, err
	}
	normalised, err = mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Div(v[1]) }, w, sigma)
	return normalised, next, err
}

// Detach is x as a constant: nothing is differentiated through it.
func Detach(x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := checkInputs("detach", input{"x", x, -1}); err != nil {
		return nil, err
	}
	return apply(copyOf(x.Shape().TotalSize()), x.Shape().Clone(), after(x, "detach"), pullback{
		wrt: []bool{false},
		grad: func(gorgonia.Nodes, *gorgonia.Node, *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{nil}, nil
		},
	}, x)
}
