package nn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gangpu/engine/program"
)

// Saved is a graph of inference as data: what a model file holds, so that images can be made by a program that does
// not know the network.
type Saved struct {
	Inputs  []SavedInput `json:"inputs"`
	Nodes   []SavedNode  `json:"nodes"` // operands first
	Outputs []string     `json:"outputs"`
}

// SavedInput is an input of a saved graph.
type SavedInput struct {
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Shape []int  `json:"shape"` // of an array; of other inputs that of one example
	// Distribution is how noise is drawn.
	Distribution Distribution `json:"distribution,omitempty"`
	Rate         float64      `json:"rate,omitempty"` // of a mask
}

// Role is what an input of a saved graph is.
type Role string

const (
	Array   Role = "array"   // a parameter or a state, by its name in the model file
	Noise   Role = "noise"   // drawn
	Example Role = "example" // given: images, classes
)

// SavedNode is an operation of a saved graph.
type SavedNode struct {
	Kind       string          `json:"kind"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
	Inputs     []string        `json:"inputs"`
	Outputs    []string        `json:"outputs"`
}

// Save writes down what the outputs need. Operations of [Custom] cannot be saved.
func (g *Graph) Save(outputs ...*Node) (*Saved, error) {
	if g.err != nil {
		return nil, g.err
	}
	s := &Saved{}
	needed := map[string]bool{}
	for _, o := range outputs {
		needed[o.name] = true
		s.Outputs = append(s.Outputs, o.name)
	}
	for i := len(g.records) - 1; i >= 0; i-- {
		r := g.records[i]
		if !slices.ContainsFunc(r.outputs, func(name string) bool { return needed[name] }) {
			continue
		}
		n, err := saveOp(r.op)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.name, err)
		}
		n.Inputs, n.Outputs = r.inputs, r.outputs
		for _, name := range r.inputs {
			if name == "" {
				return nil, fmt.Errorf("%s: a constant in %s cannot be saved", g.name, n.Kind)
			}
			needed[name] = true
		}
		s.Nodes = append(s.Nodes, n)
	}
	slices.Reverse(s.Nodes)
	for _, in := range g.inputs {
		name := in.Node.Name()
		if !needed[name] {
			continue
		}
		saved := SavedInput{Name: name, Role: Example, Shape: slices.Clone(in.Node.Shape())}
		for _, d := range g.draws {
			if d.Name == name {
				saved.Role, saved.Distribution, saved.Rate = Noise, d.Distribution, d.Rate
			}
		}
		switch {
		case g.arrays[name]:
			saved.Role = Array
		case len(saved.Shape) == 0:
			return nil, fmt.Errorf("%s: input %q has no batch", g.name, name)
		default:
			saved.Shape = saved.Shape[1:]
		}
		s.Inputs = append(s.Inputs, saved)
	}
	return s, nil
}

func saveOp(op Op) (SavedNode, error) {
	n := SavedNode{Kind: op.Kind()}
	switch op.(type) {
	case custom:
		return n, fmt.Errorf("%s is an operation of its program's own, which cannot be saved", op.Kind())
	case function:
		return n, nil // the word says all
	}
	attributes, err := json.Marshal(op)
	if string(attributes) != "{}" {
		n.Attributes = attributes
	}
	return n, err
}

// saveable are the operations with attributes, by their words.
var saveable = map[string]func(attributes []byte) (Op, error){}

func init() {
	register[mapOf]()
	register[leakyReLU]()
	register[reshape]()
	register[concat]()
	register[slice]()
	register[reduce]()
	register[upsample]()
	register[bicubic]()
	register[pool]()
	register[depthToSpace]()
	register[reflectPad]()
	register[mirror]()
	register[fir]()
	register[pixelNorm]()
	register[minibatchStddev]()
	register[attention]()
	register[dense]()
	register[conv2D]()
	register[conv2DTranspose]()
	register[dropout]()
	register[dropoutInUse]()
	register[prelu]()
	register[norm]()
	register[normalise]()
	register[spectralNorm]()
	register[demodulation]()
	register[vector]()
}

func register[T Op]() {
	var zero T
	saveable[zero.Kind()] = func(attributes []byte) (Op, error) {
		var op T
		if len(attributes) == 0 {
			return op, nil
		}
		d := json.NewDecoder(bytes.NewReader(attributes))
		d.DisallowUnknownFields()
		err := d.Decode(&op)
		return op, err
	}
}

// Kinds are the words of all operations that a saved graph may have.
func Kinds() []string {
	all := slices.Concat(slices.Collect(maps.Keys(unary)), slices.Collect(maps.Keys(binary)), slices.Collect(maps.Keys(saveable)))
	slices.Sort(all)
	return all
}

func (n SavedNode) op() (Op, error) {
	if unary[n.Kind] != nil || binary[n.Kind] != nil {
		return function{n.Kind}, nil
	}
	decode, ok := saveable[n.Kind]
	if !ok {
		return nil, fmt.Errorf("no operation is called %q: the file is of a later version", n.Kind)
	}
	op, err := decode(n.Attributes)
	if err != nil {
		return nil, fmt.Errorf("the attributes of %s: %w", n.Kind, err)
	}
	return op, nil
}

// arity is how many inputs an operation takes, at least and at most, where that is not one.
var arity = map[string][2]int{
	"map": {1, 64}, "concat": {1, 1 << 16}, "attention": {3, 3}, "dense": {2, 3}, "conv2d": {2, 3}, "conv2d_transpose": {2, 3},
	"dropout": {2, 2}, "prelu": {2, 2}, "norm": {1, 3}, "demodulation": {2, 2}, "normalise": {3, 5}, "spectral_norm": {2, 2},
}

// checkInputs reports a node whose operation does not take so many inputs.
func (n SavedNode) checkInputs() error {
	want, ok := arity[n.Kind]
	switch {
	case binary[n.Kind] != nil:
		want = [2]int{2, 2}
	case !ok:
		want = [2]int{1, 1}
	}
	if got := len(n.Inputs); got < want[0] || got > want[1] {
		return fmt.Errorf("%s has %d inputs, want %d to %d", n.Kind, got, want[0], want[1])
	}
	return nil
}

// Statistics is the graph with the batch's own statistics in the place of those that its batch norms keep. Its outputs are
// these statistics, [1, ..., channels], and of are the arrays that they stand for. It is nil if there are none.
func (s *Saved) Statistics() (statistics *Saved, of []string) {
	kept := map[string]bool{}
	for _, in := range s.Inputs {
		kept[in.Name] = in.Role == Array
	}
	own := &Saved{}
	for _, n := range s.Nodes {
		if n.Kind == (normalise{}).Kind() && len(n.Inputs) >= 3 && kept[n.Inputs[1]] && kept[n.Inputs[2]] {
			mean, variance := n.Outputs[0]+"/mean", n.Outputs[0]+"/variance"
			if !slices.Contains(of, n.Inputs[1]) {
				of, own.Outputs = append(of, n.Inputs[1:3]...), append(own.Outputs, mean, variance)
			}
			var a normalise
			_ = json.Unmarshal(n.Attributes, &a) // what is wrong in them, Build tells of the graph itself
			n.Kind, n.Inputs, n.Outputs = norm{}.Kind(), append([]string{n.Inputs[0]}, n.Inputs[3:]...), []string{n.Outputs[0], mean, variance}
			n.Attributes, _ = json.Marshal(norm{Over: "batch", Epsilon: a.Epsilon})
		}
		own.Nodes = append(own.Nodes, n)
	}
	if len(of) == 0 {
		return nil, nil
	}
	needed := map[string]bool{}
	for _, name := range own.Outputs {
		needed[name] = true
	}
	for i := len(own.Nodes) - 1; i >= 0; i-- {
		n := own.Nodes[i]
		if !slices.ContainsFunc(n.Outputs, func(name string) bool { return needed[name] }) {
			own.Nodes = slices.Delete(own.Nodes, i, i+1)
			continue
		}
		if !needed[n.Outputs[0]] { // of a norm of which the statistics alone are needed, not its gain and bias
			own.Nodes[i].Inputs, n.Inputs = n.Inputs[:1], n.Inputs[:1]
		}
		for _, name := range n.Inputs {
			needed[name] = true
		}
	}
	for _, in := range s.Inputs {
		if needed[in.Name] {
			own.Inputs = append(own.Inputs, in)
		}
	}
	return own, of
}

// ArraysStorage is where [Saved.Build] has a graph's arrays lie, one after the other.
const ArraysStorage = "arrays"

// Placed is an array of a saved graph and where it lies in ArraysStorage.
type Placed struct {
	Name   string
	Shape  []int
	Offset int
}

// Build writes the graph down again for a batch. Its arrays lie where the result says, its other inputs in storages
// named after them.
func (s *Saved) Build(g *Graph, batch int) (outputs []*Node, arrays []Placed, err error) {
	known := map[string]*Node{}
	end := 0
	for _, in := range s.Inputs {
		n := 1
		for _, d := range in.Shape {
			if d < 1 {
				return nil, nil, fmt.Errorf("input %q of shape %v", in.Name, in.Shape)
			}
			if n > program.MaxLen/d {
				return nil, nil, fmt.Errorf("input %q of shape %v: %w", in.Name, in.Shape, program.ErrTooLong)
			}
			n *= d
		}
		switch in.Role {
		case Array:
			arrays = append(arrays, Placed{in.Name, in.Shape, end})
			known[in.Name] = g.Input(in.Name, program.Arg{Storage: ArraysStorage, Offset: end}, in.Shape...)
			end += (n + align - 1) / align * align
		case Noise:
			known[in.Name] = g.Random(in.Name, in.Distribution, in.Rate, append([]int{batch}, in.Shape...)...)
		case Example:
			known[in.Name] = g.Input(in.Name, program.Arg{Storage: "input/" + in.Name}, append([]int{batch}, in.Shape...)...)
		default:
			return nil, nil, fmt.Errorf("input %q has the unknown role %q", in.Name, in.Role)
		}
	}
	for _, n := range s.Nodes {
		op, err := n.op()
		if err = errors.Join(err, n.checkInputs()); err != nil {
			return nil, nil, err
		}
		var inputs []*Node
		for _, name := range n.Inputs {
			in, ok := known[name]
			if !ok {
				return nil, nil, fmt.Errorf("%s reads %q, which nothing makes", n.Kind, name)
			}
			inputs = append(inputs, in)
		}
		for i, y := range applyAll(op, len(n.Outputs), inputs...) {
			known[n.Outputs[i]] = y
		}
	}
	for _, name := range s.Outputs {
		y, ok := known[name]
		if !ok {
			return nil, nil, fmt.Errorf("output %q is made by nothing", name)
		}
		outputs = append(outputs, y)
	}
	return outputs, arrays, g.err
}
