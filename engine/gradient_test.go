package engine

import (
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// smooth makes a scalar of any node, with a gradient that is neither zero nor the same everywhere.
func (b *network) smooth(n *gorgonia.Node) *gorgonia.Node {
	b.t.Helper()
	return b.bce(n, "smooth labels")
}

// geometry draws a convolution that is one.
func (b *network) geometry() program.Geometry {
	for {
		g := program.Geometry{Batch: 1 + b.rng.IntN(2), InH: 1 + b.rng.IntN(5), InW: 1 + b.rng.IntN(5),
			InC: 1 + b.rng.IntN(2), OutC: 1 + b.rng.IntN(3), FilterH: 1 + b.rng.IntN(4), FilterW: 1 + b.rng.IntN(4),
			StrideH: 1 + b.rng.IntN(3), StrideW: 1 + b.rng.IntN(3), Padding: b.anyPadding()}
		if g.Validate() == nil {
			return g
		}
	}
}

// padding draws Same, Valid, or less than 3 on each side.
func (b *network) anyPadding() program.Padding {
	return []program.Padding{program.Same, program.Valid,
		program.Explicit(b.rng.IntN(3), b.rng.IntN(4)-1, b.rng.IntN(3), b.rng.IntN(4)-1)}[b.rng.IntN(3)]
}

func (b *network) padding() program.Padding {
	return []program.Padding{program.Same, program.Valid}[b.rng.IntN(2)]
}

// operations are made of parameters only, so that all of their gradients are checked.
var operations = map[string]func(b *network) *gorgonia.Node{
	"conv2d": func(b *network) *gorgonia.Node {
		g := b.geometry()
		bias := b.parameter("bias", g.OutC)
		if b.rng.IntN(3) == 0 {
			bias, b.parameters = nil, nil
		}
		return b.must(Conv2D(b.parameter("x", inputShape(g)...), b.parameter("filter", filterShape(g)...), bias,
			[2]int{g.StrideH, g.StrideW}, g.Padding))
	},
	"conv2d_transpose": func(b *network) *gorgonia.Node {
		g := b.geometry()
		if p := g.Padding; (g.OutH()-1)*g.StrideH+g.FilterH <= p.Top+p.Bottom || (g.OutW()-1)*g.StrideW+g.FilterW <= p.Left+p.Right {
			g.Padding = program.Same // of so much, nothing would be left
		}
		return b.must(Conv2DTranspose(b.parameter("x", outputShape(g)...), b.parameter("filter", filterShape(g)...),
			b.parameter("bias", g.InC), [2]int{g.StrideH, g.StrideW}, g.Padding))
	},
	"conv2d_input_grad": func(b *network) *gorgonia.Node {
		g := b.geometry()
		return b.must(conv2DInputGrad(g, label{}, b.parameter("dy", outputShape(g)...), b.parameter("filter", filterShape(g)...)))
	},
	"conv2d_filter_grad": func(b *network) *gorgonia.Node {
		g := b.geometry()
		return b.must(conv2DFilterGrad(g, label{}, b.parameter("x", inputShape(g)...), b.parameter("dy", outputShape(g)...)))
	},
	"dense": func(b *network) *gorgonia.Node {
		return b.dense("dense", b.parameter("x", 1+b.rng.IntN(4), 1+b.rng.IntN(4)), 1+b.rng.IntN(4))
	},
	"matmul": func(b *network) *gorgonia.Node {
		op := program.MatMul{M: 1 + b.rng.IntN(4), N: 1 + b.rng.IntN(4), K: 1 + b.rng.IntN(4),
			TransA: b.rng.IntN(2) == 0, TransB: b.rng.IntN(2) == 0}
		shapeA, shapeB := []int{op.M, op.K}, []int{op.K, op.N}
		if op.TransA {
			shapeA = []int{op.K, op.M}
		}
		if op.TransB {
			shapeB = []int{op.N, op.K}
		}
		return b.must(matMul(op, label{}, b.parameter("a", shapeA...), b.parameter("b", shapeB...), nil))
	},
	"leaky_relu": func(b *network) *gorgonia.Node { return b.leaky(b.parameter("x", 3, 5)) },
	"leaky_relu_grad": func(b *network) *gorgonia.Node {
		dx := b.must(leakyReLUGrad(label{}, 0.3, b.input("y", 3, 5), b.parameter("dy", 3, 5)))
		return dx
	},
	"sigmoid": func(b *network) *gorgonia.Node { return b.must(Sigmoid(b.parameter("x", 2, 3, 2))) },
	"dropout": func(b *network) *gorgonia.Node {
		return b.must(Dropout(b.parameter("x", 3, 4), b.labels("mask", 3, 4)))
	},
	"reshape": func(b *network) *gorgonia.Node {
		return b.must(Reshape(b.leaky(b.parameter("x", 2, 3, 4)), 4, 6))
	},
	"scale": func(b *network) *gorgonia.Node { return b.must(Scale(b.parameter("x", 3, 2), -1.5)) },
	"add": func(b *network) *gorgonia.Node {
		x := b.parameter("x", 3, 2)
		return b.must(Add(b.must(Add(x, b.parameter("y", 3, 2))), x))
	},
	"softmax_cross_entropy": func(b *network) *gorgonia.Node {
		rows, classes := 1+b.rng.IntN(4), 1+b.rng.IntN(5)
		return b.must(Scale(b.must(SoftmaxCrossEntropy(b.parameter("x", rows, classes), b.distributions("t", rows, classes))), 3))
	},
	"bias_grad": func(b *network) *gorgonia.Node { return b.must(biasGrad(label{}, b.parameter("dy", 2, 3, 4))) },
	"multiply": func(b *network) *gorgonia.Node {
		x := b.parameter("x", 3, 2)
		return b.must(Multiply(b.must(Multiply(x, b.parameter("y", 3, 2))), x))
	},
	"gradient_penalty": func(b *network) *gorgonia.Node {
		return b.must(Scale(b.must(GradientPenalty(b.parameter("x", 1+b.rng.IntN(3), 1+b.rng.IntN(4), 2))), 3))
	},
	"least_squares": func(b *network) *gorgonia.Node { return b.scoreLoss(L2) },
	"hinge":         func(b *network) *gorgonia.Node { return b.scoreLoss(Hinge) },
	"linear":        func(b *network) *gorgonia.Node { return b.scoreLoss(Linear) },
	"bce":           func(b *network) *gorgonia.Node { return b.must(Scale(b.bce(b.parameter("x", 5), "t"), 3)) },
}

func (b *network) scoreLoss(loss func(scores, labels *gorgonia.Node) (*gorgonia.Node, error)) *gorgonia.Node {
	labels := b.fill("t", func() float64 { return float64(2*b.rng.IntN(2) - 1) }, 5)
	return b.must(Scale(b.must(loss(b.parameter("x", 5), labels)), 3))
}

func TestOperationGradients(t *testing.T) {
	for name, build := range operations {
		for seed := range 6 {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				b := newNetwork(t, tensor.Float64, uint64(seed))
				out := build(b)
				loss := out
				if !out.IsScalar() {
					loss = b.smooth(out)
				}
				checkGradients(t, loss, b.parameters)
			})
		}
	}
}

func TestNetworkGradients(t *testing.T) {
	for name, build := range networks {
		t.Run(name, func(t *testing.T) {
			b := newNetwork(t, tensor.Float64, 3)
			loss, wrt := build(b)
			checkGradients(t, loss, wrt)
		})
	}
}

// checkGradients compares symbolic gradients with central differences, at some elements of each
// parameter.
func checkGradients(t *testing.T, loss *gorgonia.Node, wrt gorgonia.Nodes) {
	t.Helper()
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	got := tape[float64](t, append(gorgonia.Nodes{loss}, grads...)...)[1:]
	vm := gorgonia.NewTapeMachine(loss.Graph().SubgraphRoots(loss))
	defer vm.Close()
	at := func() float64 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
		return float64(*loss.Value().(*gorgonia.F64))
	}
	const h = 1e-7 // so small that no pre-activation of a LeakyReLU changes its sign
	for i, n := range wrt {
		values := n.Value().(*tensor.Dense).Float64s()
		var norm float64
		for _, g := range got[i] {
			norm = max(norm, math.Abs(g))
		}
		for j := 0; j < len(values); j += 1 + len(values)/12 {
			v := values[j]
			values[j] = v + h
			up := at()
			values[j] = v - h
			down := at()
			values[j] = v
			if want := (up - down) / (2 * h); math.Abs(got[i][j]-want) > 1e-5*norm+2e-8 {
				t.Errorf("gradient of %s at %d is %v, by differences %v (largest %v)", n.Name(), j, got[i][j], want, norm)
			}
		}
	}
}
