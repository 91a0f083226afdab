package data

import (
	"fmt"

	"gangpu/internal/philox"
)

// Augment changes each picture of a batch at random. What happens to a picture is a function of Seed, Stream, the step
// and its place in the batch, so that a run that goes on sees what it would have seen. All fields of a row are changed
// alike, as pairs have to be.
type Augment struct {
	Seed   uint64
	Stream uint32 // as engine/program's Draw has it: no two uses of a run share one

	// Flip mirrors every other picture, on average, left to right.
	Flip bool

	// Turn turns pictures, which have to be square, by a quarter, a half or three quarters, or leaves them as they are.
	Turn bool

	// Shift moves pictures by up to so many pixels in each direction; what comes in repeats the edge.
	Shift int

	// CropHeight and CropWidth cut a part of this size out of each picture, anywhere; 0, both, for none.
	CropHeight, CropWidth int
}

// Changes reports whether other pictures come of it.
func (a Augment) Changes() bool { return a.Flip || a.Turn || a.Shift > 0 || a.CropHeight > 0 }

func (a Augment) check(f *Field) error {
	if a.Shift < 0 || (a.CropHeight == 0) != (a.CropWidth == 0) || a.CropHeight < 0 || a.CropWidth < 0 ||
		a.CropHeight > f.Height || a.CropWidth > f.Width {
		return fmt.Errorf("augmenting pictures of %d x %d by parts of %d x %d, shifted by up to %d", f.Height, f.Width, a.CropHeight, a.CropWidth, a.Shift)
	}
	if height, width := a.size(f); a.Turn && height != width {
		return fmt.Errorf("turning pictures of %d x %d by quarters: they have to be square", width, height)
	}
	return nil
}

// size is that of the field's pictures afterwards.
func (a Augment) size(f *Field) (height, width int) {
	if a.CropHeight > 0 {
		return a.CropHeight, a.CropWidth
	}
	return f.Height, f.Width
}

// apply makes the picture at a place of a step's batch.
func (a Augment) apply(f *Field, from, into []uint8, step uint64, place int) {
	height, width := a.size(f)
	words := philox.Block([4]uint32{uint32(place), a.Stream, uint32(step), uint32(step >> 32)}, a.Seed)
	top := below(words[0], f.Height-height+1+2*a.Shift) - a.Shift
	left := below(words[1], f.Width-width+1+2*a.Shift) - a.Shift
	flip := a.Flip && words[2]&1 != 0
	turns := 0
	if a.Turn {
		turns = int(words[3] & 3)
	}
	c := f.Channels
	if turns != 0 {
		a.turned(f, from, into, top, left, flip, turns)
		return
	}
	for y := range height {
		line := from[min(max(top+y, 0), f.Height-1)*f.Width*c:][:f.Width*c]
		out := into[y*width*c:][:width*c]
		if !flip && left >= 0 && left+width <= f.Width {
			copy(out, line[left*c:])
			continue
		}
		for x := range width {
			column := left + x
			if flip {
				column = left + width - 1 - x
			}
			pixel := line[min(max(column, 0), f.Width-1)*c:]
			for k := range c {
				out[x*c+k] = pixel[k]
			}
		}
	}
}

// turned is apply for pictures that are turned by quarters, against the clock.
func (a Augment) turned(f *Field, from, into []uint8, top, left int, flip bool, turns int) {
	side, _ := a.size(f)
	last, c := side-1, f.Channels
	for y := range side {
		for x := range side {
			row, column := y, x
			for range turns {
				row, column = column, last-row
			}
			if flip {
				column = last - column
			}
			row, column = min(max(top+row, 0), f.Height-1), min(max(left+column, 0), f.Width-1)
			copy(into[(y*side+x)*c:][:c], from[(row*f.Width+column)*c:])
		}
	}
}

// below is a number from 0 to n-1 of a random word.
func below(word uint32, n int) int { return int(uint64(word) * uint64(n) >> 32) }
