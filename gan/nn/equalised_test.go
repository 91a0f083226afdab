package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// One output of each layer is a product of its inputs and its kernel, which is found here by hand: the kernel's scale
// counts the inputs of that output, and the bias has the layer's multiplier.
func TestEqualisedLayers(t *testing.T) {
	const gain, multiplier = 1.5, 0.01
	init := nn.Equalised(gain, multiplier)
	for name, c := range map[string]struct {
		x    []int
		in   int
		add  func(l *nn.Layers, x *nn.Node) *nn.Node
		bias bool
	}{
		"dense": {[]int{1, 7}, 7, func(l *nn.Layers, x *nn.Node) *nn.Node {
			return l.Dense(x, nn.Units{N: 1})
		}, true},
		"conv2d": {[]int{1, 3, 2, 5}, 3 * 2 * 5, func(l *nn.Layers, x *nn.Node) *nn.Node {
			return l.Conv2D(x, nn.Conv{Filters: 1, Kernel: 3, KernelW: 2, Padding: nn.Valid})
		}, true},
		"conv2d_transpose": {[]int{1, 1, 1, 5}, 5 * 4, func(l *nn.Layers, x *nn.Node) *nn.Node {
			return nn.SumOver(l.ConvTranspose(x, nn.Conv{Filters: 1, Kernel: 2, Stride: 2, NoBias: true}), 1, 2)
		}, false},
		"embedding": {[]int{1, 6}, 1, func(l *nn.Layers, x *nn.Node) *nn.Node {
			return l.Embedding(x, 1)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := nn.NewGraph("test", tensor.Float64)
			p := nn.NewParameters("n")
			x := g.Input("x", program.Arg{Storage: "x"}, c.x...)
			y, used := nn.Apply(g, p, func(l *nn.Layers, x []*nn.Node) []*nn.Node {
				l.Initialise(init)
				return []*nn.Node{c.add(l, x[0])}
			}, "", true, true, x)
			if err := g.Err(); err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			values := map[string][]float64{}
			for _, in := range g.Inputs() {
				v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(in.Node.Shape()...))
				for i := range v.Float64s() {
					v.Float64s()[i] = rng.NormFloat64()
				}
				values[in.Node.Name()] = v.Float64s()
				if err := gorgonia.Let(in.Node, v); err != nil {
					t.Fatal(err)
				}
			}
			vm := gorgonia.NewTapeMachine(y[0].Gorgonia().Graph())
			defer vm.Close()
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			kernel, want := values[used.Of[0].Name], 0.0
			for i, w := range kernel {
				want += w * values["x"][i%len(values["x"])]
			}
			want *= multiplier * gain / math.Sqrt(float64(c.in))
			if c.bias {
				want += multiplier * values["n/"+name+"/bias"][0]
			}
			got := y[0].Gorgonia().Value().Data().([]float64)[0]
			if math.Abs(got-want) > 1e-7*math.Abs(want) { // constants are float32
				t.Errorf("got %v, want %v", got, want)
			}

			sum, drawn := 0.0, nn.Parameter{Shape: []int{100, 100}, Fans: used.Of[0].Fans, Init: used.Of[0].Init}.Values(3, 4)
			for _, v := range drawn {
				sum += float64(v) * float64(v) / float64(len(drawn))
			}
			if d := math.Sqrt(sum) * multiplier; math.Abs(d-1) > 0.02 {
				t.Errorf("a kernel has %v times the deviation that it should have", d)
			}
		})
	}
}
