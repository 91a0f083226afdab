package gan

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"

	"gangpu/engine/program"
	"gangpu/internal/hostmemory"
)

// Images are grey images of one size.
type Images struct {
	Pixels            []byte // [Count, Rows, Cols], 0 (paper) to 255 (ink)
	Count, Rows, Cols int
	Labels            []byte // [Count], the class of each, for models that know them; else nil
}

// validate checks that images are there, and of the size that a model takes.
func (i Images) validate(shape []int) error {
	switch {
	case i.Count < 1 || i.Count > math.MaxInt32:
		return fmt.Errorf("a dataset of %d images", i.Count)
	case len(i.Pixels) != i.Count*i.Rows*i.Cols:
		return fmt.Errorf("%d images of %dx%d have %d pixels", i.Count, i.Rows, i.Cols, len(i.Pixels))
	case i.Rows != shape[0] || i.Cols != shape[1]:
		return fmt.Errorf("the images are %dx%d, the model takes %dx%d", i.Rows, i.Cols, shape[0], shape[1])
	}
	return nil
}

// Slice are n of the images, from first on.
func (i Images) Slice(first, n int) Images {
	size := i.Rows * i.Cols
	s := Images{Pixels: i.Pixels[first*size : (first+n)*size], Count: n, Rows: i.Rows, Cols: i.Cols}
	if i.Labels != nil {
		s.Labels = i.Labels[first : first+n]
	}
	return s
}

// Samples are n of the images, all if there are no more, in their order. They are drawn at random, the same
// ones at any time: evenly spaced ones would be of few classes where these come in a period.
func (i Images) Samples(n int) Samples {
	n = min(n, i.Count)
	size := i.Rows * i.Cols
	s := Samples{Count: n, Height: i.Rows, Width: i.Cols, Pixels: make([]float32, 0, n*size)}
	// Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
	r := rand.New(rand.NewPCG(1, 0))
	for k := 0; n > 0; k++ {
		if r.IntN(i.Count-k) >= n {
			continue
		}
		n--
		for _, p := range i.Pixels[k*size:][:size] {
			s.Pixels = append(s.Pixels, float32(p)/255)
		}
	}
	return s
}

// Trainer trains a model on a device. Its methods are for one goroutine at a time.
type Trainer struct {
	// Notes are written with the model: version, dataset, whatever a reader of the file may ask.
	Notes map[string]string

	settings     Settings
	model        Model
	layouts      layouts
	images       int // in the dataset
	iteration    int // made so far
	arrays       *arrays
	stepD, stepG program.Executable
	metrics      [metricsLen]float32
	samplers     map[int]*Sampler // by batch
}

// NewTrainer prepares to train a model on images from the start, its weights drawn by s.Seed.
func NewTrainer(dev program.Device, s Settings, m Model, images Images) (*Trainer, error) {
	t, err := newTrainer(dev, s, m, images)
	if err != nil {
		return nil, err
	}
	if err := t.initialise(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Trainer) initialise() error {
	p, err := t.steps().initialise()
	if err == nil {
		err = t.arrays.once(p)
	}
	if err != nil {
		return fmt.Errorf("initialising the weights: %w", err)
	}
	return nil
}

// ResumeTrainer prepares to go on from where a model file was saved, on the same images: the
// same bits come out as had it not been interrupted, on the same kind of device.
func ResumeTrainer(dev program.Device, f *ModelFile, images Images) (*Trainer, error) {
	if !f.Resumable() {
		return nil, errors.New("the model holds no state of the optimizer, or of the moving average, to go on with")
	}
	if images.Count != f.Images {
		return nil, fmt.Errorf("the model was trained on %d images, these are %d", f.Images, images.Count)
	}
	t, err := newTrainer(dev, f.Settings, f.Model, images)
	if err != nil {
		return nil, err
	}
	t.iteration = f.Iterations
	t.Notes = maps.Clone(f.Notes)
	if err := f.upload(t.arrays, t.layouts); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func newTrainer(dev program.Device, s Settings, m Model, images Images) (*Trainer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	l, err := m.layouts()
	if err != nil {
		return nil, err
	}
	if err := images.validate(l.generator.Output); err != nil {
		return nil, err
	}
	if l.classes > 0 {
		if err := images.validateLabels(l.classes); err != nil {
			return nil, err
		}
	}
	t := &Trainer{settings: s, model: m, layouts: l, images: images.Count, arrays: newArrays(dev), samplers: map[int]*Sampler{}}
	if err := t.prepare(images); err != nil {
		return nil, errors.Join(t.explain(fmt.Errorf("preparing to train on %s: %w", dev.Info().Name, err)), t.Close())
	}
	return t, nil
}

func (t *Trainer) steps() steps {
	return steps{layouts: t.layouts, s: t.settings, batchD: t.settings.Batch, batchG: t.settings.Batch}
}

func (t *Trainer) prepare(images Images) error {
	b := t.steps()
	d, err := b.stepD(images.Count)
	if err != nil {
		return err
	}
	g, err := b.stepG()
	if err != nil {
		return err
	}
	labels, err := b.labels()
	if err != nil {
		return err
	}
	if err := t.arrays.alloc(d, g, labels); err != nil {
		return err
	}
	if err := t.arrays.once(labels); err != nil {
		return err
	}
	if err := b.writeRates(t.arrays); err != nil {
		return err
	}
	if err := write(t.arrays, storageDataset, 0, images.Pixels); err != nil {
		return err
	}
	if t.layouts.classes > 0 {
		if err := writeClasses(t.arrays, images.Labels, t.layouts.classes); err != nil {
			return err
		}
	}
	if t.stepD, err = t.arrays.load(d); err != nil {
		return err
	}
	if t.stepG, err = t.arrays.load(g); err != nil {
		return err
	}
	return t.checkHost()
}

// checkHost finds that the state could not be saved for want of memory while nothing is lost.
func (t *Trainer) checkHost() error {
	var f ModelFile
	elements := uint64(0)
	for _, n := range f.networks(t.layouts) {
		for _, part := range n.parts() {
			if t.arrays.bindings[part.storage(n.layout.Name)] != nil {
				elements += uint64(n.layout.Len)
			}
		}
	}
	// As numbers, and as the bytes of the file.
	return hostmemory.Check("the copies of the networks that saving makes", 2*4*elements)
}

// Settings are those that the trainer was made with.
func (t *Trainer) Settings() Settings { return t.settings }

// Model is the one that is trained.
func (t *Trainer) Model() Model { return t.model }

// IterationsPerEpoch is how many whole batches the dataset has, at least 1.
func (t *Trainer) IterationsPerEpoch() int { return max(t.images/t.settings.Batch, 1) }

// Iterations is the number of iterations made since the run began, resumed or not.
func (t *Trainer) Iterations() int { return t.iteration }

// Epoch is the epoch of the next iteration, and Iteration its index therein, both from 0.
func (t *Trainer) Epoch() int     { return t.iteration / t.IterationsPerEpoch() }
func (t *Trainer) Iteration() int { return t.iteration % t.IterationsPerEpoch() }

// Step makes the next iteration: D steps as the settings' alternation has them, then a G step.
// It may return before the device is done.
func (t *Trainer) Step() error {
	for range t.settings.discriminatorSteps(t.Iteration()) {
		if err := t.stepD.Run(); err != nil {
			return t.failed("discriminator's step", err)
		}
	}
	if err := t.stepG.Run(); err != nil {
		return t.failed("generator's step", err)
	}
	t.iteration++
	return nil
}

func (t *Trainer) failed(what string, err error) error {
	return fmt.Errorf("%s: %s: %w", position(t.Epoch(), t.Iteration()), what, err)
}

// discriminatorSteps is the number of D steps in an iteration of that index within its epoch.
func (s Settings) discriminatorSteps(index int) int {
	switch {
	case s.Alternation == KSteps:
		return s.K
	case index%s.K == 0:
		return 1
	}
	return 0
}

// Metrics waits for the last iteration and reads its numbers. A loss that is not finite is a
// *DivergedError, beside the metrics.
func (t *Trainer) Metrics() (Metrics, error) {
	if t.iteration == 0 {
		return Metrics{}, errors.New("no iteration was made yet")
	}
	if err := read(t.arrays, storageMetrics, 0, t.metrics[:]); err != nil {
		return Metrics{}, err
	}
	last := t.iteration - 1
	m := Metrics{
		Epoch:        last / t.IterationsPerEpoch(),
		Iteration:    last % t.IterationsPerEpoch(),
		DLoss:        t.metrics[metricDLoss],
		GLoss:        t.metrics[metricGLoss],
		AccuracyReal: t.metrics[metricAccuracyReal],
		AccuracyFake: t.metrics[metricAccuracyFake],
	}
	return m, m.check()
}

// Sampler returns a maker of images, a batch at a time, by the generator as it is trained, or by
// the moving average of its weights if the settings have one. It belongs to the trainer.
func (t *Trainer) Sampler(batch int) (*Sampler, error) {
	if s := t.samplers[batch]; s != nil {
		return s, nil
	}
	weights := parametersOf(generatorName)
	if t.settings.EMA > 0 {
		weights = averageOf(generatorName)
	}
	s, err := newSampler(t.arrays.dev, t.layouts, batch, t.arrays.bindings[weights])
	if err != nil {
		return nil, err
	}
	t.samplers[batch] = s
	return s, nil
}

// Samples makes n images of noise that is fixed by the seed: the same n at any time of a run.
func (t *Trainer) Samples(n int) (Samples, error) {
	s, err := t.Sampler(n)
	if err != nil {
		return Samples{}, err
	}
	noise, err := s.Noise(t.settings.Seed, n)
	if err != nil {
		return Samples{}, err
	}
	return s.Generate(noise)
}

// Snapshot reads the model and all that a resumed run needs from the device.
func (t *Trainer) Snapshot() (*ModelFile, error) {
	f := &ModelFile{Model: t.model, Settings: t.settings, Images: t.images, Iterations: t.iteration,
		Device: t.arrays.dev.Info().Name, Notes: maps.Clone(t.Notes)}
	return f, f.download(t.arrays, t.layouts)
}

// CheckSnapshot reports a weight of a snapshot just made, or a moment of Adam, that is no longer a number as a
// *DivergedError. It shows in no loss: Adam divides by a second moment that overflowed, and the weight stands still.
func (t *Trainer) CheckSnapshot(f *ModelFile) error {
	var broken *notFiniteError
	if t.iteration == 0 || !errors.As(f.checkFinite(t.layouts), &broken) {
		return nil
	}
	last := t.iteration - 1
	return &DivergedError{Epoch: last / t.IterationsPerEpoch(), Iteration: last % t.IterationsPerEpoch(),
		What: fmt.Sprintf("element %d of %s", broken.element, broken.tensor), Value: broken.value}
}

// Save makes or replaces the model file at path.
func (t *Trainer) Save(path string) error {
	f, err := t.Snapshot()
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return f.Save(path)
}

// Close frees what the trainer holds on the device.
func (t *Trainer) Close() error {
	var err error
	for _, s := range t.samplers {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, t.arrays.close())
}
