package inception

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// side is the height and width of what the network sees.
const side = 299

// builder writes the network down. The first error stays, and all that comes after it is skipped.
type builder struct {
	file   file
	graph  *gorgonia.ExprGraph
	inputs []engine.Place
	values []float32 // of kernels and biases, one after another
	err    error
}

// do is a node that follows from others, which are nil after an error.
func (b *builder) do(build func() (*gorgonia.Node, error)) (y *gorgonia.Node) {
	if b.err == nil {
		y, b.err = build()
	}
	return y
}

// features are those of images x [batch, height, width, 1 or 3] from 0 to 1, [batch, features]: the mean over pixels
// of what the last block of Inception v3 (Szegedy et al., 2016, "Rethinking the Inception architecture for computer
// vision") makes, in the form that the FID is of (Heusel et al., 2017).
func (b *builder) features(x *gorgonia.Node) *gorgonia.Node {
	y := b.conv(b.seen(x), "Conv2d_1a_3x3", 3, 3, 2, program.Valid)
	y = b.conv(y, "Conv2d_2a_3x3", 3, 3, 1, program.Valid)
	y = b.conv(y, "Conv2d_2b_3x3", 3, 3, 1, program.Same)
	y = b.halve(y)
	y = b.conv(y, "Conv2d_3b_1x1", 1, 1, 1, program.Valid)
	y = b.conv(y, "Conv2d_4a_3x3", 3, 3, 1, program.Valid)
	y = b.halve(y)
	for _, at := range []string{"Mixed_5b.", "Mixed_5c.", "Mixed_5d."} {
		fives := b.same(y, at+"branch5x5_1", 1, 1)
		threes := b.same(b.same(y, at+"branch3x3dbl_1", 1, 1), at+"branch3x3dbl_2", 3, 3)
		y = b.concat(
			b.same(y, at+"branch1x1", 1, 1),
			b.same(fives, at+"branch5x5_2", 5, 5),
			b.same(threes, at+"branch3x3dbl_3", 3, 3),
			b.same(b.average(y), at+"branch_pool", 1, 1))
	}
	threes := b.same(b.same(y, "Mixed_6a.branch3x3dbl_1", 1, 1), "Mixed_6a.branch3x3dbl_2", 3, 3)
	y = b.concat(
		b.conv(y, "Mixed_6a.branch3x3", 3, 3, 2, program.Valid),
		b.conv(threes, "Mixed_6a.branch3x3dbl_3", 3, 3, 2, program.Valid),
		b.halve(y))
	for _, at := range []string{"Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."} {
		sevens := b.same(b.same(y, at+"branch7x7_1", 1, 1), at+"branch7x7_2", 1, 7)
		twice := b.same(b.same(y, at+"branch7x7dbl_1", 1, 1), at+"branch7x7dbl_2", 7, 1)
		twice = b.same(b.same(twice, at+"branch7x7dbl_3", 1, 7), at+"branch7x7dbl_4", 7, 1)
		y = b.concat(
			b.same(y, at+"branch1x1", 1, 1),
			b.same(sevens, at+"branch7x7_3", 7, 1),
			b.same(twice, at+"branch7x7dbl_5", 1, 7),
			b.same(b.average(y), at+"branch_pool", 1, 1))
	}
	sevens := b.same(b.same(y, "Mixed_7a.branch7x7x3_1", 1, 1), "Mixed_7a.branch7x7x3_2", 1, 7)
	sevens = b.same(sevens, "Mixed_7a.branch7x7x3_3", 7, 1)
	y = b.concat(
		b.conv(b.same(y, "Mixed_7a.branch3x3_1", 1, 1), "Mixed_7a.branch3x3_2", 3, 3, 2, program.Valid),
		b.conv(sevens, "Mixed_7a.branch7x7x3_4", 3, 3, 2, program.Valid),
		b.halve(y))
	y = b.last(y, b.average(y), "Mixed_7b.")
	y = b.last(y, b.largest(y), "Mixed_7c.")
	return b.do(func() (*gorgonia.Node, error) { return engine.GlobalAveragePool(y) })
}

// last is one of the last two blocks, which differ by how they pool.
func (b *builder) last(x, pooled *gorgonia.Node, at string) *gorgonia.Node {
	threes := b.same(x, at+"branch3x3_1", 1, 1)
	twice := b.same(b.same(x, at+"branch3x3dbl_1", 1, 1), at+"branch3x3dbl_2", 3, 3)
	return b.concat(
		b.same(x, at+"branch1x1", 1, 1),
		b.same(threes, at+"branch3x3_2a", 1, 3), b.same(threes, at+"branch3x3_2b", 3, 1),
		b.same(twice, at+"branch3x3dbl_3a", 1, 3), b.same(twice, at+"branch3x3dbl_3b", 3, 1),
		b.same(pooled, at+"branch_pool", 1, 1))
}

// seen is images as the network sees them: in colour, from -1 to 1, and of its size.
func (b *builder) seen(x *gorgonia.Node) *gorgonia.Node {
	y := b.do(func() (*gorgonia.Node, error) { return engine.ResizeBilinear(x, side, side) })
	y = b.do(func() (*gorgonia.Node, error) {
		return engine.Map("centre", func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(2)).Sub(expr.Const(1)) }, y)
	})
	return b.do(func() (*gorgonia.Node, error) {
		if y.Shape()[3] == 3 {
			return y, nil
		}
		return engine.BroadcastTo(y, y.Shape()[0], side, side, 3)
	})
}

// conv is a convolution, its batch norm and a ReLU.
func (b *builder) conv(x *gorgonia.Node, name string, height, width, stride int, padding program.Padding) *gorgonia.Node {
	y := b.do(func() (*gorgonia.Node, error) {
		kernel, bias, filters, err := b.file.layer(name, height, width, x.Shape()[3])
		if err != nil {
			return nil, err
		}
		return engine.Conv2D(x, b.array(name+".kernel", kernel, height, width, x.Shape()[3], filters), b.array(name+".bias", bias, filters),
			[2]int{stride, stride}, padding)
	})
	return b.do(func() (*gorgonia.Node, error) { return engine.ReLU(y) })
}

// same is a convolution that keeps the size of images.
func (b *builder) same(x *gorgonia.Node, name string, height, width int) *gorgonia.Node {
	return b.conv(x, name, height, width, 1, program.Same)
}

// array is an input of values that all go to one storage.
func (b *builder) array(name string, values []float32, shape ...int) *gorgonia.Node {
	n := gorgonia.NewTensor(b.graph, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	b.inputs = append(b.inputs, engine.Place{Node: n, At: program.Arg{Storage: weightsStorage, Offset: len(b.values)}})
	b.values = append(b.values, values...)
	return n
}

var (
	halving = engine.Window{Height: 3, Width: 3, StrideH: 2, StrideW: 2}
	around  = engine.Window{Height: 3, Width: 3, StrideH: 1, StrideW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1}
)

func (b *builder) halve(x *gorgonia.Node) *gorgonia.Node {
	return b.do(func() (*gorgonia.Node, error) { return engine.MaxPool(x, halving) })
}

func (b *builder) largest(x *gorgonia.Node) *gorgonia.Node {
	return b.do(func() (*gorgonia.Node, error) { return engine.MaxPool(x, around) })
}

// average is the mean of the pixels around each, of those that are within the image: that of the engine counts zeros
// beyond it.
func (b *builder) average(x *gorgonia.Node) *gorgonia.Node {
	return b.do(func() (*gorgonia.Node, error) {
		y, err := engine.AveragePool(x, around)
		if err != nil {
			return nil, err
		}
		height, width := x.Shape()[1], x.Shape()[2]
		share := make([]float32, height*width)
		for i := range share {
			share[i] = 9 / (within(i/width, height) * within(i%width, width))
		}
		by, err := engine.Constant(b.graph, tensor.New(tensor.WithShape(1, height, width, 1), tensor.WithBacking(share)))
		if err != nil {
			return nil, err
		}
		return engine.Multiply(y, by)
	})
}

// within is how many of a pixel and its two neighbours on a line of n are within it.
func within(i, n int) float32 {
	if i == 0 || i == n-1 {
		return 2
	}
	return 3
}

func (b *builder) concat(parts ...*gorgonia.Node) *gorgonia.Node {
	return b.do(func() (*gorgonia.Node, error) { return engine.Concat(3, parts...) })
}
