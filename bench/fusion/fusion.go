// Command fusion counts what compositions of the engine move through memory once the compiler has fused them,
// beside the floor: each operand read once, or twice where a statistic of it must be known first, and each
// result written once. It prints a table in Markdown. With -ptx FOLDER it writes there instead the PTX of each
// composition's maps and reductions, as a GPU loads it, for NVIDIA's assembler to check.
package main

import (
	"flag"
	"fmt"
	"os"
	"text/tabwriter"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fusion:", err)
		os.Exit(1)
	}
}

func run() error {
	ptx := flag.String("ptx", "", "write PTX to this `folder` instead")
	flag.Parse()
	if *ptx != "" {
		return writePTX(*ptx)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| composition\t| steps\t| forward, elements moved\t| floor\t| ratio\t| steps\t| with the gradient\t| floor\t| ratio\t|\n")
	fmt.Fprintf(w, "|---\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|\n")
	for _, c := range compositions {
		forward, whole, err := c.count()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Fprintf(w, "| %s", c.name)
		for _, n := range []Count{forward, whole} {
			if n.Floor == 0 {
				fmt.Fprintf(w, "\t| %d\t| %d\t|\t|", n.Steps, n.Moved)
				continue
			}
			fmt.Fprintf(w, "\t| %d\t| %d\t| %d\t| %.2f", n.Steps, n.Moved, n.Floor, float64(n.Moved)/float64(n.Floor))
		}
		fmt.Fprintf(w, "\t|\n")
	}
	return w.Flush()
}

// Count is what a program moves.
type Count struct {
	Steps        int
	Moved, Floor int // elements
}

// composition is one of package engine on inputs of a size.
type composition struct {
	name  string
	build func(b *builder) (*gorgonia.Node, error)
	// passes are how often the forward and the backward pass must read the first input; 0 for no floor.
	forward, backward int
}

// builder makes the inputs of a composition.
type builder struct {
	graph  *gorgonia.ExprGraph
	inputs gorgonia.Nodes
}

func (b *builder) input(name string, shape ...int) *gorgonia.Node {
	n := gorgonia.NewTensor(b.graph, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...))
	b.inputs = append(b.inputs, n)
	return n
}

// images are the first input of most.
func (b *builder) images() *gorgonia.Node { return b.input("x", 16, 32, 32, 64) }

func (b *builder) channels(name string) *gorgonia.Node { return b.input(name, 64) }

// compositions are those of package engine. The floor of a norm reads its input twice, forward and backward.
var compositions = []composition{
	{"batch_norm", func(b *builder) (*gorgonia.Node, error) {
		y, _, _, err := engine.BatchNorm(b.images(), b.channels("gamma"), b.channels("beta"), 1e-3)
		return y, err
	}, 2, 2},
	{"normalise by given statistics", func(b *builder) (*gorgonia.Node, error) {
		return engine.Normalise(b.images(), b.channels("mean"), b.channels("variance"), b.channels("gamma"), b.channels("beta"), 1e-3)
	}, 1, 2},
	{"instance_norm", func(b *builder) (*gorgonia.Node, error) {
		return engine.InstanceNorm(b.images(), b.channels("gamma"), b.channels("beta"), 1e-3)
	}, 2, 2},
	{"layer_norm", func(b *builder) (*gorgonia.Node, error) {
		return engine.LayerNorm(b.images(), b.channels("gamma"), b.channels("beta"), 1e-3)
	}, 2, 2},
	{"group_norm", func(b *builder) (*gorgonia.Node, error) {
		return engine.GroupNorm(b.images(), b.channels("gamma"), b.channels("beta"), 8, 1e-3)
	}, 2, 2},
	{"rms_norm", func(b *builder) (*gorgonia.Node, error) { return engine.RMSNorm(b.images(), b.channels("gamma"), 1e-3) }, 2, 2},
	{"pixel_norm", func(b *builder) (*gorgonia.Node, error) { return engine.PixelNorm(b.images(), 1e-8) }, 2, 2},
	{"minibatch_stddev", func(b *builder) (*gorgonia.Node, error) { return engine.MinibatchStddev(b.images(), 4, 1e-8) }, 2, 2},
	{"demodulation", func(b *builder) (*gorgonia.Node, error) {
		return engine.Demodulation(b.input("x", 3, 3, 64, 64), b.input("styles", 8, 64), false, 1e-8)
	}, 0, 0},
	{"relu", func(b *builder) (*gorgonia.Node, error) { return engine.ReLU(b.images()) }, 1, 1},
	{"prelu", func(b *builder) (*gorgonia.Node, error) { return engine.PReLU(b.images(), b.channels("alpha")) }, 1, 1},
	{"gelu", func(b *builder) (*gorgonia.Node, error) { return engine.GELU(b.images()) }, 1, 1},
	{"silu", func(b *builder) (*gorgonia.Node, error) { return engine.SiLU(b.images()) }, 1, 1},
	{"tanh", func(b *builder) (*gorgonia.Node, error) { return engine.Tanh(b.images()) }, 1, 1},
	{"sigmoid", func(b *builder) (*gorgonia.Node, error) { return engine.Sigmoid(b.images()) }, 1, 1},
	{"softmax", func(b *builder) (*gorgonia.Node, error) { return engine.Softmax(b.input("x", 256, 1024)) }, 3, 2},
	{"l1", func(b *builder) (*gorgonia.Node, error) { return engine.L1(b.images(), b.input("y", 16, 32, 32, 64)) }, 1, 1},
	{"l2", func(b *builder) (*gorgonia.Node, error) { return engine.L2(b.images(), b.input("y", 16, 32, 32, 64)) }, 1, 1},
	{"huber", func(b *builder) (*gorgonia.Node, error) {
		return engine.Huber(b.images(), b.input("y", 16, 32, 32, 64), 1)
	}, 1, 1},
	{"bce", func(b *builder) (*gorgonia.Node, error) {
		return engine.BCEWithLogits(b.input("x", 1<<16), b.input("t", 1<<16))
	}, 1, 1},
	{"kl_normal", func(b *builder) (*gorgonia.Node, error) {
		return engine.KLNormal(b.input("x", 64, 512), b.input("log", 64, 512))
	}, 1, 1},
	{"total_variation", func(b *builder) (*gorgonia.Node, error) { return engine.TotalVariation(b.images()) }, 1, 1},
	{"reflect_pad", func(b *builder) (*gorgonia.Node, error) { return engine.ReflectPad(b.images(), 3, 3, 3, 3) }, 1, 0},
	{"zero padding", func(b *builder) (*gorgonia.Node, error) {
		return engine.Pad(b.images(), engine.Padding{}, engine.Padding{Before: 1, After: 1}, engine.Padding{Before: 1, After: 1})
	}, 1, 0},
	{"upsample_nearest", func(b *builder) (*gorgonia.Node, error) { return engine.UpsampleNearest(b.images(), 2, 2) }, 1, 0},
	{"depth_to_space", func(b *builder) (*gorgonia.Node, error) { return engine.DepthToSpace(b.images(), 2) }, 1, 0},
	{"max_pool 2x2", func(b *builder) (*gorgonia.Node, error) {
		return engine.MaxPool(b.images(), engine.Window{Height: 2, Width: 2})
	}, 1, 1},
	{"max_pool 3x3 of stride 2", func(b *builder) (*gorgonia.Node, error) {
		return engine.MaxPool(b.images(), engine.Window{Height: 3, Width: 3, StrideH: 2, StrideW: 2, Top: 1, Left: 1})
	}, 1, 1},
	{"average_pool 2x2", func(b *builder) (*gorgonia.Node, error) {
		return engine.AveragePool(b.images(), engine.Window{Height: 2, Width: 2})
	}, 1, 0},
	{"attention, 16 heads of 256x64", func(b *builder) (*gorgonia.Node, error) {
		return engine.Attention(b.input("x", 16, 256, 64), b.input("keys", 16, 256, 64), b.input("values", 16, 256, 64))
	}, 0, 0},
	{"fir 4x4", func(b *builder) (*gorgonia.Node, error) {
		return engine.ApplyFIR(b.images(), engine.FIR{Weights: []float64{1, 3, 3, 1}, Up: 1, Down: 1, Before: 2, After: 1})
	}, 0, 0},
	{"resize_bilinear, twice as large", func(b *builder) (*gorgonia.Node, error) {
		return engine.ResizeBilinear(b.images(), 64, 64)
	}, 0, 0},
	{"resize_bilinear, half as large", func(b *builder) (*gorgonia.Node, error) {
		return engine.ResizeBilinear(b.images(), 16, 16)
	}, 0, 0},
	{"resize_bilinear to 45x45", func(b *builder) (*gorgonia.Node, error) {
		return engine.ResizeBilinear(b.images(), 45, 45)
	}, 0, 0},
	{"ssim", func(b *builder) (*gorgonia.Node, error) {
		return engine.SSIM(b.images(), b.input("y", 16, 32, 32, 64), 1)
	}, 0, 0},
}

// count compiles the composition alone, and with its gradient with respect to all inputs. A LeakyReLU stands for
// what follows it, between both passes, and is not counted.
func (c composition) count() (forward, whole Count, err error) {
	b := &builder{graph: gorgonia.NewGraph()}
	y, err := c.build(b)
	if err != nil {
		return forward, whole, err
	}
	if forward, err = compiled(y); err != nil {
		return forward, whole, err
	}
	n := func(n *gorgonia.Node) int { return n.Shape().TotalSize() }
	x := n(b.inputs[0])
	others := 0
	for _, in := range b.inputs[1:] {
		others += n(in)
	}
	if c.forward > 0 {
		forward.Floor = c.forward*x + others + n(y)
	}

	outputs, err := c.withGradient()
	if err != nil {
		return forward, whole, err
	}
	if whole, err = compiled(outputs...); err != nil {
		return forward, whole, err
	}
	if c.forward > 0 {
		// The backward pass reads the gradient of y as often as x, and x unless it is a mere move.
		gradient := max(c.backward, 1) * n(y)
		if y.IsScalar() {
			gradient = 0
		}
		reads := c.backward * x
		if c.backward > 0 {
			reads += others
		}
		whole.Floor = forward.Floor + gradient + reads + x + others
	}
	return forward, whole, nil
}

// withGradient are the composition's result, as LeakyReLU makes of it, and the gradients of its inputs.
func (c composition) withGradient() (gorgonia.Nodes, error) {
	b := &builder{graph: gorgonia.NewGraph()}
	y, err := c.build(b)
	if err != nil {
		return nil, err
	}
	top, dtop := y, b.graph.AddNode(gorgonia.NewConstant(float32(1)))
	if !y.IsScalar() {
		if top, err = engine.LeakyReLU(y, 0.3); err != nil {
			return nil, err
		}
		dtop = gorgonia.NewTensor(b.graph, tensor.Float32, y.Dims(), gorgonia.WithName("dy"), gorgonia.WithShape(y.Shape()...))
	}
	outputs := gorgonia.Nodes{top}
	for _, in := range b.inputs {
		dx, err := engine.VJP(top, dtop, in)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, dx)
	}
	return outputs, nil
}

// compile makes a program of outputs of a graph.
func compile(outputs ...*gorgonia.Node) (*program.Program, error) {
	var places []engine.Place
	for i, n := range outputs {
		places = append(places, engine.Place{Node: n, At: program.Arg{Storage: fmt.Sprintf("result %d", i)}})
	}
	return engine.Compile("composition", places)
}

// compiled counts the elements that the steps of a program read and write, but for LeakyReLU and its gradient.
func compiled(outputs ...*gorgonia.Node) (Count, error) {
	p, err := compile(outputs...)
	if err != nil {
		return Count{}, err
	}
	var c Count
	for _, s := range p.Steps {
		switch s.Op.(type) {
		case program.LeakyReLU, program.LeakyReLUGrad, program.Fill:
			continue
		}
		c.Steps++
		seen := map[program.View]bool{}
		for i, o := range s.Op.Operands() {
			if key := s.Args[i]; o.Access != program.Read || !seen[key] {
				seen[key] = seen[key] || o.Access == program.Read
				c.Moved += o.Len
			}
		}
	}
	return c, nil
}
