package biggan_test

import (
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/biggan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func toy() biggan.Settings {
	s := biggan.System.Presets[1].Settings.(biggan.Settings)
	s.Latent, s.Embedding, s.Filters, s.Attention = 2, 3, 1, 8
	return s
}

func game(t *testing.T, s biggan.Settings, side int) train.Game {
	t.Helper()
	g, err := biggan.New(s, train.Input{Height: side, Width: side, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTrains(t *testing.T) {
	traintest.Run(t, game(t, toy(), 16), traintest.Images(12, 16, 16, 3, 3))
	s := toy()
	s.Attention = 0
	traintest.Run(t, game(t, s, 32), traintest.Images(8, 32, 32, 3, 3))
}

// A run that was killed, before and after its average begins, goes on to the same bits.
func TestResumes(t *testing.T) {
	for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
		t.Run(device, func(t *testing.T) {
			if device == "emulated" && testing.Short() {
				t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
			}
			for _, from := range map[string][]int{"cpu": {1, 3}, "emulated": {1}}[device] {
				s := toy()
				s.AverageFrom, s.Discriminator = from, 1
				traintest.Resumes(t, open(t), game(t, s, 16), traintest.Images(12, 16, 16, 3, 3), 4)
			}
		})
	}
}

// Until an average begins, it is the network. Then it is a mean of what the network was since.
func TestAverageFrom(t *testing.T) {
	s := toy()
	s.AverageFrom = 2
	tr := traintest.New(t, game(t, s, 16), traintest.Images(12, 16, 16, 3, 3))
	const name = "generator/dense/kernel"
	var values [][]float32
	for i := range 4 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		now, _ := m.Array(name)
		average, _ := m.Used(name)
		values = append(values, now.Values)
		if same := slices.Equal(now.Values, average.Values); same != (i < 3) {
			t.Errorf("after update %d the average is the network: %v", i+1, same)
		}
		if i < 3 {
			continue
		}
		for k, v := range average.Values {
			want := (0.999*float64(values[2][k]) + float64(values[3][k])) / 1.999
			if d := float64(v) - want; d > 1e-6 || d < -1e-6 {
				t.Fatalf("element %d of the average is %v, want %v", k, v, want)
			}
		}
	}
}

// The networks of the paper's size have as many parameters as those of the authors' code print.
func TestParameters(t *testing.T) {
	g, err := biggan.New(biggan.System.Presets[0].Settings.(biggan.Settings), train.Input{Height: 128, Width: 128, Channels: 3, Classes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	image := train.Field{Name: "image", Shape: []int{128, 128, 3}, Bytes: make([]byte, 128*128*3)}
	class, err := train.OneHot("class", []int32{0}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	p, err := train.Networks(g, train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{image, class}}}})
	if err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int{"generator": 70_433_988, "discriminator": 87_982_370} {
		if got := p[network].Count(); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
		// All kernels but those of the embedding are divided by their largest singular values.
		for _, q := range p[network].List {
			layer, isKernel := strings.CutSuffix(q.Name, "/kernel")
			_, has := p[network].Find(layer + "/u")
			if isKernel && has == strings.HasSuffix(layer, "/embedding") || isKernel && q.Init != nn.Orthogonal(1) {
				t.Errorf("%s: spectral norm %v, initialiser %v", q.Name, has, q.Init)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for want, in := range map[string]struct {
		change func(s *biggan.Settings)
		in     train.Input
	}{
		"needs images with classes": {func(*biggan.Settings) {}, train.Input{Height: 32, Width: 32, Channels: 3}},
		"squares of 16, 32":         {func(*biggan.Settings) {}, train.Input{Height: 48, Width: 48, Channels: 3, Classes: 3}},
		"images of 64x32":           {func(*biggan.Settings) {}, train.Input{Height: 32, Width: 64, Channels: 3, Classes: 3}},
		"several images in a batch": {func(*biggan.Settings) {}, train.Input{Height: 32, Width: 32, Channels: 3, Classes: 3, Batch: 1}},
		"attention is 12":           {func(s *biggan.Settings) { s.Attention = 12 }, train.Input{Height: 32, Width: 32, Channels: 3, Classes: 3}},
		"d_steps is 0":              {func(s *biggan.Settings) { s.Discriminator = 0 }, train.Input{Height: 32, Width: 32, Channels: 3, Classes: 3}},
	} {
		s := toy()
		in.change(&s)
		if _, err := biggan.New(s, in.in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
