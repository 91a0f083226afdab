package gan

import (
	"errors"
	"fmt"

	"gangpu/engine"
	"gangpu/engine/program"
)

// Evaluation is how a model's networks do against each other, without dropout.
type Evaluation struct {
	Images       int     // real ones, and as many generated
	DLoss        float64 // D's loss by the settings, over both, without label smoothing
	GLoss        float64 // G's, over the generated
	AccuracyReal float64 // share of the real that D calls real
	AccuracyFake float64 // share of the generated that D calls fake
}

// evaluationBatch is how many images are evaluated at a time. The noise depends on it.
const evaluationBatch = 200

// Where an evaluation's programs put their numbers.
const (
	lossReal = iota // D's, without its factor
	lossFake
	accuracyReal
	accuracyFake
	lossGenerator // G's, without its factor
	evaluationLen
)

// Evaluate compares real images with as many that the model makes of noise drawn by the seed, by
// the moving average of G's weights if the file has one.
func Evaluate(dev program.Device, f *ModelFile, images Images, seed uint64) (e Evaluation, err error) {
	l, err := f.Model.layouts()
	if err != nil {
		return e, err
	}
	if err := images.validate(l.generator.Output); err != nil {
		return e, err
	}
	if l.classes > 0 {
		if err := images.validateLabels(l.classes); err != nil {
			return e, err
		}
	}
	a := newArrays(dev)
	defer func() { err = errors.Join(err, a.close()) }()
	if err := errors.Join(uploadParameters(a, l.generator, f.imageWeights()),
		uploadParameters(a, l.discriminator, f.discriminator.parameters)); err != nil {
		return e, err
	}
	s := f.Settings
	s.Seed, s.LabelSmoothing = seed, 0
	for done := 0; done < images.Count; {
		batch := min(evaluationBatch, images.Count-done)
		repeat := (images.Count - done) / batch
		if err := evaluate(&e, a, steps{layouts: l, s: s, batchD: 2 * batch, batchG: batch}, images, repeat); err != nil {
			return e, fmt.Errorf("evaluating: %w", err)
		}
		done += repeat * batch
	}
	n := float64(images.Count)
	e.Images = images.Count
	e.DLoss, e.GLoss, e.AccuracyReal, e.AccuracyFake = e.DLoss/n, e.GLoss/n, e.AccuracyReal/n, e.AccuracyFake/n
	return e, nil
}

// evaluate adds the sums over repeat batches of the images that come after those of e.
func evaluate(e *Evaluation, a *arrays, b steps, images Images, repeat int) error {
	labels, err := b.labels()
	if err != nil {
		return err
	}
	p, err := b.evaluation(images.Count)
	if err != nil {
		return err
	}
	if err := a.alloc(labels, p); err != nil {
		return err
	}
	if err := a.once(labels); err != nil {
		return err
	}
	run, err := a.load(p)
	if err != nil {
		return err
	}
	batch := b.batchG
	indices := make([]uint32, batch)
	if e.Images == 0 {
		if err := write(a, storageDataset, 0, images.Pixels); err != nil {
			return err
		}
		if b.classes > 0 {
			if err := writeClasses(a, images.Labels, b.classes); err != nil {
				return err
			}
		}
	}
	for range repeat {
		for i := range indices {
			indices[i] = uint32(e.Images + i)
		}
		if err := write(a, storageIndices, 0, indices); err != nil {
			return err
		}
		if err := run.Run(); err != nil {
			return err
		}
		var v [evaluationLen]float32
		if err := read(a, storageMetrics, 0, v[:]); err != nil {
			return err
		}
		n, f := float64(batch), forms[b.s.Loss]
		e.DLoss += n * float64(f.d.factor) * (float64(v[lossReal]) + float64(v[lossFake])) / 2
		e.GLoss += n * float64(f.g.factor) * float64(v[lossGenerator])
		e.AccuracyReal += n * float64(v[accuracyReal])
		e.AccuracyFake += n * float64(v[accuracyFake])
		e.Images += batch
	}
	return nil
}

// evaluationCounter counts the batches that noise was drawn for.
const evaluationCounter = "batches"

// evaluation compares the real images of the indices with as many fakes.
func (b steps) evaluation(count int) (*program.Program, error) {
	half := b.batchG
	fake := program.Arg{Storage: storageImages, Offset: half * b.pixels()}
	draws := &program.Program{Name: "draws"}
	err := errors.Join(
		draws.Append("real", program.Images{Batch: half, Pixels: b.pixels(), Count: count},
			arg(storageDataset), arg(storageIndices), arg(storageImages)),
		draws.Append("noise", program.Normal{N: half * b.latent(), Draw: b.draw(streamEvaluation), Stddev: 1},
			arg(evaluationCounter), arg(storageNoise)),
		b.evaluationConditions(draws, half, count),
		draws.Append("batches", program.Increment{N: 1, Delta: 1}, arg(evaluationCounter)))
	if err != nil {
		return nil, err
	}
	fakes, err := b.generate(half, fake, inference)
	if err != nil {
		return nil, err
	}
	logits, err := b.discriminate(2 * half)
	if err != nil {
		return nil, err
	}
	scores := &program.Program{Name: "scores"}
	d, g, accuracy := forms[b.s.Loss].d.op(half), forms[b.s.Loss].g.op(half), program.NewMean(half, engine.Right)
	for _, x := range []struct {
		name                   string
		op                     program.Op
		offset                 int
		labels                 string
		labelOffset, resultPos int
	}{
		{"loss/real", d, 0, storageLabels, 0, lossReal},
		{"loss/fake", d, half, storageLabels, half, lossFake},
		{"accuracy/real", accuracy, 0, storageLabels, 0, accuracyReal},
		{"accuracy/fake", accuracy, half, storageLabels, half, accuracyFake},
		{"loss/generator", g, half, storageTarget, 0, lossGenerator},
	} {
		if err := scores.Append(x.name, x.op, program.Arg{Storage: storageLogits, Offset: x.offset},
			program.Arg{Storage: x.labels, Offset: x.labelOffset}, program.Arg{Storage: storageMetrics, Offset: x.resultPos}); err != nil {
			return nil, err
		}
	}
	return program.Join("evaluation", draws, fakes, logits, scores)
}

// evaluationConditions fills in the classes of the real images, and those of as many fakes.
func (b steps) evaluationConditions(p *program.Program, half, count int) error {
	if b.classes == 0 {
		return nil
	}
	return errors.Join(b.realConditions(p, half, count),
		b.drawConditions(p, evaluationCounter, streamClassesEvaluation, half, half))
}
