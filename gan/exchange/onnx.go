package exchange

import (
	"fmt"
	"io"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/internal/atomicfile"
)

// WriteONNX makes or replaces an ONNX file of one network, for batches of any size. Images are
// [batch, height, width, 1], 0 to 1, as in Keras:
//
//	generator:     noise [batch, latent] -> images
//	discriminator: images -> probabilities of being real [batch, 1], their logits [batch, 1]
//
// A model that knows classes also takes classes [batch], int64.
func WriteONNX(path string, f *gan.ModelFile, part Part) error {
	model, err := encodeONNX(f, part)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeBytes(path, model)
}

func writeBytes(path string, data []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func encodeONNX(f *gan.ModelFile, part Part) ([]byte, error) {
	networks, err := partsOf(f, part)
	if err != nil {
		return nil, err
	}
	if len(networks) != 1 {
		return nil, fmt.Errorf("an ONNX file holds one network, not %s", part)
	}
	n := networks[0]
	input, outputs := "noise", []string{"images"}
	if part == Discriminator {
		input, outputs = "images", []string{"probabilities", "logits"}
	}
	g := onnxGraph{at: input}
	for _, layer := range n.Layers {
		if err := g.layer(n, layer); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", n.Name, layer.Name, err)
		}
	}
	g.channelsLast()
	// The last nodes make the outputs: the discriminator's ends in a sigmoid of the logits.
	for i, name := range outputs {
		g.rename(len(g.nodes)-1-i, name)
	}
	inputs := []message{onnxValue(input, onnxFloat32, n.Input)}
	if f.Model.Classes() > 0 {
		inputs = append(inputs, onnxValue(onnxClasses, onnxInt64, nil))
	}
	var made []message
	for _, name := range outputs {
		made = append(made, onnxValue(name, onnxFloat32, n.Output))
	}
	return onnxModel(f.Model.Name+", "+n.Name, onnxGraphProto(n.Name, g.nodes, g.tensors, inputs, made)), nil
}

// onnxClasses is the input of the samples' classes.
const onnxClasses = "classes"

// onnxGraph grows by a layer at a time. ONNX convolves images with the channels first; images are
// transposed where a layer needs the other order than the one that they have.
type onnxGraph struct {
	nodes         []onnxNode
	tensors       []message
	at            string // the value that the next layer takes
	channelsFirst bool
}

func (g *onnxGraph) add(operator, output string, inputs []string, attributes ...message) {
	g.nodes = append(g.nodes, onnxNode{operator, output, append([]string{g.at}, inputs...), attributes})
	g.at = output
}

func (g *onnxGraph) toChannelsFirst() {
	if !g.channelsFirst {
		g.add("Transpose", g.at+"/channels_first", nil, onnxInts("perm", 0, 3, 1, 2))
		g.channelsFirst = true
	}
}

func (g *onnxGraph) channelsLast() {
	if g.channelsFirst {
		g.add("Transpose", g.at+"/channels_last", nil, onnxInts("perm", 0, 2, 3, 1))
		g.channelsFirst = false
	}
}

// rename gives the output of a node another name.
func (g *onnxGraph) rename(i int, name string) {
	old := g.nodes[i].output
	g.nodes[i].output = name
	for _, n := range g.nodes {
		if j := slices.Index(n.inputs, old); j >= 0 {
			n.inputs[j] = name
		}
	}
}

func (g *onnxGraph) layer(n gan.Weights, placed gan.PlacedLayer) error {
	name := n.Name + "/" + placed.Name
	var weights []string
	for _, p := range placed.Parameters {
		shape, values := p.Shape, n.Of(p)
		if len(shape) == 4 {
			shape, values = channelsFirst(shape, values)
		}
		g.tensors = append(g.tensors, onnxTensor(p.Name, onnxFloat32, shape, values))
		weights = append(weights, p.Name)
	}
	switch layer := placed.Layer.(type) {
	case gan.Dense:
		g.add("Gemm", name, weights)
	case gan.Conv2D:
		geometry, err := layer.Geometry(placed.In)
		if err != nil {
			return err
		}
		g.toChannelsFirst()
		g.add("Conv", name, weights, convolution(geometry)...)
	case gan.Conv2DTranspose:
		geometry := layer.Geometry(placed.In)
		g.toChannelsFirst()
		g.add("ConvTranspose", name, weights, append(convolution(geometry), outputPadding(geometry))...)
	case gan.LeakyReLU:
		g.add("LeakyRelu", name, nil, onnxFloat("alpha", layer.Alpha))
	case gan.Sigmoid:
		g.add("Sigmoid", name, nil)
	case gan.Dropout:
		// It drops nothing outside of training.
	case gan.Reshape, gan.Flatten:
		g.channelsLast()
		g.reshape(name, placed.Out)
	case gan.ClassEmbedding:
		g.channelsLast()
		x := g.at
		g.at = weights[0]
		g.add("Gather", name+"/rows", []string{onnxClasses})
		g.reshape(name+"/own", placed.Out)
		g.add("Add", name, []string{x})
	default:
		return fmt.Errorf("a %s, which cannot be taken to ONNX", placed.Kind())
	}
	return nil
}

// reshape gives each sample a shape.
func (g *onnxGraph) reshape(name string, sample []int) {
	shape := []int64{0} // the batch, as it is
	for _, d := range sample {
		shape = append(shape, int64(d))
	}
	g.tensors = append(g.tensors, onnxTensor(name+"/shape", onnxInt64, []int{len(shape)}, shape))
	g.add("Reshape", name, []string{name + "/shape"})
}

// channelsFirst transposes a filter: (height, width, in, out) to (out, in, height, width) for a
// convolution, and (height, width, out, in) to (in, out, height, width) for a transposed one.
func channelsFirst(shape []int, values []float32) ([]int, []float32) {
	h, w, c, d := shape[0], shape[1], shape[2], shape[3]
	transposed := make([]float32, len(values))
	for i, v := range values {
		pixel, ci, di := i/(c*d), i/d%c, i%d
		transposed[(di*c+ci)*h*w+pixel] = v
	}
	return []int{d, c, h, w}, transposed
}

// convolution is the attributes of Conv, and of the ConvTranspose that is its gradient: what one
// pads, the other cuts off.
func convolution(g program.Geometry) []message {
	after := func(in, out, filter, stride, before int) int { return max((out-1)*stride+filter-in, 0) - before }
	bottom := after(g.InH, g.OutH(), g.FilterH, g.StrideH, g.PadTop())
	right := after(g.InW, g.OutW(), g.FilterW, g.StrideW, g.PadLeft())
	if g.Padding == program.Valid {
		bottom, right = 0, 0
	}
	return []message{
		onnxInts("kernel_shape", g.FilterH, g.FilterW),
		onnxInts("strides", g.StrideH, g.StrideW),
		onnxInts("pads", g.PadTop(), g.PadLeft(), bottom, right),
	}
}

// outputPadding is what a filter smaller than its stride leaves of the image.
func outputPadding(g program.Geometry) message {
	return onnxInts("output_padding", max(g.StrideH-g.FilterH, 0), max(g.StrideW-g.FilterW, 0))
}
