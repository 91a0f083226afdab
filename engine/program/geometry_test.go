package program

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Sizes and paddings of TensorFlow: the examples of its guide to convolution padding (13 wide,
// filter 6, stride 5), and layers whose shapes Keras prints.
func TestGeometryAsTensorFlow(t *testing.T) {
	for _, c := range []struct {
		in, filter, stride int
		padding            Padding
		out, before        int
	}{
		{13, 6, 5, Valid, 2, 0},
		{13, 6, 5, Same, 3, 1}, // 1 before, 2 after
		{28, 3, 2, Same, 14, 0},
		{14, 3, 2, Same, 7, 0},
		{7, 3, 2, Same, 4, 1},
		{28, 28, 1, Same, 28, 13}, // 13 before, 14 after
		{28, 5, 1, Same, 28, 2},
		{224, 7, 2, Same, 112, 2}, // 2 before, 3 after
		{28, 3, 1, Valid, 26, 0},
		{28, 3, 2, Valid, 13, 0},
		{5, 1, 3, Same, 2, 0}, // a stride over the filter would pad less than nothing
		{3, 9, 1, Same, 3, 4},
		{3, 3, 5, Valid, 1, 0},
		{1, 1, 1, Same, 1, 0},
	} {
		// Height and width are independent: the other axis is something else.
		g := Geometry{Batch: 1, InH: c.in, InW: 9, InC: 1, OutC: 1, FilterH: c.filter, FilterW: 2, StrideH: c.stride, StrideW: 4, Padding: c.padding}
		if g.OutH() != c.out || g.PadTop() != c.before {
			t.Errorf("%v: height %d, padding %d, want %d, %d", g, g.OutH(), g.PadTop(), c.out, c.before)
		}
		g = Geometry{Batch: 1, InH: 9, InW: c.in, InC: 1, OutC: 1, FilterH: 2, FilterW: c.filter, StrideH: 4, StrideW: c.stride, Padding: c.padding}
		if g.OutW() != c.out || g.PadLeft() != c.before {
			t.Errorf("%v: width %d, padding %d, want %d, %d", g, g.OutW(), g.PadLeft(), c.out, c.before)
		}
	}
}

func TestGeometryLengths(t *testing.T) {
	g := Geometry{Batch: 2, InH: 5, InW: 7, InC: 3, OutC: 4, FilterH: 3, FilterW: 2, StrideH: 2, StrideW: 3}
	if g.InLen() != 2*5*7*3 || g.OutLen() != 2*3*3*4 || g.FilterLen() != 3*2*3*4 {
		t.Errorf("%v: lengths %d, %d, %d", g, g.InLen(), g.OutLen(), g.FilterLen())
	}
}

func TestMACsByCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		g := Geometry{Batch: 1 + rng.IntN(3), InH: 1 + rng.IntN(9), InW: 1 + rng.IntN(9), InC: 1 + rng.IntN(3), OutC: 1 + rng.IntN(3),
			FilterH: 1 + rng.IntN(11), FilterW: 1 + rng.IntN(11), StrideH: 1 + rng.IntN(4), StrideW: 1 + rng.IntN(4), Padding: drawPadding(rng)}
		if g.Validate() != nil {
			continue
		}
		want := 0
		for oy := range g.OutH() {
			for ox := range g.OutW() {
				for ky := range g.FilterH {
					for kx := range g.FilterW {
						iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
						if iy >= 0 && iy < g.InH && ix >= 0 && ix < g.InW {
							want += g.Batch * g.InC * g.OutC
						}
					}
				}
			}
		}
		if got := g.MACs(); got != want {
			t.Errorf("%v: %d multiply-adds, counted %d", g, got, want)
		}
	}
	// 588 of 784 pairs of an input row and an output row meet, in either axis.
	g := Geometry{Batch: 1, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1}
	if got, want := g.MACs(), 588*588*32; got != want {
		t.Errorf("%v: %d multiply-adds, want %d", g, got, want)
	}
}

func TestGeometryValidate(t *testing.T) {
	good := Geometry{Batch: 1, InH: 4, InW: 4, InC: 1, OutC: 1, FilterH: 5, FilterW: 5, StrideH: 1, StrideW: 1}
	if err := good.Validate(); err != nil {
		t.Errorf("%v: %v", good, err)
	}
	for want, change := range map[string]func(g *Geometry){
		"batch":              func(g *Geometry) { g.Batch = 0 },
		"input height":       func(g *Geometry) { g.InH = -1 },
		"input width":        func(g *Geometry) { g.InW = 0 },
		"input channels":     func(g *Geometry) { g.InC = 0 },
		"output channels":    func(g *Geometry) { g.OutC = 0 },
		"filter height":      func(g *Geometry) { g.FilterH = 0 },
		"filter width":       func(g *Geometry) { g.FilterW = 0 },
		"vertical stride":    func(g *Geometry) { g.StrideH = 0 },
		"horizontal stride":  func(g *Geometry) { g.StrideW = 0 },
		"padding top is -1":  func(g *Geometry) { g.Padding = Explicit(-1, 0, 0, 0) },
		"padding right is 5": func(g *Geometry) { g.Padding = Explicit(0, 0, 0, 5) },
		"with padding [0 0":  func(g *Geometry) { g.Padding = Explicit(0, 0, 1, 0) },
		"5x5 filter does no": func(g *Geometry) { g.Padding = Valid },
	} {
		g := good
		change(&g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// drawPadding draws Same, Valid, or less than 3 on each side.
func drawPadding(rng *rand.Rand) Padding {
	return []Padding{Same, Valid, Explicit(rng.IntN(3), rng.IntN(4)-1, rng.IntN(3), rng.IntN(4)-1)}[rng.IntN(3)]
}

// Sizes that PyTorch 2 gives for padding on both sides, and of its transposed convolutions, which are the images
// that these convolutions read.
func TestGeometryAsPyTorch(t *testing.T) {
	for _, c := range []struct{ in, filter, stride, before, after, out int }{
		{32, 3, 1, 1, 1, 32}, {32, 4, 2, 1, 1, 16}, {4, 4, 1, 0, 0, 1}, {33, 7, 2, 3, 3, 17}, {15, 3, 2, 1, 1, 8},
		{16, 4, 1, 1, 1, 15}, // PatchGAN's
		{64, 3, 2, 1, 0, 32}, // ConvTranspose2d(3, stride 2, padding 1, output_padding 1) of 32 makes 64
		{64, 4, 2, 1, 1, 32}, // ConvTranspose2d(4, stride 2, padding 1)
		{4, 4, 1, 0, 0, 1},   // ConvTranspose2d(4) of 1
		{66, 3, 2, 0, -1, 32},
	} {
		g := Geometry{Batch: 1, InH: c.in, InW: c.in, InC: 1, OutC: 1, FilterH: c.filter, FilterW: c.filter, StrideH: c.stride,
			StrideW: c.stride, Padding: Explicit(c.before, c.after, c.before, c.after)}
		if err := g.Validate(); err != nil || g.OutH() != c.out || g.OutW() != c.out || g.PadTop() != c.before {
			t.Errorf("%v: %v, %dx%d, want %d", g, err, g.OutH(), g.OutW(), c.out)
		}
	}
}
