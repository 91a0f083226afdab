package gan

import (
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// sides are discs of two classes: 0 to the left, 1 to the right.
func sides(count int) Images {
	r := rand.New(rand.NewPCG(3, 4))
	images := Images{Pixels: make([]byte, count*64), Count: count, Rows: 8, Cols: 8, Labels: make([]byte, count)}
	for i := range count {
		images.Labels[i] = byte(i * 7 % 5 % 2)
		images.draw(i, 3.5+r.NormFloat64()/3, 1.5+4*float64(images.Labels[i])+r.NormFloat64()/3)
	}
	return images
}

func conditionalTrainer(t testing.TB, dev program.Device, s Settings) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(dev, s, tinyModel(s).Conditional(2), sides(64))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trainer.Close(); err != nil {
			t.Error(err)
		}
	})
	return trainer
}

// An image of a class that was asked for looks like those of the class.
func TestConditionalLearnsItsClasses(t *testing.T) {
	s := tinySettings().WithLoss(WassersteinGP) // by which so small a GAN learns reliably
	s.K, s.LearningRate, s.Beta1 = 1, 2e-3, 0.5
	trainer := conditionalTrainer(t, openCPU(t, 0), s)
	iterate(t, trainer, 500)
	sampler, err := trainer.Sampler(20)
	if err != nil {
		t.Fatal(err)
	}
	noise, err := sampler.Noise(1, 20)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := sampler.GenerateOf(noise, []int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i := range 20 {
		var ink, moment float64
		for p, v := range samples.Sample(i).Pixels {
			ink, moment = ink+float64(v), moment+float64(v)*float64(p%8)
		}
		if (moment/ink > 3.5) == (i < 10) {
			right++
		}
	}
	if right < 18 {
		t.Errorf("%d of 20 images are on the side of their class", right)
	}
}

// A D step sees the real images with their own classes and the fakes with those that made them; a G
// step draws others.
func TestConditions(t *testing.T) {
	trainer := conditionalTrainer(t, openCPU(t, 0), tinySettings())
	images, half := sides(64), trainer.settings.Batch/2
	conditions, indices, drawn := make([]float32, 4*half), make([]uint32, half), make([]uint32, 2*half)
	if err := trainer.stepD.Run(); err != nil {
		t.Fatal(err)
	}
	for storage, into := range map[string]any{storageConditions: conditions, storageIndices: indices, storageDrawn: drawn} {
		var err error
		switch into := into.(type) {
		case []float32:
			err = read(trainer.arrays, storage, 0, into)
		case []uint32:
			err = read(trainer.arrays, storage, 0, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * half {
		class := int(drawn[max(i-half, 0)])
		if i < half {
			class = int(images.Labels[indices[i]])
		}
		if conditions[2*i+class] != 1 || conditions[2*i+1-class] != 0 {
			t.Errorf("row %d, of class %d, has conditions %v", i, class, conditions[2*i:2*i+2])
		}
	}
	before := slices.Clone(drawn)
	if err := trainer.stepG.Run(); err != nil {
		t.Fatal(err)
	}
	if err := read(trainer.arrays, storageDrawn, 0, drawn); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(before[:half], drawn[:half]) || !slices.Contains(drawn, 0) || !slices.Contains(drawn, 1) {
		t.Errorf("a G step drew classes %v after a D step's %v", drawn, before[:half])
	}
}

// A conditional model is saved, loaded and resumed to the same bits, and its samples come sorted.
func TestConditionalFile(t *testing.T) {
	dev := openCPU(t, 0)
	s := averagedSettings()
	whole, first := conditionalTrainer(t, dev, s), conditionalTrainer(t, dev, s)
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
	if f.Model.Classes() != 2 {
		t.Errorf("the file's model knows %d classes", f.Model.Classes())
	}
	second, err := ResumeTrainer(dev, f, sides(64))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	iterate(t, second, 4)
	got, want := snapshot(t, second), snapshot(t, whole)
	if !reflect.DeepEqual(got.generator, want.generator) || !reflect.DeepEqual(got.discriminator, want.discriminator) {
		t.Error("the resumed run made other bits")
	}
	sampler, err := NewSampler(dev, got, 3) // batches that straddle the classes
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.Close()
	noise, err := sampler.Noise(1, 8)
	if err != nil {
		t.Fatal(err)
	}
	all, err := sampler.Generate(noise)
	if err != nil {
		t.Fatal(err)
	}
	half := len(all.Pixels) / 2
	for class, pixels := range [][]float32{all.Pixels[:half], all.Pixels[half:]} {
		own, err := sampler.GenerateOf(noise[class*4*sampler.Latent():][:4*sampler.Latent()], []int{class})
		if err != nil || !slices.Equal(own.Pixels, pixels) {
			t.Errorf("the images of class %d are not the samples' in their order (%v)", class, err)
		}
	}
	for want, classes := range map[string][]int{"no class 2: the model knows 0 to 1": {0, 2}, "no class -1": {-1}, "no class to": nil} {
		if _, err := sampler.GenerateOf(noise, classes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("classes %v: %v, want %q", classes, err, want)
		}
	}
}

func TestConditionalRefusals(t *testing.T) {
	dev, s := openCPU(t, 1), tinySettings()
	m, images := tinyModel(s).Conditional(2), sides(10)
	mixed := tinyModel(s)
	mixed.Generator = m.Generator
	unlabelled, other := images, images
	unlabelled.Labels, other.Labels = nil, slices.Repeat([]byte{2}, 10)
	for want, c := range map[string]struct {
		m      Model
		images Images
	}{
		"0 labels of 10 images":                       {m, unlabelled},
		"class 2, the model knows 0 to 1":             {m, other},
		"generator knows 2 classes but discriminator": {mixed, images},
		"257 classes, want 1 to 256":                  {tinyModel(s).Conditional(257), images},
		"2 classes, and 3 in a layer before":          {m.Conditional(3), images},
	} {
		if _, err := NewTrainer(dev, s, c.m, c.images); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	plain, err := NewSampler(dev, snapshot(t, tinyTrainer(t, dev, s)), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.GenerateOf(make([]float32, 6), []int{0}); err == nil || !strings.Contains(err.Error(), "knows no classes") {
		t.Errorf("a model without classes: %v", err)
	}
}

// D is asked about every test image with its own class.
func TestEvaluateConditional(t *testing.T) {
	dev := openCPU(t, 0)
	trainer := conditionalTrainer(t, dev, tinySettings())
	iterate(t, trainer, 40)
	f, images := snapshot(t, trainer), sides(evaluationBatch+30)
	e, err := Evaluate(dev, f, images, 3)
	if err != nil {
		t.Fatal(err)
	}
	values := storages64{parametersOf(discriminatorName): widen(f.discriminator.parameters)}
	for _, p := range images.Pixels {
		values[storageImages] = append(values[storageImages], float64(p)/255)
	}
	for _, l := range images.Labels {
		values[storageConditions] = append(values[storageConditions], float64(1-l), float64(l))
	}
	g, err := discriminateGraph(trainer.layouts, tensor.Float64, images.Count)
	if err != nil {
		t.Fatal(err)
	}
	run64(t, g, values)
	right := 0.0
	for _, z := range values[storageLogits] {
		if z > 0 {
			right++
		}
	}
	if want := right / float64(images.Count); e.AccuracyReal < want-0.005 || e.AccuracyReal > want+0.005 || e.Images != images.Count {
		t.Errorf("accuracy real of %d is %v, want %v", e.Images, e.AccuracyReal, want)
	}
	for i := range images.Labels {
		images.Labels[i] = 1 - images.Labels[i]
	}
	if swapped, err := Evaluate(dev, f, images, 3); err != nil || swapped.DLoss == e.DLoss {
		t.Errorf("other labels give the same loss (%v)", err)
	}
}
