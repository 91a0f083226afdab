package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/enginetest"
	"gangpu/engine/program"
)

// checkScratch compiles nodes, compares the size of their scratch memory with the bound, and returns the ratio.
func checkScratch(t *testing.T, name string, nodes ...*gorgonia.Node) float64 {
	t.Helper()
	p, err := Compile(name, places(nodes...))
	if err != nil {
		t.Fatal(err)
	}
	size, bound, err := enginetest.Scratch(p)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ratio := float64(size) / float64(bound)
	if !(ratio <= 1.1) {
		t.Errorf("%s: %d elements of scratch, %.3f times the bound of %d", name, size, ratio, bound)
	}
	return ratio
}

// deep builds a graph whose inputs have no values, and returns its loss with the gradients of its parameters.
func deep(t *testing.T, build func(b *network) *gorgonia.Node) []*gorgonia.Node {
	t.Helper()
	b := newNetwork(t, tensor.Float32, 1)
	b.withoutValues = true
	loss := build(b)
	grads, err := Grad(loss, b.parameters...)
	if err != nil {
		t.Fatal(err)
	}
	return append(grads, loss)
}

// block is a convolution, batch norm and LeakyReLU.
func (b *network) block(layer string, x *gorgonia.Node, filters, stride int) *gorgonia.Node {
	x = b.conv(layer, x, filters, 3, stride, program.Same)
	y, _, _, err := BatchNorm(x, b.parameter(layer+"/gamma", filters), b.parameter(layer+"/beta", filters), 1e-3)
	return b.leaky(b.must(y, err))
}

// unet halves images as often as there are numbers of filters, doubles them again, and joins what has the same size.
func (b *network) unet(x *gorgonia.Node, filters ...int) *gorgonia.Node {
	layer := fmt.Sprintf("unet%d", len(filters))
	y := b.block(layer+"/down", x, filters[0], 2)
	if len(filters) > 1 {
		y = b.must(Concat(3, y, b.unet(y, filters[1:]...)))
	}
	y = b.must(UpsampleNearest(y, 2, 2))
	return b.block(layer+"/up", y, filters[0], 1)
}

func TestScratchOfNetworks(t *testing.T) {
	d, g := tutorial(t, 256)
	for name, nodes := range map[string][]*gorgonia.Node{
		"tutorial's D": d,
		"tutorial's G": g,
		"U-net": deep(t, func(b *network) *gorgonia.Node {
			x := b.input("images", 2, 128, 128, 3)
			return b.must(L1(b.conv("out", b.unet(x, 32, 64, 128, 128, 128), 3, 3, 1, program.Same), b.input("target", 2, 128, 128, 3)))
		}),
		"residual chain": deep(t, func(b *network) *gorgonia.Node {
			x := b.block("in", b.input("images", 2, 32, 32, 3), 32, 1)
			for i := range 40 {
				x = b.must(Add(x, b.block(fmt.Sprint("b", i), b.block(fmt.Sprint("a", i), x, 32, 1), 32, 1)))
			}
			return b.must(L1(x, b.input("target", 2, 32, 32, 32)))
		}),
		"pyramid": deep(t, func(b *network) *gorgonia.Node {
			x := b.input("images", 4, 64, 64, 8)
			for i := range 5 {
				x = b.block(fmt.Sprint("a", i), x, 16<<i, 2)
				x = b.block(fmt.Sprint("b", i), x, 16<<i, 1)
			}
			return b.bce(b.dense("out", b.must(Flatten(x)), 1), "labels")
		}),
		"generator of a pyramid": deep(t, func(b *network) *gorgonia.Node {
			x := b.must(Reshape(b.dense("in", b.input("noise", 4, 64), 4*4*256), 4, 4, 4, 256))
			for i := range 5 {
				x = b.block(fmt.Sprint("a", i), b.must(UpsampleNearest(x, 2, 2)), 128>>i, 1)
			}
			return b.must(L1(x, b.input("target", x.Shape()...)))
		}),
	} {
		t.Logf("%s: %.4f of the bound", name, checkScratch(t, name, nodes...))
	}
}

// Graphs whose nodes have random sizes, and read random ones of those before.
func TestScratchOfRandomGraphs(t *testing.T) {
	worst := 0.
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		nodes := deep(t, func(b *network) *gorgonia.Node {
			x := []*gorgonia.Node{b.parameter("x", 64, 64)}
			unread := map[*gorgonia.Node]bool{}
			for i := range 30 {
				units := 16 << rng.IntN(7)
				read := func(layer string, back int) *gorgonia.Node {
					y := x[max(0, len(x)-1-rng.IntN(back))]
					delete(unread, y)
					return b.dense(fmt.Sprint(layer, i), y, units)
				}
				y := read("dense", 1+rng.IntN(8))
				switch rng.IntN(3) {
				case 0:
					y = b.leaky(y)
				case 1:
					y = b.must(Multiply(y, read("other", 30)))
				}
				x, unread[y] = append(x, y), true
			}
			y := b.dense("last", x[len(x)-1], 1)
			for i, leaf := range x[:len(x)-1] {
				if unread[leaf] {
					y = b.must(Add(y, b.dense(fmt.Sprint("leaf", i), leaf, 1)))
				}
			}
			return b.bce(y, "labels")
		})
		worst = max(worst, checkScratch(t, fmt.Sprint("graph ", seed), nodes...))
	}
	t.Logf("%.4f of the bound at most", worst)
}
