package engine

import (
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Compositions, whose gradients are checked as those of all operations.
func init() {
	for name, build := range map[string]func(b *network) *gorgonia.Node{
		"batch_norm": func(b *network) *gorgonia.Node {
			y, mean, variance, err := BatchNorm(b.parameter("x", 3, 2, 2, 3), b.parameter("gamma", 3), b.parameter("beta", 3), 1e-3)
			return b.must(Map("test", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Add(x[2]) }, b.must(y, err), mean, variance))
		},
		"normalise": func(b *network) *gorgonia.Node {
			return b.must(Normalise(b.parameter("x", 3, 4), b.input("mean", 4), b.fill("variance", b.rng.ExpFloat64, 4), nil, b.parameter("beta", 4), 0.1))
		},
		"instance_norm": func(b *network) *gorgonia.Node {
			return b.must(InstanceNorm(b.parameter("x", 2, 3, 3, 2), b.parameter("gamma", 2), nil, 1e-3))
		},
		"layer_norm": func(b *network) *gorgonia.Node {
			return b.must(LayerNorm(b.parameter("x", 3, 6), b.parameter("gamma", 6), b.parameter("beta", 6), 1e-3))
		},
		"group_norm": func(b *network) *gorgonia.Node {
			return b.must(GroupNorm(b.parameter("x", 2, 2, 2, 6), b.parameter("gamma", 6), b.parameter("beta", 6), 2, 1e-3))
		},
		"pixel_norm": func(b *network) *gorgonia.Node { return b.must(PixelNorm(b.parameter("x", 2, 2, 1, 4), 1e-8)) },
		"minibatch_stddev": func(b *network) *gorgonia.Node {
			return b.must(MinibatchStddev(b.parameter("x", 4, 2, 2, 2), 2, 1e-3))
		},
		"minibatch_stddev of large groups": func(b *network) *gorgonia.Node {
			return b.must(MinibatchStddev(b.parameter("x", 9, 1, 2, 1), 9, 1e-3))
		},
		"resize_bilinear up": func(b *network) *gorgonia.Node {
			return b.must(Tanh(b.must(ResizeBilinear(b.parameter("x", 1, 2, 3, 2), 4, 5))))
		},
		"resize_bilinear down": func(b *network) *gorgonia.Node {
			return b.must(Tanh(b.must(ResizeBilinear(b.parameter("x", 1, 6, 5, 1), 3, 2))))
		},
		"resize_bilinear of a long period": func(b *network) *gorgonia.Node {
			return b.must(Tanh(b.must(ResizeBilinear(b.parameter("x", 1, 17, 1, 1), 2, 13))))
		},
		"resize_bicubic": func(b *network) *gorgonia.Node {
			return b.must(Tanh(b.must(ResizeBicubic(b.parameter("x", 1, 2, 8, 1), 4, 2))))
		},
		"demodulation": func(b *network) *gorgonia.Node {
			return b.must(Demodulation(b.parameter("w", 2, 2, 3, 2), b.parameter("styles", 2, 3), false, 1e-3))
		},
		"demodulation, transposed": func(b *network) *gorgonia.Node {
			return b.must(Demodulation(b.parameter("w", 2, 2, 2, 3), b.parameter("styles", 2, 3), true, 1e-3))
		},
		"batch_matmul": func(b *network) *gorgonia.Node {
			x := b.must(BatchMatMul(b.parameter("a", 2, 3, 4), b.parameter("b", 2, 3, 2), true, false))
			return b.must(BatchMatMul(x, b.parameter("c", 2, 5, 2), false, true))
		},
		"batch_matmul of shared factors": func(b *network) *gorgonia.Node {
			x := b.must(BatchMatMul(b.parameter("a", 1, 3, 4), b.parameter("b", 2, 3, 2), true, false))
			return b.must(BatchMatMul(x, b.parameter("c", 1, 5, 2), false, true))
		},
		"attention": func(b *network) *gorgonia.Node {
			return b.must(Attention(b.parameter("q", 2, 3, 4), b.parameter("k", 2, 5, 4), b.parameter("v", 2, 5, 2)))
		},
		"relu":        func(b *network) *gorgonia.Node { return b.must(ReLU(b.parameter("x", 3, 4))) },
		"prelu":       func(b *network) *gorgonia.Node { return b.must(PReLU(b.parameter("x", 3, 4), b.parameter("alpha", 4))) },
		"gelu":        func(b *network) *gorgonia.Node { return b.must(GELU(b.parameter("x", 3, 4))) },
		"silu":        func(b *network) *gorgonia.Node { return b.must(SiLU(b.parameter("x", 3, 4))) },
		"softplus":    func(b *network) *gorgonia.Node { return b.must(Softplus(b.parameter("x", 3, 4))) },
		"softmax":     func(b *network) *gorgonia.Node { return b.must(Softmax(b.parameter("x", 3, 4))) },
		"log_softmax": func(b *network) *gorgonia.Node { return b.must(LogSoftmax(b.parameter("x", 3, 4))) },
		"l1":          func(b *network) *gorgonia.Node { return b.must(L1(b.parameter("a", 3, 4), b.parameter("b", 3, 4))) },
		"l2":          func(b *network) *gorgonia.Node { return b.must(L2(b.parameter("a", 3, 4), b.parameter("b", 3, 4))) },
		"huber": func(b *network) *gorgonia.Node {
			return b.must(Huber(b.parameter("a", 3, 4), b.parameter("b", 3, 4), 0.4))
		},
		"hinge loss": func(b *network) *gorgonia.Node {
			return b.must(Hinge(b.parameter("s", 5), b.fill("t", func() float64 { return float64(2*b.rng.IntN(2) - 1) }, 5)))
		},
		"softplus_loss": func(b *network) *gorgonia.Node { return b.must(SoftplusLoss(b.parameter("s", 5), 1)) },
		"kl_normal": func(b *network) *gorgonia.Node {
			return b.must(KLNormal(b.parameter("mean", 2, 3), b.parameter("log", 2, 3)))
		},
		"total_variation": func(b *network) *gorgonia.Node {
			return b.must(TotalVariation(b.parameter("x", 2, 3, 4, 2)))
		},
		"psnr": func(b *network) *gorgonia.Node {
			return b.must(PSNR(b.parameter("a", 2, 2, 3), b.parameter("b", 2, 2, 3), 1))
		},
		"ssim": func(b *network) *gorgonia.Node {
			return b.must(Scale(b.must(SSIM(b.parameter("a", 1, 12, 11, 1), b.parameter("b", 1, 12, 11, 1), 1)), 100))
		},
		"fir": func(b *network) *gorgonia.Node {
			x := b.must(ApplyFIR(b.parameter("x", 2, 4, 3, 2), FIR{Weights: []float64{1, 3, 2, 1}, Up: 2, Down: 1, Before: 2, After: 1}))
			return b.must(Tanh(b.must(ApplyFIR(x, FIR{Weights: []float64{1, 3, 2}, Up: 1, Down: 2, Before: 1, After: -1}))))
		},
		"max_pool": func(b *network) *gorgonia.Node {
			return b.must(MaxPool(b.parameter("x", 2, 4, 5, 2), Window{Height: 2, Width: 2}))
		},
		"max_pool with overlaps": func(b *network) *gorgonia.Node {
			return b.must(MaxPool(b.parameter("x", 1, 5, 4, 2), Window{Height: 3, Width: 3, StrideH: 2, StrideW: 1, Top: 1, Left: 1, Bottom: 1}))
		},
		"average_pool": func(b *network) *gorgonia.Node {
			return b.must(AveragePool(b.parameter("x", 1, 5, 4, 2), Window{Height: 3, Width: 2, StrideH: 2, StrideW: 1, Top: 1, Left: 1}))
		},
		"global_average_pool": func(b *network) *gorgonia.Node { return b.must(GlobalAveragePool(b.parameter("x", 2, 3, 2, 2))) },
	} {
		operations[name] = build
	}
}

// Gradients of gradients, and gradients of those, are what differences of them give.
func TestHigherDerivatives(t *testing.T) {
	for name, build := range operations {
		for order := 2; order <= 3; order++ {
			t.Run(fmt.Sprintf("%s/%d", name, order), func(t *testing.T) {
				b := newNetwork(t, tensor.Float64, 1)
				y := build(b)
				if len(b.parameters) > 2 {
					b.parameters = b.parameters[:2]
				}
				for range order - 1 {
					if y = b.slope(y); y == nil {
						return // it is linear
					}
				}
				checkGradients(t, y, b.parameters)
			})
		}
	}
}

// slope is the gradient of a weighted sum of y along a direction of the parameters: a scalar, to differentiate
// again. It is nil if it does not depend on all of them.
func (b *network) slope(y *gorgonia.Node) *gorgonia.Node {
	b.t.Helper()
	dy := b.input(fmt.Sprintf("weights %d", len(b.byName)), y.Shape()...)
	if y.IsScalar() {
		dy = b.g.AddNode(gorgonia.NewConstant(1.5))
	}
	product := func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }
	var slope *gorgonia.Node
	for _, n := range b.parameters {
		dx, err := VJP(y, dy, n)
		if err != nil {
			return nil
		}
		part := b.must(sumOf(label{}, product, dx, b.input(fmt.Sprintf("direction %d", len(b.byName)), n.Shape()...)))
		if slope == nil {
			slope = part
		} else {
			slope = b.must(Add(slope, part))
		}
	}
	one := b.g.AddNode(gorgonia.NewConstant(1.))
	for _, n := range b.parameters {
		if _, err := VJP(slope, one, n); err != nil {
			return nil
		}
	}
	return slope
}

// value computes a node in float64.
func (b *network) value(n *gorgonia.Node) []float64 {
	b.t.Helper()
	return tape[float64](b.t, n)[0]
}

// Images are moved as their definitions say, element by element.
func TestMovesByDefinition(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	const batch, height, width, channels = 2, 4, 5, 4
	x := b.input("x", batch, height, width, channels)
	in := x.Value().(*tensor.Dense).Float64s()
	at := func(n, i, j, c int) float64 {
		if i < 0 || j < 0 || i >= height || j >= width {
			return 0
		}
		return in[((n*height+i)*width+j)*channels+c]
	}
	mirror := func(i, size int) int {
		if i < 0 {
			i = -i
		}
		if i >= size {
			i = 2*(size-1) - i
		}
		return i
	}
	for name, c := range map[string]struct {
		y    *gorgonia.Node
		want func(n, i, j, c int) float64
	}{
		"slice":       {b.must(Slice(x, Range{}, Range{First: 1, End: 4, Step: 2}, Range{First: 2})), func(n, i, j, c int) float64 { return at(n, 1+2*i, 2+j, c) }},
		"pad":         {b.must(Pad(x, Padding{}, Padding{1, 2, 0}, Padding{0, 1, 0})), func(n, i, j, c int) float64 { return at(n, i-1, j, c) }},
		"flip":        {b.must(Flip(x, 2)), func(n, i, j, c int) float64 { return at(n, i, width-1-j, c) }},
		"transpose":   {b.must(Transpose(x, 0, 2, 1, 3)), func(n, i, j, c int) float64 { return at(n, j, i, c) }},
		"reflect_pad": {b.must(ReflectPad(x, 3, 2, 1, 4)), func(n, i, j, c int) float64 { return at(n, mirror(i-3, height), mirror(j-1, width), c) }},
		"upsample":    {b.must(UpsampleNearest(x, 3, 2)), func(n, i, j, c int) float64 { return at(n, i/3, j/2, c) }},
		"depth_to_space": {b.must(DepthToSpace(x, 2)), func(n, i, j, c int) float64 {
			return at(n, i/2, j/2, (i%2)*2+j%2+c)
		}},
		"concat": {b.must(Concat(1, x, b.must(Flip(x, 1)))), func(n, i, j, c int) float64 {
			if i >= height {
				i = 2*height - 1 - i
			}
			return at(n, i, j, c)
		}},
		"dilate": {b.must(Pad(x, Padding{}, Padding{0, 0, 1})), func(n, i, j, c int) float64 {
			if i%2 == 1 {
				return 0
			}
			return at(n, i/2, j, c)
		}},
		"fir": {b.must(ApplyFIR(x, FIR{Weights: []float64{1, 3, 2, 1}, Up: 3, Down: 2, Before: 2, After: 1})), func(n, i, j, c int) float64 {
			var sum float64
			for di, wi := range []float64{1, 3, 2, 1} {
				for dj, wj := range []float64{1, 3, 2, 1} {
					if y, x := 2*i+di-2, 2*j+dj-2; y%3 == 0 && x%3 == 0 {
						sum += 9 * wi * wj / 49 * at(n, y/3, x/3, c)
					}
				}
			}
			return sum
		}},
		"max_pool": {b.must(MaxPool(x, Window{Height: 3, Width: 2, StrideH: 1, StrideW: 2, Top: 1, Bottom: 1})), func(n, i, j, c int) float64 {
			largest := math.Inf(-1)
			for di := range 3 {
				for dj := range 2 {
					if i+di-1 >= 0 && i+di-1 < height {
						largest = max(largest, at(n, i+di-1, 2*j+dj, c))
					}
				}
			}
			return largest
		}},
		"average_pool": {b.must(AveragePool(x, Window{Height: 2, Width: 3, StrideH: 2, StrideW: 1, Left: 1})), func(n, i, j, c int) float64 {
			var sum float64
			for di := range 2 {
				for dj := range 3 {
					sum += at(n, 2*i+di, j+dj-1, c) / 6
				}
			}
			return sum
		}},
	} {
		got, s := b.value(c.y), c.y.Shape()
		for k := range got {
			n, i, j, ch := k/(s[1]*s[2]*s[3]), k/(s[2]*s[3])%s[1], k/s[3]%s[2], k%s[3]
			if want := c.want(n, i, j, ch); math.Abs(got[k]-want) > 1e-6 {
				t.Errorf("%s %v: element %d %d %d %d is %v, want %v", name, s, n, i, j, ch, got[k], want)
				break
			}
		}
	}
}

// Transposed convolutions of the kinds that GANs have, by their definition: every pixel adds the filter, times
// itself, at its place; padding cuts off, output padding cuts off less behind.
func TestConv2DTransposeByDefinition(t *testing.T) {
	for _, c := range []struct{ filter, stride, padding, outputPadding int }{
		{3, 2, 1, 1}, {4, 2, 1, 0}, {4, 1, 0, 0}, {5, 2, 2, 1}, {2, 2, 0, 1}, {3, 3, 0, 2},
	} {
		b := newNetwork(t, tensor.Float64, 1)
		const batch, height, width, in, out = 2, 3, 4, 2, 3
		x, f := b.input("x", batch, height, width, in), b.input("f", c.filter, c.filter, out, in)
		p, after := c.padding, c.padding-c.outputPadding
		y := b.must(Conv2DTranspose(x, f, nil, [2]int{c.stride, c.stride}, program.Explicit(p, after, p, after)))
		h, w := (height-1)*c.stride-2*p+c.filter+c.outputPadding, (width-1)*c.stride-2*p+c.filter+c.outputPadding
		if !y.Shape().Eq(tensor.Shape{batch, h, w, out}) {
			t.Errorf("%+v: shape %v, want %v", c, y.Shape(), []int{batch, h, w, out})
			continue
		}
		want := make([]float64, batch*h*w*out)
		xs, fs := x.Value().Data().([]float64), f.Value().Data().([]float64)
		for n := range batch {
			for i := range height * width {
				for ky := range c.filter {
					for kx := range c.filter {
						oy, ox := i/width*c.stride+ky-p, i%width*c.stride+kx-p
						if oy < 0 || ox < 0 || oy >= h || ox >= w {
							continue
						}
						for o := range out {
							for ch := range in {
								want[((n*h+oy)*w+ox)*out+o] += xs[(n*height*width+i)*in+ch] * fs[((ky*c.filter+kx)*out+o)*in+ch]
							}
						}
					}
				}
			}
		}
		for i, v := range b.value(y) {
			if math.Abs(v-want[i]) > 1e-12 {
				t.Errorf("%+v: element %d is %v, want %v", c, i, v, want[i])
				break
			}
		}
	}
}

// Attention, by its definition.
func TestAttentionByDefinition(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	const batch, queries, keys, depth, width = 2, 3, 5, 4, 2
	q, k, v := b.input("q", batch, queries, depth), b.input("k", batch, keys, depth), b.input("v", batch, keys, width)
	got := b.value(b.must(Attention(q, k, v)))
	qs, ks, vs := q.Value().Data().([]float64), k.Value().Data().([]float64), v.Value().Data().([]float64)
	for n := range batch {
		for i := range queries {
			var weights [keys]float64
			var total float64
			for j := range keys {
				for d := range depth {
					weights[j] += qs[(n*queries+i)*depth+d] * ks[(n*keys+j)*depth+d] / 2 // the root of depth
				}
				weights[j] = math.Exp(weights[j])
				total += weights[j]
			}
			for c := range width {
				var want float64
				for j := range keys {
					want += weights[j] / total * vs[(n*keys+j)*width+c]
				}
				if g := got[(n*queries+i)*width+c]; math.Abs(g-want) > 1e-9 {
					t.Errorf("element %d %d %d is %v, want %v", n, i, c, g, want)
				}
			}
		}
	}
}

// Losses and statistics, by their definitions.
func TestCompositionsByDefinition(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	x, y := b.input("x", 3, 4), b.input("y", 3, 4)
	xs, ys := x.Value().Data().([]float64), y.Value().Data().([]float64)
	mean := func(f func(x, y float64) float64) float64 {
		var sum float64
		for i := range xs {
			sum += f(xs[i], ys[i]) / float64(len(xs))
		}
		return sum
	}
	for name, c := range map[string]struct {
		loss *gorgonia.Node
		want float64
	}{
		"l1":    {b.must(L1(x, y)), mean(func(x, y float64) float64 { return math.Abs(x - y) })},
		"l2":    {b.must(L2(x, y)), mean(func(x, y float64) float64 { return (x - y) * (x - y) })},
		"hinge": {b.must(Hinge(x, y)), mean(func(x, y float64) float64 { return math.Max(0, 1-x*y) })},
		"bce":   {b.must(BCEWithLogits(x, y)), mean(func(x, y float64) float64 { s := 1 / (1 + math.Exp(-x)); return -y*math.Log(s) - (1-y)*math.Log(1-s) })},
		"huber": {b.must(Huber(x, y, 0.5)), mean(func(x, y float64) float64 {
			if d := math.Abs(x - y); d > 0.5 {
				return 0.5 * (d - 0.25)
			}
			return (x - y) * (x - y) / 2
		})},
		"binary_accuracy": {b.must(BinaryAccuracy(x, y)), mean(func(x, y float64) float64 {
			if (x > 0) == (y > 0.5) {
				return 1
			}
			return 0
		})},
		"kl_normal": {b.must(KLNormal(x, y)), 4 * mean(func(m, l float64) float64 { return -(1 + l - m*m - math.Exp(l)) / 2 })},
	} {
		if got := b.value(c.loss)[0]; math.Abs(got-c.want) > 1e-6*math.Max(1, math.Abs(c.want)) {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
	// Similar to itself, and less so to another.
	a, other := b.input("a", 2, 13, 12, 2), b.input("other", 2, 13, 12, 2)
	for i, v := range b.value(b.must(SSIM(a, a, 1))) {
		if math.Abs(v-1) > 1e-6 {
			t.Errorf("SSIM of image %d with itself is %v", i, v)
		}
	}
	if v := b.value(b.must(SSIM(a, other, 1)))[0]; !(v < 0.5) {
		t.Errorf("SSIM of noise with other noise is %v", v)
	}
	// What batch norm makes has mean beta and deviation gamma.
	images, gamma, beta := b.input("images", 4, 3, 3, 2), b.input("gamma", 2), b.input("beta", 2)
	normalised, _, _, err := BatchNorm(images, gamma, beta, 0)
	m, v, err2 := Moments(b.must(normalised, err), 0, 1, 2)
	means, variances := b.value(b.must(m, err2)), b.value(v)
	for i := range 2 {
		g, want := gamma.Value().Data().([]float64)[i], beta.Value().Data().([]float64)[i]
		if math.Abs(means[i]-want) > 1e-9 || math.Abs(variances[i]-g*g) > 1e-6 {
			t.Errorf("channel %d: mean %v, variance %v, want %v and %v", i, means[i], variances[i], want, g*g)
		}
	}
	// Spectral norm divides by the largest singular value, once u has settled.
	w, u := b.input("w", 2, 2, 3), b.input("u", 1, 3)
	var n *gorgonia.Node
	for range 60 {
		if n, u, err = SpectralNorm(w, u, 1e-12); err != nil {
			t.Fatal(err)
		}
	}
	matrix := b.must(Reshape(n, 4, 3))
	s := b.value(b.must(Dense(b.must(Transpose(matrix, 1, 0)), matrix, nil))) // of which 1 must be the largest eigenvalue
	vector := []float64{1, 0.5, 0.25}
	var length float64
	for range 200 {
		var next [3]float64
		for i := range 3 {
			for j := range 3 {
				next[i] += s[3*i+j] * vector[j]
			}
		}
		length = math.Sqrt(next[0]*next[0] + next[1]*next[1] + next[2]*next[2])
		for i := range 3 {
			vector[i] = next[i] / length
		}
	}
	if math.Abs(length-1) > 1e-5 {
		t.Errorf("the largest singular value of a normalised kernel is %v", math.Sqrt(length))
	}
}
