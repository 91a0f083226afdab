package translation

import (
	"fmt"

	"gangpu/gan/nn"
)

// Patch says what a discriminator of patches is (Isola et al., 2017, sections 3.2.2 and 6.1.2): it gives each patch of an
// image a score of its own. The patches of 0 to 5 layers are 1, 16, 34, 70, 142 and 286 pixels wide.
type Patch struct {
	Filters int // of the first layer
	Layers  int // that halve the image; 0 looks at single pixels
	Norm    Norm
	Init    nn.Initialiser
}

// Validate reports the first setting that no discriminator can have, of images of a size.
func (p Patch) Validate(height, width int) error {
	if p.Filters < 1 || p.Layers < 0 || p.Layers > 5 {
		return fmt.Errorf("a discriminator of %d filters and %d layers: want at least 1 filter, and 0 to 5 layers", p.Filters, p.Layers)
	}
	if side := min(height, width); p.Layers > 0 && side>>p.Layers < 3 {
		return fmt.Errorf("a discriminator of %d layers leaves nothing of images of %d x %d: want fewer layers", p.Layers, width, height)
	}
	return p.Norm.Validate()
}

// Network makes scores [batch, h, w, 1] of images, which are joined if there are several.
func (p Patch) Network(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(p.Init)
	y := x[0]
	if len(x) > 1 {
		y = nn.Concat(x...)
	}
	unbiased := p.Norm.unbiased()
	if p.Layers == 0 {
		y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: p.Filters, Kernel: 1}), 0.2)
		y = nn.LeakyReLU(p.Norm.apply(l, l.Conv2D(y, nn.Conv{Filters: 2 * p.Filters, Kernel: 1, NoBias: unbiased})), 0.2)
		return []*nn.Node{l.Conv2D(y, nn.Conv{Filters: 1, Kernel: 1, NoBias: unbiased})}
	}
	y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: p.Filters, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}), 0.2)
	for i := 1; i <= p.Layers; i++ {
		stride := 2
		if i == p.Layers {
			stride = 1
		}
		y = l.Conv2D(y, nn.Conv{Filters: p.Filters << min(i, 3), Kernel: 4, Stride: stride, Padding: nn.Pad(1), NoBias: unbiased})
		y = nn.LeakyReLU(p.Norm.apply(l, y), 0.2)
	}
	return []*nn.Node{l.Conv2D(y, nn.Conv{Filters: 1, Kernel: 4, Padding: nn.Pad(1)})}
}
