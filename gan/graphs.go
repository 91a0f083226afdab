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

// mode names the masks that dropout drops by; a nil one drops nothing.
type mode func(network, layer string) string

var (
	inference mode
	training  mode = maskOf
	penalty   mode = penaltyMaskOf // training, of the images that the gradient penalty is taken at
)

// graph is a Gorgonia graph and where its inputs and outputs lie on a device.
type graph struct {
	name            string
	exprs           *gorgonia.ExprGraph
	dtype           tensor.Dtype
	inputs, outputs []engine.Place
	conditions      program.Arg // of a batch, if its classes are known
}

func newGraph(name string, t tensor.Dtype) *graph {
	return &graph{name: name, exprs: gorgonia.NewGraph(), dtype: t, conditions: arg(storageConditions)}
}

// input adds an input that lies at a place, or finds the one of that name: a network that is applied
// twice has its parameters once. Gorgonia takes inputs of one name for one node, so the names of
// others must differ.
func (g *graph) input(name string, at program.Arg, shape ...int) *gorgonia.Node {
	for _, in := range g.inputs {
		if in.Node.Name() == name {
			return in.Node
		}
	}
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
		var extra *gorgonia.Node
		if m != nil && layer.dropoutRate() > 0 {
			name := m(l.Name, layer.Name)
			extra = g.input(name, arg(name), withBatch(batch, layer.Out)...)
		} else if c, ok := layer.Layer.(ClassEmbedding); ok {
			extra = g.input(fmt.Sprintf("classes of %d", batch), g.conditions, batch, c.Classes)
		}
		if x, err = layer.apply(x, own, extra); err != nil {
			return nil, nil, fmt.Errorf("%s/%s: %w", l.Name, layer.Name, err)
		}
		parameters = append(parameters, own...)
	}
	return x, parameters, nil
}

// gradient adds the gradient of a loss with respect to a network's parameters.
func (g *graph) gradient(loss *gorgonia.Node, l *Layout, parameters gorgonia.Nodes) error {
	gradients, err := engine.Grad(loss, parameters...)
	if err != nil {
		return fmt.Errorf("the gradient of %s: %w", l.Name, err)
	}
	for i, p := range l.Parameters() {
		g.output(gradients[i], program.Arg{Storage: gradientOf(l.Name), Offset: p.Offset})
	}
	return nil
}

func withBatch(batch int, shape []int) []int { return append([]int{batch}, shape...) }

// generateGraph makes a batch of images, at a place, of the noise, and, if they have classes, of the
// conditions in the rows of that place.
func generateGraph(l layouts, t tensor.Dtype, batch int, images program.Arg, m mode) (*graph, error) {
	g := newGraph("generate", t)
	g.conditions.Offset = images.Offset / l.pixels() * l.classes
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

// discriminatorGraph makes the logits, the loss and D's gradient of a batch of labelled images. The
// loss includes the gradient penalty if that has a weight.
func discriminatorGraph(l layouts, t tensor.Dtype, batch int, kind Loss, weight float64) (*graph, error) {
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
	if weight > 0 {
		if loss, err = g.addPenalty(loss, l.discriminator, batch/2, weight); err != nil {
			return nil, fmt.Errorf("the gradient penalty: %w", err)
		}
	}
	g.output(logits, arg(storageLogits))
	g.output(loss, program.Arg{Storage: storageMetrics, Offset: metricDLoss})
	return g, g.gradient(loss, l.discriminator, parameters)
}

// addPenalty adds to D's loss weight times the gradient penalty at a batch of images: the gradient of
// D's scores with respect to the images is made of operations, by engine.VJP, through which
// gorgonia.Grad then differentiates the loss as a whole.
func (g *graph) addPenalty(loss *gorgonia.Node, l *Layout, batch int, weight float64) (*gorgonia.Node, error) {
	images := g.input("between", arg(storageBetween), withBatch(batch, l.Input)...)
	scores, _, err := g.network(l, images, penalty)
	if err != nil {
		return nil, err
	}
	ones, err := engine.Constant(g.exprs, tensor.Ones(g.dtype, scores.Shape()...))
	if err != nil {
		return nil, err
	}
	slope, err := engine.VJP(scores, ones, images)
	if err != nil {
		return nil, err
	}
	excess, err := engine.GradientPenalty(slope)
	if err != nil {
		return nil, err
	}
	if excess, err = engine.Scale(excess, float32(weight)); err != nil {
		return nil, err
	}
	return engine.Add(loss, excess)
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
	return compiled(discriminatorGraph(b.layouts, tensor.Float32, batch, b.s.Loss, b.s.GradientPenalty))
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
