package train_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// An image of any size is translated as one that was trained on: its sides are continued where the network needs it, and
// what is drawn comes from the seed.
func TestTranslator(t *testing.T) {
	translator := func(dropout float64) *train.Translator {
		m, err := traintest.New(t, halving(dropout), traintest.Pairs(5, 8, 8, 3)).Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		tl, err := train.NewTranslator(traintest.CPU(t), m, train.TranslateUse)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tl.Close() })
		return tl
	}
	image := func(h, w int) []float32 {
		x := make([]float32, h*w*3)
		for i := range x {
			x[i] = float32(i*7%256) / 255
		}
		return x
	}
	translate := func(tl *train.Translator, x []float32, h, w int, seed uint64) []float32 {
		t.Helper()
		y, err := tl.Translate(x, h, w, nil, seed)
		if err != nil {
			t.Fatal(err)
		}
		if len(y) != len(x) {
			t.Fatalf("an image of %d values becomes one of %d", len(x), len(y))
		}
		return y
	}
	tl := translator(0)
	// 5 x 11 is continued to 6 x 12: row 5 is row 3 again, and column 11 is column 9.
	x, whole := image(5, 11), make([]float32, 0, 6*12*3)
	for row := range 6 {
		for column := range 12 {
			r, c := []int{0, 1, 2, 3, 4, 3}[row], []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9}[column]
			whole = append(whole, x[(r*11+c)*3:][:3]...)
		}
	}
	got, want := translate(tl, x, 5, 11, 1), translate(tl, whole, 6, 12, 1)
	for row := range 5 {
		if !slices.Equal(got[row*11*3:][:11*3], want[row*12*3:][:11*3]) {
			t.Errorf("row %d of an odd image is other than that of the one that it is continued to", row)
		}
	}
	if x = image(1, 1); len(translate(tl, x, 1, 1, 1)) != 3 {
		t.Error("one pixel does not become one")
	}
	tl = translator(0.5)
	x = image(16, 8)
	if first := translate(tl, x, 16, 8, 1); slices.Equal(first, translate(tl, x, 16, 8, 2)) || !slices.Equal(first, translate(tl, x, 16, 8, 1)) {
		t.Error("the seed does not decide which activations are dropped")
	}
	if _, err := tl.Translate(x, 8, 8, nil, 1); err == nil {
		t.Error("an image of twice the values is taken")
	}
}

// A network with a dense layer takes the size that it was trained on alone.
func TestTranslatorOfOneSize(t *testing.T) {
	g := halving(0)
	g.Networks[0].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		return []*nn.Node{nn.Tanh(nn.Reshape(l.Dense(nn.Flatten(x[0]), nn.Units{N: 8 * 8 * 3}), 8, 8, 3))}
	}
	m, err := traintest.New(t, g, traintest.Pairs(5, 8, 8, 3)).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	tl, err := train.NewTranslator(traintest.CPU(t), m, train.TranslateUse)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	if _, err := tl.Translate(make([]float32, 8*8*3), 8, 8, nil, 1); err != nil {
		t.Error(err)
	}
	if _, err := tl.Translate(make([]float32, 16*8*3), 16, 8, nil, 1); err == nil || !strings.Contains(err.Error(), "takes images of 8 x 8 alone") {
		t.Errorf("error is %v", err)
	}
	if _, err := train.NewTranslator(traintest.CPU(t), m, train.ReverseUse); err == nil {
		t.Error("a model without a way back is taken")
	}
}

// small is a device that says that it has little memory.
type small struct {
	program.Device
	memory uint64
}

func (d small) Info() program.Info {
	info := d.Device.Info()
	info.Memory = d.memory
	return info
}

// short is a device that says of arrays of more elements than so many what kernels say of those of more than
// program.MaxLen, or what a device says of which others use the memory.
type short struct {
	program.Device
	longest int
	err     error
}

func (d short) Load(p *program.Program, b program.Bindings) (program.Executable, error) {
	for _, s := range p.Steps {
		for _, v := range s.Args {
			if v.Len > d.longest && p.Storages[v.Storage].DType != program.Uint8 {
				return nil, d.err
			}
		}
	}
	return d.Device.Load(p, b)
}

// An image that the device has no memory for, or of which an array would be too long, is refused, with the size of one
// that fits, and does.
func TestTranslatorRefusesWhatDoesNotFit(t *testing.T) {
	m, err := traintest.New(t, halving(0), traintest.Pairs(5, 8, 8, 3)).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	cpu := traintest.CPU(t)
	for why, dev := range map[string]program.Device{
		"of the device's 0 MB": small{cpu, 1 << 20},
		"more elements than":   short{cpu, 1 << 16, program.ErrTooLong},
		"is out of memory":     short{cpu, 1 << 16, &program.OutOfMemoryError{Device: "cpu"}},
	} {
		tl, err := train.NewTranslator(dev, m, train.TranslateUse)
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		const h, w = 2000, 1000
		_, err = tl.Translate(make([]float32, h*w*3), h, w, nil, 1)
		large := (*train.SizeError)(nil)
		if !errors.As(err, &large) || large.LargestHeight < 16 || large.LargestHeight >= h || !strings.Contains(err.Error(), "an image of 1000 x 2000 cannot be made") ||
			!strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "tiles of it would become other than the whole") {
			t.Fatalf("%s: error is %v", why, err)
		}
		h2, w2 := large.LargestHeight, large.LargestWidth
		if _, err := tl.Translate(make([]float32, h2*w2*3), h2, w2, nil, 1); err != nil {
			t.Errorf("%s: an image of %d x %d is said to fit: %v", why, w2, h2, err)
		}
	}
}

// A batch that is too large for a device is computed in parts: the same images, by a model and by networks in training. An
// image alone that is too large is an error.
func TestRunnerOfTooLargeABatch(t *testing.T) {
	const n = 40
	data := traintest.Pairs(n, 8, 8, 3)
	cpu := traintest.CPU(t)
	dev := short{cpu, 10 * 8 * 8 * 3, fmt.Errorf("loading: %w", program.ErrTooLong)} // ten images
	tr, err := train.New(dev, halving(0), train.Settings{Batch: 4, Shards: 1, Seed: 3, Iterations: 1}, data)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := train.NewRunner(cpu, m, train.TranslateUse, n)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	inputs := map[string][]float32{}
	for _, v := range data.Tables[0].Fields[0].Bytes {
		inputs["a"] = append(inputs["a"], float32(v)/255)
	}
	want, err := whole.Run(inputs, n)
	if err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func() (*train.Runner, error){
		"a model":  func() (*train.Runner, error) { return train.NewRunner(dev, m, train.TranslateUse, n) },
		"training": func() (*train.Runner, error) { return tr.Runner(train.TranslateUse, n) },
	} {
		r, err := prepare()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer r.Close()
		got, err := r.Run(inputs, n)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, v := range want[0] {
			if d := v - got[0][i]; d > 1e-5 || d < -1e-5 {
				t.Fatalf("%s: value %d of image %d is %v, in smaller batches %v", name, i%(8*8*3), i/(8*8*3), v, got[0][i])
			}
		}
	}
	dev.longest = 8 * 8 * 2
	if _, err := train.NewRunner(dev, m, train.TranslateUse, n); !errors.Is(err, program.ErrTooLong) {
		t.Errorf("of one image that is too large, the error is %v", err)
	}
}

// Where the norm is saved, an image that the device has no memory for, or of which an array would be too long, is made in
// tiles, to what it is as a whole: places at the edges of tiles, which see what is not the image, count for nothing.
func TestTranslatorTiles(t *testing.T) {
	g := halving(0)
	g.Networks[0].Net = func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.LeakyReLU(l.Conv2D(x[0], nn.Conv{Filters: 4, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}), 0.2)
		y = l.BatchNorm(y, nn.Norm{})
		return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}))}
	}
	m, err := traintest.New(t, g, traintest.Pairs(5, 8, 8, 3)).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	const h, w = 101, 150
	x := make([]float32, h*w*3)
	for i := range x {
		x[i] = float32(i*7%256) / 255
	}
	cpu := traintest.CPU(t)
	var whole []float32
	for i, dev := range []program.Device{
		small{cpu, 1 << 30}, small{cpu, 1 << 18},
		short{cpu, 1 << 14, fmt.Errorf("loading: %w", program.ErrTooLong)},
		short{cpu, 1 << 14, fmt.Errorf("loading: %w", &program.OutOfMemoryError{Device: "cpu"})},
	} {
		tl, err := train.NewTranslator(dev, m, train.TranslateUse)
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		for range 2 { // the second goes by what the first has found
			made, err := tl.Translate(x, h, w, nil, 1)
			if err != nil {
				t.Fatalf("device %d: %v", i, err)
			}
			if th, tw := tl.Tile(); (i == 0) != (th == 0) || i > 0 && (th < 8 || th >= h || tw >= w) {
				t.Errorf("on device %d the tiles have %d x %d", i, tw, th)
			}
			if i == 0 {
				whole = made
			}
			if len(made) != len(x) {
				t.Fatalf("device %d: %d values of %d", i, len(made), len(x))
			}
			for j, v := range whole {
				if d := v - made[j]; d > 1e-5 || d < -1e-5 {
					t.Fatalf("device %d: value %d, of row %d and column %d, is %v, in tiles %v", i, j%3, j/3/w, j/3%w, v, made[j])
				}
			}
		}
	}
}
