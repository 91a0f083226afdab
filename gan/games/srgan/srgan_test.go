package srgan_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/games/classifier"
	"gangpu/gan/games/srgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

func preset(t *testing.T, name string) srgan.Settings {
	t.Helper()
	p, err := srgan.System.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Settings.(srgan.Settings)
}

// The networks have the sizes that reimplementations state at 96 pixels: 1.548 and 23.56 million. Convolutions before a norm have
// no bias here, and each channel has a slope of its own.
func TestParameterCounts(t *testing.T) {
	g, err := srgan.New(preset(t, "srgan"), train.Input{Height: 96, Width: 96, Channels: 3, Iterations: 10})
	if err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int{"generator": 1548547, "discriminator": 23563649} {
		if got := traintest.Parameters(t, g, network, traintest.Images(1, 96, 96, 3, 0)); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

// toy are settings for 16 pixels, whose second half is adversarial.
func toy(t *testing.T, name string) srgan.Settings {
	s := preset(t, name)
	s.Filters, s.DFilters, s.Blocks, s.Average = 4, 4, 1, 0.9
	return s
}

var toyInput = train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3, Iterations: 6}

// A run that goes from the one phase to the others, and is stopped where they change, ends with the same bits. What came of
// it enlarges images.
func TestTrainsAndResumes(t *testing.T) {
	d := traintest.Images(12, 16, 16, 3, 3)
	for _, name := range []string{"srgan", "small-gan"} {
		g, err := srgan.New(toy(t, name), toyInput)
		if err != nil {
			t.Fatal(err)
		}
		m := traintest.Resumes(t, traintest.CPU(t), g, d, 6)
		y := traintest.Use(t, m, train.TranslateUse, d)
		if len(y) != 2*64*64*3 {
			t.Fatalf("%d numbers", len(y))
		}
		for _, v := range y {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("a colour of %v", v)
			}
		}
	}
}

func TestResumesOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
	}
	s := toy(t, "small-gan")
	s.Filters, s.DFilters, s.Scale = 2, 2, 2
	g, err := srgan.New(s, train.Input{Height: 8, Width: 8, Channels: 3, Iterations: 4})
	if err != nil {
		t.Fatal(err)
	}
	traintest.Resumes(t, traintest.Emulated(t), g, traintest.Images(6, 8, 8, 3, 0), 4)
}

// SRResNet with the bicubic enlargement begins as that, and its scales are all that there are.
func TestBeginsAsBicubic(t *testing.T) {
	for _, scale := range []int{2, 4, 8} {
		s := toy(t, "small")
		s.Scale = scale
		g, err := srgan.New(s, toyInput)
		if err != nil {
			t.Fatal(err)
		}
		d := traintest.Images(4, 16, 16, 3, 0)
		for i := range d.Tables[0].Fields[0].Bytes {
			d.Tables[0].Fields[0].Bytes[i] = byte(100 + 50*math.Sin(float64(i/48)/3)) // rows alike
		}
		tr := traintest.New(t, g, d)
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		y := traintest.Use(t, m, train.TranslateUse, d)
		if len(y) != 2*16*16*3*scale*scale {
			t.Fatalf("scale %d: %d numbers", scale, len(y))
		}
		// Rows that are alike stay so, up to the border.
		row := y[8*scale*16*scale*3:][:16*scale*3]
		for i, v := range row {
			if math.Abs(float64(v-row[i%3])) > 1e-6 || !(v > 0.1 && v < 0.9) {
				t.Fatalf("scale %d: number %d is %v, the first one %v", scale, i, v, row[i%3])
			}
		}
	}
}

// The features of a classifier of this program stay as they are, and tell images apart as the classifier does.
func TestClassifierAsFeatures(t *testing.T) {
	d := traintest.Images(12, 16, 16, 3, 3)
	c := classifier.Settings{Filters: 4, Features: 8, Dropout: 0.1, Rate: 1e-3}
	cg, err := classifier.New(c, toyInput)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "classifier.safetensors")
	trained, err := traintest.New(t, cg, d).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := trained.Save(path); err != nil {
		t.Fatal(err)
	}
	s := toy(t, "small-gan")
	s.Features, s.Pixel = path, 0
	g, err := srgan.New(s, toyInput)
	if err != nil {
		t.Fatal(err)
	}
	m := traintest.Resumes(t, traintest.CPU(t), g, d, 6, "features")
	for _, name := range []string{"conv2d", "conv2d_2"} {
		for _, part := range []string{"kernel", "bias"} {
			a, _ := trained.Array("classifier/" + name + "/" + part)
			b, ok := m.Array("features/" + name + "/" + part)
			if !ok || fmt.Sprint(a.Values) != fmt.Sprint(b.Values) {
				t.Errorf("%s/%s is other than the classifier's", name, part)
			}
		}
	}
	_, err = srgan.New(s, train.Input{Height: 16, Width: 16, Channels: 1, Iterations: 6})
	if err == nil || !strings.Contains(err.Error(), "no classifier of images of 1 channels") {
		t.Errorf("error is %v", err)
	}
}

// vgg is a file of VGG19's layout, whose convolutions do nothing but hand on: output channel o is the input channel of that
// number in the kernel's middle, where there is one.
func vgg(t *testing.T) string {
	t.Helper()
	f := &safetensors.File{}
	in, at := 3, 0
	for _, out := range []int{64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512} {
		if out == 0 {
			at++
			continue
		}
		kernel, bias := make([]float32, out*in*9), make([]float32, out)
		for o := range min(in, out) {
			kernel[(o*in+o)*9+4] = 1
		}
		for o := range bias {
			bias[o] = float32(at)
		}
		for name, of := range map[string]struct {
			shape  []int
			values []float32
		}{"weight": {[]int{out, in, 3, 3}, kernel}, "bias": {[]int{out}, bias}} {
			x, err := safetensors.New(fmt.Sprintf("features.%d.%s", at, name), of.shape, of.values)
			if err != nil {
				t.Fatal(err)
			}
			f.Tensors = append(f.Tensors, x)
		}
		in, at = out, at+2
	}
	path := filepath.Join(t.TempDir(), "vgg19.safetensors")
	if err := safetensors.Write(path, f); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file of torchvision's names is read as such: its kernels hand on the colours, its biases add up.
func TestVGG19AsFeatures(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the 20 million parameters of VGG19, written and read; make test runs this")
	}
	s := toy(t, "small-gan")
	s.Features = vgg(t)
	g, err := srgan.New(s, toyInput)
	if err != nil {
		t.Fatal(err)
	}
	g.Uses = append(g.Uses, train.Use{Name: "features", Build: func(b *train.Builder) []*nn.Node {
		return []*nn.Node{nn.Flatten(b.Apply("features", b.Data("image")))}
	}})
	d := traintest.Images(4, 16, 16, 3, 0)
	for i := range d.Tables[0].Fields[0].Bytes {
		d.Tables[0].Fields[0].Bytes[i] = 255
	}
	m, err := traintest.New(t, g, d).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	y := traintest.Use(t, m, "features", d)
	biases := 0.0
	for _, at := range []int{0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34} {
		biases += float64(at)
	}
	for c, of := range [][2]float64{{0.485, 0.229}, {0.456, 0.224}, {0.406, 0.225}} {
		want := ((1-of[0])/of[1] + biases) / 12.75
		if got := float64(y[c]); math.Abs(got-want) > 1e-4 {
			t.Errorf("channel %d is %v, want %v", c, got, want)
		}
	}
}

// A low resolution has the numbers of a file of bytes.
func TestLow(t *testing.T) {
	g, err := srgan.New(toy(t, "small"), toyInput)
	if err != nil {
		t.Fatal(err)
	}
	g.Uses = []train.Use{{Name: "low", Build: func(b *train.Builder) []*nn.Node { return []*nn.Node{srgan.Low(b.Data("image"), 4)} }}}
	d := traintest.Images(4, 16, 16, 3, 0)
	bytes := d.Tables[0].Fields[0].Bytes
	m, err := traintest.New(t, g, d).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	y := traintest.Use(t, m, "low", d)
	if len(y) != 2*4*4*3 {
		t.Fatalf("%d numbers", len(y))
	}
	mean, low := 0.0, 0.0
	for _, v := range bytes[:16*16*3] {
		mean += float64(v) / 255 / (16 * 16 * 3)
	}
	for _, v := range y[:4*4*3] {
		low += float64(v) / (4 * 4 * 3)
		if level := float64(v) * 255; math.Abs(level-math.Round(level)) > 1e-3 || v < 0 || v > 1 {
			t.Errorf("a level of %v", level)
		}
	}
	if math.Abs(mean-low) > 0.05 {
		t.Errorf("the mean goes from %v to %v", mean, low)
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(s *srgan.Settings, in *train.Input){
		"scale is 3":                     func(s *srgan.Settings, in *train.Input) { s.Scale = 3 },
		"norm is \"layer\"":              func(s *srgan.Settings, in *train.Input) { s.Norm = "layer" },
		"cannot be made 4 times smaller": func(s *srgan.Settings, in *train.Input) { in.Width = 18 },
		"pretrain is 2":                  func(s *srgan.Settings, in *train.Input) { s.Pretrain = 2 },
		"pretrain is a share":            func(s *srgan.Settings, in *train.Input) { in.Iterations = 0 },
		"nothing but the discriminator":  func(s *srgan.Settings, in *train.Input) { s.Pixel = 0 },
		"the game wgan":                  func(s *srgan.Settings, in *train.Input) { s.Loss = nn.Wasserstein },
		"features: ":                     func(s *srgan.Settings, in *train.Input) { s.Features = "nowhere.safetensors" },
		"the weights adversarial -1":     func(s *srgan.Settings, in *train.Input) { s.Weight = -1 },
		"blocks is 0":                    func(s *srgan.Settings, in *train.Input) { s.Blocks = 0 },
	} {
		s, in := toy(t, "small-gan"), toyInput
		change(&s, &in)
		if _, err := srgan.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
