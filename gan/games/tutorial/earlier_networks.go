package tutorial

import (
	"fmt"
	"strings"

	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// chain is a network that is built like one of the tutorial's, of layers with kernels of any sizes.
type chain struct {
	name    string
	layers  []link
	sigmoid bool // at the end
}

// link is a layer with a kernel and a bias, and what is done to its result.
type link struct {
	kind    string // "dense", "conv2d_transpose", "conv2d"
	name    string // "generator/conv2d_1"
	kernel  []int  // its shape
	stride  int
	leaky   bool
	reshape []int // of an example, nil if it stays as it is
}

// filters is the number of channels of the result.
func (l link) filters() int {
	if l.kind == "conv2d_transpose" {
		return l.kernel[2]
	}
	return l.kernel[len(l.kernel)-1]
}

type array struct {
	name  string
	shape []int
}

func (c chain) parameters() (all []array) {
	for _, l := range c.layers {
		all = append(all, array{l.name + "/kernel", l.kernel}, array{l.name + "/bias", []int{l.filters()}})
	}
	return all
}

// network is the chain as a game has it.
func (c chain) network(alpha float64) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := x[0]
		for _, k := range c.layers {
			switch k.kind {
			case "dense":
				if len(y.Shape()) > 2 {
					y = nn.Flatten(y)
				}
				y = l.Dense(y, nn.Units{N: k.filters()})
			case "conv2d":
				y = l.Conv2D(y, nn.Conv{Filters: k.filters(), Kernel: k.kernel[0], Stride: k.stride})
			case "conv2d_transpose":
				y = l.ConvTranspose(y, nn.Conv{Filters: k.filters(), Kernel: k.kernel[0], Stride: k.stride})
			}
			if k.leaky {
				y = nn.LeakyReLU(y, alpha)
			}
			if k.reshape != nil {
				y = nn.Reshape(y, k.reshape...)
			}
		}
		if c.sigmoid {
			y = nn.Sigmoid(y)
		}
		return []*nn.Node{y}
	}
}

// earlierNetworks works the networks of a file out of the shapes of their kernels: a generator of a dense layer,
// transposed convolutions and convolutions of stride 1; a discriminator of convolutions and a dense layer.
func earlierNetworks(file *safetensors.File, in train.Input) (both [2]chain, err error) {
	dense, err := links(file, "generator", "dense", 2)
	if err != nil {
		return both, err
	}
	transposed, err := links(file, "generator", "conv2d_transpose", 4)
	if err != nil {
		return both, err
	}
	last, err := links(file, "generator", "conv2d", 4)
	if err != nil {
		return both, err
	}
	if both[0], err = earlierGenerator(in, dense, transposed, last); err != nil {
		return both, err
	}
	convolutions, err := links(file, "discriminator", "conv2d", 4)
	if err != nil {
		return both, err
	}
	if dense, err = links(file, "discriminator", "dense", 2); err != nil {
		return both, err
	}
	both[1], err = earlierDiscriminator(in, convolutions, dense)
	return both, err
}

// links are a network's layers of a kind, by the shapes of their kernels; of convolutions there may be none.
func links(file *safetensors.File, network, kind string, dims int) (all []link, err error) {
	for i := 0; ; i++ {
		name := network + "/" + kind
		if i > 0 {
			name = fmt.Sprintf("%s_%d", name, i)
		}
		if _, err := file.Tensor(name + "/kernel"); err != nil {
			if i == 0 && kind == "dense" {
				return nil, err
			}
			return all, nil
		}
		_, shape, err := floats(file, name+"/kernel", dims)
		if err != nil {
			return nil, err
		}
		if dims == 4 && shape[0] != shape[1] {
			return nil, fmt.Errorf("tensor %q has shape %v, want a square filter", name+"/kernel", shape)
		}
		all = append(all, link{kind: kind, name: name, kernel: shape, stride: 1})
	}
}

// strides that are tried, all layers alike, the tutorial's first.
var strides = []int{2, 1, 3, 4}

func earlierGenerator(in train.Input, dense, transposed, last []link) (chain, error) {
	if len(last) == 0 {
		return chain{}, fmt.Errorf("generator: no convolution")
	}
	units, channels := dense[0].filters(), last[0].kernel[2] // of the image that the dense layer makes
	if len(transposed) > 0 {
		channels = transposed[0].kernel[3]
	}
	for _, stride := range strides {
		scale := 1
		for range transposed {
			scale *= stride
		}
		h, w := in.Height/scale, in.Width/scale
		if h*scale != in.Height || w*scale != in.Width || h*w*channels != units {
			continue
		}
		first := dense[0]
		first.leaky, first.reshape = true, []int{h, w, channels}
		c := chain{name: "generator", layers: []link{first}, sigmoid: true}
		for _, l := range transposed {
			l.stride, l.leaky = stride, true
			c.layers = append(c.layers, l)
		}
		for i, l := range last {
			l.leaky = i < len(last)-1
			c.layers = append(c.layers, l)
		}
		return c, nil
	}
	return chain{}, fmt.Errorf("generator: no stride makes images of %dx%d from a dense layer of %d and %d transposed convolutions",
		in.Height, in.Width, units, len(transposed))
}

func earlierDiscriminator(in train.Input, convolutions, dense []link) (chain, error) {
	var tried []string
	for _, stride := range strides {
		c := chain{name: "discriminator"}
		h, w, channels := in.Height, in.Width, in.Channels
		for _, l := range convolutions {
			h, w, channels = (h+stride-1)/stride, (w+stride-1)/stride, l.filters()
			l.stride, l.leaky = stride, true
			c.layers = append(c.layers, l)
		}
		if h*w*channels == dense[0].kernel[0] {
			c.layers = append(c.layers, dense[0])
			return c, nil
		}
		tried = append(tried, fmt.Sprintf("%d with stride %d", h*w*channels, stride))
	}
	return chain{}, fmt.Errorf("discriminator: the dense layer takes %d, the convolutions make %s", dense[0].kernel[0], strings.Join(tried, ", "))
}
