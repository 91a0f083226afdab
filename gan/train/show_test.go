package train_test

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/data"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// halving is a game whose network makes b of a: by a convolution that halves the image and one that doubles it, with a
// dropout that stays on.
func halving(dropout float64) train.Game {
	net := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.LeakyReLU(l.Conv2D(x[0], nn.Conv{Filters: 4, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}), 0.2)
		y = l.StochasticDropout(y, dropout)
		y = l.BatchNorm(y, nn.Norm{OwnStatistics: true})
		return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}))}
	}
	return train.Game{Name: "halving", Settings: struct{}{}, Low: -1, High: 1, Networks: []train.Network{{Name: "n", Net: net}},
		Phases: []train.Phase{{Name: "p", Trains: []string{"n"}, Optimizer: train.SGD{Rate: train.Constant(1e-2)}, Loss: func(b *train.Builder) *nn.Node {
			b.Metric("distance", nn.L1(b.Data("a"), b.Data("b")))
			return b.Term("loss", 1, nn.L1(b.Apply("n", b.Data("a")), b.Data("b")))
		}}},
		Uses: []train.Use{{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Colours(b.Apply("n", b.Data("a")))}
		}}},
		Show: func(b *train.Builder) []train.Shown {
			return []train.Shown{{Name: "a", Image: b.Data("a")}, {Name: "made", Image: b.Apply("n", b.Data("a")), Truth: "b", Baseline: "a"}, {Name: "b", Image: b.Data("b")}}
		},
	}
}

// A run shows input, output and truth of held-out rows beside each other: what translating the input makes.
func TestShowHeldOut(t *testing.T) {
	tr := traintest.New(t, halving(0), traintest.Pairs(5, 8, 8, 3))
	tr.HeldOut = traintest.Pairs(9, 8, 8, 3)
	p, columns, err := tr.ShowHeldOut(10)
	if err != nil {
		t.Fatal(err)
	}
	if columns != 3 || p.Count != 9 {
		t.Fatalf("%d pictures in %d columns", p.Count, columns)
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	tl, err := train.NewTranslator(traintest.CPU(t), m, train.TranslateUse)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	const size = 8 * 8 * 3
	a, b := tr.HeldOut.Tables[0].Fields[0].Bytes, tr.HeldOut.Tables[0].Fields[1].Bytes
	for i, row := range []int{0, 3, 6} {
		shown := func(k int) []byte { return p.Values[(3*i+k)*size:][:size] }
		if !slices.Equal(shown(0), a[row*size:][:size]) || !slices.Equal(shown(2), b[row*size:][:size]) {
			t.Errorf("row %d is not shown as it is", row)
		}
		examples, err := tr.HeldOut.Examples([]int{row})
		if err != nil {
			t.Fatal(err)
		}
		made, err := tl.Translate(examples["a"], 8, 8, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range shown(1) {
			if math.Abs(float64(v)/255-float64(made[j])) > 0.51/255 {
				t.Fatalf("row %d: value %d is shown as %v and translated to %v", row, j, float64(v)/255, made[j])
			}
		}
	}
}

// What is shown has names of its own, and one size.
func TestShowRefusals(t *testing.T) {
	for want, show := range map[string]func(b *train.Builder) []train.Shown{
		"has the name of another": func(b *train.Builder) []train.Shown {
			return []train.Shown{{Name: "a", Image: b.Data("a")}, {Name: "a", Image: b.Data("b")}}
		},
		"the truth \"c\"": func(b *train.Builder) []train.Shown {
			return []train.Shown{{Name: "a", Image: b.Data("a"), Truth: "c"}}
		},
		"want images of one size": func(b *train.Builder) []train.Shown {
			return []train.Shown{{Name: "a", Image: b.Data("a")}, {Name: "b", Image: nn.Upsample(b.Data("b"), 2)}}
		},
	} {
		g := halving(0)
		g.Show = show
		if _, err := train.NewPlan(g, train.Settings{Batch: 2, Shards: 1}, traintest.Pairs(4, 8, 8, 3)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// pairsOnDisk are pictures of 10 x 10 whose two kinds are the same.
func pairsOnDisk(t *testing.T, rows int) *data.Dataset {
	t.Helper()
	dir := t.TempDir()
	for _, kind := range []string{"A", "B"} {
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			img := image.NewRGBA(image.Rect(0, 0, 10, 10))
			for j := range 100 {
				img.Set(j%10, j/10, color.RGBA{uint8(37*j + 11*i), uint8(53 * (j + i)), uint8(j), 255})
			}
			file, err := os.Create(filepath.Join(dir, kind, string(rune('a'+i))+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, img); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	d, err := data.Open(t.Context(), data.Options{Folder: dir, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Both pictures of a pair are cut, moved and mirrored alike. A game that hides pairs draws each kind by itself.
func TestPairsAreCutAlike(t *testing.T) {
	d := pairsOnDisk(t, 6)
	td, err := train.FromDataset(d, d.Split("train"), data.Augment{Flip: true, Shift: 1, CropHeight: 8, CropWidth: 8}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, unpaired := range []bool{false, true} {
		g := halving(0)
		g.Unpaired = unpaired
		tr, err := train.New(traintest.CPU(t), g, train.Settings{Batch: 4, Shards: 1, Seed: 3}, td.In(-1, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		for range 4 {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			m, err := tr.Metrics()
			if err != nil {
				t.Fatal(err)
			}
			if (m[0] == 0) == unpaired {
				t.Errorf("unpaired is %v: two equal pictures have a distance of %v", unpaired, m[0])
			}
		}
	}
}

// Held-out rows are the middle of pictures, in the size that is trained on.
func TestHeldOut(t *testing.T) {
	d := pairsOnDisk(t, 6)
	h, err := train.HeldOut(d, d.Split("train"), 8, 6, 3)
	if err != nil {
		t.Fatal(err)
	}
	a := h.Tables[0].Fields[0]
	if h.Rows() != 3 || !slices.Equal(a.Shape, []int{8, 6, 3}) || !h.Paired("a", "b") || len(a.Bytes) != 3*8*6*3 {
		t.Fatalf("%d rows of %v", h.Rows(), a.Shape)
	}
	whole := make([]byte, 10*10*3)
	for i := range 3 {
		if err := d.Split("train").Field("a").Read(2*i, whole); err != nil {
			t.Fatal(err)
		}
		for y := range 8 {
			if !slices.Equal(a.Bytes[((i*8+y)*6)*3:][:6*3], whole[((1+y)*10+2)*3:][:6*3]) {
				t.Fatalf("row %d of held-out picture %d is not from the middle", y, i)
			}
		}
	}
	mean := h.Mean("b")
	if want := (float64(a.Bytes[5]) + float64(a.Bytes[5+8*6*3]) + float64(a.Bytes[5+2*8*6*3])) / 3 / 255; math.Abs(float64(mean[5])-want) > 1e-6 {
		t.Errorf("the mean is %v, want %v", mean[5], want)
	}
}
