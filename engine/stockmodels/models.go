// Package stockmodels has the models of Gorgonia's own examples that train on its TapeMachine, written anew from their
// architectures and numbers, in float32: to compare other machines with it.
package stockmodels

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Model is a graph with a cost, and gradients asked for by gorgonia.Grad.
type Model struct {
	Name    string
	Graph   *gorgonia.ExprGraph
	X, Y    *gorgonia.Node // the batch; Y is nil where there is none
	P       *gorgonia.Node // what a classifier of images predicts, else nil
	Cost    *gorgonia.Node
	Read    gorgonia.Value // by gorgonia.Read: the cost
	Trained gorgonia.Nodes
	Solver  func() gorgonia.Solver
}

// Size says how large a model is. Divisor divides the numbers of channels and hidden units, Pixels is the side of an
// image, 28 in the examples. Dropout leaves dropouts in. Labels makes the cost of images -mean(log(p)*y), where the
// examples have -mean(log(p*y)), whose gradient no label has a part in.
type Size struct {
	Batch, Divisor, Pixels int
	Dropout, Labels        bool
}

// Names are the models, and after which example they are.
var Names = []string{"convnet", "resnet", "autoencoder", "iris", "logisticregression"}

// New makes a model by its name.
func New(name string, s Size) (m *Model, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("model %s: %v", name, p)
		}
	}()
	b := &builder{Model: &Model{Name: name, Graph: gorgonia.NewGraph()}, size: s}
	build, ok := map[string]func(b *builder){"convnet": convnet, "resnet": resnet, "autoencoder": autoencoder,
		"iris": iris, "logisticregression": logisticRegression}[name]
	if !ok {
		return nil, fmt.Errorf("no model %q", name)
	}
	build(b)
	gorgonia.Read(b.Cost, &b.Model.Read)
	if _, err := gorgonia.Grad(b.Cost, b.Trained...); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return b.Model, nil
}

// builder makes the nodes of a model. An error ends it by a panic, which New catches.
type builder struct {
	*Model
	size Size
}

func must(n *gorgonia.Node, err error) *gorgonia.Node { return gorgonia.Must(n, err) }

// hidden is a number of channels or units.
func (b *builder) hidden(n int) int { return max(n/b.size.Divisor, 1) }

func (b *builder) input(name string, shape ...int) *gorgonia.Node {
	return gorgonia.NewTensor(b.Graph, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}

func (b *builder) trained(name string, init gorgonia.InitWFn, shape ...int) *gorgonia.Node {
	n := gorgonia.NewTensor(b.Graph, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name),
		gorgonia.WithInit(init))
	b.Trained = append(b.Trained, n)
	return n
}

func (b *builder) dropout(x *gorgonia.Node, probability float64) *gorgonia.Node {
	if !b.size.Dropout {
		return x
	}
	return must(gorgonia.Dropout(x, probability))
}

func (b *builder) convolve(x *gorgonia.Node, name string, out int) *gorgonia.Node {
	w := b.trained(name, gorgonia.GlorotN(1), out, x.Shape()[1], 3, 3)
	return must(gorgonia.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
}

func (b *builder) pool(x *gorgonia.Node) *gorgonia.Node {
	return must(gorgonia.MaxPool2D(must(gorgonia.Rectify(x)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
}

func flat(x *gorgonia.Node) *gorgonia.Node {
	s := x.Shape()
	return must(gorgonia.Reshape(x, tensor.Shape{s[0], s.TotalSize() / s[0]}))
}

// classify ends a network of images: 625 units, and ten classes, P.
func (b *builder) classify(x *gorgonia.Node, dropout float64) {
	w3 := b.trained("w3", gorgonia.GlorotN(1), x.Shape()[1], b.hidden(625))
	h := b.dropout(must(gorgonia.Rectify(must(gorgonia.Mul(x, w3)))), dropout)
	w4 := b.trained("w4", gorgonia.GlorotN(1), b.hidden(625), 10)
	p := must(gorgonia.SoftMax(must(gorgonia.Mul(h, w4))))
	b.Y = b.input("y", b.size.Batch, 10)
	losses := must(gorgonia.Log(must(gorgonia.HadamardProd(p, b.Y))))
	if b.size.Labels {
		losses = must(gorgonia.HadamardProd(must(gorgonia.Log(p)), b.Y))
	}
	b.Cost = must(gorgonia.Neg(must(gorgonia.Mean(losses))))
	b.P = p
	b.Solver = func() gorgonia.Solver {
		return gorgonia.NewRMSPropSolver(gorgonia.WithBatchSize(float64(b.size.Batch)))
	}
}

// convnet is examples/convnet.
func convnet(b *builder) {
	b.X = b.input("x", b.size.Batch, 1, b.size.Pixels, b.size.Pixels)
	h := b.dropout(b.pool(b.convolve(b.X, "w0", b.hidden(32))), 0.2)
	h = b.dropout(b.pool(b.convolve(h, "w1", b.hidden(64))), 0.2)
	h = b.dropout(flat(b.pool(b.convolve(h, "w2", b.hidden(128)))), 0.2)
	b.classify(h, 0.55)
}

// resnet is examples/resnet, whose residuals are products by whole matrices.
func resnet(b *builder) {
	b.X = b.input("x", b.size.Batch, 1, b.size.Pixels, b.size.Pixels)
	h := b.dropout(b.pool(b.convolve(b.X, "w0", b.hidden(32))), 0.3)
	for i, channels := range []int{64, 128} {
		c := b.convolve(h, fmt.Sprintf("w%d", i+1), b.hidden(channels))
		pooled := flat(b.pool(c))
		w := b.trained(fmt.Sprintf("w%dr", i+1), gorgonia.GlorotN(1), pooled.Shape()[1], 4*pooled.Shape()[1])
		r := must(gorgonia.Reshape(must(gorgonia.Mul(pooled, w)), c.Shape()))
		h = b.dropout(must(gorgonia.Add(c, r)), 0.3)
	}
	b.classify(flat(h), 0.2)
}

// autoencoder is the first of examples/stacked_autoencoder, as its pre-training has it: tied weights, biases of a whole
// batch, and a corruption that is one draw for the whole input.
func autoencoder(b *builder) {
	inputs, units := b.size.Pixels*b.size.Pixels, b.hidden(1000)
	b.X = b.input("x", b.size.Batch, inputs)
	w := b.trained("w", gorgonia.GlorotU(1), inputs, units)
	bias := b.trained("b", gorgonia.Zeroes(), b.size.Batch, units)
	visible := b.trained("b of h", gorgonia.Zeroes(), b.size.Batch, inputs)
	x := b.X
	if b.size.Dropout {
		x = must(gorgonia.HadamardProd(gorgonia.BinomialRandomNode(b.Graph, tensor.Float32, 1, 0.1), b.X))
	}
	h := must(gorgonia.Sigmoid(must(gorgonia.Add(must(gorgonia.Mul(x, w)), bias))))
	y := must(gorgonia.Sigmoid(must(gorgonia.Add(must(gorgonia.Mul(h, must(gorgonia.Transpose(w)))), visible))))
	b.Cost = must(gorgonia.Mean(must(gorgonia.BinaryXent(y, b.X))))
	b.Solver = func() gorgonia.Solver {
		return gorgonia.NewVanillaSolver(gorgonia.WithBatchSize(float64(b.size.Batch)))
	}
}

// iris is examples/iris: a linear regression of the number of a species on four lengths and a 1.
func iris(b *builder) {
	b.X, b.Y = b.input("x", b.size.Batch, 5), b.input("y", b.size.Batch)
	theta := b.trained("theta", gorgonia.Gaussian(0, 1), 5)
	b.Cost = must(gorgonia.Mean(must(gorgonia.Square(must(gorgonia.Sub(must(gorgonia.Mul(b.X, theta)), b.Y))))))
	b.Solver = func() gorgonia.Solver { return gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.001)) }
}

// logisticRegression is examples/logisticregression, with 784 features and a penalty; its descent by 0.1 is a solver's
// here.
func logisticRegression(b *builder) {
	const features = 784
	b.X, b.Y = b.input("x", b.size.Batch, features), b.input("y", b.size.Batch)
	w := b.trained("w", gorgonia.Uniform(0, 1), features)
	bias := gorgonia.NewScalar(b.Graph, tensor.Float32, gorgonia.WithName("bias"), gorgonia.WithValue(float32(0)))
	b.Trained = append(b.Trained, bias)
	one := gorgonia.NewConstant(float32(1))
	p := must(gorgonia.Sigmoid(must(gorgonia.Add(must(gorgonia.Mul(b.X, w)), bias))))
	first := must(gorgonia.HadamardProd(must(gorgonia.Neg(b.Y)), must(gorgonia.Log(p))))
	second := must(gorgonia.HadamardProd(must(gorgonia.Sub(one, b.Y)), must(gorgonia.Log(must(gorgonia.Sub(one, p))))))
	loss := must(gorgonia.Mean(must(gorgonia.Sub(first, second))))
	penalty := must(gorgonia.Mul(gorgonia.NewConstant(float32(0.01)), must(gorgonia.Sum(must(gorgonia.Square(w))))))
	b.Cost = must(gorgonia.Add(loss, penalty))
	b.Solver = func() gorgonia.Solver { return gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.1)) }
}
