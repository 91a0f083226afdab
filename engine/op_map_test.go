package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
)

// Maps, moves and reductions, whose gradients are checked as those of all operations.
func init() {
	for name, build := range map[string]func(b *network) *gorgonia.Node{
		"map": func(b *network) *gorgonia.Node {
			return b.must(Map("swish", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0].Sigmoid()) }, b.parameter("x", 3, 4)))
		},
		"map of two": func(b *network) *gorgonia.Node {
			return b.must(Map("test", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Tanh().Add(x[1].Exp()) },
				b.parameter("x", 2, 3, 4), b.parameter("y", 2, 3, 4)))
		},
		"map of one twice": func(b *network) *gorgonia.Node {
			x := b.parameter("x", 2, 3)
			return b.must(Map("test", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Mul(x[2]) }, x, b.parameter("y", 3), x))
		},
		"map with broadcasts": func(b *network) *gorgonia.Node {
			return b.must(Map("test", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Add(x[2].Mul(x[3])) },
				b.parameter("x", 2, 3, 4), b.parameter("y", 1, 3, 1), b.parameter("z", 4), b.parameter("w", 2, 1, 1)))
		},
		"map with a scalar": func(b *network) *gorgonia.Node {
			s := b.must(Sum(b.parameter("s", 3)))
			return b.must(Map("test", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1].Sin()) }, b.parameter("x", 2, 3), s))
		},
		"slice": func(b *network) *gorgonia.Node {
			return b.must(Slice(b.parameter("x", 3, 7, 2), Range{First: 1}, Range{First: 1, End: 6, Step: 2}))
		},
		"slice of one": func(b *network) *gorgonia.Node {
			return b.must(Slice(b.parameter("x", 3, 4), Range{First: 1, End: 2}))
		},
		"pad": func(b *network) *gorgonia.Node {
			return b.must(Pad(b.parameter("x", 2, 3, 2), Padding{1, 2, 0}, Padding{2, 1, 1}))
		},
		"pad by less than nothing": func(b *network) *gorgonia.Node {
			return b.must(Pad(b.parameter("x", 4, 5), Padding{-1, 1, 0}, Padding{-2, -1, 2}))
		},
		"transpose": func(b *network) *gorgonia.Node {
			return b.must(Transpose(b.parameter("x", 2, 3, 4), 2, 0, 1))
		},
		"flip":      func(b *network) *gorgonia.Node { return b.must(Flip(b.parameter("x", 2, 3, 4), 2, 0)) },
		"broadcast": func(b *network) *gorgonia.Node { return b.must(BroadcastTo(b.parameter("x", 3, 1), 2, 3, 4)) },
		"concat": func(b *network) *gorgonia.Node {
			x := b.parameter("x", 2, 3, 2)
			return b.must(Concat(1, x, b.parameter("y", 2, 1, 2), x))
		},
		"reflect_pad":      func(b *network) *gorgonia.Node { return b.must(ReflectPad(b.parameter("x", 2, 4, 3, 2), 3, 1, 0, 2)) },
		"upsample_nearest": func(b *network) *gorgonia.Node { return b.must(UpsampleNearest(b.parameter("x", 2, 2, 3, 2), 2, 3)) },
		"depth_to_space":   func(b *network) *gorgonia.Node { return b.must(DepthToSpace(b.parameter("x", 2, 2, 3, 8), 2)) },
		"space_to_depth":   func(b *network) *gorgonia.Node { return b.must(SpaceToDepth(b.parameter("x", 2, 4, 6, 2), 2)) },
		"sum":              func(b *network) *gorgonia.Node { return b.must(Sum(b.parameter("x", 3, 4))) },
		"sum along":        func(b *network) *gorgonia.Node { return b.must(Sum(b.parameter("x", 3, 4, 2), 2, 0)) },
		"mean":             func(b *network) *gorgonia.Node { return b.must(Mean(b.parameter("x", 3, 4, 2), 1)) },
		"maximum":          func(b *network) *gorgonia.Node { return b.must(Maximum(b.parameter("x", 3, 4, 2), 1)) },
		"moments": func(b *network) *gorgonia.Node {
			mean, variance, err := Moments(b.parameter("x", 3, 4, 2), 0, 1)
			return b.must(Concat(1, b.must(mean, err), variance))
		},
		"moments of all": func(b *network) *gorgonia.Node {
			mean, variance, err := Moments(b.parameter("x", 3, 4, 2))
			return b.must(Multiply(b.must(mean, err), variance))
		},
	} {
		operations[name] = build
	}
}
