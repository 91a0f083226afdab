package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// MinibatchStddev appends a channel to x [batch, height, width, channels] that tells the discriminator how much
// images differ (Karras et al., 2018, section 3): within a group of images the standard deviation over the
// group, its mean over all pixels and channels. The batch is cut to groups as StyleGAN's code does it: images i,
// i+batch/group, i+2*batch/group, ... are one.
func MinibatchStddev(x *gorgonia.Node, group int, epsilon float64) (*gorgonia.Node, error) {
	const op = "minibatch_stddev"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	s := x.Shape()
	if group < 1 || s[0]%group != 0 {
		return nil, opError(op, fmt.Errorf("groups of %d", group), x)
	}
	l, groups := after(x, op), s[0]/group
	grouped, err := reshape(l, x, tensor.Shape{group, groups, s[1], s[2], s[3]})
	if err != nil {
		return nil, err
	}
	deviation, err := deviationOfFirst(l, grouped, epsilon)
	if err != nil {
		return nil, err
	}
	mean, err := Mean(deviation, 2, 3, 4) // [1, groups, 1, 1, 1]
	if err != nil {
		return nil, err
	}
	channel, err := BroadcastTo(mean, group, groups, s[1], s[2], 1)
	if err != nil {
		return nil, err
	}
	if channel, err = reshape(l, channel, tensor.Shape{s[0], s[1], s[2], 1}); err != nil {
		return nil, err
	}
	return Concat(3, x, channel)
}

// deviationOfFirst is the standard deviation along the first axis of x [n, ...], sqrt(variance + epsilon), which keeps a
// size of 1. Each point reads its few elements at once, so that neither their mean nor their variance is written.
func deviationOfFirst(l label, x *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	n := x.Shape()[0]
	if n > maxSources/3 {
		_, variance, err := Moments(x, 0)
		if err != nil {
			return nil, err
		}
		return mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(epsilon)).Sqrt() }, variance)
	}
	variance := func(v []expr.Expr) (mean, variance expr.Expr) {
		mean, variance = expr.Const(0), expr.Const(0)
		for _, e := range v {
			mean = mean.Add(e)
		}
		mean = mean.Mul(expr.Const(1 / float64(n)))
		for _, e := range v {
			d := e.Sub(mean)
			variance = variance.Add(d.Mul(d))
		}
		return mean, variance.Mul(expr.Const(1 / float64(n))).Add(expr.Const(epsilon))
	}
	elements := func(x *gorgonia.Node) (sources []source) {
		for i := range n {
			index := axes(x, count(x.Dims()), x.Dims())
			index.Axes[0].Offset, index.Axes[0].Coef[0] = i, 0
			sources = append(sources, source{x, index})
		}
		return sources
	}
	shape, sources := x.Shape().Clone(), elements(x)
	shape[0] = 1
	_, v := variance(expr.Inputs(n))
	op := program.Map{Shape: shape, In: programSources(sources), Code: expr.Compile(v.Sqrt())}
	return apply(op, shape, l, pullback{
		wrt: wrtFirst(sources),
		grad: func(in gorgonia.Nodes, _, dout *gorgonia.Node) (gorgonia.Nodes, error) {
			// dx = dout*(x-mean)/(n*deviation): the mean has no part in it, since deviations add up to 0.
			s := in[0].Shape()
			e := expr.Inputs(n + 2)
			mean, v := variance(e[:n])
			dx, err := mapSources(l.grad("grad"), e[n].Sub(mean).Mul(v.Rsqrt()).Mul(e[n+1]).Mul(expr.Const(1/float64(n))), s,
				append(elements(in[0]), broadcast(in[0], s), broadcast(dout, s)))
			grads := make(gorgonia.Nodes, n)
			grads[0] = dx
			return grads, err
		}}, nodesOf(sources)...)
}
