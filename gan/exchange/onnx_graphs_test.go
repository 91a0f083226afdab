package exchange

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/cpu"
	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/games/acgan"
	"gangpu/gan/games/biggan"
	"gangpu/gan/games/classifier"
	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/pix2pix"
	"gangpu/gan/games/progan"
	"gangpu/gan/games/srgan"
	"gangpu/gan/games/stargan"
	"gangpu/gan/games/stylegan"
	"gangpu/gan/games/stylegan2"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

// written is a graph to be written as ONNX, of inputs with these shapes of an example.
type written struct {
	inputs   [][]int
	training bool
	net      nn.Network
}

func single(f func(l *nn.Layers, x *nn.Node) *nn.Node) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node { return []*nn.Node{f(l, x[0])} }
}

func image(f func(l *nn.Layers, x *nn.Node) *nn.Node) written {
	return written{inputs: [][]int{{6, 7, 4}}, net: single(f)}
}

// everyOperation are graphs in which all kinds of nodes are, with both orders of the channels before and behind them.
var everyOperation = map[string]written{
	"functions": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := l.Conv2D(x, nn.Conv{Filters: 4, Kernel: 3})
		return nn.Concat(nn.ReLU(x), nn.Tanh(y), nn.Sigmoid(x), nn.GELU(y), nn.SiLU(x), nn.Softplus(y),
			nn.Softmax(x), nn.Softmax(y), nn.LogSoftmax(x), nn.LogSoftmax(y), nn.LeakyReLU(y, 0.3), nn.Detach(x), l.PReLU(y, 0.1), l.PReLU(x, 0.2))
	}),
	"arithmetic": {inputs: [][]int{{6, 7, 4}, {1, 1, 4}, {6, 7, 1}}, net: func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := l.Conv2D(x[0], nn.Conv{Filters: 4, Kernel: 3})
		y = nn.Add(nn.Multiply(y, x[1]), nn.Divide(nn.Subtract(x[2], y), nn.Softplus(nn.Add(x[0], l.Parameter("b", nn.Zeros, 6, 1, 1)))))
		return []*nn.Node{nn.Multiply(l.Parameter("c", nn.Zeros, 4), nn.Concat(x[2], nn.Channels(y, 1, 4))), nn.Lerp(y, x[0], nn.MeanOver(y))}
	}},
	"instructions": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		return nn.Map("all", func(v ...expr.Expr) expr.Expr {
			a, b, c := v[0], v[1], expr.Const(0.3)
			sum := a.Min(b).Add(a.Max(c)).Add(a.Abs().Add(c).Pow(b)).Sub(a.Sign()).Add(a.Mul(expr.Const(3)).Floor()).Add(b.Ceil())
			for _, e := range []expr.Expr{a.Exp(), a.Abs().Log1p(), b.Expm1(), a.Abs().Sqrt(), a.Mul(expr.Const(1e-3)).Expm1().Mul(expr.Const(1e3)),
				a.Abs().Add(c).Rsqrt(), b.Erf(), a.Sin(), b.Cos(), a.Neg().Tanh(), a.Abs().Add(c).Log(), b.Sigmoid(), a.Softplus(),
				a.Mul(expr.Const(1e-4)).Log1p().Mul(expr.Const(1e4))} {
				sum = sum.Add(e)
			}
			less := a.Less(b)
			return less.Select(sum, b.LessEqual(c).Select(a, c)).Add(less).Add(a.Equal(a)).Add(b.Sign().Select(a, b)).Div(expr.Const(3))
		}, x, l.Conv2D(x, nn.Conv{Filters: 4, Kernel: 1}))
	}),
	"unread": {inputs: [][]int{{3, 1, 4}, {1, 2, 1}}, net: func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		first := func(v ...expr.Expr) expr.Expr { return v[0] }
		two := func(...expr.Expr) expr.Expr { return expr.Const(2) }
		y := l.Conv2D(x[0], nn.Conv{Filters: 4, Kernel: 1})
		return []*nn.Node{nn.Map("first", first, x...), nn.Map("first", first, y, x[1]), nn.Map("two", two, x...), x[0], y, y}
	}},
	"shapes": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := nn.Reshape(l.Conv2D(x, nn.Conv{Filters: 4, Kernel: 3}), 7, 4, 6)
		y = nn.Concat(nn.Channels(y, 2, 4), nn.Mirror(y), nn.Mirror(l.Conv2D(y, nn.Conv{Filters: 2, Kernel: 3})))
		both := nn.Stack(x, nn.Reshape(nn.Channels(y, 1, 7), 6, 7, 4))
		both = nn.Reshape(both, 24, 7)
		return nn.Add(nn.Concat(nn.Flatten(y), nn.Flatten(x)), nn.Flatten(nn.MeanOver(nn.Add(both, nn.Examples(both, 1, 2)), 0, 1, 2)))
	}),
	"reductions": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := l.Conv2D(x, nn.Conv{Filters: 3, Kernel: 3})
		y = nn.Concat(nn.MeanOver(y, 1, 2), nn.SumOver(x, 2, 1), nn.MaximumOver(y, 1, 2), nn.Reshape(nn.MeanOver(x, 3, 1), 1, 1, 7))
		first := nn.GlobalAveragePool(l.Conv2D(x, nn.Conv{Filters: 2, Kernel: 1}))
		return nn.Add(nn.Concat(nn.Flatten(y), nn.GlobalAveragePool(x), first), nn.Add(nn.Mean(x), nn.MaximumOver(x)))
	}),
	"convolutions": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		var all []*nn.Node
		for _, stride := range []int{1, 2, 3} {
			for _, kernel := range []int{1, 2, 3, 4} {
				paddings := []program.Padding{nn.Same, nn.Valid, program.Explicit(0, kernel-1, kernel/2, 0)}
				if stride > 1 {
					paddings = append(paddings, program.Explicit(0, 1-stride, kernel-1, -1), program.Explicit(kernel/2, -1, 0, 1-stride))
				}
				for _, p := range paddings {
					c := nn.Conv{Filters: 3, Kernel: kernel, Stride: stride, Padding: p, NoBias: kernel == 2}
					all = append(all, nn.Flatten(l.Conv2D(x, c)), nn.Flatten(l.ConvTranspose(x, c)))
				}
			}
		}
		return nn.Concat(all...)
	}),
	"images": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := nn.ReflectPad(nn.DepthToSpace(l.Conv2D(nn.Upsample(x, 2), nn.Conv{Filters: 8, Kernel: 1}), 2), 3)
		y = nn.Concat(nn.Blur(y, 1, 3, 3, 1), nn.Blur(y, 1, 2, 1), nn.UpsampleFIR(nn.DownsampleFIR(y, 1, 3, 3, 2), 1, 2, 4, 1), y)
		return nn.Concat(nn.Flatten(nn.AveragePool(y, 4)), nn.Flatten(nn.MaxPool(y, 3)), nn.Flatten(nn.Bicubic(nn.Bicubic(x, 4, 1), 1, 2)))
	}),
	"modulated": {inputs: [][]int{{6, 7, 4}, {4}}, net: func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := l.ModulatedConv2D(x[0], x[1], nn.Conv{Filters: 3, Kernel: 3}, nn.Modulation{Demodulates: true})
		return []*nn.Node{l.ModulatedConv2D(nn.Concat(y, nn.Channels(x[0], 0, 1)), x[1], nn.Conv{Filters: 2, Kernel: 3},
			nn.Modulation{Demodulates: true, Enlarges: []float64{1, 3, 3, 1}})}
	}},
	"attention": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		of := func(filters int) *nn.Node {
			return nn.Reshape(l.Conv2D(x, nn.Conv{Filters: filters, Kernel: 1}), 6*7, filters)
		}
		return nn.Add(x, l.Dropout(nn.Reshape(nn.Attention(of(3), of(3), of(4)), 6, 7, 4), 0.5))
	}),
	"norms": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := l.Conv2D(x, nn.Conv{Filters: 4, Kernel: 3})
		// The epsilon keeps what has nearly no variance, as four channels of a pixel may, from being rounding errors.
		for _, o := range []nn.Norm{{Epsilon: 0.01, Groups: 2}, {Epsilon: 0.01, Groups: 2, NoAffine: true}} {
			var all []*nn.Node
			for _, v := range []*nn.Node{x, y} {
				all = append(all, l.BatchNorm(v, o), l.InstanceNorm(v, o), l.LayerNorm(v, o), l.GroupNorm(v, o), nn.PixelNorm(v))
			}
			y = nn.Concat(all...)
		}
		return nn.Add(l.BatchNorm(nn.Flatten(y), nn.Norm{}), l.LayerNorm(nn.Flatten(y), nn.Norm{}))
	}),
	"spectral": image(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := l.Conv2D(x, nn.Conv{Filters: 5, Kernel: 3, Spectral: true})
		y = l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1), Spectral: true})
		return l.Dense(nn.Flatten(y), nn.Units{N: 3, Spectral: true})
	}),
	// What depends on the batch.
	"batch": {inputs: [][]int{{6, 7, 4}}, training: true, net: single(func(l *nn.Layers, x *nn.Node) *nn.Node {
		y := l.BatchNorm(l.Conv2D(x, nn.Conv{Filters: 4, Kernel: 3}), nn.Norm{})
		return nn.Concat(nn.MinibatchStddev(y, 2), nn.Multiply(nn.MinibatchStddev(x, 2), nn.TotalVariation(x)),
			nn.Multiply(x, nn.TotalVariation(y)), l.Dropout(l.BatchNorm(x, nn.Norm{NoAffine: true}), 0.5))
	})},
}

// graphsModel is a model of random numbers with these graphs.
func graphsModel(t *testing.T, graphs map[string]written) *train.Model {
	t.Helper()
	m := &train.Model{Game: "test", Uses: map[string]*nn.Saved{}}
	for _, name := range slices.Sorted(maps.Keys(graphs)) {
		w := graphs[name]
		g := nn.NewGraph(name, tensor.Float32)
		var x []*nn.Node
		for i, shape := range w.inputs {
			in := fmt.Sprintf("x%d", i)
			x = append(x, g.Input(in, program.Arg{Storage: "input/" + in}, append([]int{4}, shape...)...))
		}
		p := nn.NewParameters(name)
		y, _ := nn.Apply(g, p, w.net, name, w.training, true, x...)
		s, err := g.Save(y...)
		if err != nil {
			t.Fatal(err)
		}
		m.Uses[name] = s
		if name == "images" { // a copy whose pools go a pixel beyond the border, as package nn makes none
			padded := *s
			padded.Nodes = slices.Clone(s.Nodes)
			for i, n := range padded.Nodes {
				if n.Kind == "pool" {
					padded.Nodes[i].Attributes = []byte(strings.Replace(string(n.Attributes), `"padding":0`, `"padding":1`, 1))
				}
			}
			m.Uses["images-padded"] = &padded
		}
		for _, q := range p.List {
			m.Arrays = append(m.Arrays, train.Array{Name: q.Name, Shape: q.Shape, Values: make([]float32, q.Len())})
		}
	}
	randomise(m)
	return m
}

// randomise makes all arrays random, averages too, such that no layer's results are very small or large.
func randomise(m *train.Model) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, a := range m.Arrays {
		scale := 0.3
		if n := len(a.Shape); n > 1 {
			scale = 1 / math.Sqrt(float64(len(a.Values)/a.Shape[n-1]))
		}
		for i := range a.Values {
			v := scale * r.NormFloat64()
			switch {
			case strings.HasSuffix(a.Name, "variance"):
				v = 0.3 + v*v
			case strings.HasSuffix(a.Name, "gamma"):
				v++
			}
			a.Values[i] = float32(v)
		}
	}
}

// gameModels are models of games, of random numbers.
func gameModels(t *testing.T) map[string]*train.Model {
	t.Helper()
	models := map[string]*train.Model{}
	of := func(name string, s train.System, preset int, channels, classes int, change func(settings any) any) {
		in := train.Input{Height: 16, Width: 16, Channels: channels, Classes: classes, Iterations: 10}
		g, err := s.New(change(s.Presets[preset].Settings), in)
		if err != nil {
			t.Fatal(err)
		}
		tr := traintest.New(t, g.At(in.Iterations), traintest.Images(8, 16, 16, channels, classes))
		if models[name], err = tr.Snapshot(); err != nil {
			t.Fatal(err)
		}
		randomise(models[name])
	}
	pairs := func(name string, s train.System, settings any) {
		g, err := s.New(settings, train.Input{Height: 16, Width: 16, Channels: 3})
		if err != nil {
			t.Fatal(err)
		}
		if models[name], err = traintest.New(t, g, traintest.Pairs(8, 16, 16, 3)).Snapshot(); err != nil {
			t.Fatal(err)
		}
		randomise(models[name])
	}
	for i, statistics := range []string{"image", "running"} {
		p := pix2pix.System.Presets[i].Settings.(pix2pix.Settings)
		p.Filters, p.DFilters, p.DLayers, p.Statistics = 4, 4, 2, statistics
		pairs("pix2pix-"+statistics, pix2pix.System, p)
	}
	for i, upsampling := range []string{"transposed", "nearest"} {
		p := cyclegan.System.Presets[i].Settings.(cyclegan.Settings)
		p.Filters, p.Blocks, p.DFilters, p.DLayers, p.Upsampling = 4, 1, 4, 2, upsampling
		pairs("cyclegan-"+upsampling, cyclegan.System, p)
	}
	of("dcgan", dcgan.System, 1, 3, 0, func(s any) any { d := s.(dcgan.Settings); d.Filters = 8; return d })
	for i, name := range []string{"acgan-auxiliary", "acgan-projection"} {
		of(name, acgan.System, i, 3, 5, func(s any) any { a := s.(acgan.Settings); a.Filters = 8; return a })
	}
	of("acgan-drawings", acgan.System, 3, 3, 5, func(s any) any { a := s.(acgan.Settings); a.Filters, a.Blocks = 4, 1; return a })
	of("biggan", biggan.System, 1, 3, 5, func(s any) any { a := s.(biggan.Settings); a.Filters, a.Attention = 2, 8; return a })
	of("progan", progan.System, 1, 3, 5, func(s any) any { // in which images of 8 x 8 fade in
		a := s.(progan.Settings)
		a.Filters, a.Sides, a.Hold, a.Fade, a.Labels = 4, 64, 8, 8, 1
		return a
	})
	of("stylegan", stylegan.System, 1, 3, 0, func(s any) any { // in which images of 16 x 16 fade in
		a := s.(stylegan.Settings)
		a.Latent, a.Styles, a.Mapping, a.Filters, a.Sides, a.Hold, a.Fade = 4, 4, 2, 4, 64, 8, 8
		return a
	})
	of("stylegan2", stylegan2.System, 1, 3, 0, func(s any) any {
		a := s.(stylegan2.Settings)
		a.Latent, a.Styles, a.Mapping, a.Filters = 4, 4, 2, 32
		return a
	})
	of("classifier", classifier.System, 0, 1, 5, func(s any) any { return s })
	for i, name := range []string{"tutorial", "tutorial-best"} {
		of(name, tutorial.System, i, 1, 0, func(s any) any { return s })
	}
	of("tutorial-conditional", tutorial.System, 1, 1, 5, func(s any) any { u := s.(tutorial.Settings); u.Conditional = true; return u })
	of("stargan", stargan.System, 1, 3, 5, func(s any) any { a := s.(stargan.Settings); a.Filters, a.Blocks = 8, 1; return a })
	for i, name := range []string{"srresnet", "srgan-bicubic"} {
		of(name, srgan.System, 2*i, 3, 0, func(s any) any { a := s.(srgan.Settings); a.Filters, a.Blocks = 8, 1; return a })
	}
	return models
}

// exportUses fills a folder with the ONNX files of all graphs of a model, and with inputs and what gangpu makes of them,
// for batches of several sizes.
func exportUses(t *testing.T, dir string, m *train.Model) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	r := rand.New(rand.NewPCG(5, 6))
	for _, use := range slices.Sorted(maps.Keys(m.Uses)) {
		if err := WriteUse(filepath.Join(dir, use+".onnx"), m, use); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{2, 6, 1} {
			if use == "batch" && n == 1 {
				continue // its groups are of two
			}
			run, err := train.NewRunner(dev, m, use, n)
			if err != nil {
				t.Fatal(err)
			}
			file, inputs := &safetensors.File{}, map[string][]float32{}
			keep := func(name string, shape []int, values []float32) {
				tensor, err := safetensors.New(name, append([]int{n}, shape...), values)
				if err != nil {
					t.Fatal(err)
				}
				file.Tensors = append(file.Tensors, tensor)
			}
			for _, in := range run.Inputs() {
				values := make([]float32, n*sizeOf(in.Shape))
				if isMask(in) {
					for i := range values {
						values[i] = 1
					}
					inputs[in.Name] = values
					continue
				}
				for i := range values {
					switch {
					case strings.HasPrefix(in.Name, "class"):
						if i%in.Shape[0] == i/in.Shape[0]%in.Shape[0] {
							values[i] = 1
						}
					case in.Name == "image" || len(in.Name) == 1 && len(in.Shape) == 3: // "a" and "b" of pairs
						values[i] = r.Float32()
					default:
						values[i] = float32(r.NormFloat64())
					}
				}
				inputs[in.Name] = values
				keep("input/"+in.Name, in.Shape, values)
			}
			y, err := run.Run(inputs, n)
			if err != nil {
				t.Fatal(err)
			}
			for i, values := range y {
				keep(fmt.Sprintf("output/%d", i), run.Shapes()[i], values)
			}
			if err := run.Close(); err != nil {
				t.Fatal(err)
			}
			if err := safetensors.Write(filepath.Join(dir, fmt.Sprintf("%s.%d.safetensors", use, n)), file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
