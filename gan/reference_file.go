package gan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gangpu/internal/safetensors"
)

// referenceFormat is what Verify reads.
const referenceFormat = "gangpu-reference-step/1"

// referenceStep is a reference file's model, settings and inputs.
type referenceStep struct {
	steps                steps
	inputs               []referenceInput
	real, noiseD, noiseG []float32
}

// referenceInput is where on a device a tensor goes.
type referenceInput struct {
	storage string
	offset  int
	values  []float32
}

func readReference(file *safetensors.File) (*referenceStep, error) {
	if got := file.Metadata["format"]; got != referenceFormat {
		return nil, fmt.Errorf("not a reference: its format is %q, want %q", got, referenceFormat)
	}
	s := Settings{K: 1, Epochs: 1, Alternation: EveryK, Loss: NonSaturating}
	for key, v := range map[string]*float64{"leaky_alpha": &s.Alpha, "learning_rate": &s.LearningRate,
		"beta1": &s.Beta1, "beta2": &s.Beta2, "epsilon": &s.Epsilon, "dropout": &s.Dropout} {
		var err error
		if *v, err = strconv.ParseFloat(file.Metadata[key], 64); err != nil {
			return nil, fmt.Errorf("metadata %s: %q is no number", key, file.Metadata[key])
		}
	}
	if s.Dropout != 0 {
		return nil, fmt.Errorf("metadata dropout: %v, but masks cannot be replayed", s.Dropout)
	}
	real, realShape, err := floats(file, "real", 4)
	if err != nil {
		return nil, err
	}
	r := &referenceStep{real: real}
	var shapeD, shapeG []int
	if r.noiseD, shapeD, err = floats(file, "z_d", 2); err != nil {
		return nil, err
	}
	if r.noiseG, shapeG, err = floats(file, "z_g", 2); err != nil {
		return nil, err
	}
	half := shapeD[0]
	if want := file.Metadata["half_batch"]; want != strconv.Itoa(half) || realShape[0] != half {
		return nil, fmt.Errorf("half_batch is %q in the metadata, but real is %v and z_d %v", want, realShape, shapeD)
	}
	if shapeD[1] != shapeG[1] {
		return nil, fmt.Errorf("z_d is %v but z_g %v", shapeD, shapeG)
	}
	if half < 1 || shapeG[0] < 1 {
		return nil, fmt.Errorf("z_d is %v and z_g %v: empty batches", shapeD, shapeG)
	}
	s.Height, s.Width, s.Latent, s.Batch = realShape[1], realShape[2], shapeD[1], 2*half
	if err := s.Validate(); err != nil {
		return nil, err
	}
	model, err := referenceModel(file, s)
	if err != nil {
		return nil, err
	}
	l, err := model.layouts()
	if err != nil {
		return nil, err
	}
	r.steps = steps{layouts: l, s: s, batchD: 2 * half, batchG: shapeG[0]}
	if !slices.Equal(realShape[1:], l.generator.Output) {
		return nil, fmt.Errorf("real is %v but the generator makes %v", realShape, l.generator.Output)
	}
	r.inputs = []referenceInput{{storageImages, 0, real}}
	for _, n := range []*Layout{l.generator, l.discriminator} {
		for _, p := range n.Parameters() {
			values, shape, err := floats(file, p.Name, len(p.Shape))
			if err != nil {
				return nil, err
			}
			if !slices.Equal(shape, p.Shape) {
				return nil, fmt.Errorf("tensor %q has shape %v, want %v", p.Name, shape, p.Shape)
			}
			r.inputs = append(r.inputs, referenceInput{parametersOf(n.Name), p.Offset, values})
		}
	}
	return r, nil
}

// floats returns a tensor of F32 or F64 in float32.
func floats(file *safetensors.File, name string, dims int) ([]float32, []int, error) {
	t, err := file.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	if len(t.Shape) != dims {
		return nil, nil, fmt.Errorf("tensor %q has shape %v, want %d dimensions", name, t.Shape, dims)
	}
	wide, err := t.Float64s()
	if err != nil {
		return nil, nil, err
	}
	values := make([]float32, len(wide))
	for i, v := range wide {
		values[i] = float32(v)
	}
	return values, t.Shape, nil
}

// referenceModel works the sizes of a model that is built like the tutorial's out of the shapes
// of its kernels: a generator of a dense layer, transposed convolutions and convolutions of
// stride 1; a discriminator of convolutions and a dense layer.
func referenceModel(file *safetensors.File, s Settings) (Model, error) {
	shape := func(network, layer string, dims int) ([]int, error) {
		_, shape, err := floats(file, network+"/"+layer+"/kernel", dims)
		return shape, err
	}
	chain := func(network, kind string) (kernels [][]int, err error) {
		for i := 0; ; i++ {
			layer := kind
			if i > 0 {
				layer = fmt.Sprintf("%s_%d", kind, i)
			}
			if _, err := file.Tensor(network + "/" + layer + "/kernel"); err != nil {
				return kernels, nil
			}
			k, err := shape(network, layer, 4)
			if err != nil {
				return nil, err
			}
			kernels = append(kernels, k)
		}
	}
	transposed, err := chain(generatorName, "conv2d_transpose")
	if err != nil {
		return Model{}, err
	}
	last, err := chain(generatorName, "conv2d")
	if err != nil {
		return Model{}, err
	}
	dense, err := shape(generatorName, "dense", 2)
	if err != nil {
		return Model{}, err
	}
	g, err := referenceGenerator(s, dense, transposed, last)
	if err != nil {
		return Model{}, err
	}
	convolutions, err := chain(discriminatorName, "conv2d")
	if err != nil {
		return Model{}, err
	}
	if dense, err = shape(discriminatorName, "dense", 2); err != nil {
		return Model{}, err
	}
	d, err := referenceDiscriminator(s, convolutions, dense)
	return Model{Name: "reference", Generator: g, Discriminator: d}, err
}

// strides that are tried, all layers alike, the tutorial's first.
var strides = []int{2, 1, 3, 4}

func referenceGenerator(s Settings, dense []int, transposed, last [][]int) (Network, error) {
	if len(last) == 0 {
		return Network{}, fmt.Errorf("%s: no convolution", generatorName)
	}
	channels := last[0][2] // of the image that the dense layer makes
	if len(transposed) > 0 {
		channels = transposed[0][3]
	}
	for _, stride := range strides {
		scale := 1
		for range transposed {
			scale *= stride
		}
		h, w := s.Height/scale, s.Width/scale
		if h*scale != s.Height || w*scale != s.Width || h*w*channels != dense[1] {
			continue
		}
		layers := []Layer{Dense{Units: dense[1]}, LeakyReLU{Alpha: s.Alpha}, Reshape{Shape: []int{h, w, channels}}}
		for _, k := range transposed {
			layers = append(layers, Conv2DTranspose{Filters: k[2], Kernel: Size{k[0], k[1]}, Stride: Size{stride, stride}}, LeakyReLU{Alpha: s.Alpha})
		}
		for i, k := range last {
			layers = append(layers, Conv2D{Filters: k[3], Kernel: Size{k[0], k[1]}, Stride: Size{1, 1}})
			if i < len(last)-1 {
				layers = append(layers, LeakyReLU{Alpha: s.Alpha})
			}
		}
		return Network{Name: generatorName, Input: []int{s.Latent}, Layers: append(layers, Sigmoid{})}, nil
	}
	return Network{}, fmt.Errorf("%s: no stride makes images of %dx%d from a dense layer of %d and %d transposed convolutions",
		generatorName, s.Height, s.Width, dense[1], len(transposed))
}

func referenceDiscriminator(s Settings, convolutions [][]int, dense []int) (Network, error) {
	var tried []string
	for _, stride := range strides {
		n := Network{Name: discriminatorName, Input: []int{s.Height, s.Width, 1}}
		for _, k := range convolutions {
			n.Layers = append(n.Layers, Conv2D{Filters: k[3], Kernel: Size{k[0], k[1]}, Stride: Size{stride, stride}}, LeakyReLU{Alpha: s.Alpha})
		}
		n.Layers = append(n.Layers, Flatten{}, Dense{Units: dense[1]})
		l, err := n.Layout()
		if err != nil {
			return Network{}, err
		}
		in := l.Layers[len(l.Layers)-1].In[0]
		if in == dense[0] {
			return n, nil
		}
		tried = append(tried, fmt.Sprintf("%d with stride %d", in, stride))
	}
	return Network{}, fmt.Errorf("%s: the dense layer takes %d, the convolutions make %s",
		discriminatorName, dense[0], strings.Join(tried, ", "))
}
