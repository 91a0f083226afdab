package gan

import (
	"errors"
	"fmt"

	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
)

// ClassifierEpoch is what an epoch of a classifier's training came to.
type ClassifierEpoch struct {
	Epoch    int     // from 0
	Loss     float64 // mean cross-entropy of its steps, with dropout
	Accuracy float64 // share of their images classified rightly, with dropout
}

// Storages of a classifier's programs, beside those of a GAN's.
const (
	storageClasses  = "classes"  // [images, classes] uint8: 255 at an image's class
	storageShifts   = "shifts"   // [2, images] uint32: down and to the right, both plus the largest shift
	storageEpochs   = "epochs"   // [1] uint32: epochs begun
	storageFeatures = "features" // [batch, features]
)

// Elements of storageMetrics in a classifier's training.
const (
	metricLoss = iota
	metricAccuracy
	classifierMetricsLen
)

// TrainClassifier trains a small convolutional network to tell the images' classes. In each epoch the images are shifted at random, and a batch draws
// from them with replacement. The same settings give the same bits on the same kind of device.
// After each epoch progress is told, if it is not nil; an error of its ends the training.
func TrainClassifier(dev program.Device, s ClassifierSettings, images Images,
	progress func(ClassifierEpoch) error) (_ *Classifier, err error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := images.validate([]int{images.Rows, images.Cols}); err != nil {
		return nil, err
	}
	classes := images.Classes()
	if err := images.validateLabels(classes); err != nil {
		return nil, err
	}
	c := &Classifier{Network: classifierNetwork(images.Rows, images.Cols, classes), Settings: s, Notes: map[string]string{}}
	if err := c.place(); err != nil {
		return nil, err
	}
	t := classifierTraining{Classifier: c, images: images, arrays: newArrays(dev)}
	defer func() { err = errors.Join(err, t.arrays.close()) }()
	if err := t.prepare(); err != nil {
		return nil, fmt.Errorf("preparing to train the classifier: %w", err)
	}
	for epoch := range s.Epochs {
		e, err := t.epoch(epoch)
		if err == nil && progress != nil {
			err = progress(e)
		}
		if err != nil {
			return nil, fmt.Errorf("training the classifier, epoch %d: %w", epoch+1, err)
		}
	}
	c.parameters = make([]float32, c.layout.Len)
	return c, read(t.arrays, parametersOf(classifierName), 0, c.parameters)
}

type classifierTraining struct {
	*Classifier
	images  Images
	arrays  *arrays
	run     program.Executable // a step
	shifts  []uint32
	shifted []byte
}

// prepare loads a step and puts the labels and the initial weights on the device.
func (t *classifierTraining) prepare() error {
	n := t.images.Count
	t.shifts, t.shifted = make([]uint32, 2*n), make([]byte, len(t.images.Pixels))
	step, err := t.step()
	if err != nil {
		return err
	}
	if t.run, err = t.arrays.load(step); err != nil {
		return err
	}
	if err := write(t.arrays, storageClasses, 0, oneHot(t.images.Labels, t.Classes())); err != nil {
		return err
	}
	weights := &program.Program{Name: "initialise"}
	if err := t.steps().drawWeights(weights, t.layout, streamClassifierInit); err != nil {
		return err
	}
	return t.arrays.once(weights)
}

// steps are what a classifier shares with a GAN.
func (t *classifierTraining) steps() steps {
	return steps{s: Settings{Seed: t.Settings.Seed, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}}
}

// epoch makes the steps of an epoch on images shifted anew.
func (t *classifierTraining) epoch(epoch int) (e ClassifierEpoch, err error) {
	if err := t.shift(); err != nil {
		return e, err
	}
	done := float64(epoch) / float64(t.Settings.Epochs)
	if err := writeRate(t.arrays, classifierName, t.Settings.LearningRate*(1-done)); err != nil {
		return e, err
	}
	e.Epoch = epoch
	steps := max(t.images.Count/t.Settings.Batch, 1)
	for i := range steps {
		if err := t.run.Run(); err != nil {
			return e, err
		}
		var v [classifierMetricsLen]float32
		if err := read(t.arrays, storageMetrics, 0, v[:]); err != nil {
			return e, err
		}
		if !isFinite(v[metricLoss]) {
			return e, &DivergedError{Epoch: epoch, Iteration: i, What: "the classifier's loss", Value: v[metricLoss]}
		}
		e.Loss += float64(v[metricLoss]) / float64(steps)
		e.Accuracy += float64(v[metricAccuracy]) / float64(steps)
	}
	return e, nil
}

// shift writes the images to the device, each moved by its own shift; paper comes in.
func (t *classifierTraining) shift() error {
	n, rows, cols, most := t.images.Count, t.images.Rows, t.images.Cols, t.Settings.Shift
	draws := &program.Program{Name: "shifts"}
	err := errors.Join(
		draws.Append("shifts", program.Indices{N: 2 * n, Draw: t.steps().draw(streamShifts), Limit: uint32(2*most + 1)},
			arg(storageEpochs), arg(storageShifts)),
		draws.Append("epochs", program.Increment{N: 1, Delta: 1}, arg(storageEpochs)))
	if err == nil {
		err = t.arrays.once(draws)
	}
	if err == nil {
		err = read(t.arrays, storageShifts, 0, t.shifts)
	}
	if err != nil {
		return err
	}
	clear(t.shifted)
	for i := range n {
		down, right := int(t.shifts[i])-most, int(t.shifts[n+i])-most
		for y := max(down, 0); y < min(rows, rows+down); y++ {
			to, from := (i*rows+y)*cols, (i*rows+y-down)*cols
			if right >= 0 && right < cols {
				copy(t.shifted[to+right:to+cols], t.images.Pixels[from:])
			} else if right < 0 && right > -cols {
				copy(t.shifted[to:to+cols+right], t.images.Pixels[from-right:])
			}
		}
	}
	return write(t.arrays, storageDataset, 0, t.shifted)
}

// step draws a batch, computes the gradient of its mean cross-entropy and applies it.
func (t *classifierTraining) step() (*program.Program, error) {
	b, batch, l, counter := t.steps(), t.Settings.Batch, t.layout, stepsOf(classifierName)
	draws := &program.Program{Name: "classifier draws"}
	err := errors.Join(
		draws.Append("indices", program.Indices{N: batch, Draw: b.draw(streamClassified), Limit: uint32(t.images.Count)},
			arg(counter), arg(storageIndices)),
		draws.Append("images", program.Images{Batch: batch, Pixels: size(l.Input), Count: t.images.Count},
			arg(storageDataset), arg(storageIndices), arg(storageImages)),
		draws.Append("labels", program.Images{Batch: batch, Pixels: t.Classes(), Count: t.images.Count},
			arg(storageClasses), arg(storageIndices), arg(storageLabels)),
		b.drawMasks(draws, l, counter, streamDropoutClassifier, batch, training))
	if err != nil {
		return nil, err
	}
	gradient, err := compiled(classifierGraph(l, tensor.Float32, batch))
	if err != nil {
		return nil, err
	}
	rest := &program.Program{Name: "classifier update"}
	if err := b.update(rest, l, 0); err != nil {
		return nil, err
	}
	return program.Join("classifier step", draws, gradient, rest)
}

// classifierGraph makes the logits, the loss and the gradient of a batch of labelled images.
func classifierGraph(l *Layout, t tensor.Dtype, batch int) (*graph, error) {
	g := newGraph("classifier gradient", t)
	images := g.input("images", arg(storageImages), withBatch(batch, l.Input)...)
	labels := g.input("labels", arg(storageLabels), withBatch(batch, l.Output)...)
	logits, parameters, err := g.network(l, images, training)
	if err != nil {
		return nil, err
	}
	loss, err := engine.SoftmaxCrossEntropy(logits, labels)
	if err != nil {
		return nil, fmt.Errorf("the classifier's loss: %w", err)
	}
	accuracy, err := engine.CategoricalAccuracy(logits, labels)
	if err != nil {
		return nil, fmt.Errorf("the classifier's accuracy: %w", err)
	}
	g.output(logits, arg(storageLogits))
	g.output(loss, program.Arg{Storage: storageMetrics, Offset: metricLoss})
	g.output(accuracy, program.Arg{Storage: storageMetrics, Offset: metricAccuracy})
	return g, g.gradient(loss, l, parameters)
}
