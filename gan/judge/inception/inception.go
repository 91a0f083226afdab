// Package inception computes the features of Inception v3 that the FID is of (Heusel et al., 2017, "GANs trained by a two
// time-scale update rule converge to a local Nash equilibrium"), by a file of the network's weights, which is not part of
// gangpu.
package inception

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
	"gangpu/internal/safetensors"
)

// Batch is how many images go through the network at a time.
const Batch = 8

const weightsStorage, imagesStorage, featuresStorage = "weights", "images", "features"

// Network is Inception v3 for images of one shape.
type Network struct {
	// Features is the number of features of an image: 2,048 of the published network.
	Features int
	// Image is the shape of an image: height, width, and 1 or 3 channels.
	Image []int

	program *program.Program
	weights []float32
}

// Open reads a network of a safetensors file: a state dict with torchvision's names, whose tensors say how many filters
// each layer has. Tensors that have no part in the features are ignored. An error names the file, and the tensor that is
// missing or has another shape.
func Open(path string, image []int) (*Network, error) {
	if len(image) != 3 || min(image[0], image[1]) < 1 || image[2] != 1 && image[2] != 3 {
		return nil, fmt.Errorf("images of %v [height width channels]: Inception sees 1 or 3 channels", image)
	}
	content, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	b := builder{file: file{content, path}, graph: gorgonia.NewGraph()}
	x := gorgonia.NewTensor(b.graph, tensor.Float32, 4, gorgonia.WithShape(Batch, image[0], image[1], image[2]), gorgonia.WithName(imagesStorage))
	y := b.features(x)
	if b.err != nil {
		return nil, b.err
	}
	n := &Network{Features: y.Shape()[1], Image: image, weights: b.values}
	n.program, err = engine.Compile("inception", []engine.Place{{Node: y, At: program.Arg{Storage: featuresStorage}}}, b.inputs...)
	return n, err
}

// Extractor computes features on a device. It is for one goroutine at a time.
type Extractor struct {
	*Network
	arrays program.Bindings
	run    program.Executable
	padded []float32
}

// On brings the network to a device. The caller closes it.
func (n *Network) On(dev program.Device) (_ *Extractor, err error) {
	e := &Extractor{Network: n, arrays: program.Bindings{}, padded: make([]float32, Batch*n.imageSize())}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("preparing Inception: %w", err), e.Close())
		}
	}()
	for _, s := range n.program.Storages {
		if s.Scratch {
			continue
		}
		if e.arrays[s.Name], err = dev.Alloc(s.Name, s.DType, s.Len); err != nil {
			delete(e.arrays, s.Name)
			return nil, err
		}
	}
	if err := program.WriteSlice(e.arrays[weightsStorage], 0, n.weights); err != nil {
		return nil, err
	}
	e.run, err = dev.Load(n.program, e.arrays)
	return e, err
}

func (n *Network) imageSize() int { return n.Image[0] * n.Image[1] * n.Image[2] }

// Extract computes the features of images [n, height, width, channels] from 0 to 1: [n, features].
func (e *Extractor) Extract(pixels []float32) ([]float32, error) {
	size := e.imageSize()
	if len(pixels)%size != 0 {
		return nil, fmt.Errorf("%d numbers are no images of %v [height width channels]", len(pixels), e.Image)
	}
	count := len(pixels) / size
	features := make([]float32, count*e.Features)
	for first := 0; first < count; first += Batch {
		here := min(Batch, count-first)
		clear(e.padded[copy(e.padded, pixels[first*size:][:here*size]):])
		if err := program.WriteSlice(e.arrays[imagesStorage], 0, e.padded); err != nil {
			return nil, fmt.Errorf("writing images: %w", err)
		}
		if err := e.run.Run(); err != nil {
			return nil, fmt.Errorf("computing Inception's features: %w", err)
		}
		if err := program.ReadSlice(features[first*e.Features:][:here*e.Features], e.arrays[featuresStorage], 0); err != nil {
			return nil, fmt.Errorf("computing Inception's features: %w", err)
		}
	}
	return features, nil
}

// Close frees what the extractor holds on the device.
func (e *Extractor) Close() error {
	var err error
	if e.run != nil {
		err = e.run.Close()
	}
	for _, m := range e.arrays {
		err = errors.Join(err, m.Free())
	}
	return err
}
