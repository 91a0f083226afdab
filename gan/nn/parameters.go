package nn

import (
	"fmt"
	"slices"
)

// Parameter is one array of a network: trained, or state that an update computes otherwise.
type Parameter struct {
	Name   string // as in a model file: "generator/conv2d_transpose_1/kernel"
	Shape  []int
	Offset int // of its first element in the network's array of parameters, or of state
	Init   Initialiser
	Fans   Fans // of a kernel; zero of others
	State  bool // not trained: a running mean, say
}

// Len is the number of elements.
func (p Parameter) Len() int { return size(p.Shape) }

// Fans are the numbers of inputs that one output of a kernel depends on, and of outputs that one input has a part in.
type Fans struct{ In, Out int }

// Parameters are the arrays of a network. They are found by applying the network for the first time, and all later
// applications share them.
type Parameters struct {
	Network string
	List    []Parameter
	// Layers are the network's, in the order in which it is computed.
	Layers []LayerShape
	index  map[string]int
}

// LayerShape is a layer and the shape that it makes of an example.
type LayerShape struct {
	Name  string
	Shape []int
}

// note keeps the shape of a layer that was not seen yet.
func (p *Parameters) note(name string, shape []int) {
	if len(shape) > 0 && !slices.ContainsFunc(p.Layers, func(l LayerShape) bool { return l.Name == name }) {
		p.Layers = append(p.Layers, LayerShape{name, shape[1:]})
	}
}

// NewParameters are those of a network that was not applied yet.
func NewParameters(network string) *Parameters {
	return &Parameters{Network: network, index: map[string]int{}}
}

// align keeps each array on a boundary that vectors are loaded from, in elements.
const align = 4

// Len is the number of elements of the array that holds all trained parameters, or all state; gaps are included.
func (p *Parameters) Len(state bool) int {
	for i := len(p.List) - 1; i >= 0; i-- {
		if q := p.List[i]; q.State == state {
			return (q.Offset + q.Len() + align - 1) / align * align
		}
	}
	return 0
}

// Count is the number of trained parameters, as papers count them.
func (p *Parameters) Count() int {
	n := 0
	for _, q := range p.List {
		if !q.State {
			n += q.Len()
		}
	}
	return n
}

// Find returns the parameter of a name.
func (p *Parameters) Find(name string) (Parameter, bool) {
	i, ok := p.index[name]
	if !ok {
		return Parameter{}, false
	}
	return p.List[i], true
}

// add returns the parameter of q's name, which is q if it is new.
func (p *Parameters) add(q Parameter) (Parameter, error) {
	if known, ok := p.Find(q.Name); ok {
		if !slices.Equal(known.Shape, q.Shape) || known.State != q.State {
			return q, fmt.Errorf("%s is %v here and %v elsewhere", q.Name, q.Shape, known.Shape)
		}
		return known, nil
	}
	q.Shape = slices.Clone(q.Shape)
	q.Offset = p.Len(q.State)
	p.index[q.Name] = len(p.List)
	p.List = append(p.List, q)
	return q, nil
}
