package main

import (
	"testing"

	"gangpu/engine/enginetest"
)

// Fused, the compositions move at most 1.15 times the floor.
func TestCompositionsMoveLittle(t *testing.T) {
	for _, c := range compositions {
		forward, whole, err := c.count()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for what, n := range map[string]Count{"forward": forward, "with the gradient": whole} {
			const limit = 1.15
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
