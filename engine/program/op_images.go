package program

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

var _ = known(Images{})

// Images makes a batch of images from a dataset of bytes:
//
//	y[b,p] = pixels[indices[b]*Pixels + p] / 255
//
// Arguments: pixels [Count*Pixels] uint8, indices [Batch] uint32 each below Count,
// y [Batch*Pixels] written.
type Images struct{ Batch, Pixels, Count int }

func (Images) Name() string             { return "images" }
func (Images) Elementwise() bool        { return false }
func (Images) Tolerance(string) float64 { return rounding }

func (o Images) Validate() error {
	if o.Pixels > MaxLen {
		return fmt.Errorf("an image of %d bytes, at most %d can be told apart by 32 bits", o.Pixels, MaxLen)
	}
	return errors.Join(positive("batch", o.Batch), positive("pixels", o.Pixels), positive("images", o.Count))
}

func (o Images) Operands() []Operand {
	index := func(rng *rand.Rand) float64 { return float64(rng.IntN(o.Count)) }
	return []Operand{
		{Name: "pixels", DType: Uint8, Len: o.Count * o.Pixels, Access: Read, Used: o.Batch * o.Pixels},
		u32("indices", o.Batch, Read).drawn(index),
		f32("y", o.Batch*o.Pixels, Write),
	}
}

func (Images) Random(rng *rand.Rand, limit int) Op {
	op := Images{Pixels: pick(rng, 784, 49, 3072, 1+rng.IntN(40))}
	op.Batch = size(rng, max(limit/op.Pixels, 1))
	op.Count = 1 + rng.IntN(20)
	return op
}

// Reference refuses an index that is out of range.
func (o Images) Reference(a Arguments) error {
	for b, index := range a[1].([]uint32) {
		if int(index) >= o.Count {
			return fmt.Errorf("index %d of image %d, of a dataset of %d", index, b, o.Count)
		}
	}
	return either(o, a, imagesLoops[float32], imagesLoops[float64])
}

func imagesLoops[E Float](o Images, a arrays[E]) {
	pixels, indices, y := a.uint8(0), a.uint32(1), a.float(2)
	for b, index := range indices {
		for p := range o.Pixels {
			y[b*o.Pixels+p] = E(pixels[int(index)*o.Pixels+p]) / 255
		}
	}
}
