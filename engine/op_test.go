package engine

import (
	"fmt"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

func TestShapes(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	image := b.input("image", 2, 7, 8, 3)
	conv := func(p program.Padding, stride ...int) (*gorgonia.Node, error) {
		return Conv2D(image, b.input("filter", 3, 4, 3, 5), nil, [2]int(stride), p)
	}
	transpose := func(h, w int, p program.Padding, stride ...int) *gorgonia.Node {
		return b.must(Conv2DTranspose(image, b.fill("t"+string(rune('0'+h)), b.rng.NormFloat64, h, w, 5, 3), nil, [2]int(stride), p))
	}
	for _, c := range []struct {
		n    *gorgonia.Node
		want tensor.Shape
	}{
		{b.must(conv(program.Same, 1, 1)), tensor.Shape{2, 7, 8, 5}},
		{b.must(conv(program.Same, 2, 3)), tensor.Shape{2, 4, 3, 5}},
		{b.must(conv(program.Valid, 2, 3)), tensor.Shape{2, 3, 2, 5}},
		{transpose(3, 4, program.Same, 2, 3), tensor.Shape{2, 14, 24, 5}},
		{transpose(3, 4, program.Valid, 2, 3), tensor.Shape{2, 15, 25, 5}},
		{transpose(1, 1, program.Valid, 2, 3), tensor.Shape{2, 14, 24, 5}}, // Keras's size, filter below the stride
		{b.must(conv(program.Explicit(0, 1, 2, 0), 2, 3)), tensor.Shape{2, 3, 3, 5}},
		{transpose(3, 4, program.Explicit(1, 0, 1, 2), 2, 3), tensor.Shape{2, 14, 22, 5}},
		{b.must(Flatten(image)), tensor.Shape{2, 168}},
		{b.must(Reshape(image, 4, 84)), tensor.Shape{4, 84}},
		{b.must(Dense(b.must(Flatten(image)), b.input("kernel", 168, 9), nil)), tensor.Shape{2, 9}},
		{b.must(BCEWithLogits(image, image)), tensor.Shape{}},
		{b.must(SoftmaxCrossEntropy(b.input("rows", 3, 4), b.input("rows", 3, 4))), tensor.Shape{}},
	} {
		if !c.n.Shape().Eq(c.want) {
			t.Errorf("%s, want %v", describe(c.n), c.want)
		}
	}
}

func TestShapeErrors(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	image, matrix, vector := b.input("image", 2, 4, 4, 3), b.input("matrix", 2, 6), b.input("vector", 6)
	filter := b.input("filter", 3, 3, 3, 5)
	integers := gorgonia.NewMatrix(b.g, tensor.Int, gorgonia.WithShape(2, 6), gorgonia.WithName("integers"))
	double := newNetwork(t, tensor.Float64, 1)
	double.g = b.g
	one := [2]int{1, 1}
	for name, c := range map[string]struct {
		f    func() (*gorgonia.Node, error)
		want []string
	}{
		"conv2d of a matrix": {func() (*gorgonia.Node, error) { return Conv2D(matrix, filter, nil, one, program.Same) }, []string{"conv2d", "matrix [2 6]", "x has 2 dimensions"}},
		"conv2d of nothing":  {func() (*gorgonia.Node, error) { return Conv2D(nil, filter, nil, one, program.Same) }, []string{"x is nil"}},
		"conv2d channels": {func() (*gorgonia.Node, error) {
			return Conv2D(image, b.input("f2", 3, 3, 2, 5), nil, one, program.Same)
		}, []string{"f2 [3 3 2 5]", "reads 2 channels, x has 3"}},
		"conv2d bias":      {func() (*gorgonia.Node, error) { return Conv2D(image, filter, vector, one, program.Same) }, []string{"vector [6]", "5 channels"}},
		"conv2d bias rank": {func() (*gorgonia.Node, error) { return Conv2D(image, filter, matrix, one, program.Same) }, []string{"matrix [2 6]", "bias has 2 dimensions"}},
		"conv2d stride":    {func() (*gorgonia.Node, error) { return Conv2D(image, filter, nil, [2]int{1, 0}, program.Same) }, []string{"image [2 4 4 3]", "horizontal stride is 0"}},
		"conv2d padding":   {func() (*gorgonia.Node, error) { return Conv2D(image, filter, nil, one, program.Explicit(3, 0, 0, 0)) }, []string{"padding top is 3"}},
		"conv2d filter too large": {func() (*gorgonia.Node, error) {
			return Conv2D(image, b.input("f5", 5, 3, 3, 1), nil, one, program.Valid)
		}, []string{"f5 [5 3 3 1]", "5x3"}},
		"conv2d_transpose channels": {func() (*gorgonia.Node, error) { return Conv2DTranspose(image, filter, nil, one, program.Same) }, []string{"conv2d_transpose", "reads 5 channels, x has 3"}},
		"conv2d_transpose stride": {func() (*gorgonia.Node, error) {
			return Conv2DTranspose(image, b.input("f3", 3, 3, 5, 3), nil, [2]int{0, 1}, program.Same)
		}, []string{"stride is [0 1]"}},
		"dense features":             {func() (*gorgonia.Node, error) { return Dense(matrix, b.input("k", 5, 1), nil) }, []string{"dense", "k [5 1]", "reads 5 features, x has 6"}},
		"dense of images":            {func() (*gorgonia.Node, error) { return Dense(image, matrix, nil) }, []string{"image [2 4 4 3]", "4 dimensions, want 2"}},
		"leaky_relu slope":           {func() (*gorgonia.Node, error) { return LeakyReLU(image, -0.1) }, []string{"alpha is -0.1"}},
		"sigmoid of integers":        {func() (*gorgonia.Node, error) { return Sigmoid(integers) }, []string{"integers [2 6]", "int"}},
		"dropout mask":               {func() (*gorgonia.Node, error) { return Dropout(matrix, vector) }, []string{"matrix [2 6]", "vector [6]", "differ"}},
		"reshape":                    {func() (*gorgonia.Node, error) { return Reshape(matrix, 5, 2) }, []string{"matrix [2 6]", "[5 2] has 10 elements, x has 12"}},
		"reshape to negative":        {func() (*gorgonia.Node, error) { return Reshape(matrix, -3, -4) }, []string{"[-3 -4]"}},
		"flatten a scalar":           {func() (*gorgonia.Node, error) { return Flatten(b.input("scalar")) }, []string{"scalar []"}},
		"hinge labels":               {func() (*gorgonia.Node, error) { return Hinge(vector, matrix) }, []string{"hinge", "vector [6]", "matrix [2 6]"}},
		"multiply of two shapes":     {func() (*gorgonia.Node, error) { return Multiply(b.input("five", 5), matrix) }, []string{"multiply", "do not fit"}},
		"gradient_penalty of scalar": {func() (*gorgonia.Node, error) { return GradientPenalty(b.input("number")) }, []string{"number []", "no batch"}},
		"bce labels":                 {func() (*gorgonia.Node, error) { return BCEWithLogits(vector, matrix) }, []string{"bce", "vector [6]", "matrix [2 6]"}},
		"softmax_cross_entropy labels": {func() (*gorgonia.Node, error) {
			return SoftmaxCrossEntropy(matrix, b.input("others", 6, 2))
		}, []string{"softmax_cross_entropy", "matrix [2 6]", "others [6 2]", "differ"}},
		"softmax_cross_entropy of one row": {func() (*gorgonia.Node, error) { return SoftmaxCrossEntropy(vector, vector) }, []string{"vector [6]", "logits has 1 dimensions"}},
		"add of two types":                 {func() (*gorgonia.Node, error) { return Add(matrix, double.input("double", 2, 6)) }, []string{"add of matrix [2 6], double [2 6]"}},
		"add of two graphs": {func() (*gorgonia.Node, error) {
			return Add(matrix, newNetwork(t, tensor.Float32, 1).input("other", 2, 6))
		}, []string{"graph"}},
		"scale of nothing": {func() (*gorgonia.Node, error) { return Scale(nil, 2) }, []string{"scale", "nil"}},
		"error names what made node": {func() (*gorgonia.Node, error) {
			return Reshape(b.must(Conv2D(image, filter, nil, one, program.Same)), 1)
		}, []string{"conv2d [2 4 4 5]"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.f()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "engine: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// Gorgonia takes nodes of one hash for the same: attributes must be part of it. It compares shapes beside, but where
// it looks at operations alone their hashes are all that tells them apart.
func TestAttributesTellNodesApart(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x, f := b.input("x", 2, 4, 4, 1), b.input("f", 1, 1, 1, 1)
	one, two := [2]int{1, 1}, [2]int{2, 2}
	nodes := gorgonia.Nodes{
		b.must(LeakyReLU(x, 0.1)), b.must(LeakyReLU(x, 0.2)), b.must(Scale(x, 0.1)), b.must(Scale(x, 0.2)), b.must(Sigmoid(x)),
		b.must(Conv2D(x, f, nil, one, program.Same)), b.must(Conv2D(x, f, nil, one, program.Valid)),
		b.must(Conv2D(x, f, nil, two, program.Same)), b.must(Conv2DTranspose(x, f, nil, one, program.Same)),
		b.must(Reshape(x, 4, 8)), b.must(Reshape(x, 8, 4)), b.must(Reshape(x, 2, 16)),
	}
	for i, n := range nodes {
		for j, before := range nodes[:i] {
			if n == before || n.Op().Hashcode() == before.Op().Hashcode() {
				t.Errorf("node %d, %s, and node %d, %s, are taken for one", j, describe(before), i, describe(n))
			}
		}
	}
	if nodes[0] != b.must(LeakyReLU(x, 0.1)) {
		t.Error("the same operation on the same node is computed twice")
	}
}

// Two inputs of which Gorgonia's hash is the same, so that those of an operation on either are, too, are told apart.
func TestNodesOfOneHash(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	const first, second = "input 115947", "input 1122700" // found by trying
	x, y := b.input(first, 3), b.input(second, 3)
	if x == y || x.Hashcode() != y.Hashcode() {
		t.Fatalf("%v and %v are no two nodes of one hash", x, y)
	}
	u, v := b.must(Scale(x, 2)), b.must(Scale(y, 2))
	if u == v {
		t.Fatalf("the same operation on %q and %q is one node", first, second)
	}
	if b.must(Scale(y, 2)) != v || b.must(Scale(x, 2)) != u {
		t.Error("the same operation on the same node is computed twice")
	}
	p, err := Compile("test", places(u, v))
	if err != nil {
		t.Fatal(err)
	}
	got := execute(t, p, b)
	for i, n := range []*gorgonia.Node{x, y} {
		for j, f := range n.Value().Data().([]float32) {
			if got[fmt.Sprintf("result %d", i)][j] != 2*f {
				t.Errorf("result %d is %v, of %v", i, got[fmt.Sprintf("result %d", i)], n.Value())
			}
		}
	}
}
