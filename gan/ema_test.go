package gan

import (
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

func averagedSettings() Settings {
	s := tinySettings()
	s.EMA = 0.75
	return s
}

// The average is that of the weights after each G step, by its definition in float64, and leaves
// the training alone.
func TestEMA(t *testing.T) {
	dev := openCPU(t, 0)
	trainer, plain := tinyTrainer(t, dev, averagedSettings()), tinyTrainer(t, dev, tinySettings())
	if f := snapshot(t, trainer); !slices.Equal(f.generator.average, f.generator.parameters) {
		t.Error("before the first step the average is not the initial weights")
	}
	sum := make([]float64, trainer.layouts.generator.Len)
	weights := 0.0
	for range 5 {
		iterate(t, trainer, 1)
		f := snapshot(t, trainer)
		weights = 0.75*weights + 1
		for i, v := range f.generator.parameters {
			sum[i] = 0.75*sum[i] + float64(v)
			if got, want := float64(f.generator.average[i]), sum[i]/weights; math.Abs(got-want) > 1e-6 {
				t.Fatalf("after %d steps the average of weight %d is %v, want %v", trainer.Iterations(), i, got, want)
			}
		}
	}
	iterate(t, plain, 5)
	got, want := snapshot(t, trainer), snapshot(t, plain)
	got.generator.average = nil
	if !reflect.DeepEqual(got.generator, want.generator) || !reflect.DeepEqual(got.discriminator, want.discriminator) {
		t.Error("the average changed the training")
	}
}

// Samples of a trainer, and of the file that it saves, are the average's.
func TestSamplesByAverage(t *testing.T) {
	dev := openCPU(t, 0)
	trainer := tinyTrainer(t, dev, averagedSettings())
	iterate(t, trainer, 3)
	live, err := trainer.Samples(4)
	if err != nil {
		t.Fatal(err)
	}
	f := snapshot(t, trainer)
	sample := func(f *ModelFile) []float32 {
		t.Helper()
		s, err := NewSampler(dev, f, 4)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		noise, err := s.Noise(f.Settings.Seed, 4)
		if err != nil {
			t.Fatal(err)
		}
		images, err := s.Generate(noise)
		if err != nil {
			t.Fatal(err)
		}
		return images.Pixels
	}
	if got := sample(f); !slices.Equal(got, live.Pixels) {
		t.Error("the file's samples are not the trainer's")
	}
	swapped := *f
	swapped.generator.parameters, swapped.generator.average = f.generator.average, nil
	if !slices.Equal(sample(&swapped), live.Pixels) {
		t.Error("the samples are not made by the average")
	}
	f.DropAverage()
	if slices.Equal(sample(f), live.Pixels) {
		t.Error("without its average the file makes the same samples")
	}
}

// Saved and resumed, the average goes on to the same bits.
func TestResumeAverage(t *testing.T) {
	dev := openCPU(t, 0)
	s := averagedSettings()
	whole, first := tinyTrainer(t, dev, s), tinyTrainer(t, dev, s)
	iterate(t, whole, 7)
	iterate(t, first, 3)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := first.Save(path); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, shape, err := f.Parameter("ema/generator/dense/kernel"); err != nil || !slices.Equal(shape, []int{6, 24}) {
		t.Errorf("the file's average of shape %v (%v)", shape, err)
	}
	images := discs(64, s.Height, s.Width)
	second, err := ResumeTrainer(dev, f, images)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	iterate(t, second, 4)
	if got, want := snapshot(t, second), snapshot(t, whole); !reflect.DeepEqual(got.generator, want.generator) {
		t.Error("the resumed run made other bits")
	}
	f.DropAverage()
	if _, err := ResumeTrainer(dev, f, images); err == nil || !strings.Contains(err.Error(), "moving average") {
		t.Errorf("resumed without the average: %v", err)
	}
	file, err := snapshot(t, whole).encode()
	if err != nil {
		t.Fatal(err)
	}
	file.Tensors = slices.DeleteFunc(file.Tensors, func(x safetensors.Tensor) bool { return x.Name == "ema/generator/dense/bias" })
	if err := seal(file); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeModel(file); err == nil || !strings.Contains(err.Error(), `no tensor "ema/generator/dense/bias"`) {
		t.Errorf("a file that lacks a part of the average: %v", err)
	}
}
