package exchange

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// WriteUse makes or replaces an ONNX file of what a game's networks are used for: the graph of that name in the model
// file, for batches of any size. Arrays are those that the networks are used by: averages, where the model has them.
//
// Inputs are those of the graph, under their names, float32, the batch first: noise ("z" [batch, n]), classes ("class"
// [batch, classes], 1 at the class and 0 elsewhere), images ("image" [batch, height, width, channels], 0 to 1).
// Dropouts that stay on in use, as those of pix2pix, are off in the file, which says so: each image then has one result.
// The output of [train.SampleUse] is "images" [batch, height, width, channels], 0 to 1. One output of another use is
// named after the use, several are NAME_0, NAME_1, ... in the graph's order.
func WriteUse(path string, m *train.Model, use string) error {
	model, err := encodeUse(m, use)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeBytes(path, model)
}

func encodeUse(m *train.Model, use string) ([]byte, error) {
	g, err := writeGraph(m, use)
	if err != nil {
		return nil, err
	}
	return onnxModelOf(m, use, g), nil
}

// onnxModelOf is a graph that was written as a file, which says what it is.
func onnxModelOf(m *train.Model, use string, g *onnxUse) []byte {
	description := m.Game + ", " + use
	if slices.ContainsFunc(m.Uses[use].Inputs, isMask) {
		description += "; dropout, which gangpu leaves on in use, is off"
	}
	return onnxModel(description, onnxGraphProto(use, g.nodes, g.tensors, g.inputs, g.outputs))
}

func writeGraph(m *train.Model, use string) (*onnxUse, error) {
	saved, ok := m.Uses[use]
	if !ok {
		return nil, fmt.Errorf("the model of the game %s has no graph %q", m.Game, use)
	}
	wrong := func(err error) (*onnxUse, error) { return nil, fmt.Errorf("the graph %s: %w", use, err) }
	shapes, err := shapesOf(saved)
	if err != nil {
		return wrong(err)
	}
	g := &onnxUse{names: map[string]int{}, known: map[string]*operand{}, made: map[string]bool{}}
	for _, in := range saved.Inputs {
		if isMask(in) {
			continue
		}
		g.names[in.Name]++
		if in.Role != nn.Array {
			g.known[in.Name] = &operand{last: in.Name, shape: append([]int{ofBatch}, in.Shape...)}
			g.inputs = append(g.inputs, onnxValue(in.Name, onnxFloat32, in.Shape).text(3, meaning(in)))
			continue
		}
		a, ok := m.Used(in.Name)
		if !ok || !slices.Equal(a.Shape, in.Shape) {
			return wrong(fmt.Errorf("it reads %s of shape %v, which the model does not hold", in.Name, in.Shape))
		}
		g.known[in.Name] = &operand{shape: in.Shape, name: in.Name, values: a.Values}
	}
	for _, n := range saved.Nodes {
		if err := g.write(n, shapes); err != nil {
			return wrong(fmt.Errorf("%s: %w", n.Kind, err))
		}
	}
	for i, of := range saved.Outputs {
		shape := shapes[of]
		if len(shape) == 0 || shape[0] != ofBatch || slices.Contains(shape[1:], ofBatch) {
			return wrong(fmt.Errorf("result %d is no batch", i))
		}
		name := use
		switch {
		case len(saved.Outputs) > 1:
			name = fmt.Sprintf("%s_%d", use, i)
		case use == train.SampleUse:
			name = "images"
		}
		g.outputs = append(g.outputs, onnxValue(g.output(g.known[of], name), onnxFloat32, shape[1:]))
	}
	return g, nil
}

// isMask reports whether an input is the mask of a dropout.
func isMask(in nn.SavedInput) bool { return in.Role == nn.Noise && in.Distribution == nn.Mask }

// meaning says what an input is.
func meaning(in nn.SavedInput) string {
	if in.Role != nn.Noise {
		return "given"
	}
	return "random numbers, distribution: " + string(in.Distribution)
}

// ofBatch is a size that depends on that of the batch.
const ofBatch = -1

// shapesOf are the shapes of all nodes. The graph is built for two batches: what differs depends on the batch.
func shapesOf(s *nn.Saved) (map[string][]int, error) {
	all := *s
	all.Outputs = slices.Clone(s.Outputs)
	least := 1
	for _, n := range s.Nodes {
		all.Outputs = append(all.Outputs, n.Outputs...)
		if n.Kind == "minibatch_stddev" { // batches are multiples of its group
			var a struct{ Group int }
			if err := decode(n, &a); err != nil {
				return nil, err
			}
			least *= max(a.Group, 1)
		}
	}
	shapes := map[string][]int{}
	for batch := least; batch <= 2*least; batch += least {
		y, _, err := all.Build(nn.NewGraph("ONNX", tensor.Float32), batch)
		if err != nil {
			return nil, err
		}
		for i, name := range all.Outputs {
			shape := y[i].Shape()
			before, ok := shapes[name]
			for j := range before {
				if shape[j] != before[j] {
					before[j] = ofBatch
				}
			}
			if !ok {
				shapes[name] = shape
			}
		}
	}
	return shapes, nil
}
