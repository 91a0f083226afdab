package tutorial

import (
	"math"
	"testing"
)

// An input of LeakyReLU that float64 and float32 put on different sides of zero does not fail a
// reference.
func TestKinksAreAvoided(t *testing.T) {
	c := chain{name: "n", layers: []link{{kind: "dense", name: "n/dense", kernel: []int{2, 2}, leaky: true}, {kind: "dense", name: "n/dense_1", kernel: []int{2, 1}}}}
	parameters := map[string][]float32{"n/dense/kernel": {1, 2, 0.25, -1}, "n/dense/bias": {0, -3}, "n/dense_1/kernel": {1, 1}, "n/dense_1/bias": {0}}
	// Unit 0 is 0.75 and 0.5; unit 1 is 2*x0 - x1 - 3: -1e-7 and 1.
	x := []float64{1, 2*1 - 3 + 1e-7, 1, -2}
	pass := func() ([]float64, []kink) {
		y, kinks, err := c.pass(parameters, x, 2, [3]int{}, 0.3)
		if err != nil {
			t.Fatal(err)
		}
		return y, kinks
	}
	y, kinks := pass()
	if len(kinks) != 1 || kinks[0].bias != "n/dense/bias" || kinks[0].element != 1 || !(kinks[0].shift < -1e-7) {
		t.Fatalf("kinks %+v, want one, of bias 1 and downwards", kinks)
	}
	parameters["n/dense/bias"][1] += float32(kinks[0].shift)
	moved, kinks := pass()
	if len(kinks) != 0 {
		t.Errorf("kinks %+v remain", kinks)
	}
	for i := range y {
		if d := math.Abs(moved[i] - y[i]); d > 1e-5 {
			t.Errorf("output %d moved by %g", i, d)
		}
	}
}

// Before a D step the biases of D are moved, and before a G step those of both networks.
func TestKinksByPhase(t *testing.T) {
	// G makes an image of 2x2 pixels of one number; D weighs it. All biases make an input of LeakyReLU 1e-9.
	e := &Earlier{alpha: 0.3, half: 1, batch: 1, height: 2, width: 2, real: []float64{1, 1, 1, 1}, noiseD: []float64{1}, noiseG: []float64{1}, networks: [2]chain{
		{name: "generator", sigmoid: true, layers: []link{{kind: "dense", name: "generator/dense", kernel: []int{1, 4}, leaky: true, reshape: []int{2, 2, 1}}}},
		{name: "discriminator", layers: []link{{kind: "conv2d", name: "discriminator/conv2d", kernel: []int{1, 1, 1, 2}, stride: 1, leaky: true}}},
	}}
	for phase, want := range map[string][2]bool{"d": {false, true}, "g": {true, true}} {
		p := map[string][]float32{"generator/dense/kernel": {1, 1, 1, 1}, "generator/dense/bias": {-1 + 1e-7, 0, 0, 0},
			"discriminator/conv2d/kernel": {0, 1}, "discriminator/conv2d/bias": {1e-9, 0}}
		if err := e.avoidKinks(phase, p); err != nil {
			t.Fatal(err)
		}
		if g, d := p["generator/dense/bias"][0] != -1+1e-7, p["discriminator/conv2d/bias"][0] != 1e-9; g != want[0] || d != want[1] {
			t.Errorf("phase %s: G's bias is moved: %v, D's: %v, want %v", phase, g, d, want)
		}
	}
}
