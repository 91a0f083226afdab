package stylegan2

import (
	"math"
	"strings"
	"testing"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// kept trains one number, and keeps what a function of its builder makes, by name.
func kept(t *testing.T, batch, iterations int, networks []train.Network, updates []string, made func(b *train.Builder) map[string]*nn.Node) map[string][]float32 {
	t.Helper()
	one := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		return []*nn.Node{nn.Multiply(x[0], l.Parameter("one", nn.Ones, 1))}
	}
	g := train.Game{
		Name: "toy", Settings: struct{}{}, Low: -1, High: 1, Networks: append(networks, train.Network{Name: "one", Net: one}),
		Phases: []train.Phase{{Name: "phase", Trains: []string{"one"}, Updates: updates, Optimizer: train.SGD{Rate: train.Constant(1e-3)},
			Loss: func(b *train.Builder) *nn.Node {
				for name, v := range made(b) {
					b.Kept(name, v.Shape()...)
					b.Keep(name, v)
				}
				return b.Term("loss", 1, nn.Mean(nn.Square(b.Apply("one", b.Data("image")))))
			}}},
	}
	tr, err := train.New(traintest.CPU(t), g, train.Settings{Batch: batch, Shards: 1, Seed: 3}, traintest.Images(batch, 8, 8, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for range iterations {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for _, a := range m.Arrays {
		all[a.Name[strings.LastIndex(a.Name, "/")+1:]] = a.Values
	}
	return all
}

// Images are transformed as a program with loops transforms them, in float64: none where p is 0, each by its own draws elsewhere.
func TestAugment(t *testing.T) {
	const side, n = 8, 64
	for _, channels := range []int{1, 3} {
		all := kept(t, n, 1, nil, nil, func(b *train.Builder) map[string]*nn.Node {
			x := nn.Map("pixels", func(v ...expr.Expr) expr.Expr { return v[0].Mul(expr.Const(2)).Sub(expr.Const(1)) },
				b.Uniform("pixels", side, side, channels))
			p := nn.Map("p", func(v ...expr.Expr) expr.Expr { return v[0].Mul(expr.Const(3)).Floor().Mul(expr.Const(0.5)) }, b.Uniform("p", 1))
			u, z := b.Uniform("u", uniforms), b.Noise("z", normals)
			return map[string]*nn.Node{"x": x, "u": u, "z": z, "p": p, "y": augment(x, u, z, p)}
		})
		size := side * side * channels
		for image := range n {
			want := transformed(all["x"][image*size:][:size], all["u"][image*uniforms:][:uniforms], all["z"][image*normals:][:normals],
				float64(all["p"][image]), side, channels)
			for i, w := range want {
				if got := all["y"][image*size+i]; !(math.Abs(float64(got)-w) < 1e-5) {
					t.Fatalf("%d channels, image %d, p %v: element %d is %v, want %v", channels, image, all["p"][image], i, got, w)
				}
			}
		}
	}
}

// The probability goes up while the mean sign of real images' scores is above the target, and down, not below 0, otherwise.
func TestAugmentationAdapts(t *testing.T) {
	for _, c := range []struct{ score, want float64 }{{0.2, 0.3}, {-5, 0}} {
		s := sizes{Settings: Settings{Target: 0.6, TargetIn: 10}}
		all := kept(t, 4, 3, []train.Network{{Name: augmentation, Net: s.augmentation}}, []string{augmentation}, func(b *train.Builder) map[string]*nn.Node {
			scores := nn.Map("scores", func(v ...expr.Expr) expr.Expr { return v[0].Mul(expr.Const(0)).Add(expr.Const(c.score)) }, b.Uniform("any", 1))
			s.adapt(b, scores)
			return nil
		})
		if got := all["p"]; len(got) != 1 || math.Abs(float64(got[0])-c.want) > 1e-6 {
			t.Errorf("scores of %v: p is %v, want %v", c.score, got, c.want)
		}
	}
}

func transformed(x, u, z []float32, p float64, side, channels int) []float64 {
	gate := func(i int, limit float64) bool { return u[i] < float32(limit) }
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	from := func(row, column func(i, j int) int) {
		next := make([]float64, len(y))
		for i := range side {
			for j := range side {
				copy(next[(i*side+j)*channels:][:channels], y[(row(i, j)*side+column(i, j))*channels:])
			}
		}
		y = next
	}
	first := func(i, _ int) int { return i }
	second := func(_, j int) int { return j }
	if gate(turned, p) {
		for range int(4 * float64(u[turned]) / p) {
			from(second, func(i, _ int) int { return side - 1 - i })
		}
	}
	if gate(mirrored, p/2) {
		from(first, func(_, j int) int { return side - 1 - j })
	}
	if gate(moved, p) {
		by := func(v float32) int { return int(math.Floor((2*float64(v)-1)*float64(side)/8 + 0.5)) }
		inside := func(i int) int {
			for i < 0 || i >= side {
				if i < 0 {
					i = -i
				} else {
					i = 2*(side-1) - i
				}
			}
			return i
		}
		down, across := by(u[movedDown]), by(u[movedAcross])
		from(func(i, _ int) int { return inside(i - down) }, func(_, j int) int { return inside(j - across) })
	}
	b, c, s, angle, luma := 0.0, 1.0, 1.0, 0.0, 1.0
	if gate(brighter, p) {
		b = 0.2 * float64(z[brightness])
	}
	if gate(contrasted, p) {
		c = math.Exp2(0.5 * float64(z[contrast]))
	}
	if gate(inverted, p/2) {
		luma = -1
	}
	if gate(hued, p) {
		angle = (2*float64(u[hue]) - 1) * math.Pi
	}
	if gate(saturated, p) {
		s = math.Exp2(float64(z[saturation]))
	}
	for at := 0; at < len(y); at += channels {
		v, mean := y[at:][:channels], 0.0
		for _, x := range v {
			mean += x / float64(channels)
		}
		r := make([]float64, channels)
		for i := range r {
			r[i] = v[i] - mean
		}
		for i := range v {
			v[i] = luma * c * (mean + b)
			if channels == 3 {
				v[i] += c * s * (math.Cos(angle)*r[i] + math.Sin(angle)/math.Sqrt(3)*(r[(i+2)%3]-r[(i+1)%3]))
			}
		}
	}
	return y
}
