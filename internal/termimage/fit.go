package termimage

import (
	"image"
	"math"
)

// Gap is how many pixels a grid has between its images, and around them, before it is shrunk.
const Gap = 2

// least is how many pixels across an image must have: in fewer nobody recognises a digit.
const least = 14

// Layout is a grid of images that fits into a terminal.
type Layout struct {
	Count  int // the images that have room, at least 1
	PerRow int
	Width  int // of the whole grid when it is shrunk, pixels
}

// Fit lays images of that size out as large as so many columns and lines have room for, a pixel
// being a column wide and half a line high; no larger than they are, and in a square where there
// is room.
func Fit(count int, size image.Point, columns, lines int) Layout {
	columns, lines = max(columns, 1), max(lines, 1)
	cell := size.Add(image.Pt(Gap, Gap))
	smallest := min(least/float64(min(size.X, size.Y)), 1)
	for {
		perRow, scale := 0, 0.0
		for c := 1; c <= count; c++ {
			rows := (count + c - 1) / c
			s := min(float64(columns)/float64(c*cell.X+Gap), float64(2*lines)/float64(rows*cell.Y+Gap), 1)
			if s > scale || s == scale && c*c <= count {
				perRow, scale = c, s
			}
		}
		if scale >= smallest || count == 1 {
			return Layout{count, perRow, max(int(math.Floor(scale*float64(perRow*cell.X+Gap)+1e-9)), 1)}
		}
		count--
	}
}
