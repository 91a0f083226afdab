package gan

import (
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
)

func TestStepAllocatesNothing(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	if n := testing.AllocsPerRun(10, func() { iterate(t, trainer, 1) }); n != 0 {
		t.Errorf("an iteration allocates %v times", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		if _, err := trainer.Metrics(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("reading the metrics allocates %v times", n)
	}
}

// A step of one network changes all of its parameters and Adam state and none of the other's,
// by a bit.
func TestTheOtherNetworkIsFrozen(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	before := snapshot(t, trainer)
	if err := trainer.stepD.Run(); err != nil {
		t.Fatal(err)
	}
	afterD := snapshot(t, trainer)
	if !reflect.DeepEqual(before.generator, afterD.generator) {
		t.Error("a D step changed the generator")
	}
	if afterD.discriminator.steps != 1 || slices.Equal(before.discriminator.parameters, afterD.discriminator.parameters) {
		t.Error("a D step did not change the discriminator")
	}
	for i, v := range afterD.discriminator.v { // after the first step m and v are of one gradient
		g := float64(afterD.discriminator.m[i]) / (1 - trainer.settings.Beta1)
		if want := (1 - trainer.settings.Beta2) * g * g; math.Abs(float64(v)-want) > 1e-4*want {
			t.Fatalf("v[%d] is %v, m says %v", i, v, want)
		}
	}
	if err := trainer.stepG.Run(); err != nil {
		t.Fatal(err)
	}
	afterG := snapshot(t, trainer)
	if !reflect.DeepEqual(afterD.discriminator, afterG.discriminator) {
		t.Error("a G step changed the discriminator")
	}
	if afterG.generator.steps != 1 {
		t.Error("a G step did not count")
	}
	for _, p := range trainer.layouts.generator.Parameters() {
		at := func(f *ModelFile) []float32 { return f.generator.parameters[p.Offset:][:p.Len()] }
		if slices.Equal(at(afterD), at(afterG)) {
			t.Errorf("a G step left %s as it was", p.Name)
		}
	}
}

func TestSameSeedSameBits(t *testing.T) {
	run := func(threads int, seed uint64) *ModelFile {
		s := tinySettings()
		s.Seed = seed
		trainer := tinyTrainer(t, openCPU(t, threads), s)
		iterate(t, trainer, 5)
		f := snapshot(t, trainer)
		f.Settings.Seed = 0
		return f
	}
	want := run(1, 7)
	for _, threads := range []int{1, 2, 3} {
		if got := run(threads, 7); !reflect.DeepEqual(got, want) {
			t.Errorf("%d threads: other bits", threads)
		}
	}
	if got := run(1, 8); reflect.DeepEqual(got.generator.parameters, want.generator.parameters) {
		t.Error("another seed gave the same bits")
	}
}

func TestStepCounts(t *testing.T) {
	dev := openCPU(t, 0)
	for _, c := range []struct {
		steps    Alternation
		k        int
		wantD    uint32 // after 7 iterations of epochs of 4
		wantIter int
	}{{EveryK, 2, 4, 3}, {EveryK, 3, 3, 3}, {EveryK, 9, 2, 3}, {KSteps, 3, 21, 3}} {
		s := tinySettings()
		s.Alternation, s.K = c.steps, c.k
		trainer := tinyTrainer(t, dev, s)
		iterate(t, trainer, 7)
		f := snapshot(t, trainer)
		if f.discriminator.steps != c.wantD || f.generator.steps != 7 {
			t.Errorf("%s, k=%d: %d D and %d G steps, want %d and 7", c.steps, c.k, f.discriminator.steps, f.generator.steps, c.wantD)
		}
		if trainer.Epoch() != 1 || trainer.Iteration() != c.wantIter || trainer.IterationsPerEpoch() != 4 {
			t.Errorf("at epoch %d, iteration %d of %d", trainer.Epoch(), trainer.Iteration(), trainer.IterationsPerEpoch())
		}
		m, err := trainer.Metrics()
		if err != nil || m.Epoch != 1 || m.Iteration != 2 {
			t.Errorf("metrics of epoch %d, iteration %d (%v), want 1, 2", m.Epoch, m.Iteration, err)
		}
	}
}

// Every draw of a run has a stream of its own.
func TestStreamsDiffer(t *testing.T) {
	s := tinySettings()
	b := steps{layouts: tinyLayouts(t), s: s, batchD: s.Batch, batchG: s.Batch}
	seen := map[uint32]string{streamSamples: "samples", streamEvaluation: "evaluation"}
	for _, build := range []func() (*program.Program, error){
		b.initialise, b.drawG, func() (*program.Program, error) { return b.drawD(10) },
	} {
		p, err := build()
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range p.Steps {
			var d program.Draw
			switch op := step.Op.(type) {
			case program.Uniform:
				d = op.Draw
			case program.Normal:
				d = op.Draw
			case program.DropoutMask:
				d = op.Draw
			case program.Indices:
				d = op.Draw
			default:
				continue
			}
			if d.Seed != s.Seed {
				t.Errorf("%s of %s has seed %d", step.Name, p.Name, d.Seed)
			}
			if other, taken := seen[d.Stream]; taken {
				t.Errorf("%s of %s has the stream of %s", step.Name, p.Name, other)
			}
			seen[d.Stream] = step.Name + " of " + p.Name
		}
	}
	if len(seen) < 2+7+2+3 {
		t.Errorf("only %d streams", len(seen))
	}
}

// Glorot's bounds, and that they are filled: the largest of n uniforms is close to the bound.
func TestInitialWeights(t *testing.T) {
	f := snapshot(t, tinyTrainer(t, openCPU(t, 0), tinySettings()))
	l := tinyLayouts(t)
	for _, n := range f.networks(l) {
		used := 0.0
		for _, p := range n.layout.Parameters() {
			values := n.parameters[p.Offset:][:p.Len()]
			largest, sum := 0.0, 0.0
			for _, v := range values {
				largest = max(largest, math.Abs(float64(v)))
				sum += float64(v)
			}
			used += largest
			if p.FanIn == 0 {
				if largest != 0 {
					t.Errorf("%s does not begin at zero", p.Name)
				}
				continue
			}
			limit := math.Sqrt(6 / float64(p.FanIn+p.FanOut))
			if largest > limit*(1+1e-6) || largest < 0.8*limit {
				t.Errorf("%s reaches %v of %v", p.Name, largest, limit)
			}
			if mean := sum / float64(len(values)); math.Abs(mean) > 4*limit/math.Sqrt(3*float64(len(values))) {
				t.Errorf("%s has mean %v", p.Name, mean)
			}
		}
		if used == 0 {
			t.Errorf("%s is all zero", n.layout.Name)
		}
	}
	// A convolution has h*w*in inputs to an output, a transposed one h*w*in too.
	p := l.generator.Layers[3].Parameters[0]
	if p.FanIn != 9*6 || p.FanOut != 9*5 {
		t.Errorf("%s has fans %d and %d", p.Name, p.FanIn, p.FanOut)
	}
}

// D alone learns to tell real from fake; then G alone learns to fool it; and under the
// alternation the fakes come to look like the images.
func TestTraining(t *testing.T) {
	dev := openCPU(t, 0)
	s := tinySettings()
	s.Dropout = 0.2
	trainer := tinyTrainer(t, dev, s)
	iterate(t, trainer, 1)
	first, err := trainer.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(first.DLoss)-math.Ln2) > 0.15 || math.Abs(float64(first.GLoss)-math.Ln2) > 0.15 {
		t.Errorf("the first losses are %v and %v, want about log 2", first.DLoss, first.GLoss)
	}
	repeat := func(n int, run func() error) Metrics {
		t.Helper()
		for range n {
			if err := run(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := trainer.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	repeat(150, trainer.stepD.Run)
	strong := repeat(1, trainer.stepG.Run)
	if strong.AccuracyReal < 0.99 || strong.AccuracyFake < 0.99 || strong.DLoss > 0.2 || strong.GLoss < 1.5 {
		t.Errorf("after training D alone: %+v", strong)
	}
	repeat(150, trainer.stepG.Run)
	fooled := repeat(1, trainer.stepD.Run)
	if fooled.GLoss > strong.GLoss/2 || fooled.AccuracyFake > 0.5 {
		t.Errorf("after training G alone: %+v", fooled)
	}
}

func TestTrainingFindsTheImages(t *testing.T) {
	dev := openCPU(t, 0)
	s := tinySettings()
	s.K, s.Batch, s.Seed, s.LearningRate = 1, 32, 2, 3e-4
	trainer := tinyTrainer(t, dev, s)
	images := discs(64, s.Height, s.Width)
	mean := make([]float64, 64)
	for i, p := range images.Pixels {
		mean[i%64] += float64(p) / 255 / 64
	}
	distance := func() float64 {
		samples, err := trainer.Samples(32)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 64)
		for i, p := range samples.Pixels {
			got[i%64] += p / 32
		}
		return relativeError(got, mean)
	}
	before := distance()
	iterate(t, trainer, 500)
	if after := distance(); !(after < 0.6*before) {
		t.Errorf("the fakes' mean is %v off that of the images, it was %v", after, before)
	}
	if _, err := trainer.Metrics(); err != nil {
		t.Error(err)
	}
}

func TestDivergence(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	iterate(t, trainer, 5)
	if err := write(trainer.arrays, parametersOf(generatorName), 0, []float32{float32(math.NaN())}); err != nil {
		t.Fatal(err)
	}
	iterate(t, trainer, 1)
	var diverged *DivergedError
	if _, err := trainer.Metrics(); !errors.As(err, &diverged) || diverged.Epoch != 1 || diverged.Iteration != 1 {
		t.Errorf("got %v, want that it diverged in epoch 1, iteration 1", err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := trainer.Save(path); err == nil || !strings.Contains(err.Error(), `tensor "generator/dense/kernel": element 0 is NaN`) || !strings.Contains(err.Error(), path) {
		t.Errorf("saving: %v", err)
	}
}

func TestSamplesAreFixed(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	first, err := trainer.Samples(5)
	if err != nil {
		t.Fatal(err)
	}
	again, err := trainer.Samples(5)
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the same generator made other samples (%v)", err)
	}
	iterate(t, trainer, 3)
	later, err := trainer.Samples(5)
	if err != nil || reflect.DeepEqual(first, later) {
		t.Errorf("training did not change the samples (%v)", err)
	}
	// Seven in batches of three are the five and two more.
	s, err := NewSampler(trainer.arrays.dev, snapshot(t, trainer), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	noise, err := s.Noise(trainer.settings.Seed, 7)
	if err != nil {
		t.Fatal(err)
	}
	seven, err := s.Generate(noise)
	if err != nil {
		t.Fatal(err)
	}
	if seven.Count != 7 || len(seven.Pixels) != 7*64 {
		t.Fatalf("made %d images of %d pixels in all", seven.Count, len(seven.Pixels))
	}
	if e := relativeError(seven.Pixels[:5*64], widen(later.Pixels)); e > 1e-6 {
		t.Errorf("in batches of 3 the images differ by %g", e)
	}
	if _, err := s.Generate(noise[:8]); err == nil {
		t.Error("made images of a row and a third of noise")
	}
}

func TestNewTrainerErrors(t *testing.T) {
	dev := openCPU(t, 1)
	s := tinySettings()
	m, images := tinyModel(s), discs(4, 8, 8)
	for want, c := range map[string]func(s *Settings, m *Model, i *Images){
		"batch is 0":                    func(s *Settings, _ *Model, _ *Images) { s.Batch = 0 },
		"a dataset of 0 images":         func(_ *Settings, _ *Model, i *Images) { *i = Images{Rows: 8, Cols: 8} },
		"have 255 pixels":               func(_ *Settings, _ *Model, i *Images) { i.Pixels = i.Pixels[1:] },
		"are 4x16, the model takes 8x8": func(_ *Settings, _ *Model, i *Images) { i.Rows, i.Cols = 4, 16 },
		"no grey image":                 func(_ *Settings, m *Model, _ *Images) { m.Generator.Layers = m.Generator.Layers[:1] },
	} {
		s, m, i := s, m, images
		c(&s, &m, &i)
		if _, err := NewTrainer(dev, s, m, i); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	trainer := tinyTrainer(t, dev, s)
	if _, err := trainer.Metrics(); err == nil {
		t.Error("read metrics before the first iteration")
	}
}
