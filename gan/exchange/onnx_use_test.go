package exchange

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// All kinds of nodes that a model file may hold can be written, and each is in a graph that TestPeers compares.
func TestEveryOperation(t *testing.T) {
	m := graphsModel(t, everyOperation)
	tried := map[string]bool{}
	for _, s := range m.Uses {
		for _, n := range s.Nodes {
			tried[n.Kind] = true
		}
	}
	kinds := nn.Kinds()
	for _, kind := range kinds {
		if onnxOperations[kind] == nil {
			t.Errorf("no ONNX of %s", kind)
		}
		if !tried[kind] && kind != "vector" { // of running statistics, which are no part of a use
			t.Errorf("no graph has %s", kind)
		}
	}
	if len(onnxOperations) != len(kinds) {
		t.Errorf("%d kinds are written, there are %d", len(onnxOperations), len(kinds))
	}
}

// A graph is what ONNX asks for: operands come first, names are of one value, and nothing is there in vain.
func TestGraphsAreWhole(t *testing.T) {
	models := gameModels(t)
	models["every operation"] = graphsModel(t, everyOperation)
	for name, m := range models {
		for use, s := range m.Uses {
			g, err := writeGraph(m, use)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			made, read := map[string]bool{}, map[string]bool{"": true}
			add := func(v string) {
				if made[v] || v == "" {
					t.Errorf("%s, %s: %q is made twice", name, use, v)
				}
				made[v] = true
			}
			for _, v := range append(slices.Clone(g.inputs), g.tensors...) {
				add(nameOf(t, v))
			}
			for _, n := range g.nodes {
				for _, v := range n.inputs {
					if !made[v] && v != "" {
						t.Errorf("%s, %s: %s reads %q, which is not made before it", name, use, n.operator, v)
					}
					read[v] = true
				}
				add(n.output)
			}
			for _, v := range g.outputs {
				if !made[nameOf(t, v)] {
					t.Errorf("%s, %s: nothing makes the output %s", name, use, nameOf(t, v))
				}
				read[nameOf(t, v)] = true
			}
			for _, v := range g.tensors {
				if !read[nameOf(t, v)] {
					t.Errorf("%s, %s: nothing reads %s", name, use, nameOf(t, v))
				}
			}
			for _, n := range g.nodes {
				if !read[n.output] {
					t.Errorf("%s, %s: nothing reads %s", name, use, n.output)
				}
			}
			if got := len(g.inputs) + countUnfed(s); got != len(s.Inputs) {
				t.Errorf("%s, %s: %d inputs", name, use, got)
			}
		}
	}
}

// countUnfed counts what is no input of the ONNX graph: arrays, and masks of dropouts, which are off there.
func countUnfed(s *nn.Saved) (n int) {
	for _, in := range s.Inputs {
		if in.Role == nn.Array || isMask(in) {
			n++
		}
	}
	return n
}

// nameOf is the name in an encoded TensorProto or ValueInfoProto.
func nameOf(t *testing.T, m message) string {
	t.Helper()
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		m = m[n:]
		if kind == protowire.BytesType && (field == 8 || field == 1) {
			v, _ := protowire.ConsumeBytes(m)
			return string(v)
		}
		m = m[protowire.ConsumeFieldValue(field, kind, m):]
	}
	t.Fatal("a message without a name")
	return ""
}

// Images change the order of their channels at the ends of a chain of convolutions alone.
func TestTransposesAtTheEnds(t *testing.T) {
	m := gameModels(t)["dcgan"]
	g, err := writeGraph(m, train.SampleUse)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, node := range g.nodes {
		if node.operator == "Transpose" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d transposes, want one before and one after", n)
	}
}

func TestGraphsRefused(t *testing.T) {
	m := graphsModel(t, map[string]written{"images": everyOperation["images"], "spectral": everyOperation["spectral"]})
	node := func(kind, attributes string) *nn.Saved {
		return &nn.Saved{
			Inputs: []nn.SavedInput{{Name: "x", Role: nn.Example, Shape: []int{2, 2, 1}}}, Outputs: []string{"0"},
			Nodes: []nn.SavedNode{{Kind: kind, Attributes: []byte(attributes), Inputs: []string{"x"}, Outputs: []string{"0"}}},
		}
	}
	m.Uses["rounded"] = node("map", `{"name":"rounded","code":"in 0;rint 0 -> 1"}`)
	m.Uses["folded"] = node("fold", `{}`)
	m.Uses["mean"] = node("reduce", `{"of":"mean","axes":[]}`)
	m.Arrays = slices.DeleteFunc(m.Arrays, func(a train.Array) bool { return a.Name == "spectral/dense/u" })
	for use, want := range map[string]string{
		"rounded": "map: the instruction rint cannot be written as ONNX", "folded": `no operation is called "fold"`,
		"mean": "result 0 is no batch", "spectral": "spectral/dense/u of shape [1 3], which the model does not hold",
		"none": `no graph "none"`,
	} {
		if _, err := encodeUse(m, use); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", use, err, want)
		}
	}
}
