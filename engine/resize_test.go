package engine

import (
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Bilinear resizing, by its definition, up and down, by whole ratios and others, and in a program as on Gorgonia's machine.
func TestResizeBilinearByDefinition(t *testing.T) {
	const batch, channels = 2, 3
	for _, c := range []struct{ height, width, toHeight, toWidth int }{
		{3, 4, 6, 8}, {6, 8, 3, 4}, {4, 6, 6, 4}, {5, 5, 5, 5}, {7, 9, 13, 11}, {28, 28, 32, 32}, {13, 1, 1, 7}, {4, 3, 32, 36}, {33, 17, 2, 5},
	} {
		b := newNetwork(t, tensor.Float64, 1)
		x := b.input("x", batch, c.height, c.width, channels)
		y := b.must(ResizeBilinear(x, c.toHeight, c.toWidth))
		if want := (tensor.Shape{batch, c.toHeight, c.toWidth, channels}); !y.Shape().Eq(want) {
			t.Fatalf("%+v: shape %v, want %v", c, y.Shape(), want)
		}
		xs := x.Value().Data().([]float64)
		at := func(n, i, j, ch int) float64 {
			i, j = min(max(i, 0), c.height-1), min(max(j, 0), c.width-1)
			return xs[((n*c.height+i)*c.width+j)*channels+ch]
		}
		got := b.value(y)
		for k, g := range got {
			n, i, j, ch := k/(c.toHeight*c.toWidth*channels), k/(c.toWidth*channels)%c.toHeight, k/channels%c.toWidth, k%channels
			v := (float64(i)+0.5)*float64(c.height)/float64(c.toHeight) - 0.5
			h := (float64(j)+0.5)*float64(c.width)/float64(c.toWidth) - 0.5
			top, left := int(math.Floor(v)), int(math.Floor(h))
			down, right := v-float64(top), h-float64(left)
			want := (1-down)*((1-right)*at(n, top, left, ch)+right*at(n, top, left+1, ch)) +
				down*((1-right)*at(n, top+1, left, ch)+right*at(n, top+1, left+1, ch))
			if math.Abs(g-want) > 1e-12 {
				t.Fatalf("%+v: element %d %d %d %d is %v, want %v", c, n, i, j, ch, g, want)
			}
		}
	}
	for _, size := range [][2]int{{0, 2}, {2, -1}} {
		b := newNetwork(t, tensor.Float64, 1)
		if _, err := ResizeBilinear(b.input("x", 1, 2, 2, 1), size[0], size[1]); err == nil {
			t.Errorf("no error of a size %v", size)
		}
	}
}

// Programs resize as Gorgonia's machine does, and so do their gradients.
func TestCompiledResizeBilinear(t *testing.T) {
	compilesAsOnTape(t, ResizeBilinear, [4]int{2, 4, 6, 3}, [][2]int{{8, 12}, {2, 9}, {5, 17}, {64, 3}})
}

// compilesAsOnTape compares a compiled resize of random images of a shape to some sizes, and its gradient, with what Gorgonia's
// machine computes.
func compilesAsOnTape(t *testing.T, resize func(x *gorgonia.Node, height, width int) (*gorgonia.Node, error), shape [4]int, sizes [][2]int) {
	for _, size := range sizes {
		b := newNetwork(t, tensor.Float32, 1)
		x := b.parameter("x", shape[:]...)
		y := b.must(Tanh(b.must(resize(x, size[0], size[1]))))
		dx, err := Grad(b.must(Sum(b.must(Multiply(y, y)))), x)
		if err != nil {
			t.Fatal(err)
		}
		nodes := gorgonia.Nodes{y, dx[0]}
		want := tape[float32](t, nodes...)
		p, err := Compile("test", places(nodes...))
		if err != nil {
			t.Fatal(err)
		}
		got := execute(t, p, b)
		for i := range nodes {
			if e := relative(got[fmt.Sprintf("result %d", i)], want[i]); !(e < 1e-5) {
				t.Errorf("%v: result %d is off by %v", size, i, e)
			}
		}
	}
}
