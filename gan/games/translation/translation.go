// Package translation has the networks that make images of images, and that tell such images from real ones: the U-Net
// and the discriminator of patches of pix2pix (Isola et al., 2017), and the residual generator of CycleGAN (Zhu et al.,
// 2017, after Johnson et al., 2016).
package translation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Generator says what a generator is.
type Generator struct {
	Kind    string // UNet or Residual
	Filters int    // of the layers next to the image
	Blocks  int    // of a residual generator
	// Levels is how often a U-Net halves the image: to one pixel, if nothing else is wanted.
	Levels     int
	Norm       Norm
	Padding    string // Zero or Reflect, of a residual generator
	Upsampling string // Transposed or Nearest
	Dropout    float64
	// Dropouts are which of a U-Net's layers that double have one, the first and the one after the last, counted from the
	// innermost layer, 0; both 0 are the first three, but not the last two layers.
	Dropouts [2]int
	Channels int // of the images that it makes
	Init     nn.Initialiser
}

// Kinds of generators.
const (
	UNet     = "unet"
	Residual = "resnet"
)

// What a convolution sees beside the image, and how images are doubled.
const (
	Zero       = "zero"
	Reflect    = "reflect"
	Transposed = "transposed"
	Nearest    = "nearest"
)

// Norm says how features are normalised.
type Norm struct {
	Over string // "batch", "instance" or "none"
	// Statistics are what a batch norm goes by in use: "image", each image's own, or "running", averages of the training.
	Statistics string
}

// Network makes images in [-1, 1] of images.
func (g Generator) Network() nn.Network {
	if g.Kind == UNet {
		return g.unet
	}
	return g.residual
}

// Validate reports the first setting that no generator can have.
func (g Generator) Validate() error {
	switch {
	case g.Filters < 1:
		return fmt.Errorf("filters is %d, want at least 1", g.Filters)
	case !(g.Dropout >= 0 && g.Dropout < 1):
		return fmt.Errorf("dropout is %v, want 0 or more and less than 1", g.Dropout)
	case g.Kind == Residual && g.Blocks < 1:
		return fmt.Errorf("blocks is %d, want at least 1", g.Blocks)
	case g.Kind == UNet && g.Padding == Reflect:
		return errors.New("the padding reflect is for the generator resnet: a unet's images end at zeros")
	}
	return errors.Join(OneOf("generator", g.Kind, UNet, Residual), OneOf("padding", g.Padding, Zero, Reflect),
		OneOf("upsampling", g.Upsampling, Transposed, Nearest), g.Norm.Validate())
}

// Validate reports a norm that there is not.
func (n Norm) Validate() error {
	return errors.Join(OneOf("norm", n.Over, "batch", "instance", "none"), OneOf("statistics", n.Statistics, "image", "running"))
}

// OneOf reports a setting that is none of some words.
func OneOf(setting, is string, want ...string) error {
	if slices.Contains(want, is) {
		return nil
	}
	return fmt.Errorf("%s is %q, want %s", setting, is, strings.Join(want, " or "))
}

// Initialiser is what kernels are drawn by.
func Initialiser(name string) (nn.Initialiser, error) {
	switch name {
	case "normal":
		return nn.RandomNormal(0, 0.02), nil
	case "glorot":
		return nn.GlorotUniform, nil
	case "he":
		return nn.HeNormal, nil
	}
	return nn.Initialiser{}, OneOf("init", name, "normal", "glorot", "he")
}

// apply normalises. A batch norm has an offset and a scale, which begins near 1; an instance norm has neither.
func (n Norm) apply(l *nn.Layers, x *nn.Node) *nn.Node {
	switch n.Over {
	case "batch":
		return l.BatchNorm(x, nn.Norm{Gamma: nn.RandomNormal(1, 0.02), OwnStatistics: n.Statistics == "image"})
	case "instance":
		return l.InstanceNorm(x, nn.Norm{NoAffine: true})
	}
	return x
}

// unbiased reports whether a convolution before the norm needs no bias, as the norm has an offset.
func (n Norm) unbiased() bool { return n.Over == "batch" }

// Fit reports a size that the generator cannot make images of, and has a U-Net that is to halve them to one pixel know
// how often.
func (g *Generator) Fit(height, width int) error {
	if g.Kind == UNet && g.Levels == 0 {
		for side := min(height, width); side > 1 && g.Levels < 8; side /= 2 {
			g.Levels++
		}
	}
	multiple := 4
	if g.Kind == UNet {
		multiple = 1 << g.Levels
	}
	if height%multiple != 0 || width%multiple != 0 || g.Kind == UNet && g.Levels < 2 {
		return fmt.Errorf("the generator %s makes no images of %d x %d: want multiples of %d", g.Kind, width, height, multiple)
	}
	return nil
}

// CheckFields reports data that are no pictures of two kinds, "a" and "b".
func CheckFields(game string, in train.Input) error {
	if in.Fields == nil || slices.Contains(in.Fields, "a") && slices.Contains(in.Fields, "b") {
		return nil
	}
	return fmt.Errorf("%s needs pictures of two kinds, a and b: folders A and B with the same names, files that hold both side by side, "+
		"if that layout is asked for, or, for cyclegan, folders trainA and trainB", game)
}

// Rate is a learning rate that stays, and falls linearly to 0 over the last share of the iterations.
func Rate(rate, share float64, iterations int) train.Schedule {
	s := train.Constant(rate)
	if share > 0 && iterations > 0 {
		s.DecayFrom, s.DecayUntil = min(int((1-share)*float64(iterations)), iterations-1), iterations
	}
	return s
}
