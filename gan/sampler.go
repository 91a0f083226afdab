package gan

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Sampler makes images by a generator on a device.
type Sampler struct {
	layout  *Layout
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
	s := &Sampler{layout: l.generator, batch: batch, arrays: newArrays(dev)}
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

// Generate makes an image of each row of noise.
func (s *Sampler) Generate(noise []float32) (Samples, error) {
	latent, pixels := s.Latent(), size(s.layout.Output)
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

// Close frees what the sampler holds on the device.
func (s *Sampler) Close() error { return s.arrays.close() }
