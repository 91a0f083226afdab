package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The tutorial's settings.
const (
	latent       = 100
	alpha        = 0.3
	dropout      = 0.4
	learningRate = 2e-4
	beta1        = 0.5
	beta2        = 0.999
	epsilon      = 1e-7
	k            = 2
	pixels       = 28 * 28
	imageCount   = 60_000
)

// parameters are named arrays that several graphs share.
type parameters []struct {
	name  string
	value *tensor.Dense
}

// add appends a kernel, Glorot-uniform as the tutorial has it, or a bias of zeros where fan is 0.
func (p *parameters) add(r *rand.Rand, name string, fan int, shape ...int) {
	data := make([]float32, tensor.Shape(shape).TotalSize())
	if fan > 0 {
		limit := math.Sqrt(6 / float64(fan))
		for i := range data {
			data[i] = float32((2*r.Float64() - 1) * limit)
		}
	}
	*p = append(*p, struct {
		name  string
		value *tensor.Dense
	}{name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))})
}

// conv appends a 4-D kernel (out, in, size, size) and its bias.
func (p *parameters) conv(r *rand.Rand, name string, out, in, size int) {
	p.add(r, name+"/kernel", size*size*(in+out), out, in, size, size)
	p.add(r, name+"/bias", 0, 1, out, 1, 1)
}

func (p *parameters) dense(r *rand.Rand, name string, in, out int) {
	p.add(r, name+"/kernel", in+out, in, out)
	p.add(r, name+"/bias", 0, 1, out)
}

// nodes are the parameters in a graph, in pairs of kernel and bias.
func (p parameters) nodes(g *G.ExprGraph) G.Nodes {
	var nodes G.Nodes
	for _, v := range p {
		nodes = append(nodes, G.NewTensor(g, G.Float32, v.value.Dims(), G.WithShape(v.value.Shape()...), G.WithName(v.name), G.WithValue(v.value)))
	}
	return nodes
}

// expr builds a graph. The first error makes all that follows return nil.
type expr struct {
	g   *G.ExprGraph
	err error
}

func (e *expr) then(n *G.Node, err error) *G.Node {
	if e.err == nil && err != nil {
		e.err = err
	}
	return n
}

func (e *expr) do(f func() (*G.Node, error)) *G.Node {
	if e.err != nil {
		return nil
	}
	return e.then(f())
}

func (e *expr) conv(x, kernel, bias *G.Node, pad, stride int) *G.Node {
	size := kernel.Shape()[2]
	y := e.do(func() (*G.Node, error) {
		return G.Conv2d(x, kernel, tensor.Shape{size, size}, []int{pad, pad}, []int{stride, stride}, []int{1, 1})
	})
	return e.addImages(y, bias)
}

func (e *expr) addImages(y, bias *G.Node) *G.Node {
	return e.do(func() (*G.Node, error) { return G.BroadcastAdd(y, bias, nil, []byte{0, 2, 3}) })
}

// convTranspose is a transposed convolution of stride 2, for which Gorgonia has no operation: each pixel becomes 2x2,
// a mask leaves one of the four, and a convolution follows. The odd pixel of padding goes before the image.
func (e *expr) convTranspose(x, kernel, bias *G.Node) *G.Node {
	up := e.do(func() (*G.Node, error) { return G.Upsample2D(x, 2) })
	zeros := e.do(func() (*G.Node, error) { return G.HadamardProd(up, e.mask(up.Shape())) })
	return e.conv(zeros, kernel, bias, 1, 1)
}

// mask is 1 at even rows and columns.
func (e *expr) mask(s tensor.Shape) *G.Node {
	data := make([]float32, s.TotalSize())
	for i := range data {
		if row, col := i/s[3]%s[2], i%s[3]; row%2 == 0 && col%2 == 0 {
			data[i] = 1
		}
	}
	return G.NewConstant(tensor.New(tensor.WithShape(s...), tensor.WithBacking(data)), G.WithName(fmt.Sprintf("mask of %v", s)))
}

func (e *expr) leaky(x *G.Node) *G.Node {
	return e.do(func() (*G.Node, error) { return G.LeakyRelu(x, alpha) })
}

func (e *expr) dense(x, kernel, bias *G.Node) *G.Node {
	y := e.do(func() (*G.Node, error) { return G.Mul(x, kernel) })
	return e.do(func() (*G.Node, error) { return G.BroadcastAdd(y, bias, nil, []byte{0}) })
}

func (e *expr) reshape(x *G.Node, shape ...int) *G.Node {
	return e.do(func() (*G.Node, error) { return G.Reshape(x, shape) })
}

func newGenerator(r *rand.Rand) (p parameters) {
	p.dense(r, "generator/dense", latent, 64*7*7)
	p.conv(r, "generator/up1", 64, 64, 3)
	p.conv(r, "generator/up2", 32, 64, 3)
	p.conv(r, "generator/out", 1, 32, 28)
	return p
}

// generate makes images of noise.
func (e *expr) generate(z *G.Node, p G.Nodes) *G.Node {
	n := z.Shape()[0]
	x := e.reshape(e.leaky(e.dense(z, p[0], p[1])), n, 64, 7, 7)
	x = e.leaky(e.convTranspose(x, p[2], p[3]))
	x = e.leaky(e.convTranspose(x, p[4], p[5]))
	x = e.conv(x, p[6], p[7], 14, 1) // 29x29: it pads alike on all sides
	x = e.do(func() (*G.Node, error) { return G.Slice(x, G.S(0, n), G.S(0, 1), G.S(0, 28), G.S(0, 28)) })
	x = e.reshape(x, n, 1, 28, 28)
	return e.do(func() (*G.Node, error) { return G.Sigmoid(x) })
}

func newDiscriminator(r *rand.Rand) (p parameters) {
	p.conv(r, "discriminator/conv1", 32, 1, 3)
	p.conv(r, "discriminator/conv2", 64, 32, 3)
	p.dense(r, "discriminator/dense", 64*7*7, 1)
	return p
}

// discriminate makes logits of images.
func (e *expr) discriminate(x *G.Node, p G.Nodes) *G.Node {
	n := x.Shape()[0]
	x = e.leaky(e.conv(x, p[0], p[1], 1, 2))
	x = e.do(func() (*G.Node, error) { return G.Dropout(x, dropout) })
	x = e.leaky(e.conv(x, p[2], p[3], 1, 2))
	return e.dense(e.reshape(x, n, 64*7*7), p[4], p[5])
}

// crossEntropy is the mean of softplus(logit) - logit*label.
func (e *expr) crossEntropy(logits, labels *G.Node) *G.Node {
	s := e.do(func() (*G.Node, error) { return G.Softplus(logits) })
	l := e.do(func() (*G.Node, error) { return G.HadamardProd(logits, labels) })
	d := e.do(func() (*G.Node, error) { return G.Sub(s, l) })
	return e.do(func() (*G.Node, error) { return G.Mean(d) })
}

func (e *expr) input(name string, shape ...int) (*G.Node, []float32) {
	data := make([]float32, tensor.Shape(shape).TotalSize())
	n := G.NewTensor(e.g, G.Float32, len(shape), G.WithShape(shape...), G.WithName(name),
		G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
	return n, data
}

// trainer has three graphs over the same parameters: images for D, D's step, and G's step through D.
type trainer struct {
	r                 *rand.Rand
	images            []byte
	half              int
	noiseD, noiseG    []float32
	fakes             *G.Node
	batch             []float32
	forward           G.VM
	stepD, stepG      G.VM
	adamD, adamG      G.Solver
	learnedD, learned G.Nodes
}

func newTrainer(batch int) (*trainer, error) {
	t := &trainer{r: rand.New(rand.NewPCG(1, 2)), images: make([]byte, imageCount*pixels), half: batch / 2}
	rand.NewChaCha8([32]byte{}).Read(t.images) // it returns no error
	g, d := newGenerator(t.r), newDiscriminator(t.r)

	e := &expr{g: G.NewGraph()}
	z, noise := e.input("noise", t.half, latent)
	t.noiseD, t.fakes = noise, e.generate(z, g.nodes(e.g))
	if e.err != nil {
		return nil, fmt.Errorf("making the generator: %w", e.err)
	}
	t.forward = G.NewTapeMachine(e.g)

	e = &expr{g: G.NewGraph()}
	x, data := e.input("images", batch, 1, 28, 28)
	labels, ones := e.input("labels", batch, 1)
	for i := range t.half {
		ones[i] = 1
	}
	t.batch, t.learnedD = data, d.nodes(e.g)
	var err error
	if t.stepD, err = e.learn(e.crossEntropy(e.discriminate(x, t.learnedD), labels), t.learnedD); err != nil {
		return nil, fmt.Errorf("making a step of D: %w", err)
	}

	e = &expr{g: G.NewGraph()}
	z, t.noiseG = e.input("noise", batch, latent)
	labels, ones = e.input("labels", batch, 1)
	for i := range ones {
		ones[i] = 1
	}
	t.learned = g.nodes(e.g)
	if t.stepG, err = e.learn(e.crossEntropy(e.discriminate(e.generate(z, t.learned), d.nodes(e.g)), labels), t.learned); err != nil {
		return nil, fmt.Errorf("making a step of G: %w", err)
	}
	adam := func() G.Solver {
		return G.NewAdamSolver(G.WithLearnRate(learningRate), G.WithBeta1(beta1), G.WithBeta2(beta2), G.WithEps(epsilon))
	}
	t.adamD, t.adamG = adam(), adam()
	return t, nil
}

// learn adds the gradients of the loss to the graph, and makes a machine of what they and the loss need.
func (e *expr) learn(loss *G.Node, parameters G.Nodes) (G.VM, error) {
	if e.err != nil {
		return nil, e.err
	}
	gradients, err := G.Grad(loss, parameters...)
	if err != nil {
		return nil, err
	}
	return G.NewTapeMachine(e.g.SubgraphRoots(append(gradients, loss)...), G.BindDualValues(parameters...)), nil
}

// cycle makes a D step and k G steps.
func (t *trainer) cycle() error {
	if err := t.d(); err != nil {
		return fmt.Errorf("a step of D: %w", err)
	}
	for range k {
		t.normal(t.noiseG)
		if err := t.step(t.stepG, t.adamG, t.learned); err != nil {
			return fmt.Errorf("a step of G: %w", err)
		}
	}
	return nil
}

func (t *trainer) d() error {
	t.normal(t.noiseD)
	if err := t.forward.RunAll(); err != nil {
		return err
	}
	fakes, ok := t.fakes.Value().Data().([]float32)
	if !ok || len(fakes) != t.half*pixels {
		return errors.New("the generator made no images")
	}
	for i := range t.half {
		from := t.images[t.r.IntN(imageCount)*pixels:][:pixels]
		for j, v := range from {
			t.batch[i*pixels+j] = float32(v) / 255
		}
	}
	copy(t.batch[t.half*pixels:], fakes)
	t.forward.Reset()
	return t.step(t.stepD, t.adamD, t.learnedD)
}

func (t *trainer) step(vm G.VM, adam G.Solver, parameters G.Nodes) error {
	if err := vm.RunAll(); err != nil {
		return err
	}
	if err := adam.Step(G.NodesToValueGrads(parameters)); err != nil {
		return err
	}
	vm.Reset()
	return nil
}

func (t *trainer) normal(to []float32) {
	for i := range to {
		to[i] = float32(t.r.NormFloat64())
	}
}
