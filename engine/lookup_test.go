package engine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Gorgonia finds each node of a graph without a search, and finds the right ones.
func TestNodesAreRemembered(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	b.input("unused", 3)
	x := b.input("x", 3)
	y := b.leaky(x)
	sum := b.must(Add(x, y))
	if again := b.must(Add(x, y)); again != sum {
		t.Error("the same operation is another node")
	}
	known := reflect.ValueOf(b.g).Elem().FieldByName("byID")
	for _, n := range []*gorgonia.Node{x, y, sum} {
		if at := known.MapIndex(reflect.ValueOf(n.ID())); !at.IsValid() || b.g.AllNodes()[at.Int()] != n {
			t.Errorf("%s is at %v", describe(n), at)
		}
		if b.g.Node(n.ID()) != n {
			t.Errorf("%s is not found by its number", describe(n))
		}
	}
	// After a node is removed, numbers are no places any more.
	b.g.RemoveNode(sum)
	for range 3 {
		x = b.leaky(x)
		if b.g.Node(x.ID()) != x || len(operandsOf(x)) != 1 {
			t.Errorf("%s is not found after another node was removed", describe(x))
		}
	}
}

// Overlaps are found where a comparison of all with all finds them.
func TestCheckOverlaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	b := newNetwork(t, tensor.Float32, 1)
	found := 0
	for range 2000 {
		c := &compiler{}
		var want bool
		for i := range 2 + rng.IntN(8) {
			v := &value{node: b.input(fmt.Sprint("v", i)), len: 1 + rng.IntN(6),
				at: &program.Arg{Storage: string(rune('a' + rng.IntN(3))), Offset: rng.IntN(20)}}
			if rng.IntN(2) == 0 {
				c.inputs = append(c.inputs, v)
			} else {
				v.def = &step{}
				c.outputs = append(c.outputs, v)
			}
			for j, w := range append(c.inputs, c.outputs...) {
				if w != v && (v.def != nil || j >= len(c.inputs)) && v.at.Storage == w.at.Storage &&
					v.at.Offset < w.at.Offset+w.len && w.at.Offset < v.at.Offset+v.len {
					want = true
				}
			}
		}
		if err := c.checkOverlaps(); (err != nil) != want {
			t.Fatalf("inputs %v, outputs %v: %v", c.inputs, c.outputs, err)
		}
		if want {
			found++
		}
	}
	if found < 500 || found > 1900 {
		t.Errorf("%d of 2000 overlap", found)
	}
}
