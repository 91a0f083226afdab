package gan

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
)

// A GAN's computations are separate graphs over the same parameters: making images, D's
// gradient, G's gradient through D. One graph for both gradients would share D(G(z)) between two
// calls of gorgonia.Grad, which it does not support.

// mode says whether dropout drops.
type mode bool

const (
	inference mode = false
	training  mode = true
)

// graph is a Gorgonia graph and where its inputs and outputs lie on a device.
type graph struct {
	name            string
	exprs           *gorgonia.ExprGraph
	dtype           tensor.Dtype
	inputs, outputs []engine.Place
}

func newGraph(name string, t tensor.Dtype) *graph {
	return &graph{name: name, exprs: gorgonia.NewGraph(), dtype: t}
}

// input adds an input that lies at a place. Gorgonia takes inputs of one name for one node, so
// names must differ.
func (g *graph) input(name string, at program.Arg, shape ...int) *gorgonia.Node {
	n := gorgonia.NewTensor(g.exprs, g.dtype, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	g.inputs = append(g.inputs, engine.Place{Node: n, At: at})
	return n
}

func (g *graph) output(n *gorgonia.Node, at program.Arg) {
	g.outputs = append(g.outputs, engine.Place{Node: n, At: at})
}

// network applies a network to a batch x and returns the result and the nodes of its parameters.
func (g *graph) network(l *Layout, x *gorgonia.Node, m mode) (y *gorgonia.Node, parameters gorgonia.Nodes, err error) {
	batch := x.Shape()[0]
	for _, layer := range l.Layers {
		var own gorgonia.Nodes
		for _, p := range layer.Parameters {
			own = append(own, g.input(p.Name, program.Arg{Storage: parametersOf(l.Name), Offset: p.Offset}, p.Shape...))
		}
		var mask *gorgonia.Node
		if m == training && layer.dropoutRate() > 0 {
			name := maskOf(l.Name, layer.Name)
			mask = g.input(name, arg(name), withBatch(batch, layer.Out)...)
		}
		if x, err = layer.apply(x, own, mask); err != nil {
			return nil, nil, fmt.Errorf("%s/%s: %w", l.Name, layer.Name, err)
		}
		parameters = append(parameters, own...)
	}
	return x, parameters, nil
}

// gradient adds the gradient of a loss with respect to a network's parameters.
func (g *graph) gradient(loss *gorgonia.Node, l *Layout, parameters gorgonia.Nodes) error {
	gradients, err := gorgonia.Grad(loss, parameters...)
	if err != nil {
		return fmt.Errorf("the gradient of %s: %w", l.Name, err)
	}
	for i, p := range l.Parameters() {
		g.output(gradients[i], program.Arg{Storage: gradientOf(l.Name), Offset: p.Offset})
	}
	return nil
}

func withBatch(batch int, shape []int) []int { return append([]int{batch}, shape...) }

// generateGraph makes a batch of images, at a place, of the noise.
func generateGraph(l layouts, t tensor.Dtype, batch int, images program.Arg, m mode) (*graph, error) {
	g := newGraph("generate", t)
	noise := g.input("noise", arg(storageNoise), batch, l.latent())
	y, _, err := g.network(l.generator, noise, m)
	if err != nil {
		return nil, err
	}
	g.output(y, images)
	return g, nil
}

// discriminateGraph makes the logits of a batch of images, without dropout.
func discriminateGraph(l layouts, t tensor.Dtype, batch int) (*graph, error) {
	g := newGraph("discriminate", t)
	images := g.input("images", arg(storageImages), withBatch(batch, l.discriminator.Input)...)
	logits, _, err := g.network(l.discriminator, images, inference)
	if err != nil {
		return nil, err
	}
	g.output(logits, arg(storageLogits))
	return g, nil
}

// discriminatorGraph makes the logits, the loss and D's gradient of a batch of labelled images.
func discriminatorGraph(l layouts, t tensor.Dtype, batch int, kind Loss) (*graph, error) {
	g := newGraph("discriminator gradient", t)
	images := g.input("images", arg(storageImages), withBatch(batch, l.discriminator.Input)...)
	labels := g.input("labels", arg(storageLabels), batch, 1)
	logits, parameters, err := g.network(l.discriminator, images, training)
	if err != nil {
		return nil, err
	}
	loss, err := forms[kind].d.node(logits, labels)
	if err != nil {
		return nil, fmt.Errorf("the discriminator's loss: %w", err)
	}
	g.output(logits, arg(storageLogits))
	g.output(loss, program.Arg{Storage: storageMetrics, Offset: metricDLoss})
	return g, g.gradient(loss, l.discriminator, parameters)
}

// generatorGraph makes the loss and G's gradient of a batch of noise. D is frozen: its
// parameters are inputs without a gradient.
func generatorGraph(l layouts, t tensor.Dtype, batch int, kind Loss) (*graph, error) {
	g := newGraph("generator gradient", t)
	noise := g.input("noise", arg(storageNoise), batch, l.latent())
	target := g.input("target", arg(storageTarget), batch, 1)
	fakes, parameters, err := g.network(l.generator, noise, training)
	if err != nil {
		return nil, err
	}
	logits, _, err := g.network(l.discriminator, fakes, training)
	if err != nil {
		return nil, err
	}
	loss, err := forms[kind].g.node(logits, target)
	if err != nil {
		return nil, fmt.Errorf("the generator's loss: %w", err)
	}
	g.output(loss, program.Arg{Storage: storageMetrics, Offset: metricGLoss})
	return g, g.gradient(loss, l.generator, parameters)
}

// The graphs as programs; what fills their inputs and applies their gradients is in steps.go.

func (b steps) generate(batch int, images program.Arg, m mode) (*program.Program, error) {
	return compiled(generateGraph(b.layouts, tensor.Float32, batch, images, m))
}

func (b steps) discriminate(batch int) (*program.Program, error) {
	return compiled(discriminateGraph(b.layouts, tensor.Float32, batch))
}

func (b steps) discriminatorGradient(batch int) (*program.Program, error) {
	return compiled(discriminatorGraph(b.layouts, tensor.Float32, batch, b.s.Loss))
}

func (b steps) generatorGradient(batch int) (*program.Program, error) {
	return compiled(generatorGraph(b.layouts, tensor.Float32, batch, b.s.Loss))
}

func compiled(g *graph, err error) (*program.Program, error) {
	if err != nil {
		return nil, err
	}
	return engine.Compile(g.name, g.outputs, g.inputs...)
}
