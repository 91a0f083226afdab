package train_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/engine"
	"gangpu/engine/program"
	"gangpu/gan/data"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// A small game in colour with most of what a game can have: a batch norm, spectral norm, dropout, classes, flips, a
// gradient penalty, an average, several optimizers, clipping and schedules.

func generator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	y := l.Dense(nn.Concat(x[0], x[1]), nn.Units{N: 4 * 4 * 6, NoBias: true})
	y = nn.ReLU(l.BatchNorm(nn.Reshape(y, 4, 4, 6), nn.Norm{}))
	return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}))}
}

func critic(l *nn.Layers, x []*nn.Node) []*nn.Node {
	y := nn.LeakyReLU(l.Conv2D(x[0], nn.Conv{Filters: 6, Kernel: 4, Stride: 2, Padding: nn.Pad(1), Spectral: true}), 0.2)
	y = nn.Flatten(l.Dropout(y, 0.25))
	return []*nn.Node{l.Dense(y, nn.Units{N: 1}), l.Dense(y, nn.Units{N: 3})}
}

func game() train.Game {
	fake := func(b *train.Builder) (*nn.Node, *nn.Node) {
		class := b.Classes("class", 3)
		return b.Apply("G", b.Noise("z", 8), class), class
	}
	return train.Game{
		Name: "small", Settings: map[string]int{"width": 6}, Low: -1, High: 1,
		Networks: []train.Network{{Name: "G", Net: generator, Average: 0.9}, {Name: "D", Net: critic}},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"D"}, Times: 2, ClipNorm: 5, Optimizer: train.Adam{Rate: train.Schedule{Rate: 1e-2, WarmUp: 4}, Beta1: 0.5, Beta2: 0.9},
				Loss: func(b *train.Builder) *nn.Node {
					x, class := b.Data("image"), b.Data("class")
					f, _ := fake(b)
					real, fakes := b.ApplyAll("D", x), b.ApplyAll("D", nn.Detach(f))
					b.Share("accuracy", nn.Accuracy(real[1], class))
					between := nn.Lerp(x, nn.Detach(f), b.Uniform("t", 1, 1, 1))
					penalty := nn.GradientPenalty(nn.Slope(b.Apply("D", between), between))
					return nn.Sum(b.Term("d_loss", 1, nn.Hinge(real[0], 1), nn.Hinge(fakes[0], -1)),
						b.Term("class_loss", 0.5, nn.SoftmaxCrossEntropy(real[1], class)), b.Term("penalty", 0.1, penalty))
				}},
			{Name: "g", Trains: []string{"G"}, Optimizer: train.RMSProp{Rate: train.Constant(1e-3), Decay: 0.9},
				Loss: func(b *train.Builder) *nn.Node {
					f, class := fake(b)
					y := b.ApplyAll("D", f)
					return nn.Sum(b.Term("g_loss", 1, nn.Scale(nn.Mean(y[0]), -1)), b.Term("g_class", 0.5, nn.SoftmaxCrossEntropy(y[1], class)))
				}},
			{Name: "late", Trains: []string{"D"}, Every: 3, From: 2, ClipWeights: 0.3, Optimizer: train.SGD{Rate: train.Constant(1e-3), Momentum: 0.5},
				Loss: func(b *train.Builder) *nn.Node {
					x := b.Data("image")
					return b.Term("r1", 1, nn.ZeroCentredPenalty(nn.Slope(b.Apply("D", x), x)), nn.LeastSquares(b.ApplyAll("D", x)[1], 0))
				}},
		},
		Sample: func(b *train.Builder) *nn.Node { f, _ := fake(b); return f },
	}
}

func dataOf(rows int) train.Data {
	image := train.Field{Name: "image", Shape: []int{8, 8, 3}, Low: -1, High: 1}
	labels := make([]int32, rows)
	for i := range rows {
		labels[i] = int32(i % 3)
		for j := range 8 * 8 * 3 {
			image.Bytes = append(image.Bytes, byte(31*i+7*j+i*j))
		}
	}
	class, err := train.OneHot("class", labels, 3)
	if err != nil {
		panic(err)
	}
	return train.Data{Tables: []train.Table{{Rows: rows, Fields: []train.Field{image, class}}}}
}

func cpu(t *testing.T) program.Device {
	t.Helper()
	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

func newTrainer(t *testing.T, dev program.Device, g train.Game, s train.Settings) *train.Trainer {
	t.Helper()
	tr, err := train.New(dev, g, s, dataOf(30))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func steps(t *testing.T, tr *train.Trainer, n int) []float32 {
	t.Helper()
	var m []float32
	for range n {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		var err error
		if m, err = tr.Metrics(); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func save(t *testing.T, tr *train.Trainer) (path, hash string) {
	t.Helper()
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, fmt.Sprintf("%x", sha256.Sum256(content))
}

func TestResumedRunEndsWithTheSameBits(t *testing.T) {
	for _, shards := range []int{1, 4} {
		s := train.Settings{Batch: 8, Shards: shards, Seed: 5}
		whole := newTrainer(t, cpu(t), game(), s)
		steps(t, whole, 7)
		_, want := save(t, whole)

		first := newTrainer(t, cpu(t), game(), s)
		steps(t, first, 3)
		path, _ := save(t, first)
		m, err := train.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		second, err := train.Resume(cpu(t), game(), m, dataOf(30))
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		steps(t, second, 4)
		if _, got := save(t, second); got != want {
			t.Errorf("%d shards: the resumed run ends with other bits", shards)
		}
	}
}

// withoutNorm is the game without a batch norm.
func withoutNorm() train.Game {
	g := game()
	g.Networks[0].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.Reshape(l.Dense(nn.Concat(x[0], x[1]), nn.Units{N: 4 * 4 * 6}), 4, 4, 6)
		return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}))}
	}
	return g
}

// Without norms over a batch, shards make the same update but for rounding: draws, gradients and metrics are those of
// the whole batch.
func TestShardsMakeTheSameUpdate(t *testing.T) {
	g := withoutNorm()
	one := newTrainer(t, cpu(t), g, train.Settings{Batch: 8, Shards: 1, Seed: 5})
	four := newTrainer(t, cpu(t), g, train.Settings{Batch: 8, Shards: 4, Seed: 5})
	want, got := steps(t, one, 3), steps(t, four, 3)
	for i, c := range one.Columns() {
		if d := math.Abs(float64(got[i] - want[i])); d > 1e-4*(1+math.Abs(float64(want[i]))) {
			t.Errorf("%s is %v with four shards, %v with one", c.Name, got[i], want[i])
		}
	}
	a, err := one.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b, err := four.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for i, array := range a.Arrays {
		var d, norm float64
		for j, v := range array.Values {
			w := float64(b.Arrays[i].Values[j])
			d, norm = d+(w-float64(v))*(w-float64(v)), norm+float64(v)*float64(v)
		}
		if math.Sqrt(d) > 1e-3*math.Sqrt(norm)+1e-6 {
			t.Errorf("%s differs by %v of %v", array.Name, math.Sqrt(d), math.Sqrt(norm))
		}
	}
}

// What a model file holds makes the same images as the trainer, without the game.
func TestImagesOfAModelFile(t *testing.T) {
	dev := cpu(t)
	tr := newTrainer(t, dev, game(), train.Settings{Batch: 8, Shards: 1, Seed: 5})
	steps(t, tr, 2)
	want, err := tr.Samples(9)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := save(t, tr)
	m, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := train.NewSampler(dev, m, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Samples(5, 9)
	if err != nil {
		t.Fatal(err)
	}
	if got.Count != 9 || got.Height != 8 || got.Width != 8 || got.Channels != 3 {
		t.Fatalf("%d images of %dx%dx%d", got.Count, got.Height, got.Width, got.Channels)
	}
	differ := 0
	for i, v := range got.Values {
		if d := int(v) - int(want.Values[i]); d < -1 || d > 1 {
			t.Fatalf("byte %d is %d, the trainer made %d", i, v, want.Values[i])
		}
		if v != got.Values[0] {
			differ++
		}
	}
	if differ < len(got.Values)/2 {
		t.Error("the images are nearly all one colour")
	}
}

func TestRefusals(t *testing.T) {
	s := train.Settings{Batch: 8, Shards: 1, Seed: 5}
	for _, c := range []struct {
		want   string
		change func(g *train.Game, s *train.Settings)
	}{
		{"a batch of 8 cannot be cut into 16 shards", func(_ *train.Game, s *train.Settings) { s.Shards = 16 }},
		{"shards is 3", func(_ *train.Game, s *train.Settings) { s.Shards = 3 }},
		{"no network \"E\"", func(g *train.Game, _ *train.Settings) {
			g.Phases[0].Loss = func(b *train.Builder) *nn.Node { return b.Apply("E", b.Data("image")) }
		}},
		{"no field \"face\"", func(g *train.Game, _ *train.Settings) {
			g.Phases[0].Loss = func(b *train.Builder) *nn.Node { return nn.Mean(b.Apply("D", b.Data("face"))) }
		}},
		{"its loss does not apply it", func(g *train.Game, _ *train.Settings) {
			g.Phases[1].Trains = []string{"G", "D"}
			g.Phases[1].Loss = only("G")
		}},
		{"learning rate is 0", func(g *train.Game, _ *train.Settings) { g.Phases[1].Optimizer = train.SGD{} }},
		{"want a scalar", func(g *train.Game, _ *train.Settings) {
			g.Phases[0].Loss = func(b *train.Builder) *nn.Node { return b.Apply("D", b.Data("image")) }
		}},
		{"reported as \"g_loss\"", func(g *train.Game, _ *train.Settings) {
			g.Phases[2].Loss = func(b *train.Builder) *nn.Node {
				return b.Term("g_loss", 1, nn.Mean(b.Apply("D", b.Data("image"))), nn.Mean(b.ApplyAll("D", b.Data("image"))[1]))
			}
		}},
		{"D/conv2d: ", func(g *train.Game, _ *train.Settings) {
			g.Networks[1].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
				return []*nn.Node{l.Conv2D(nn.Flatten(x[0]), nn.Conv{Filters: 3, Kernel: 3}), x[0]}
			}
		}},
	} {
		g, s := game(), s
		c.change(&g, &s)
		tr, err := train.New(cpu(t), g, s, dataOf(30))
		if err == nil {
			tr.Close()
			t.Errorf("nothing was refused; want %q", c.want)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is %q, want one line with %q", err, c.want)
		}
	}
}

func only(network string) func(b *train.Builder) *nn.Node {
	return func(b *train.Builder) *nn.Node {
		return b.Term("other", 1, nn.Mean(b.Apply(network, b.Noise("z", 8), b.Classes("class", 3))))
	}
}

func TestModelFileIsChecked(t *testing.T) {
	tr := newTrainer(t, cpu(t), game(), train.Settings{Batch: 8, Shards: 1, Seed: 5})
	path, _ := save(t, tr)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-5] ^= 4
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Load(path); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("error is %v", err)
	}
}

// A learning rate that is far too large breaks the networks; the operation that did it first is found.
func TestFindOrigin(t *testing.T) {
	g := withoutNorm()
	for i := range g.Phases {
		g.Phases[i].Optimizer = train.SGD{Rate: train.Constant(1e30)}
	}
	tr := newTrainer(t, cpu(t), g, train.Settings{Batch: 8, Shards: 1, Seed: 5})
	var diverged *train.DivergedError
	for i := 0; ; i++ {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Metrics(); errors.As(err, &diverged) {
			break
		} else if err != nil || i > 10 {
			t.Fatalf("after %d iterations: %v", i, err)
		}
	}
	o, err := tr.FindOrigin(nil)
	if err != nil {
		t.Fatal(err)
	}
	if o == nil || o.Iteration > diverged.Iteration || !strings.Contains(o.Step, "phase") && !strings.Contains(o.Step, "update") {
		t.Errorf("it began in %v, and was seen as %v", o, diverged)
	}
}

// pictures are the images of dataOf as files.
func pictures(t *testing.T) *data.Dataset {
	t.Helper()
	folder := t.TempDir()
	in := dataOf(30)
	for i := range 30 {
		img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for p := range 64 {
			b := in.Tables[0].Fields[0].Bytes[(i*64+p)*3:]
			img.SetNRGBA(p%8, p/8, color.NRGBA{b[0], b[1], b[2], 255})
		}
		class := filepath.Join(folder, fmt.Sprint(i%3))
		if err := os.MkdirAll(class, 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(class, fmt.Sprintf("%02d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	d, err := data.Open(context.Background(), data.Options{Folder: folder, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Pictures that are loaded batch by batch train to the same bits as those that lie on the device.
func TestStreamedPicturesAreThoseOfTheDevice(t *testing.T) {
	d := pictures(t)
	for _, shards := range []int{1, 4} {
		var hashes []string
		for _, memory := range []int64{1 << 30, 0} {
			td, err := train.FromDataset(d, d.Split("train"), data.Augment{}, memory)
			if err != nil {
				t.Fatal(err)
			}
			tr, err := train.New(cpu(t), game(), train.Settings{Batch: 8, Shards: shards, Seed: 5}, td.In(-1, 1))
			if err != nil {
				t.Fatal(err)
			}
			steps(t, tr, 4)
			_, hash := save(t, tr)
			hashes = append(hashes, hash)
			tr.Close()
		}
		if hashes[0] != hashes[1] {
			t.Errorf("%d shards: streamed pictures train to other bits", shards)
		}
	}
	// Augmented ones are streamed, and a resumed run sees what it would have seen.
	td, err := train.FromDataset(d, d.Split("train"), data.Augment{Flip: true, Shift: 1}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	s := train.Settings{Batch: 8, Shards: 1, Seed: 5}
	whole, err := train.New(cpu(t), game(), s, td)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	steps(t, whole, 2)
	path, plain := save(t, whole)
	steps(t, whole, 2)
	_, want := save(t, whole)
	m, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := train.Resume(cpu(t), game(), m, td)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	steps(t, again, 2)
	if _, got := save(t, again); got != want || got == plain {
		t.Error("the resumed run ends with other bits")
	}
}

// A step allocates nothing, though its learning rate changes and its shards are added.
func TestStepAllocatesNothing(t *testing.T) {
	for _, shards := range []int{1, 4} {
		g := game()
		g.Phases[1].Optimizer = train.RMSProp{Rate: train.Schedule{Rate: 1e-3, DecayUntil: 1000}, Decay: 0.9}
		tr := newTrainer(t, cpu(t), g, train.Settings{Batch: 8, Shards: shards, Seed: 5})
		steps(t, tr, 3)
		if n := testing.AllocsPerRun(10, func() {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Metrics(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%d shards: %v allocations a step", shards, n)
		}
	}
}
