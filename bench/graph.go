package bench

import (
	"fmt"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
)

// GraphTimes are how long a large graph takes before it can run.
type GraphTimes struct {
	Nodes                         int // of the graph with its gradients
	Steps                         int // of the program
	Build, Differentiate, Compile time.Duration
}

// graphBlocks of the network that MeasureGraph builds have a little more than 15,000 nodes with their gradients.
const graphBlocks = 520

// MeasureGraph builds a deep network of styled convolutions and residual blocks, differentiates its loss by all
// parameters and compiles a program of the gradients.
func MeasureGraph() (GraphTimes, error) {
	var t GraphTimes
	b := graphBuilder{graph: gorgonia.NewGraph()}
	start := time.Now()
	lap := func() time.Duration {
		d := time.Since(start)
		start = start.Add(d)
		return d
	}
	loss, err := b.loss(graphBlocks)
	if err != nil {
		return t, fmt.Errorf("building a graph: %w", err)
	}
	t.Build = lap()
	gradients, err := engine.Grad(loss, b.parameters...)
	if err != nil {
		return t, fmt.Errorf("differentiating a graph: %w", err)
	}
	t.Differentiate = lap()
	places := []engine.Place{{Node: loss, At: program.Arg{Storage: "loss"}}}
	offset := 0
	for _, g := range gradients {
		places = append(places, engine.Place{Node: g, At: program.Arg{Storage: "gradient", Offset: offset}})
		offset += g.Shape().TotalSize()
	}
	p, err := engine.Compile("graph", places)
	if err != nil {
		return t, err
	}
	t.Compile = lap()
	t.Nodes, t.Steps = len(b.graph.AllNodes()), len(p.Steps)
	return t, nil
}

func (t GraphTimes) String() string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("a graph of %d nodes: %.0f ms to build, %.0f to differentiate, %.0f to compile to %d steps, %.0f together",
		t.Nodes, ms(t.Build), ms(t.Differentiate), ms(t.Compile), t.Steps, ms(t.Build+t.Differentiate+t.Compile))
}

type graphBuilder struct {
	graph      *gorgonia.ExprGraph
	parameters gorgonia.Nodes
}

func (b *graphBuilder) input(name string, shape ...int) *gorgonia.Node {
	return gorgonia.NewTensor(b.graph, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...))
}

func (b *graphBuilder) parameter(name string, shape ...int) *gorgonia.Node {
	n := b.input(name, shape...)
	b.parameters = append(b.parameters, n)
	return n
}

const graphImages, graphSide, graphChannels = 4, 16, 8

// loss is the mean distance from a target of what so many blocks make of images.
func (b *graphBuilder) loss(blocks int) (*gorgonia.Node, error) {
	x := b.input("images", graphImages, graphSide, graphSide, graphChannels)
	styles := b.input("styles", graphImages, 2*graphChannels)
	for i := range blocks {
		block := b.styled
		if i%2 == 1 {
			block = b.residual
		}
		var err error
		if x, err = block(fmt.Sprint("block", i), x, styles); err != nil {
			return nil, err
		}
	}
	return engine.L1(x, b.input("target", x.Shape()...))
}

// styled is a convolution whose results are normalised at each pixel and scaled by styles, as in StyleGAN.
func (b *graphBuilder) styled(name string, x, styles *gorgonia.Node) (*gorgonia.Node, error) {
	scale, err := engine.Dense(styles, b.parameter(name+"/style/kernel", 2*graphChannels, graphChannels), b.parameter(name+"/style/bias", graphChannels))
	if err != nil {
		return nil, err
	}
	if scale, err = engine.Reshape(scale, graphImages, 1, 1, graphChannels); err != nil {
		return nil, err
	}
	return chain(x, b.conv(name),
		func(x *gorgonia.Node) (*gorgonia.Node, error) { return engine.PixelNorm(x, 1e-8) },
		func(x *gorgonia.Node) (*gorgonia.Node, error) { return engine.Multiply(x, scale) },
		func(x *gorgonia.Node) (*gorgonia.Node, error) { return engine.LeakyReLU(x, 0.2) })
}

// residual adds a convolution with instance norm and SiLU to x.
func (b *graphBuilder) residual(name string, x, _ *gorgonia.Node) (*gorgonia.Node, error) {
	gamma, beta := b.parameter(name+"/gamma", graphChannels), b.parameter(name+"/beta", graphChannels)
	return chain(x, b.conv(name),
		func(y *gorgonia.Node) (*gorgonia.Node, error) { return engine.InstanceNorm(y, gamma, beta, 1e-3) },
		engine.SiLU,
		func(y *gorgonia.Node) (*gorgonia.Node, error) { return engine.Add(x, y) })
}

func (b *graphBuilder) conv(name string) func(*gorgonia.Node) (*gorgonia.Node, error) {
	kernel, bias := b.parameter(name+"/kernel", 3, 3, graphChannels, graphChannels), b.parameter(name+"/bias", graphChannels)
	return func(x *gorgonia.Node) (*gorgonia.Node, error) {
		return engine.Conv2D(x, kernel, bias, [2]int{1, 1}, program.Same)
	}
}

// chain gives x to the first function, and what each returns to the next one.
func chain(x *gorgonia.Node, of ...func(*gorgonia.Node) (*gorgonia.Node, error)) (_ *gorgonia.Node, err error) {
	for _, f := range of {
		if x, err = f(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}
