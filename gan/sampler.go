package gan

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Sampler makes images by a generator on a device.
type Sampler struct {
	layout  *Layout
	classes int // that the generator knows
	batch   int
	arrays  *arrays
	run     program.Executable
	padding []float32 // noise of a last batch that is not full
}

// NewSampler prepares to make images by a model of a file, a batch at a time: by the moving average
// of G's weights if the file has one.
func NewSampler(dev program.Device, f *ModelFile, batch int) (*Sampler, error) {
	l, err := f.Model.layouts()
	if err != nil {
		return nil, err
	}
	return newSamplerOf(dev, l, batch, func(a *arrays) error { return uploadParameters(a, l.generator, f.imageWeights()) })
}

// newSampler makes one that uses parameters which another owns.
func newSampler(dev program.Device, l layouts, batch int, parameters program.Memory) (*Sampler, error) {
	return newSamplerOf(dev, l, batch, func(a *arrays) error { a.bindings[parametersOf(generatorName)] = parameters; return nil })
}

func newSamplerOf(dev program.Device, l layouts, batch int, parameters func(*arrays) error) (*Sampler, error) {
	if batch < 1 {
		return nil, fmt.Errorf("a batch of %d images, want at least 1", batch)
	}
	s := &Sampler{layout: l.generator, classes: l.classes, batch: batch, arrays: newArrays(dev)}
	err := parameters(s.arrays)
	if err == nil {
		var p *program.Program
		p, err = steps{layouts: l}.generate(batch, arg(storageImages), inference)
		if err == nil {
			s.run, err = s.arrays.load(p)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing to generate: %w", err), s.Close())
	}
	return s, nil
}

// Noise draws the noise of n images: rows of Latent normals. It depends on the seed alone; the
// noise of more images begins with that of fewer.
func (s *Sampler) Noise(seed uint64, n int) ([]float32, error) {
	const counter, noise = "zero", "drawn noise"
	a := newArrays(s.arrays.dev)
	values := make([]float32, n*s.Latent())
	p := &program.Program{Name: "noise"}
	err := p.Append("noise", program.Normal{N: len(values), Draw: program.Draw{Seed: seed, Stream: streamSamples}, Stddev: 1},
		arg(counter), arg(noise))
	if err == nil {
		err = a.once(p)
	}
	if err == nil {
		err = read(a, noise, 0, values)
	}
	if err = errors.Join(err, a.close()); err != nil {
		return nil, fmt.Errorf("drawing noise: %w", err)
	}
	return values, nil
}

// Latent is the number of normals that an image is made from.
func (s *Sampler) Latent() int { return s.layout.Input[0] }

// Classes is the number of classes that the generator knows, 0 if none.
func (s *Sampler) Classes() int { return s.classes }

// Generate makes an image of each row of noise. If the generator knows classes, all come equally
// often, in their order.
func (s *Sampler) Generate(noise []float32) (Samples, error) {
	var classes []int
	for c := range s.classes {
		classes = append(classes, c)
	}
	return s.GenerateOf(noise, classes)
}

// GenerateOf makes an image of each row of noise, of the classes given: equally many of each, in the
// order given.
func (s *Sampler) GenerateOf(noise []float32, classes []int) (Samples, error) {
	latent, pixels := s.Latent(), size(s.layout.Output)
	if err := s.checkClasses(classes); err != nil {
		return Samples{}, err
	}
	if len(noise) == 0 || len(noise)%latent != 0 {
		return Samples{}, fmt.Errorf("noise of %d numbers, want rows of %d", len(noise), latent)
	}
	n := len(noise) / latent
	samples := Samples{Count: n, Height: s.layout.Output[0], Width: s.layout.Output[1], Pixels: make([]float32, n*pixels)}
	for i := 0; i < n; i += s.batch {
		count := min(s.batch, n-i)
		rows := noise[i*latent : (i+count)*latent]
		if count < s.batch {
			if s.padding == nil {
				s.padding = make([]float32, s.batch*latent)
			}
			copy(s.padding, rows)
			rows = s.padding
		}
		err := write(s.arrays, storageNoise, 0, rows)
		if err == nil && s.classes > 0 {
			conditions := make([]float32, s.batch*s.classes)
			for j := range count {
				conditions[j*s.classes+classes[(i+j)*len(classes)/n]] = 1
			}
			err = write(s.arrays, storageConditions, 0, conditions)
		}
		if err == nil {
			err = s.run.Run()
		}
		if err == nil {
			err = read(s.arrays, storageImages, 0, samples.Pixels[i*pixels:(i+count)*pixels])
		}
		if err != nil {
			return Samples{}, fmt.Errorf("generating images: %w", err)
		}
	}
	return samples, nil
}

// checkClasses reports classes that the generator does not know.
func (s *Sampler) checkClasses(classes []int) error {
	if s.classes == 0 && len(classes) > 0 {
		return errors.New("the model knows no classes")
	}
	if s.classes > 0 && len(classes) == 0 {
		return errors.New("no class to make images of")
	}
	for _, c := range classes {
		if c < 0 || c >= s.classes {
			return fmt.Errorf("no class %d: the model knows 0 to %d", c, s.classes-1)
		}
	}
	return nil
}

// Close frees what the sampler holds on the device.
func (s *Sampler) Close() error { return s.arrays.close() }
