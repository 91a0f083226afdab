package main

import "testing"

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
