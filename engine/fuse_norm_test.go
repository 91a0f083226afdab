package engine

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
)

// A batch norm and its gradient read and write no more than they must: x for the moments, x again for the
// result and dx at once; x and dy for the sums of the gradient.
func TestBatchNormIsFused(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x, gamma, beta, dy := b.parameter("x", 8, 6, 5, 3), b.parameter("gamma", 3), b.parameter("beta", 3), b.input("dy", 8, 6, 5, 3)
	mean, variance, err := Moments(x, 0, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	inverse := b.must(Map("rsqrt", func(x ...expr.Expr) expr.Expr { return x[0].Add(expr.Const(1e-3)).Rsqrt() }, variance))
	y := b.must(Map("batch_norm", func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Mul(x[2]).Mul(x[3]).Add(x[4]) },
		x, mean, inverse, gamma, beta))
	outputs := gorgonia.Nodes{y}
	for _, n := range b.parameters {
		outputs = append(outputs, b.must(VJP(y, dy, n)))
	}
	p, err := Compile("test", places(outputs...))
	if err != nil {
		t.Fatal(err)
	}
	passes := 0 // over arrays of x's size
	for _, s := range p.Steps {
		for _, v := range s.Args {
			if v.Len == 8*6*5*3 {
				passes++
			}
		}
	}
	if passes != 7 {
		t.Errorf("%d passes over arrays of x's size, want 7:\n%v", passes, p)
	}
}
