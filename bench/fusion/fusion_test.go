package main

import (
	"testing"

	"gangpu/engine/enginetest"
)

// Fused, the compositions move at most 1.15 times the floor, but for those named here.
func TestCompositionsMoveLittle(t *testing.T) {
	more := map[string]float64{ // and why
		"instance_norm": 1.26, // gamma's and beta's gradients are sums over other dimensions than dx's
		"layer_norm":    1.31, // the same
		"group_norm":    1.26, // the same
		"prelu":         1.41, // alpha's gradient is a pass of its own
	}
	for _, c := range compositions {
		forward, whole, err := c.count()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for what, n := range map[string]Count{"forward": forward, "with the gradient": whole} {
			limit := max(more[c.name], 1.15)
			if ratio := float64(n.Moved) / float64(n.Floor); n.Floor > 0 && ratio > limit {
				t.Errorf("%s, %s: %d elements moved, %.2f times the floor, want at most %.2f", c.name, what, n.Moved, ratio, limit)
			}
		}
	}
}

// Compositions with their gradients take little more scratch memory than the order of their steps allows.
func TestScratchOfCompositions(t *testing.T) {
	worst, of := 0., ""
	for _, c := range compositions {
		outputs, err := c.withGradient()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		p, err := compile(outputs...)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		size, bound, err := enginetest.Scratch(p)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if bound == 0 {
			continue
		}
		ratio := float64(size) / float64(bound)
		if !(ratio <= 1.1) {
			t.Errorf("%s: %d elements of scratch, %.3f times the bound of %d", c.name, size, ratio, bound)
		}
		if ratio > worst {
			worst, of = ratio, c.name
		}
	}
	t.Logf("at most %.4f times the bound, of %s", worst, of)
}
