package gan

import (
	"errors"
	"math"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// steps makes the programs of a GAN: draws, which fill the inputs of an update by random
// numbers, and updates, which compute gradients and apply them. A training step is both in one
// program; what replays given inputs runs the update alone.
type steps struct {
	layouts
	s      Settings
	batchD int // images of a D step: half real, half fake
	batchG int // images of a G step
}

// initialise draws both networks' weights.
func (b steps) initialise() (*program.Program, error) {
	p := &program.Program{Name: "initialise"}
	for _, n := range []struct {
		*Layout
		stream uint32
	}{{b.generator, streamGeneratorInit}, {b.discriminator, streamDiscriminatorInit}} {
		if err := b.drawWeights(p, n.Layout, n.stream); err != nil {
			return nil, err
		}
	}
	if b.s.EMA == 0 {
		return p, nil
	}
	// What samples are made of before the first step.
	same := func(x ...expr.Expr) expr.Expr { return x[0] }
	return p, p.Append("ema", program.NewMap([]int{b.generator.Len}, same, []int{b.generator.Len}), arg(parametersOf(generatorName)), arg(averageOf(generatorName)))
}

// drawWeights draws a network's from Glorot's uniform distribution (Glorot and Bengio, 2010): within
// +-sqrt(6 / (fan in + fan out)). Biases and Adam's state are zero as allocated.
func (b steps) drawWeights(p *program.Program, l *Layout, stream uint32) error {
	for i, w := range l.Parameters() {
		if w.FanIn == 0 {
			continue
		}
		limit := float32(math.Sqrt(6 / float64(w.FanIn+w.FanOut)))
		draw := program.Uniform{N: w.Len(), Draw: b.draw(stream + uint32(i)), Low: -limit, High: limit}
		if err := p.Append(w.Name, draw, arg(stepsOf(l.Name)), program.Arg{Storage: parametersOf(l.Name), Offset: w.Offset}); err != nil {
			return err
		}
	}
	return nil
}

// labels fills in those of a D step's batch, for its real half and its fakes, and the target of a G
// step's.
func (b steps) labels() (*program.Program, error) {
	p := &program.Program{Name: "labels"}
	half, f := b.batchD/2, forms[b.s.Loss]
	return p, errors.Join(
		p.Append("real", program.Fill{N: half, Value: f.real - float32(b.s.LabelSmoothing)}, arg(storageLabels)),
		p.Append("fake", program.Fill{N: half, Value: f.fake}, program.Arg{Storage: storageLabels, Offset: half}),
		p.Append("target", program.Fill{N: b.batchG, Value: f.target}, arg(storageTarget)))
}

func (b steps) draw(stream uint32) program.Draw {
	return program.Draw{Seed: b.s.Seed, Stream: stream}
}

func arg(storage string) program.Arg { return program.Arg{Storage: storage} }

// drawD fills the inputs of updateD: real images out of count, classes, noise, dropout masks, and where the
// gradient penalty is taken.
func (b steps) drawD(count int) (*program.Program, error) {
	p := &program.Program{Name: "discriminator draws"}
	half := b.batchD / 2
	if err := p.Append("indices", program.Indices{N: half, Draw: b.draw(streamImages), Limit: uint32(count)},
		arg(stepsOf(discriminatorName)), arg(storageIndices)); err != nil {
		return nil, err
	}
	if err := p.Append("real", program.Images{Batch: half, Pixels: b.pixels(), Count: count},
		arg(storageDataset), arg(storageIndices), arg(storageImages)); err != nil {
		return nil, err
	}
	if b.classes > 0 {
		if err := errors.Join(b.realConditions(p, half, count),
			b.drawConditions(p, stepsOf(discriminatorName), streamClassesD, half, half)); err != nil {
			return nil, err
		}
	}
	if b.s.GradientPenalty > 0 {
		draw := program.Uniform{N: half, Draw: b.draw(streamInterpolation), High: 1}
		if err := p.Append("interpolation", draw, arg(stepsOf(discriminatorName)), arg(storageMixing)); err != nil {
			return nil, err
		}
		if err := b.drawMasks(p, b.discriminator, stepsOf(discriminatorName), streamDropoutPenalty, half, penalty); err != nil {
			return nil, err
		}
	}
	return p, b.drawNoise(p, stepsOf(discriminatorName), streamNoiseD, streamDropoutD, half, b.batchD)
}

// drawG fills the inputs of updateG: noise, classes and dropout masks.
func (b steps) drawG() (*program.Program, error) {
	p := &program.Program{Name: "generator draws"}
	if b.classes > 0 {
		if err := b.drawConditions(p, stepsOf(generatorName), streamClassesG, b.batchG, 0); err != nil {
			return nil, err
		}
	}
	return p, b.drawNoise(p, stepsOf(generatorName), streamNoiseG, streamDropoutG, b.batchG, b.batchG)
}

// drawNoise adds the noise of so many fakes, and masks for them and for the images that D sees.
func (b steps) drawNoise(p *program.Program, counter string, noise, dropout uint32, fakes, images int) error {
	if err := p.Append("noise", program.Normal{N: fakes * b.latent(), Draw: b.draw(noise), Stddev: 1},
		arg(counter), arg(storageNoise)); err != nil {
		return err
	}
	return errors.Join(b.drawMasks(p, b.generator, counter, dropout+streamDropoutGenerator, fakes, training),
		b.drawMasks(p, b.discriminator, counter, dropout, images, training))
}

// drawMasks adds those of a network's Dropout layers for a batch.
func (b steps) drawMasks(p *program.Program, l *Layout, counter string, stream uint32, batch int, m mode) error {
	for i, layer := range l.Layers {
		rate := layer.dropoutRate()
		if rate == 0 {
			continue
		}
		mask := program.DropoutMask{N: batch * size(layer.Out), Draw: b.draw(stream + uint32(i)), Rate: float32(rate)}
		if err := p.Append(l.Name+"/"+layer.Name, mask, arg(counter), arg(m(l.Name, layer.Name))); err != nil {
			return err
		}
	}
	return nil
}

// updateD makes one D step of the inputs: fakes from the noise into the second half of the
// images, images between real and fake for the gradient penalty, D's loss and gradient, its accuracy on either half, Adam.
func (b steps) updateD() (*program.Program, error) {
	half := b.batchD / 2
	fakes, err := b.generate(half, program.Arg{Storage: storageImages, Offset: half * b.pixels()}, training)
	if err != nil {
		return nil, err
	}
	gradient, err := b.discriminatorGradient(b.batchD)
	if err != nil {
		return nil, err
	}
	rest := &program.Program{Name: "discriminator update"}
	for _, a := range []struct {
		name           string
		offset, metric int
	}{{"accuracy/real", 0, metricAccuracyReal}, {"accuracy/fake", half, metricAccuracyFake}} {
		if err := rest.Append(a.name, program.NewMean(half, engine.Right), program.Arg{Storage: storageLogits, Offset: a.offset},
			program.Arg{Storage: storageLabels, Offset: a.offset}, program.Arg{Storage: storageMetrics, Offset: a.metric}); err != nil {
			return nil, err
		}
	}
	if err := b.update(rest, b.discriminator, 0); err != nil {
		return nil, err
	}
	if b.s.Clip > 0 {
		n, limit := []int{b.discriminator.Len}, expr.Const(b.s.Clip)
		clip := program.NewMap(n, func(x ...expr.Expr) expr.Expr { return limit.Min(limit.Neg().Max(x[0])) }, n) // NaN stays
		weights := arg(parametersOf(discriminatorName))
		if err := rest.Append(discriminatorName+"/clip", clip, weights, weights); err != nil {
			return nil, err
		}
	}
	if b.s.GradientPenalty > 0 {
		shape := []int{half, b.pixels()}
		between := program.NewMap(shape, func(x ...expr.Expr) expr.Expr {
			return x[0].Mul(x[1]).Add(expr.Const(1).Sub(x[0]).Mul(x[2]))
		}, []int{half, 1}, shape, shape)
		if err := fakes.Append("between", between, arg(storageMixing), arg(storageImages),
			program.Arg{Storage: storageImages, Offset: half * b.pixels()}, arg(storageBetween)); err != nil {
			return nil, err
		}
	}
	return program.Join("discriminator step", fakes, gradient, rest)
}

// updateG makes one G step of the inputs: the loss of the fakes that D sees, G's gradient
// through D, Adam, the average of the weights. D's parameters are only read.
func (b steps) updateG() (*program.Program, error) {
	gradient, err := b.generatorGradient(b.batchG)
	if err != nil {
		return nil, err
	}
	rest := &program.Program{Name: "generator update"}
	if err := b.update(rest, b.generator, b.s.EMA); err != nil {
		return nil, err
	}
	return program.Join("generator step", gradient, rest)
}

// update adds that of a network's parameters by Adam, of their moving average if it has one, and
// of its counter.
func (b steps) update(p *program.Program, l *Layout, ema float64) error {
	update := program.Adam{N: l.Len, Beta1: b.s.Beta1, Beta2: b.s.Beta2, Epsilon: b.s.Epsilon}
	if err := p.Append(l.Name+"/adam", update, arg(gradientOf(l.Name)), arg(stepsOf(l.Name)), arg(rateOf(l.Name)),
		arg(parametersOf(l.Name)), arg(firstMomentOf(l.Name)), arg(secondMomentOf(l.Name))); err != nil {
		return err
	}
	if ema > 0 {
		if err := p.Append(l.Name+"/ema", program.EMA{N: l.Len, Decay: ema},
			arg(parametersOf(l.Name)), arg(stepsOf(l.Name)), arg(averageOf(l.Name))); err != nil {
			return err
		}
	}
	return p.Append(l.Name+"/steps", program.Increment{N: 1, Delta: 1}, arg(stepsOf(l.Name)))
}

// writeRates puts the learning rates of both networks on the device.
func (b steps) writeRates(a *arrays) error {
	rate := b.s.LearningRate
	if b.s.LearningRateD > 0 {
		rate = b.s.LearningRateD
	}
	return errors.Join(writeRate(a, discriminatorName, rate), writeRate(a, generatorName, b.s.LearningRate))
}

func writeRate(a *arrays, network string, rate float64) error {
	parts := program.LearningRate(rate)
	return write(a, rateOf(network), 0, parts[:])
}

// stepD and stepG are whole training steps, on a dataset of so many images.
func (b steps) stepD(count int) (*program.Program, error) {
	draws, err := b.drawD(count)
	if err != nil {
		return nil, err
	}
	update, err := b.updateD()
	if err != nil {
		return nil, err
	}
	return program.Join(update.Name, draws, update)
}

func (b steps) stepG() (*program.Program, error) {
	draws, err := b.drawG()
	if err != nil {
		return nil, err
	}
	update, err := b.updateG()
	if err != nil {
		return nil, err
	}
	return program.Join(update.Name, draws, update)
}
