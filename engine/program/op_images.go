package program

import "errors"

// Images makes a batch of images from a dataset of bytes:
//
//	y[b,p] = pixels[indices[b]*Pixels + p] / 255
//
// Arguments: pixels [Count*Pixels] uint8, indices [Batch] uint32 each below Count,
// y [Batch*Pixels] written.
type Images struct{ Batch, Pixels, Count int }

func (Images) Name() string      { return "images" }
func (Images) Elementwise() bool { return false }

func (o Images) Validate() error {
	return errors.Join(positive("batch", o.Batch), positive("pixels", o.Pixels), positive("images", o.Count))
}

func (o Images) Operands() []Operand {
	return []Operand{
		{Name: "pixels", DType: Uint8, Len: o.Count * o.Pixels, Access: Read},
		u32("indices", o.Batch, Read),
		f32("y", o.Batch*o.Pixels, Write),
	}
}
