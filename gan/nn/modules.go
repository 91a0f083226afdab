package nn

import (
	"fmt"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Units say what a dense layer is.
type Units struct {
	N        int
	NoBias   bool
	Init     Initialiser // of the kernel; that of Layers.Initialise if not given
	Spectral bool        // the kernel is divided by its largest singular value (Miyato et al., 2018)
}

// Conv says what a convolution is. Sizes are in pixels.
type Conv struct {
	Filters, Kernel  int
	Stride           int             // 0 means 1
	KernelW, StrideW int             // those of the width; 0 means those of the height
	Padding          program.Padding // program.Same, as Keras has it, if not given
	NoBias           bool
	Init             Initialiser // of the kernel
	Spectral         bool        // as of Units
}

// sizes are those of height and width.
func (c Conv) sizes() (kernel, stride [2]int) {
	kernel, stride = [2]int{c.Kernel, c.KernelW}, [2]int{max(c.Stride, 1), c.StrideW}
	if kernel[1] == 0 {
		kernel[1] = kernel[0]
	}
	if stride[1] == 0 {
		stride[1] = stride[0]
	}
	return kernel, stride
}

// Padding of convolutions.
var (
	Same  = program.Same
	Valid = program.Valid
)

// Pad is a padding by so many pixels on each side, as PyTorch has it.
func Pad(pixels int) program.Padding { return program.Explicit(pixels, pixels, pixels, pixels) }

// Dense multiplies x [batch, in] by a kernel [in, N] and adds a bias.
func (l *Layers) Dense(x *Node, u Units) *Node {
	a := l.layer("dense")
	return a.do(func() *Node {
		in := x.Channels()
		return apply(dense{}, a.weights(x, weights{shape: []int{in, u.N}, fans: Fans{in, u.N}, in: in, n: u.N, init: u.Init,
			spectral: u.Spectral, noBias: u.NoBias})...)
	})
}

// Conv2D convolves images with a kernel [Kernel, KernelW, in, Filters] and adds a bias.
func (l *Layers) Conv2D(x *Node, c Conv) *Node {
	a := l.layer("conv2d")
	return a.do(func() *Node {
		in := x.Channels()
		size, stride := c.sizes()
		taps := size[0] * size[1]
		return apply(conv2D{stride, c.Padding}, a.weights(x, weights{shape: []int{size[0], size[1], in, c.Filters},
			fans: Fans{taps * in, taps * c.Filters}, in: taps * in, n: c.Filters, init: c.Init, spectral: c.Spectral, noBias: c.NoBias})...)
	})
}

// ConvTranspose is the transposed convolution of images with a kernel [Kernel, KernelW, Filters, in], plus a bias.
func (l *Layers) ConvTranspose(x *Node, c Conv) *Node {
	a := l.layer("conv2d_transpose")
	return a.do(func() *Node {
		in := x.Channels()
		size, stride := c.sizes()
		taps := size[0] * size[1]
		return apply(conv2DTranspose{stride, c.Padding}, a.weights(x, weights{shape: []int{size[0], size[1], c.Filters, in},
			fans: Fans{taps * c.Filters, taps * in}, in: taps * in, n: c.Filters, init: c.Init, spectral: c.Spectral, noBias: c.NoBias})...)
	})
}

// Modulation says how a convolution is modulated.
type Modulation struct {
	// Demodulates has the outputs be scaled so that their deviation does not depend on the style.
	Demodulates bool
	// Enlarges, if set, makes the image twice as large: by a transposed convolution of stride 2 with a kernel [Kernel, Kernel,
	// Filters, in], and a FIR with these weights, as [UpsampleFIR] has them.
	Enlarges []float64
}

// ModulatedConv2D convolves each image with the kernel whose inputs its style [batch, in] scales (Karras et al., 2020,
// section 2.2), by scaling the image. The image keeps its size, or is made twice as large. The kernel has an odd size, and
// there is no bias.
func (l *Layers) ModulatedConv2D(x, style *Node, c Conv, m Modulation) *Node {
	a := l.layer("modulated_conv2d")
	return a.do(func() *Node {
		in, k, larger := x.Channels(), c.Kernel, len(m.Enlarges) > 0
		w := weights{shape: []int{k, k, in, c.Filters}, fans: Fans{k * k * in, k * k * c.Filters}, in: k * k * in, init: c.Init, noBias: true}
		if larger {
			w.shape, w.fans = []int{k, k, c.Filters, in}, Fans{k * k * c.Filters, k * k * in}
		}
		kernel := a.weights(x, w)[1]
		y := Multiply(x, Reshape(style, 1, 1, in))
		if larger {
			y = apply(conv2DTranspose{[2]int{2, 2}, Valid}, y, kernel)
			n := len(m.Enlarges)
			before, after := (n+1)/2-k/2, (n-2)/2-(k-1)/2+1 // of the image and k-2 pixels more
			y = Scale(FIR(y, engine.FIR{Weights: m.Enlarges, Up: 1, Down: 1, Before: before, After: after}), 4)
		} else {
			y = apply(conv2D{[2]int{1, 1}, Same}, y, kernel)
		}
		if !m.Demodulates {
			return y
		}
		return Multiply(y, Reshape(apply(demodulation{larger, 1e-8}, kernel, style), 1, 1, c.Filters))
	})
}

// weights are a layer's kernel and bias.
type weights struct {
	shape            []int
	fans             Fans // as Glorot counts them
	in               int  // inputs of one output, as Equalised counts them
	n                int  // outputs, each of which has a bias
	init             Initialiser
	spectral, noBias bool
}

// weights are the operands of a layer's operation: x, the kernel as the layer uses it, and a bias.
func (a layer) weights(x *Node, w weights) []*Node {
	init := w.init
	if init == (Initialiser{}) {
		init = a.init
	}
	scale, biasScale := init.atUse(w.in)
	kernel := Scale(a.parameter("kernel", w.shape, w.fans, init), scale)
	if w.spectral {
		kernel = a.spectral(kernel)
	}
	if w.noBias {
		return []*Node{x, kernel}
	}
	return []*Node{x, kernel, Scale(a.parameter("bias", []int{w.n}, Fans{}, Zeros), biasScale)}
}

// spectral is a kernel divided by its largest singular value. The vector of the power iteration is a state of the
// layer.
func (a layer) spectral(kernel *Node) *Node {
	if a.graph.err != nil {
		return kernel
	}
	u := a.state("u", []int{1, kernel.Channels()}, RandomNormal(0, 1))
	normalised := applyAll(spectralNorm{1e-12}, 2, kernel, u)
	a.set(u, func(*Node) *Node { return normalised[1] })
	return normalised[0]
}

// Dropout sets a share of the elements to zero in training, and scales the others to make up for it. In use it does
// nothing; a saved graph tells of it all the same.
func (l *Layers) Dropout(x *Node, rate float64) *Node {
	a := l.layer("dropout")
	return a.do(func() *Node {
		if !(rate >= 0 && rate < 1) {
			return l.graph.fail(fmt.Errorf("a dropout rate of %v", rate))
		}
		switch {
		case rate == 0:
			return x
		case !l.Training:
			return apply(dropoutInUse{rate}, x)
		}
		return apply(dropout{}, x, a.random("mask", Mask, rate, x.Shape()))
	})
}

// StochasticDropout is dropout in training and in use: how a network without noise makes more than one image of another
// (Isola et al., 2017, section 3.1).
func (l *Layers) StochasticDropout(x *Node, rate float64) *Node {
	inner := *l
	inner.Training = true
	return inner.Dropout(x, rate)
}

// Noise is normal numbers of a shape, the batch first: drawn anew for each batch, in use too.
func (l *Layers) Noise(shape ...int) *Node {
	a := l.layer("noise")
	return a.do(func() *Node { return a.random("draw", Normal, 0, shape) })
}

// random is a draw of this application of the network.
func (a layer) random(name string, d Distribution, rate float64, shape []int) *Node {
	return a.graph.Random(a.draws+a.name[len(a.parameters.Network):]+"/"+name, d, rate, shape...)
}

// Norm says how a layer normalises.
type Norm struct {
	Epsilon  float64 // 0 means 1e-5
	Momentum float64 // of a batch norm's running averages: what stays of them in each update; 0 means 0.9
	NoAffine bool    // without gamma and beta
	// OwnStatistics has a batch norm take the statistics of each image by itself in use, as it does in training with a
	// batch of one image, and keep no running averages (Isola et al., 2017, section 6.2).
	OwnStatistics bool
	Gamma         Initialiser // 1 if not given
	Groups        int         // of a group norm
}

func (o Norm) epsilon() float64 {
	if o.Epsilon == 0 {
		return 1e-5
	}
	return o.Epsilon
}

// BatchNorm normalises each channel: in training by its mean and variance over the batch (Ioffe and Szegedy, 2015),
// in use by running averages of both, which training keeps as state.
func (l *Layers) BatchNorm(x *Node, o Norm) *Node {
	a := l.layer("batch_norm")
	return a.do(func() *Node {
		c := []int{x.Channels()}
		if o.OwnStatistics {
			return a.ownStatistics(x, c, o)
		}
		mean, variance := a.state("moving_mean", c, Zeros), a.state("moving_variance", c, Ones)
		affine := a.affine(c, o)
		if !l.Training {
			return apply(normalise{o.epsilon()}, append([]*Node{x, mean, variance}, affine...)...)
		}
		y := applyAll(norm{Over: "batch", Epsilon: o.epsilon()}, 3, append([]*Node{x}, affine...)...)
		momentum := o.Momentum
		if momentum == 0 {
			momentum = 0.9
		}
		for i, state := range []*Node{mean, variance} {
			a.set(state, func(now *Node) *Node {
				return Map("running", func(v ...expr.Expr) expr.Expr {
					return v[0].Add(expr.Const(1 - momentum).Mul(v[1].Sub(v[0])))
				}, now, Vector(y[1+i]))
			})
		}
		return y[0]
	})
}

// ownStatistics is a batch norm without running averages.
func (a layer) ownStatistics(x *Node, shape []int, o Norm) *Node {
	in := append([]*Node{x}, a.affine(shape, o)...)
	if a.Training {
		return applyAll(norm{Over: "batch", Epsilon: o.epsilon()}, 3, in...)[0]
	}
	return apply(norm{Over: "instance", Epsilon: o.epsilon()}, in...)
}

// affine are gamma and beta of a norm, if it has them.
func (a layer) affine(shape []int, o Norm) []*Node {
	if o.NoAffine {
		return nil
	}
	gamma := o.Gamma
	if gamma == (Initialiser{}) {
		gamma = Ones
	}
	return []*Node{a.parameter("gamma", shape, Fans{}, gamma), a.parameter("beta", shape, Fans{}, Zeros)}
}

func (l *Layers) normOver(x *Node, over string, o Norm) *Node {
	a := l.layer(over + "_norm")
	return a.do(func() *Node {
		affine := a.affine([]int{x.Channels()}, o)
		return apply(norm{Over: over, Epsilon: o.epsilon(), Groups: o.Groups}, append([]*Node{x}, affine...)...)
	})
}

// InstanceNorm normalises each channel of each image by its own moments (Ulyanov et al., 2016).
func (l *Layers) InstanceNorm(x *Node, o Norm) *Node { return l.normOver(x, "instance", o) }

// LayerNorm normalises each pixel by the moments of its channels (Ba et al., 2016).
func (l *Layers) LayerNorm(x *Node, o Norm) *Node { return l.normOver(x, "layer", o) }

// GroupNorm normalises groups of channels of each image (Wu and He, 2018).
func (l *Layers) GroupNorm(x *Node, o Norm) *Node { return l.normOver(x, "group", o) }

// PReLU is x where x > 0, else alpha*x, with a learned alpha for each channel (He et al., 2015).
func (l *Layers) PReLU(x *Node, alpha float64) *Node {
	a := l.layer("prelu")
	return a.do(func() *Node {
		return apply(prelu{}, x, a.parameter("alpha", []int{x.Channels()}, Fans{}, Constant(alpha)))
	})
}

// Embedding is a learned array of each class: the product of one-hot classes [batch, classes] and a kernel [classes,
// n].
func (l *Layers) Embedding(classes *Node, n int) *Node { return l.embedding("embedding", classes, n) }

// ClassEmbedding is Embedding under the name that models of format 2 have for it.
func (l *Layers) ClassEmbedding(classes *Node, n int) *Node {
	return l.embedding("class_embedding", classes, n)
}

func (l *Layers) embedding(kind string, classes *Node, n int) *Node {
	a := l.layer(kind)
	return a.do(func() *Node {
		k := classes.Channels()
		// One of the inputs is 1, the others are 0: an equalised embedding counts that one.
		return apply(dense{}, a.weights(classes, weights{shape: []int{k, n}, fans: Fans{k, n}, in: 1, noBias: true})...)
	})
}
