package nn_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

func generator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.RandomNormal(0, 0.02))
	y := l.Dense(x[0], nn.Units{N: 4 * 4 * 8, NoBias: true})
	y = nn.ReLU(l.BatchNorm(nn.Reshape(y, 4, 4, 8), nn.Norm{}))
	skip := nn.Upsample(y, 2)
	l.Scope("block", func(l *nn.Layers) {
		y = l.ConvTranspose(y, nn.Conv{Filters: 8, Kernel: 4, Stride: 2, Padding: nn.Pad(1)})
		y = nn.LeakyReLU(l.BatchNorm(y, nn.Norm{}), 0.2)
		y = l.Dropout(y, 0.5)
	})
	y = nn.Concat(y, skip)
	return []*nn.Node{nn.Tanh(l.Conv2D(y, nn.Conv{Filters: 3, Kernel: 3}))}
}

func TestApplicationsShareParameters(t *testing.T) {
	g := nn.NewGraph("test", tensor.Float32)
	p := nn.NewParameters("generator")
	z := g.Random("z", nn.Normal, 0, 5, 16)
	for _, application := range []string{"first", "second"} {
		y, _ := nn.Apply(g, p, generator, application, true, true, z)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		if s := y[0].Shape(); s[0] != 5 || s[1] != 8 || s[2] != 8 || s[3] != 3 {
			t.Fatal(s)
		}
	}
	var names []string
	for _, q := range p.List {
		names = append(names, q.Name)
	}
	want := "generator/dense/kernel generator/batch_norm/moving_mean generator/batch_norm/moving_variance " +
		"generator/batch_norm/gamma generator/batch_norm/beta generator/block/conv2d_transpose/kernel " +
		"generator/block/conv2d_transpose/bias generator/block/batch_norm/moving_mean generator/block/batch_norm/moving_variance " +
		"generator/block/batch_norm/gamma generator/block/batch_norm/beta generator/conv2d/kernel generator/conv2d/bias"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := p.Count(), 16*128+8*2+4*4*8*8+8+8*2+3*3*16*3+3; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	// Two masks, of the two applications, and z.
	if n := len(g.Draws()); n != 3 {
		t.Errorf("draws %v", g.Draws())
	}
	// A state that two applications update has one next value.
	if n := len(g.Updates()); n != 4 {
		t.Errorf("%d updates", n)
	}
}

func TestErrorsNameTheLayer(t *testing.T) {
	bad := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Scope("block", func(l *nn.Layers) {
			y := l.Conv2D(x[0], nn.Conv{Filters: 8, Kernel: 3})
			y = l.Conv2D(y, nn.Conv{Filters: 0, Kernel: 3})
			y = nn.Tanh(l.BatchNorm(y, nn.Norm{})) // does nothing
			x = []*nn.Node{nn.Reshape(y, y.Shape()[1], y.Shape()[2])}
		})
		return x
	}
	g := nn.NewGraph("D", tensor.Float32)
	x := g.Input("x", program.Arg{Storage: "x"}, 2, 8, 8, 3)
	nn.Apply(g, nn.NewParameters("critic"), bad, "", true, true, x)
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "critic/block/conv2d_1") {
		t.Errorf("error is %v", err)
	}
	other := nn.NewGraph("other", tensor.Float32)
	a, b := g.Input("x", program.Arg{Storage: "x"}, 2, 8, 8, 3), other.Input("y", program.Arg{Storage: "y"}, 2, 8, 8, 3)
	nn.Add(b, a)
	if err := other.Err(); err == nil || !strings.Contains(err.Error(), "two graphs") {
		t.Errorf("error is %v", err)
	}
}

func TestSavedGraphIsTheSameProgram(t *testing.T) {
	build := func(batch int) (*nn.Graph, *nn.Node) {
		g := nn.NewGraph("generate", tensor.Float32)
		z := g.Random("z", nn.Normal, 0, batch, 16)
		y, _ := nn.Apply(g, nn.NewParameters("generator"), generator, "", false, false, z)
		return g, y[0]
	}
	g, y := build(2)
	s, err := g.Save(y)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again nn.Saved
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	rebuilt := nn.NewGraph("generate", tensor.Float32)
	outputs, arrays, err := again.Build(rebuilt, 7)
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) != 13 {
		t.Errorf("%d arrays", len(arrays))
	}
	got, err := rebuilt.Compile(nn.Output{Node: outputs[0], At: program.Arg{Storage: "y"}})
	if err != nil {
		t.Fatal(err)
	}
	original, y := build(7)
	want, err := original.Compile(nn.Output{Node: y, At: program.Arg{Storage: "y"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Steps) != len(want.Steps) {
		t.Fatalf("%d steps, want %d:\n%v\n%v", len(got.Steps), len(want.Steps), got, want)
	}
	for i := range got.Steps {
		a, b := got.Steps[i].Op, want.Steps[i].Op
		if a.Name() != b.Name() || len(a.Operands()) != len(b.Operands()) {
			t.Errorf("step %d is %v, want %v", i, a, b)
		}
	}
}

func TestInitialisers(t *testing.T) {
	g := nn.NewGraph("test", tensor.Float32)
	p := nn.NewParameters("n")
	nn.Apply(g, p, func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Dense(x[0], nn.Units{N: 300, Init: nn.HeNormal})
		l.Dense(x[0], nn.Units{N: 100, Init: nn.Orthogonal(2)})
		l.Dense(x[0], nn.Units{N: 300, Init: nn.RandomNormal(1, 0.02)})
		return []*nn.Node{l.Dense(x[0], nn.Units{N: 300})}
	}, "", true, true, g.Input("x", program.Arg{Storage: "x"}, 2, 200))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	moments := func(name string) (mean, dev float64) {
		q, ok := p.Find(name)
		if !ok {
			t.Fatal(name)
		}
		v := q.Values(3, 4)
		for _, x := range v {
			mean += float64(x) / float64(len(v))
		}
		for _, x := range v {
			dev += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
		}
		return mean, math.Sqrt(dev)
	}
	for _, c := range []struct {
		name      string
		mean, dev float64
	}{
		{"n/dense/kernel", 0, math.Sqrt(2.0 / 200)},
		{"n/dense_2/kernel", 1, 0.02},
		{"n/dense_3/kernel", 0, math.Sqrt(6.0/500) / math.Sqrt(3)},
		{"n/dense/bias", 0, 0},
	} {
		mean, dev := moments(c.name)
		if math.Abs(mean-c.mean) > 0.02*(c.dev+1e-9) || math.Abs(dev-c.dev) > 0.02*c.dev {
			t.Errorf("%s has mean %v and deviation %v, want %v and %v", c.name, mean, dev, c.mean, c.dev)
		}
	}
	q, _ := p.Find("n/dense_1/kernel") // [200, 100]: columns are orthogonal
	v := q.Values(3, 4)
	for i := range 100 {
		for j := range i + 1 {
			dot := 0.0
			for k := range 200 {
				dot += float64(v[k*100+i]) * float64(v[k*100+j])
			}
			want := 0.0
			if i == j {
				want = 4
			}
			if math.Abs(dot-want) > 1e-5 {
				t.Fatalf("columns %d and %d have the product %v", i, j, dot)
			}
		}
	}
}

// A graph of a file that somebody made or damaged is an error, and never a panic.
func TestDamagedGraphs(t *testing.T) {
	attributes := []string{`{}`, `{"axis":-7}`, `{"axis":9,"first":3,"end":1}`, `{"shape":[0,-1]}`, `{"shape":[]}`, `{"factor":0}`, `{"factor":-3}`,
		`{"of":"average","size":0,"stride":0,"padding":0}`, `{"of":"maximum","size":3,"stride":-1,"padding":9}`, `{"block":0}`, `{"block":3}`,
		`{"Top":9,"Bottom":-9,"Left":0,"Right":0}`, `{"weights":[]}`, `{"group":0}`, `{"group":3}`, `{"over":"group","groups":0}`, `{"over":"batch"}`,
		`{"over":"all"}`, `{"stride":[0,0],"padding":"same"}`, `{"stride":[1,-1],"padding":"[9 9 9 9]"}`, `{"stride":[1,1],"padding":"valid"}`,
		`{"alpha":-2}`, `{"of":"sum","axes":[7,-7]}`, `{"name":"x","code":"in 0 -> 0"}`, `{"name":"x","code":"in 5;exp 0 -> 1"}`, `{"name":"x","code":""}`,
		`{"height":0,"width":-1}`, `{"up":4,"down":1}`, `{"up":1,"down":0}`, `{"up":1,"down":5}`}
	arrays := []nn.SavedInput{{Name: "w", Role: nn.Array, Shape: []int{3, 3, 4, 5}}, {Name: "v", Role: nn.Array, Shape: []int{4}},
		{Name: "m", Role: nn.Array, Shape: []int{7, 3}}, {Name: "x", Role: nn.Example, Shape: []int{6, 6, 4}}, {Name: "z", Role: nn.Noise, Distribution: nn.Normal, Shape: []int{7}}}
	inputs := [][]string{nil, {"x"}, {"z"}, {"v"}, {"x", "w"}, {"z", "m"}, {"x", "v"}, {"x", "x"}, {"x", "w", "v"}, {"x", "x", "x"}, {"x", "v", "v", "v", "v"}}
	built := 0
	for _, kind := range append(nn.Kinds(), "chess") {
		for _, of := range inputs {
			for _, a := range attributes {
				node := nn.SavedNode{Kind: kind, Attributes: json.RawMessage(a), Inputs: of, Outputs: []string{"y0"}}
				s := nn.Saved{Inputs: arrays, Nodes: []nn.SavedNode{node}, Outputs: []string{"y0"}}
				if _, _, err := s.Build(nn.NewGraph("damaged", tensor.Float32), 2); err == nil {
					built++
				}
			}
		}
	}
	if built == 0 {
		t.Error("nothing could be built")
	}
}
