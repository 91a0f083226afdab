package engine

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Convolutions by 1x1 and their gradients are products, with their epilogues, and compute the same.
func TestPointwiseConvolutionsAreProducts(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	one := [2]int{1, 1}
	x := b.input("x", 2, 3, 5, 4)
	y := b.leaky(b.must(Conv2D(x, b.parameter("f", 1, 1, 4, 6), b.parameter("bias", 6), one, program.Valid)))
	y = b.must(Sigmoid(b.must(Conv2DTranspose(y, b.parameter("g", 1, 1, 3, 6), nil, one, program.Same))))
	loss := b.bce(y, "labels")
	grads, err := gorgonia.Grad(loss, b.parameters...)
	if err != nil {
		t.Fatal(err)
	}
	nodes := append(gorgonia.Nodes{loss}, grads...)
	want := tape[float32](t, nodes...)
	p, err := Compile("test", places(nodes...))
	if err != nil {
		t.Fatal(err)
	}
	products := 0
	for _, s := range p.Steps {
		switch s.Op.(type) {
		case program.MatMul:
			products++
		case program.Conv2D, program.Conv2DTranspose, program.Conv2DInputGrad, program.Conv2DFilterGrad:
			t.Errorf("step %s is a %s", s.Name, s.Op.Name())
		}
	}
	if products != 5 {
		t.Errorf("%d products, want 5:\n%v", products, p)
	}
	got := execute(t, p, b)
	for i := range nodes {
		if e := relative(got[places(nodes...)[i].At.Storage], want[i]); e > 1e-6 {
			t.Errorf("result %d is off by %.1e", i, e)
		}
	}
	// A stride or a larger filter is none.
	for _, g := range []program.Geometry{
		{Batch: 1, InH: 3, InW: 3, InC: 1, OutC: 1, FilterH: 1, FilterW: 1, StrideH: 2, StrideW: 1},
		{Batch: 1, InH: 3, InW: 3, InC: 1, OutC: 1, FilterH: 1, FilterW: 3, StrideH: 1, StrideW: 1},
	} {
		if op := pointwise(program.Conv2D{Geometry: g}); op != program.Op(program.Conv2D{Geometry: g}) {
			t.Errorf("%v became %v", g, op)
		}
	}
}
