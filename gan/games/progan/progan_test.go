package progan_test

import (
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/progan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func toy() progan.Settings {
	s := progan.System.Presets[1].Settings.(progan.Settings)
	s.Latent, s.Filters, s.Sides, s.Hold, s.Fade = 3, 3, 24, 4, 12
	return s
}

func game(t testing.TB, s progan.Settings, side, classes int) train.Game {
	t.Helper()
	g, err := progan.New(s, train.Input{Height: side, Width: side, Channels: 3, Classes: classes, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTrains(t *testing.T) {
	for name, change := range map[string]func(s *progan.Settings){
		"non-saturating": func(*progan.Settings) {},
		"wasserstein":    func(s *progan.Settings) { s.Loss, s.Drift = nn.Wasserstein, 1e-3 },
		"classes":        func(s *progan.Settings) { s.Loss, s.Labels, s.Batches = nn.Wasserstein, 1, "8:2" },
	} {
		t.Run(name, func(t *testing.T) {
			s := toy()
			s.Grow = false
			change(&s)
			traintest.Run(t, game(t, s, 8, 2), traintest.Images(12, 8, 8, 3, 2))
		})
	}
}

// A run that was killed goes on to the same bits: before images grow, in a fade, and where one ends.
func TestResumes(t *testing.T) {
	for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
		t.Run(device, func(t *testing.T) {
			if device == "emulated" && testing.Short() {
				t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
			}
			s := toy()
			s.Loss, s.Labels = nn.Wasserstein, 1
			const hold, fade = 1, 3 // iterations of a stage, with a batch of 4
			saved := map[string][]int{"cpu": {hold, hold + 1, hold + 2, hold + fade, 2*hold + fade + 2}, "emulated": {hold + 2}}[device]
			resumes(t, open(t), game(t, s, 16, 2), traintest.Images(12, 16, 16, 3, 2), saved)
		})
	}
}

// resumes makes iterations until two after the last of those that a model is saved at, and goes on from each.
func resumes(t *testing.T, dev program.Device, g train.Game, d train.Data, saved []int) {
	t.Helper()
	last := saved[len(saved)-1] + 2
	steps := func(tr *train.Trainer, until int) *train.Model {
		for tr.Iterations() < until {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Metrics(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tr, err := train.New(dev, g, train.Settings{Batch: 4, Shards: 1, Seed: 3}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var models []*train.Model
	for _, at := range saved {
		models = append(models, steps(tr, at))
	}
	whole := steps(tr, last)
	for i, m := range models {
		again, err := train.Resume(dev, g, m, d)
		if err != nil {
			t.Fatal(err)
		}
		parts := steps(again, last)
		for _, a := range whole.Arrays {
			if b, ok := parts.Array(a.Name); !ok || !slices.Equal(a.Values, b.Values) {
				t.Errorf("saved after %d: %s is other at the end", saved[i], a.Name)
			}
		}
		if len(parts.Arrays) != len(whole.Arrays) {
			t.Errorf("%d arrays after a resume, %d without", len(parts.Arrays), len(whole.Arrays))
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// When a size begins to fade in, images are those of the size before, and so are scores. When it has faded in, they are
// those of the next stage, which is of the new layers alone.
func TestFade(t *testing.T) {
	s := toy()
	s.Average = 0
	tr := traintest.New(t, game(t, s, 8, 0), traintest.Images(12, 8, 8, 3, 0))
	samples := func() []byte {
		p, err := tr.Samples(4)
		if err != nil {
			t.Fatal(err)
		}
		return p.Values
	}
	of := func(m *train.Model, name string) []float32 {
		a, ok := m.Array(name)
		if !ok {
			t.Fatalf("the model has no %s", name)
		}
		return a.Values
	}
	same := func(pixels []byte) (blocks bool) { // each 2 x 2 pixels are one colour
		blocks = true
		for i := range pixels {
			y, x, c := i/24%8, i/3%8, i%3
			blocks = blocks && pixels[i] == pixels[i-(y%2)*24-(x%2)*3+0*c]
		}
		return blocks
	}
	want := []struct {
		stage  string
		alpha  float32
		blocks bool
	}{{"4 x 4", 0, true}, {"8 x 8 fades in", 0, true}, {"8 x 8 fades in", 0, true}, {"8 x 8 fades in", 1. / 3, false}, {"8 x 8", 0, false}}
	var before *train.Model
	for i, w := range want {
		if got := tr.Game().Stage; got != w.stage {
			t.Errorf("after %d iterations the stage is %q, want %q", i, got, w.stage)
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if tr.Game().Levels != nil {
			if got := of(m, "level/alpha")[0]; got != w.alpha {
				t.Errorf("after %d iterations alpha is %v, want %v", i, got, w.alpha)
			}
		}
		if same(samples()) != w.blocks {
			t.Errorf("after %d iterations images have pixels of 2 x 2: %v", i, !w.blocks)
		}
		if i == 1 || i == 4 { // a stage begins: networks stay, Adam forgets
			kernel := "generator/maps_4/conv2d/kernel"
			if v := of(m, "adam/m/"+kernel); slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) {
				t.Errorf("Adam's mean is %v in a new stage", v)
			}
			if n := m.Counters["updates/adam/m/generator"]; n != 0 {
				t.Errorf("%d updates by Adam in a new stage", n)
			}
			if n := m.Counters["runs/g"]; n != uint32(i) {
				t.Errorf("%d runs after %d", n, i)
			}
		}
		before = m
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := before.Array("generator/image_4/conv2d/kernel"); ok {
		t.Error("the layer that made images of 4 x 4 is still there")
	}
}

// The average of the weights is one of the stage at hand: new layers are not what they were drawn as.
func TestAverageBeginsAnew(t *testing.T) {
	tr := traintest.New(t, game(t, toy(), 8, 0), traintest.Images(12, 8, 8, 3, 0))
	for i, want := range []bool{true, true, false, false, true, false} { // a copy: after 1 update of each stage, which end after 1 and 4
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		now, _ := m.Array("generator/maps_4/conv2d/kernel")
		average, _ := m.Used("generator/maps_4/conv2d/kernel")
		if got := slices.Equal(now.Values, average.Values); got != want {
			t.Errorf("after %d iterations the average is the network: %v", i+1, got)
		}
	}
}

// The networks of the paper's size have as many parameters as those of the authors' code print: over all stages.
func TestParameters(t *testing.T) {
	s := progan.System.Presets[0].Settings.(progan.Settings)
	g, err := progan.New(s, train.Input{Height: 1024, Width: 1024, Channels: 3, Batch: 128})
	if err != nil {
		t.Fatal(err)
	}
	image := train.Field{Name: "image", Shape: []int{1024, 1024, 3}, Bytes: make([]byte, 1024*1024*3)}
	counts, seen := map[string]int{}, map[string]bool{}
	stages := g.Stages()
	for _, stage := range stages {
		if strings.Contains(stage.Stage, "fades") {
			continue // has the layers of the stages before and after it
		}
		p, err := train.Networks(stage, train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{image}}}})
		if err != nil {
			t.Fatal(err)
		}
		for network, q := range p {
			for _, a := range q.List {
				if !seen[a.Name] {
					seen[a.Name] = true
					counts[network] += a.Len()
				}
				if a.Init != nn.Zeros && a.Init.String()[:9] != "equalised" {
					t.Errorf("%s begins as %v", a.Name, a.Init)
				}
			}
		}
	}
	for network, want := range map[string]int{"generator": 23_079_115, "discriminator": 23_087_249} {
		if got := counts[network]; got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
	// Sizes, batches and rates as the authors' code has them for one GPU.
	if n := len(stages); n != 17 || stages[16].Stage != "1024 x 1024" || stages[16].Then != nil {
		t.Errorf("%d stages, the last is %s", n, stages[16].Stage)
	}
	for i, want := range map[int]train.Phase{0: {Fraction: 1}, 6: {Fraction: 2}, 9: {Fraction: 8}, 16: {Fraction: 32}} {
		if got := stages[i].Phases[0].Fraction; got != want.Fraction {
			t.Errorf("%s has a batch of 128/%d, want 128/%d", stages[i].Stage, got, want.Fraction)
		}
	}
	if _, err := progan.New(s, train.Input{Height: 64, Width: 64, Channels: 3, Batch: 48}); err == nil {
		t.Error("a batch of 48 has no part of 32 images")
	}
	few, err := progan.New(s, train.Input{Height: 64, Width: 64, Channels: 3, Batch: 16})
	if err != nil || few.Stages()[8].Phases[0].Fraction != 1 {
		t.Errorf("a batch of 16 is not whole at 64 pixels: %v", err)
	}
	if got := stages[0].Until; got != 6250 {
		t.Errorf("the first stage has %d iterations, want 800,000 images of a batch of 128", got)
	}
}

func TestRefusals(t *testing.T) {
	for want, in := range map[string]struct {
		change func(s *progan.Settings)
		in     train.Input
	}{
		"squares of 8, 16":       {func(*progan.Settings) {}, train.Input{Height: 48, Width: 48, Channels: 3}},
		"images of 64x32":        {func(*progan.Settings) {}, train.Input{Height: 32, Width: 64, Channels: 3}},
		"loss is \"hinge\"":      {func(s *progan.Settings) { s.Loss = nn.HingeGame }, train.Input{Height: 32, Width: 32, Channels: 3}},
		"penalty is 0":           {func(s *progan.Settings) { s.Penalty = 0 }, train.Input{Height: 32, Width: 32, Channels: 3}},
		"a side and a positive":  {func(s *progan.Settings) { s.Batches = "8-2" }, train.Input{Height: 32, Width: 32, Channels: 3}},
		"divides the batch of 4": {func(s *progan.Settings) { s.Batches = "8:3" }, train.Input{Height: 32, Width: 32, Channels: 3, Batch: 4}},
		"fade is 0":              {func(s *progan.Settings) { s.Fade = 0 }, train.Input{Height: 32, Width: 32, Channels: 3}},
	} {
		s := toy()
		in.change(&s)
		if _, err := progan.New(s, in.in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
