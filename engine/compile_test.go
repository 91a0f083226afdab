package engine

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// places gives each node a storage of its own.
func places(nodes ...*gorgonia.Node) []Place {
	var p []Place
	for i, n := range nodes {
		p = append(p, Place{n, program.Arg{Storage: fmt.Sprintf("result %d", i)}})
	}
	return p
}

// execute runs a program whose inputs are the values of b's nodes, or where it reads them at
// places, of those. Its other storages start as NaN. It returns all external storages.
func execute(t *testing.T, p *program.Program, b *network, inputs ...Place) map[string][]float32 {
	t.Helper()
	dev := &referenceDevice{}
	bindings, arrays := program.Bindings{}, map[string][]float32{}
	for _, s := range p.Storages {
		if s.Scratch {
			continue
		}
		m, err := dev.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			t.Fatal(err)
		}
		bindings[s.Name], arrays[s.Name] = m, m.(*referenceMemory).floats()
		for i := range arrays[s.Name] {
			arrays[s.Name][i] = float32(math.NaN())
		}
		if n, ok := b.byName[s.Name]; ok {
			copy(arrays[s.Name], n.Value().Data().([]float32))
		}
	}
	for _, in := range inputs {
		copy(arrays[in.At.Storage][in.At.Offset:], in.Node.Value().Data().([]float32))
	}
	exe, err := dev.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second run must not depend on what the first left
		if err := exe.Run(); err != nil {
			t.Fatal(err)
		}
	}
	return arrays
}

func TestProgramEqualsTapeMachine(t *testing.T) {
	eachNetwork(t, tensor.Float32, 12, func(t *testing.T, b *network, loss *gorgonia.Node, wrt, grads gorgonia.Nodes) {
		nodes := append(gorgonia.Nodes{loss}, grads...)
		want := tape[float32](t, nodes...)
		for i := range 8 {
			do := passes{fuse: i&1 != 0, inPlace: i&2 != 0, reuse: i&4 != 0}
			p, err := compile("test", do, places(nodes...), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := execute(t, p, b)
			for j := range nodes {
				if !slices.Equal(got[fmt.Sprintf("result %d", j)], want[j]) {
					t.Errorf("%+v: result %d, %s:\n%v\nwant\n%v\n%v", do, j, describe(nodes[j]), got[fmt.Sprintf("result %d", j)], want[j], p)
				}
			}
		}
	})
}

// Intermediate results as outputs change what may be fused, overwritten and reused.
func TestProgramWithRandomOutputs(t *testing.T) {
	eachNetwork(t, tensor.Float32, 6, func(t *testing.T, b *network, loss *gorgonia.Node, wrt, grads gorgonia.Nodes) {
		var nodes gorgonia.Nodes
		for _, n := range b.g.AllNodes() {
			live, err := liveNodes(places(n))
			if err != nil {
				t.Fatal(err)
			}
			// Gorgonia's machine refuses a graph of constants only.
			if slices.ContainsFunc(live, (*gorgonia.Node).IsVar) && b.rng.IntN(3) == 0 {
				nodes = append(nodes, n)
			}
		}
		var want [][]float32
		for _, n := range nodes { // one by one: the machine overwrites intermediate values
			want = append(want, tape[float32](t, b.must(Reshape(n, n.Shape().TotalSize())))[0])
		}
		p, err := Compile("test", places(nodes...))
		if err != nil {
			t.Fatal(err)
		}
		got := execute(t, p, b)
		for j, n := range nodes {
			if !slices.Equal(got[fmt.Sprintf("result %d", j)], want[j]) {
				t.Errorf("result %d, %s: %v, want %v\n%v", j, describe(n), got[fmt.Sprintf("result %d", j)], want[j], p)
			}
		}
	})
}

func TestPlaces(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.input("images", 4, 5, 5, 1)
	loss := b.bce(b.discriminator(x, "", 2, program.Same), "labels")
	grads, err := gorgonia.Grad(loss, b.parameters...)
	if err != nil {
		t.Fatal(err)
	}
	want := tape[float32](t, append(gorgonia.Nodes{loss}, grads...)...)
	inputs := []Place{{x, program.Arg{Storage: "batches", Offset: 7}}}
	outputs := []Place{{loss, program.Arg{Storage: "metrics", Offset: 2}}}
	offset := 0
	for i, n := range b.parameters {
		inputs = append(inputs, Place{n, program.Arg{Storage: "discriminator", Offset: offset}})
		outputs = append(outputs, Place{grads[i], program.Arg{Storage: "discriminator/grad", Offset: offset}})
		offset += n.Shape().TotalSize()
	}
	p, err := Compile("test", outputs, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.Storages {
		if !s.Scratch {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	if want := []string{"batches", "discriminator", "discriminator/grad", "labels", "mask", "metrics"}; !slices.Equal(names, want) {
		t.Errorf("storages %q, want %q", names, want)
	}
	got := execute(t, p, b, inputs...)
	if got["metrics"][2] != want[0][0] {
		t.Errorf("loss %v, want %v", got["metrics"], want[0])
	}
	if !slices.Equal(got["discriminator/grad"], slices.Concat(want[1:]...)) {
		t.Errorf("gradients %v, want %v", got["discriminator/grad"], want[1:])
	}
}

// An output twice, an input as an output, and reshapes of either.
func TestOutputsThatShareAValue(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.input("x", 2, 6)
	y := b.leaky(x)
	for _, c := range []struct {
		outputs []*gorgonia.Node
		steps   []string
	}{
		{[]*gorgonia.Node{y, y}, []string{"leaky_relu", "map"}},
		{[]*gorgonia.Node{x, x}, []string{"map"}}, // both at once
		{[]*gorgonia.Node{b.must(Reshape(x, 3, 4))}, []string{"map"}},
		{[]*gorgonia.Node{b.must(Reshape(y, 3, 4)), y, b.must(Flatten(y))}, []string{"leaky_relu", "map"}},
		{[]*gorgonia.Node{y, b.leaky(y)}, []string{"leaky_relu", "leaky_relu"}},
	} {
		p, err := Compile("test", places(c.outputs...))
		if err != nil {
			t.Fatal(err)
		}
		if got := stepOps(p); !slices.Equal(got, c.steps) {
			t.Errorf("steps %q, want %q", got, c.steps)
		}
		arrays := execute(t, p, b)
		for i, n := range c.outputs {
			want := tape[float32](t, b.must(Scale(n, 1)))[0]
			if got := arrays[fmt.Sprintf("result %d", i)]; !slices.Equal(got, want) {
				t.Errorf("result %d, %s: %v, want %v", i, describe(n), got, want)
			}
		}
	}
	same := program.Arg{Storage: "x"}
	if p, err := Compile("test", []Place{{x, same}, {y, program.Arg{Storage: "y"}}, {y, program.Arg{Storage: "y"}}}); err != nil || len(p.Steps) != 1 {
		t.Errorf("outputs where they are already: %v, %v", p, err)
	}
}

func TestConstants(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.input("x", 3)
	twos := gorgonia.NewConstant(tensor.New(tensor.WithShape(3), tensor.WithBacking([]float32{2, 2, 2})))
	y := b.must(gorgonia.Add(b.must(gorgonia.HadamardProd(x, gorgonia.NewConstant(float32(-3)))), twos))
	p, err := Compile("test", places(y))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := execute(t, p, b)["result 0"], tape[float32](t, y)[0]; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := stepOps(p); !slices.Equal(got, []string{"map"}) {
		t.Errorf("steps %q", got)
	}
}

func stepOps(p *program.Program) []string {
	var names []string
	for _, s := range p.Steps {
		names = append(names, s.Op.Name())
	}
	return names
}

func TestCompileErrors(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x, y := b.input("x", 2, 3), b.input("y", 2, 3)
	sum := b.must(Add(x, y))
	at := func(storage string, offset int) program.Arg { return program.Arg{Storage: storage, Offset: offset} }
	b64 := newNetwork(t, tensor.Float64, 1)
	unnamed := gorgonia.NewMatrix(b.g, tensor.Float32, gorgonia.WithShape(2, 3))
	shadow := gorgonia.NewMatrix(b.g, tensor.Float32, gorgonia.WithShape(3, 2), gorgonia.WithName("x"))
	huge := gorgonia.NewConstant(ramp[float32](MaxConstant+1, 7))
	wide := gorgonia.NewTensor(b.g, tensor.Float32, 1, gorgonia.WithShape(MaxConstant+1), gorgonia.WithName("wide"))
	for name, c := range map[string]struct {
		outputs, inputs []Place
		want            []string
	}{
		"unknown operation": {outputs: places(b.must(gorgonia.Sparsemax(sum))), want: []string{"Sparsemax", "[2 3]", "map", "sorts"}},
		"float64":           {outputs: places(b64.must(Add(b64.input("p", 2), b64.input("q", 2)))), want: []string{"p [2]", "float64"}},
		"unnamed input":     {outputs: places(b.must(Add(x, unnamed))), want: []string{"unnamed input [2 3]"}},
		"two of a name":     {outputs: places(sum, b.leaky(shadow)), want: []string{`"x"`, "(2, 3)", "(3, 2)"}},
		"huge constant":     {outputs: places(b.must(gorgonia.Add(wide, huge))), want: []string{"constant", "make it an input"}},
		"no outputs":        {want: []string{"no outputs"}},
		"nil output":        {outputs: places(nil), want: []string{"nil"}},
		"no storage":        {outputs: []Place{{Node: sum}}, want: []string{"map", "no storage"}},
		"negative offset":   {outputs: []Place{{sum, at("a", -1)}}, want: []string{"map", "-1"}},
		"two graphs":        {outputs: places(sum, b64.input("p", 2)), want: []string{"map", "p [2]", "graph"}},
		"place of no input": {outputs: places(sum), inputs: []Place{{sum, at("a", 0)}}, want: []string{"input"}},
		"two places":        {outputs: places(sum), inputs: []Place{{x, at("a", 0)}, {x, at("a", 1)}}, want: []string{"x [2 3]", "two places"}},
		"output on input":   {outputs: []Place{{sum, at("x", 5)}}, want: []string{"map", `"x"`, "overlaps input x"}},
		"output on output":  {outputs: []Place{{sum, at("a", 0)}, {b.leaky(sum), at("a", 3)}}, want: []string{"leaky_relu", `"a"`, "overlaps output add"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile("the step", c.outputs, c.inputs...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "engine: compiling the step") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// tutorial builds the tutorial's two steps, without values: D's on a batch, and G's through D.
func tutorial(t testing.TB, batch int) (d, g []*gorgonia.Node) {
	discriminator := func(b *network, x *gorgonia.Node) *gorgonia.Node {
		return b.bce(b.discriminator(x, "", 32, program.Same), "labels")
	}
	b := newNetwork(t, tensor.Float32, 1)
	loss := discriminator(b, b.input("images", batch, 28, 28, 1))
	grads, err := gorgonia.Grad(loss, b.parameters...)
	if err != nil {
		t.Fatal(err)
	}
	d = append(grads, loss)
	b = newNetwork(t, tensor.Float32, 1)
	x := b.leaky(b.dense("generator/dense", b.input("noise", batch, 100), 7*7*64))
	x = b.must(Reshape(x, batch, 7, 7, 64))
	x = b.leaky(b.convTranspose("generator/conv2d_transpose", x, 64, 3, 2))
	x = b.leaky(b.convTranspose("generator/conv2d_transpose_1", x, 32, 3, 2))
	x = b.must(Sigmoid(b.conv("generator/conv2d", x, 1, 28, 1, program.Same)))
	wrt := b.parameters
	loss = discriminator(b, x)
	if grads, err = gorgonia.Grad(loss, wrt...); err != nil {
		t.Fatal(err)
	}
	return d, append(grads, loss)
}

// The tutorial's steps hold what they need and nothing else: no gradient of D's parameters or of
// the noise in G's step, no pass for an activation, a mask
// or their gradients, and memory for what backpropagation must keep.
func TestTutorialPrograms(t *testing.T) {
	const batch = 256
	d, g := tutorial(t, batch)
	for _, c := range []struct {
		name         string
		outputs      []*gorgonia.Node
		steps        int
		kept         int // floats an image that the gradients need: activations
		filterGrads  int
		fillsAllowed int
	}{
		{"D", d, 14, 14*14*32 + 7*7*64, 2, 1},
		{"G", g, 25, 7*7*64 + 14*14*64 + 28*28*32 + 28*28 + 14*14*32 + 7*7*64, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Compile(c.name, places(c.outputs...))
			if err != nil {
				t.Fatal(err)
			}
			scratch := 0
			for _, s := range p.Storages {
				if s.Scratch {
					scratch += s.Len
				}
			}
			t.Logf("%d steps, %d floats of scratch an image, %.1f MB\n%v", len(p.Steps), scratch/batch, float64(scratch)*4e-6, p)
			if len(p.Steps) > c.steps {
				t.Errorf("%d steps, want at most %d", len(p.Steps), c.steps)
			}
			if scratch > batch*c.kept*7/4 {
				t.Errorf("%d floats of scratch an image, where %d are kept for the gradients", scratch/batch, c.kept)
			}
			ops := map[string]int{}
			for _, s := range stepOps(p) {
				ops[s]++
			}
			if ops["conv2d_filter_grad"] != c.filterGrads || ops["leaky_relu"]+ops["leaky_relu_grad"]+ops["dropout"]+ops["sigmoid"]+ops["copy"] > 0 || ops["fill"] > c.fillsAllowed {
				t.Errorf("operations %v", ops)
			}
		})
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	_, first := tutorial(t, 2)
	want, err := Compile("test", places(first...))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, again := tutorial(t, 2)
		got, err := Compile("test", places(again...))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the same graph gave\n%v\nand\n%v", want, got)
		}
	}
}

func TestStepNames(t *testing.T) {
	_, g := tutorial(t, 2)
	p, err := Compile("test", places(g...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.Steps {
		names = append(names, s.Name)
	}
	for _, want := range []string{"generator/dense", "generator/conv2d_transpose_1",
		"discriminator/dense/bce", "discriminator/conv2d_1/input_grad", "generator/conv2d/sigmoid/grad",
		"generator/conv2d/filter_grad", "generator/conv2d/bias_grad", "generator/dense/filter_grad"} {
		if !slices.Contains(names, want) {
			t.Errorf("no step is called %q, of %q", want, names)
		}
	}
}

// A map of inputs that are no layer's is called after what it is for.
func TestStepNamesWithoutLayer(t *testing.T) {
	g := gorgonia.NewGraph()
	input := func(name string) *gorgonia.Node {
		return gorgonia.NewTensor(g, tensor.Float32, 2, gorgonia.WithName(name), gorgonia.WithShape(3, 4))
	}
	both, err := Concat(0, input("real"), input("fake"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile("test", places(both))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steps) != 1 || p.Steps[0].Name != "concat" {
		t.Errorf("the steps are %v", p.Steps)
	}
}
