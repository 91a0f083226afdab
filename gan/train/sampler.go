package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
	"gangpu/gan/picture"
	"gangpu/internal/philox"
)

// Sampler makes images on a device, a batch at a time.
type Sampler struct {
	*Runner
	shape  []int // of an image
	ink    bool  // whether 0 is drawn white
	styles *styles
}

// NewSampler prepares to make images by a model, without its game's code: by the averages of its networks where it has
// them.
func NewSampler(dev program.Device, m *Model, batch int) (*Sampler, error) {
	r, err := NewRunner(dev, m, SampleUse, batch)
	if err != nil {
		return nil, err
	}
	return newSampler(r, m.Data.Ink)
}

func newSampler(r *Runner, ink bool) (*Sampler, error) {
	if shapes := r.Shapes(); len(shapes) != 1 || len(shapes[0]) != 3 {
		return nil, errors.Join(errors.New("the graph of samples does not make images"), r.Close())
	}
	return &Sampler{Runner: r, shape: r.shapes[0], ink: ink}, nil
}

// Sampler returns a maker of images, a batch at a time, by the networks as they are trained, or by their averages. It
// belongs to the trainer.
func (t *Trainer) Sampler(batch int) (*Sampler, error) {
	if s := t.samplers[batch]; s != nil {
		return s, nil
	}
	r, err := t.Runner(SampleUse, batch)
	if err != nil {
		return nil, err
	}
	s, err := newSampler(r, t.data.Description.Ink)
	if err != nil {
		return nil, err
	}
	t.samplers[batch] = s
	return s, nil
}

// Shape is that of an image: height, width, channels.
func (s *Sampler) Shape() []int { return slices.Clone(s.shape) }

// Classes is the number of classes that images are asked for by, 0 if there are none.
func (s *Sampler) Classes() int {
	for _, in := range s.inputs {
		if in.Role == nn.Example && len(in.Shape) == 1 {
			return in.Shape[0]
		}
	}
	return 0
}

// TagsInput is the name of the input of a sample graph that has any number of tags: the classes and then the attributes of
// [Description], 1 where the image is to have it.
const TagsInput = "tags"

// Noise draws the noise of n images, for each input that is noise, by name: [n, ...]. It depends on the seed alone; the
// noise of more images begins with that of fewer.
func (s *Sampler) Noise(seed uint64, n int) (map[string][]float32, error) {
	all := map[string][]float32{}
	return all, s.AddNoise(all, seed, n)
}

// AddNoise adds the noise of n examples to inputs, as [Sampler.Noise] has it. Masks of dropouts are drawn too. Normal numbers
// beyond the runner's truncation are drawn again until they are within it; the others stay (Brock et al., 2019, section
// 3.1).
func (r *Runner) AddNoise(inputs map[string][]float32, seed uint64, n int) error {
	streams := streams{}
	for _, in := range r.inputs {
		if in.Role != nn.Noise {
			continue
		}
		stream, err := streams.of("samples/" + in.Name)
		if err != nil {
			return err
		}
		values := make([]float32, n*size(in.Shape))
		for i := range values {
			w := philox.Block([4]uint32{uint32(i / 4), stream, 0, 0}, seed)
			switch in.Distribution {
			case nn.Normal:
				v := normalOf(w, i%4)
				for again := uint32(1); r.Truncation > 0 && math.Abs(float64(v)) > r.Truncation; again++ {
					v = normalOf(philox.Block([4]uint32{uint32(i / 4), stream, again, 0}, seed), i%4)
				}
				values[i] = v
			case nn.Uniform:
				values[i] = float32(w[i%4]>>8) * 0x1p-24
			case nn.Mask:
				if float64(w[i%4]>>8)*0x1p-24 >= in.Rate {
					values[i] = float32(1 / (1 - in.Rate))
				}
			default:
				return fmt.Errorf("input %s: noise of the distribution %q", in.Name, in.Distribution)
			}
		}
		inputs[in.Name] = values
	}
	return nil
}

// normalOf is one of the four normal numbers of a block, by Box and Muller.
func normalOf(w [4]uint32, j int) float32 {
	r := math.Sqrt(-2 * math.Log((float64(w[j&^1])+1)*0x1p-32))
	sin, cos := math.Sincos(2 * math.Pi * float64(w[j|1]) * 0x1p-32)
	return float32(r * []float64{cos, sin}[j%2])
}

// Generate makes n images of inputs, which are given by name, [n, ...]: [n, height, width, channels] from 0 to 1. A sampler
// that goes by styles takes those that are given under the name StylesInput, in the place of those of noise.
func (s *Sampler) Generate(inputs map[string][]float32, n int) ([]float32, error) {
	if s.styles != nil {
		w, err := s.Styles(inputs, n)
		if err != nil {
			return nil, err
		}
		return s.Synthesise(w, inputs, n)
	}
	y, err := s.Run(inputs, n)
	if err != nil {
		return nil, fmt.Errorf("making images: %w", err)
	}
	return y[0], nil
}

// OfClasses adds to inputs the classes of n images: equally many of each of those given, in their order; of all if none
// are given.
func (s *Sampler) OfClasses(inputs map[string][]float32, n int, classes ...int) error {
	known := s.Classes()
	if known == 0 {
		if len(classes) > 0 {
			return errors.New("the model knows no classes")
		}
		return nil
	}
	for _, c := range classes {
		if c < 0 || c >= known {
			return fmt.Errorf("no class %d: the model knows 0 to %d", c, known-1)
		}
	}
	if len(classes) == 0 {
		for c := range known {
			classes = append(classes, c)
		}
	}
	rows := make([]float32, n*known)
	for i := range n {
		rows[i*known+classes[i*len(classes)/n]] = 1
	}
	for _, in := range s.inputs {
		if in.Role == nn.Example && len(in.Shape) == 1 {
			inputs[in.Name] = rows
		}
	}
	return nil
}

// ClassesOf are the classes of n images, by the inputs that [Sampler.OfClasses] made; nil of a model that knows none.
func (s *Sampler) ClassesOf(inputs map[string][]float32, n int) []int {
	known := s.Classes()
	var classes []int
	for _, in := range s.inputs {
		if in.Role == nn.Example && len(in.Shape) == 1 {
			for i := range n {
				classes = append(classes, slices.Index(inputs[in.Name][i*known:][:known], 1))
			}
		}
	}
	return classes
}

// Tags are the names of the tags that images are asked for by, in their order, of a model that has some.
func (m *Model) Tags() []string {
	saved := m.Uses[SampleUse]
	if saved == nil {
		return nil
	}
	for _, in := range saved.Inputs {
		if in.Name == TagsInput && in.Role == nn.Example {
			return m.Data.TagNames(size(in.Shape))
		}
	}
	return nil
}

// OfTags adds to inputs the tags of n images, by their numbers, in the place of what [Sampler.OfClasses] adds.
func (s *Sampler) OfTags(inputs map[string][]float32, n int, tags ...int) {
	known := s.Classes()
	rows := make([]float32, n*known)
	for i := range n {
		for _, t := range tags {
			rows[i*known+t] = 1
		}
	}
	inputs[TagsInput] = rows
}

// Samples makes n images of the noise of a seed; classes are as OfClasses has them.
func (s *Sampler) Samples(seed uint64, n int, classes ...int) (picture.Pixels, error) {
	inputs, err := s.Noise(seed, n)
	if err != nil {
		return picture.Pixels{}, err
	}
	if err := s.OfClasses(inputs, n, classes...); err != nil {
		return picture.Pixels{}, err
	}
	pixels, err := s.Generate(inputs, n)
	if err != nil {
		return picture.Pixels{}, err
	}
	return s.Picture(pixels), nil
}

// Picture is pixels of Generate as they are drawn. What is not a number is drawn as 0.
func (s *Sampler) Picture(pixels []float32) picture.Pixels {
	return pictureOf(pixels, s.shape, s.ink)
}

func pictureOf(pixels []float32, shape []int, ink bool) picture.Pixels {
	p := picture.FromFloats(pixels, shape[0], shape[1], shape[2])
	if ink {
		for i, v := range p.Values {
			p.Values[i] = 255 - v
		}
	}
	return p
}

// Samples makes n images of noise that is fixed by the seed: the same at any time of a run.
func (t *Trainer) Samples(n int) (picture.Pixels, error) {
	s, err := t.Sampler(n)
	if err != nil {
		return picture.Pixels{}, err
	}
	return s.Samples(t.settings.Seed, n)
}
