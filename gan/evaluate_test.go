package gan

import (
	"math"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// An evaluation is what the float64 graphs give on the same images and noise, over whole batches
// and what is left of them.
func TestEvaluate(t *testing.T) {
	dev := openCPU(t, 0)
	for _, c := range []struct {
		loss  Loss
		count int
	}{{NonSaturating, 2*evaluationBatch + 37}, {Minimax, 5}, {Minimax, evaluationBatch},
		{LeastSquares, 7}, {Hinge, 7}, {Wasserstein, 7}} {
		s := tinySettings()
		s.Loss = c.loss
		if c.loss == NonSaturating {
			s.LabelSmoothing = 0.1 // which is of training alone
		}
		if c.loss == Wasserstein {
			s.Clip = 0.1
		}
		trainer := tinyTrainer(t, dev, s)
		iterate(t, trainer, 60)
		f := snapshot(t, trainer)
		images := discs(c.count, s.Height, s.Width)
		got, err := Evaluate(dev, f, images, 3)
		if err != nil {
			t.Fatal(err)
		}
		want := evaluate64(t, f, images, 3)
		for name, v := range map[string][2]float64{
			"images": {float64(got.Images), float64(want.Images)},
			"d loss": {got.DLoss, want.DLoss}, "g loss": {got.GLoss, want.GLoss},
			"accuracy real": {got.AccuracyReal, want.AccuracyReal}, "accuracy fake": {got.AccuracyFake, want.AccuracyFake},
		} {
			if math.Abs(v[0]-v[1]) > 1e-5 {
				t.Errorf("%s, %d images: %s is %v, want %v", c.loss, c.count, name, v[0], v[1])
			}
		}
		if again, err := Evaluate(dev, f, images, 3); err != nil || again != got {
			t.Errorf("a second evaluation gave %+v (%v), the first %+v", again, err, got)
		}
	}
}

func evaluate64(t *testing.T, f *ModelFile, images Images, seed uint64) Evaluation {
	t.Helper()
	l := tinyLayouts(t)
	e := Evaluation{Images: images.Count}
	n, pixels := float64(images.Count), l.pixels()
	for done, step := 0, uint32(0); done < images.Count; step++ {
		batch := min(evaluationBatch, images.Count-done)
		noise := make([]float32, batch*l.latent())
		normal := program.Normal{N: len(noise), Draw: program.Draw{Seed: seed, Stream: streamEvaluation}, Stddev: 1}
		if err := program.Compute[float32](normal, []uint32{step}, noise); err != nil {
			t.Fatal(err)
		}
		values := storages64{parametersOf(generatorName): widen(f.generator.parameters),
			parametersOf(discriminatorName): widen(f.discriminator.parameters), storageNoise: widen(noise)}
		for _, p := range images.Pixels[done*pixels : (done+batch)*pixels] {
			values[storageImages] = append(values[storageImages], float64(p)/255)
		}
		g, err := generateGraph(l, tensor.Float64, batch, program.Arg{Storage: storageImages, Offset: batch * pixels}, inference)
		if err != nil {
			t.Fatal(err)
		}
		run64(t, g, values)
		if g, err = discriminateGraph(l, tensor.Float64, 2*batch); err != nil {
			t.Fatal(err)
		}
		run64(t, g, values)
		for i, z := range values[storageLogits] {
			real, fake, g := losses64(f.Settings.Loss, z)
			if i < batch {
				e.DLoss += real / n
				if z > 0 {
					e.AccuracyReal += 1 / n
				}
				continue
			}
			e.DLoss += fake / n
			if z <= 0 {
				e.AccuracyFake += 1 / n
			}
			e.GLoss += g / n
		}
		done += batch
	}
	return e
}

// losses64 is what a score adds to D's loss as that of a real image and of a fake, and to G's, by
// the papers' formulas.
func losses64(loss Loss, s float64) (real, fake, g float64) {
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	switch loss {
	case NonSaturating:
		return softplus(-s) / 2, softplus(s) / 2, softplus(-s)
	case Minimax: // log(1-D)
		return softplus(-s) / 2, softplus(s) / 2, -softplus(s)
	case LeastSquares:
		return (s - 1) * (s - 1) / 2, (s + 1) * (s + 1) / 2, (s - 1) * (s - 1) / 2
	case Hinge:
		return max(0, 1-s), max(0, 1+s), -s
	}
	return -s, s, -s // Wasserstein
}

func TestEvaluateErrors(t *testing.T) {
	dev := openCPU(t, 1)
	f := snapshot(t, tinyTrainer(t, dev, tinySettings()))
	if _, err := Evaluate(dev, f, Images{Rows: 8, Cols: 8}, 1); err == nil {
		t.Error("evaluated no images")
	}
	if _, err := Evaluate(dev, f, discs(3, 12, 8), 1); err == nil {
		t.Error("evaluated images of another size")
	}
}
