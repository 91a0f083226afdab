package exchange

import (
	"fmt"
	"slices"
	"strings"

	"gangpu/gan/nn"
)

// onnxUse is a saved graph that is being written down as ONNX.
type onnxUse struct {
	nodes                    []onnxNode
	tensors, inputs, outputs []message

	names map[string]int      // how many values have a name, or one that differs by its number
	known map[string]*operand // the values of the saved graph
	made  map[string]bool     // names of outputs
	at    string              // the saved node that is being written, after which its nodes are named
}

// operand is a value of the saved graph, or a part of one. Images have their channels last, as in the graph, or first,
// as ONNX convolves them: an image gets the other order once, when a node asks for it.
type operand struct {
	last, first string // its names in ONNX, "" of an order that it does not have yet
	shape       []int  // channels last; see ofBatch
	// Of an array: its name in the model file and its elements, which are written in the order that is asked for.
	name   string
	values []float32
}

// write writes down a node of the saved graph.
func (g *onnxUse) write(n nn.SavedNode, shapes map[string][]int) error {
	f, ok := onnxOperations[n.Kind]
	if !ok {
		return fmt.Errorf("this operation cannot be written as ONNX")
	}
	in := make([]*operand, len(n.Inputs))
	for i, name := range n.Inputs {
		in[i] = g.known[name]
	}
	g.at = n.Kind + "_" + n.Outputs[0]
	out, err := f(g, n, in)
	if err != nil {
		return err
	}
	if len(out) != len(n.Outputs) {
		return fmt.Errorf("%d results, want %d", len(n.Outputs), len(out))
	}
	for i, name := range n.Outputs {
		if !slices.Equal(out[i].shape, shapes[name]) {
			return fmt.Errorf("its result would have the shape %v, want %v", out[i].shape, shapes[name])
		}
		g.known[name] = out[i]
	}
	return nil
}

// unique is a name that no value has yet.
func (g *onnxUse) unique(name string) string {
	g.names[name]++
	if n := g.names[name]; n > 1 {
		return g.unique(fmt.Sprintf("%s_%d", name, n-1))
	}
	return name
}

// node adds a node and returns the name of its result.
func (g *onnxUse) node(operator string, inputs []string, attributes ...message) string {
	y := g.unique(g.at + "/" + operator)
	g.nodes = append(g.nodes, onnxNode{operator, y, inputs, attributes})
	return y
}

// constant is a tensor of a name that says what is in it, so that it is written once.
func constant[T float32 | int64](g *onnxUse, elementType int64, shape []int, values ...T) string {
	name := strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", "_")
	if elementType == onnxInt64 {
		name = "integers/" + name
	} else {
		name = "numbers/" + name
	}
	if g.names[name] == 0 {
		g.names[name]++
		g.tensors = append(g.tensors, onnxTensor(name, elementType, shape, values))
	}
	return name
}

// integers is a vector of integers: a shape, or axes.
func (g *onnxUse) integers(values ...int64) string {
	return constant(g, onnxInt64, []int{len(values)}, values...)
}

// number is a number that is broadcast to anything.
func (g *onnxUse) number(v float32) string { return constant(g, onnxFloat32, nil, v) }

// made is the result of a node that has its channels first or last.
func made(name string, first bool, shape []int) *operand {
	if first {
		return &operand{first: name, shape: shape}
	}
	return &operand{last: name, shape: shape}
}

// channelsLast is the name of v as the saved graph has it.
func (g *onnxUse) channelsLast(v *operand) string {
	switch {
	case v.last != "":
	case v.values != nil:
		v.last = g.array(v.name, v.shape, v.values)
	default:
		v.last = g.node("Transpose", []string{v.first}, onnxInts("perm", 0, 2, 3, 1))
	}
	return v.last
}

// channelsFirst is the name of v, images or one number a channel, as it is broadcast to images whose channels are first.
func (g *onnxUse) channelsFirst(v *operand) string {
	if len(v.shape) == 0 {
		return g.channelsLast(v)
	}
	if v.first != "" {
		return v.first
	}
	switch {
	case len(v.shape) == 4:
		v.first = g.node("Transpose", []string{g.channelsLast(v)}, onnxInts("perm", 0, 3, 1, 2))
	case v.values != nil:
		v.first = g.array(v.name+"/channels_first", []int{1, v.shape[0], 1, 1}, v.values)
	default:
		v.first = g.node("Reshape", []string{g.channelsLast(v), g.integers(1, -1, 1, 1)})
	}
	return v.first
}

// array writes an array of the model file down.
func (g *onnxUse) array(name string, shape []int, values []float32) string {
	g.names[name]++
	g.tensors = append(g.tensors, onnxTensor(name, onnxFloat32, shape, values))
	return name
}

// imagesFirst says in which order of the channels operands are best combined element by element: first, if one of
// them is in that order already and all others can be.
func imagesFirst(all ...*operand) bool {
	first := false
	for _, v := range all {
		switch len(v.shape) {
		case 4:
			first = first || v.first != ""
		case 0, 1:
		default:
			return false
		}
	}
	return first
}

// as is the name of v in an order of the channels.
func (g *onnxUse) as(v *operand, first bool) string {
	if first {
		return g.channelsFirst(v)
	}
	return g.channelsLast(v)
}

// axisOf is where an axis of images lies in an order of the channels.
func axisOf(axis int, first bool) int {
	if first {
		return []int{0, 2, 3, 1}[axis]
	}
	return axis
}

// output gives a value the name of an output, or one like it, and returns that. Where the value cannot be renamed, as an
// input of the graph, it is copied.
func (g *onnxUse) output(v *operand, name string) string {
	old := g.channelsLast(v)
	name = g.unique(name)
	i := slices.IndexFunc(g.nodes, func(n onnxNode) bool { return n.output == old })
	g.made[name] = true
	if i < 0 || g.made[old] {
		g.nodes = append(g.nodes, onnxNode{operator: "Identity", output: name, inputs: []string{old}})
		return name
	}
	g.nodes[i].output, v.last = name, name
	for _, n := range g.nodes {
		for j := range n.inputs {
			if n.inputs[j] == old {
				n.inputs[j] = name
			}
		}
	}
	return name
}
