package engine

import (
	"fmt"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// What an epilogue can hold, in which order, becomes part of the product, and nothing else does.
func TestEpilogues(t *testing.T) {
	build := func() (b *network, conv, mask, other, gate *gorgonia.Node) {
		b = newNetwork(t, tensor.Float32, 1)
		conv = b.conv("layer", b.input("images", 2, 4, 5, 2), 3, 3, 1, program.Same)
		return b, conv, b.labels("mask", conv.Shape()...), b.labels("other", conv.Shape()...), b.input("gate", conv.Shape()...)
	}
	gradient := func(b *network, alpha float32, y, dy *gorgonia.Node) *gorgonia.Node {
		return b.must(leakyReLUGrad(label{}, alpha, y, dy))
	}
	for name, c := range map[string]struct {
		outputs func() (*network, []*gorgonia.Node)
		steps   []string
	}{
		"LeakyReLU, dropout": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, _ := build()
			return b, []*gorgonia.Node{b.must(Dropout(b.leaky(conv), mask))}
		}, []string{"conv2d"}},
		"a batch of products, LeakyReLU": {func() (*network, []*gorgonia.Node) {
			b := newNetwork(t, tensor.Float32, 1)
			return b, []*gorgonia.Node{b.leaky(b.must(BatchMatMul(b.input("a", 3, 4, 5), b.input("b", 1, 5, 2), false, false)))}
		}, []string{"matmul"}},
		"dropout, LeakyReLU": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, _ := build()
			return b, []*gorgonia.Node{b.leaky(b.must(Dropout(conv, mask)))}
		}, []string{"conv2d", "leaky_relu"}},
		"dropout twice": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, other, _ := build()
			return b, []*gorgonia.Node{b.must(Dropout(b.must(Dropout(conv, mask)), other))}
		}, []string{"conv2d", "map"}},
		"dropout, gate": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, gate := build()
			return b, []*gorgonia.Node{gradient(b, 0.3, gate, b.must(Dropout(conv, mask)))}
		}, []string{"conv2d"}},
		"gate, dropout": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, gate := build()
			return b, []*gorgonia.Node{b.must(Dropout(gradient(b, 0.3, gate, conv), mask))}
		}, []string{"conv2d", "map"}},
		"a gate that is computed after the product": {func() (*network, []*gorgonia.Node) {
			b, conv, _, _, gate := build()
			return b, []*gorgonia.Node{gradient(b, 0.3, b.must(Add(gate, b.must(Scale(gate, -2)))), conv)}
		}, []string{"map", "conv2d"}},
		"LeakyReLU and a gate of the same slope": {func() (*network, []*gorgonia.Node) {
			b, conv, _, _, gate := build()
			return b, []*gorgonia.Node{gradient(b, 0.3, gate, b.leaky(conv))}
		}, []string{"conv2d"}},
		"LeakyReLU and a gate of another slope": {func() (*network, []*gorgonia.Node) {
			b, conv, _, _, gate := build()
			return b, []*gorgonia.Node{gradient(b, 0.1, gate, b.leaky(conv))}
		}, []string{"conv2d", "leaky_relu_grad"}},
		"the product as the gate": {func() (*network, []*gorgonia.Node) {
			b, conv, _, _, gate := build()
			return b, []*gorgonia.Node{gradient(b, 0.3, conv, gate)}
		}, []string{"conv2d", "leaky_relu_grad"}},
		"the product read twice": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, _ := build()
			return b, []*gorgonia.Node{b.must(Dropout(conv, mask)), b.must(Scale(conv, 2))}
		}, []string{"conv2d", "map"}},
		// Where y*mask is zero, mask*dy is too, and y is not needed.
		"a gate that was dropped": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, _, gate := build()
			y := b.leaky(conv)
			return b, []*gorgonia.Node{b.must(Dropout(y, mask)), gradient(b, 0.3, y, b.must(Dropout(gate, mask)))}
		}, []string{"conv2d", "map", "leaky_relu_grad"}},
		"a gate that was dropped by another mask": {func() (*network, []*gorgonia.Node) {
			b, conv, mask, other, gate := build()
			y := b.leaky(conv)
			return b, []*gorgonia.Node{b.must(Dropout(y, mask)), gradient(b, 0.3, y, b.must(Dropout(gate, other)))}
		}, []string{"conv2d", "map", "map", "leaky_relu_grad"}},
		"a gate that was multiplied by no mask": {func() (*network, []*gorgonia.Node) {
			b, conv, _, other, gate := build()
			y, signed := b.leaky(conv), b.must(Add(other, b.input("signed", other.Shape()...)))
			return b, []*gorgonia.Node{b.must(gorgonia.HadamardProd(y, signed)), gradient(b, 0.3, y, b.must(gorgonia.HadamardProd(gate, signed)))}
		}, []string{"conv2d", "map", "leaky_relu_grad"}},
		"a gate that was multiplied by this package's product": {func() (*network, []*gorgonia.Node) {
			b, conv, _, _, gate := build()
			y, signed := b.leaky(conv), b.input("signed", conv.Shape()...)
			return b, []*gorgonia.Node{b.must(Multiply(y, signed)), gradient(b, 0.3, y, b.must(Multiply(gate, signed)))}
		}, []string{"conv2d", "map", "leaky_relu_grad"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, outputs := c.outputs()
			p, err := Compile("test", places(outputs...))
			if err != nil {
				t.Fatal(err)
			}
			if got := stepOps(p); !slices.Equal(sorted(got), sorted(c.steps)) {
				t.Errorf("steps %q, want %q", got, c.steps)
			}
			arrays := execute(t, p, b)
			for i, n := range outputs {
				want := tape[float32](t, b.must(Scale(n, 1)))[0]
				if got := arrays[fmt.Sprintf("result %d", i)]; !slices.Equal(got, want) {
					t.Errorf("result %d: %v, want %v", i, got, want)
				}
			}
		})
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
