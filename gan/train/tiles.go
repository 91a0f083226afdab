package train

import (
	"slices"

	"gangpu/gan/nn"
)

// near are the operations that make each place of an image of places near it, or of numbers that the model has saved.
// What any other makes of a tile may depend on the whole tile, as an instance norm does, and so be other than in the whole.
var near = []string{"relu", "tanh", "sigmoid", "softplus", "gelu", "silu", "add", "subtract", "multiply", "divide", "map",
	"leaky_relu", "prelu", "detach", "dropout", "dropout_in_use", "concat", "conv2d", "conv2d_transpose", "blur", "pool",
	"upsample_nearest", "resize_bicubic", "depth_to_space", "reflect_pad", "normalise", "pixel_norm", "spectral_norm"}

// tileable reports whether the network may make an image in tiles.
func (t *Translator) tileable() bool {
	return t.multiple > 0 && !slices.ContainsFunc(t.model.Uses[t.use].Nodes, func(n nn.SavedNode) bool { return !slices.Contains(near, n.Kind) })
}

// Tile is the size of the tiles that the last image was made in; 0 if it was made whole.
func (t *Translator) Tile() (height, width int) { return t.tile[0], t.tile[1] }

// tileOf finds the largest tile, square unless the image is narrower, that finds room in so many bytes: at least as large as
// the images that were trained on. It is 0 if there is none. height and width are multiples of what sizes divide by.
func (t *Translator) tileOf(height, width int, have uint64) (tileHeight, tileWidth int, err error) {
	fits, least := 0, max(t.image.Shape[0], t.image.Shape[1], 4*t.multiple)/t.multiple
	for low, high := least, max(height, width)/t.multiple-1; low <= high; {
		middle := (low + high) / 2
		why, err := t.unfit(min(height, middle*t.multiple), min(width, middle*t.multiple), have)
		if err != nil {
			return 0, 0, err
		}
		if why == "" {
			fits, low = middle*t.multiple, middle+1
		} else {
			high = middle - 1
		}
	}
	return min(height, fits), min(width, fits), nil
}

// tiles makes an image of one of height x width in tiles, each with the noise of a seed of its own. Neighbours overlap by a
// quarter: by the outer quarter of that a tile counts for nothing, since beside it lies what is not the image, and over the
// middle half one tile fades into the next.
func (t *Translator) tiles(pixels []float32, height, width int, to []float32, seed uint64) ([]float32, error) {
	c, s := t.Channels(), t.scale
	tileHeight, tileWidth := t.tile[0], t.tile[1]
	var all, weights []float32
	for _, y := range t.starts(height, tileHeight) {
		for _, x := range t.starts(width, tileWidth) {
			tile := make([]float32, 0, tileHeight*tileWidth*c)
			for row := range tileHeight {
				tile = append(tile, pixels[((y+row)*width+x)*c:][:tileWidth*c]...)
			}
			made, err := t.run(tile, tileHeight, tileWidth, to, seed)
			if err != nil {
				return nil, err
			}
			seed++
			channels := len(made) / (s * tileHeight * s * tileWidth)
			if all == nil {
				all, weights = make([]float32, s*height*s*width*channels), make([]float32, s*height*s*width)
			}
			across := t.fade(x, tileWidth, width)
			for row, down := range t.fade(y, tileHeight, height) {
				for column, w := range across {
					at := (s*y+row)*s*width + s*x + column
					weights[at] += down * w
					for i, v := range made[(row*s*tileWidth+column)*channels:][:channels] {
						all[at*channels+i] += down * w * v
					}
				}
			}
		}
	}
	channels := len(all) / len(weights)
	for i := range all {
		all[i] /= weights[i/channels]
	}
	return all, nil
}

// overlap is by how much neighbouring tiles of a side overlap.
func (t *Translator) overlap(tile int) int { return roundUp((tile+3)/4, t.multiple) }

// starts are where tiles along a side begin, at multiples of what sizes divide by.
func (t *Translator) starts(side, tile int) []int {
	at := []int{0}
	for last := 0; last+tile < side; {
		last = min(last+tile-t.overlap(tile), side-tile)
		at = append(at, last)
	}
	return at
}

// fade is by how much each place of what is made of a tile counts, along a side: all of it at the image's own ends.
func (t *Translator) fade(start, tile, side int) []float32 {
	n, overlap := t.scale*tile, float32(t.scale*t.overlap(tile))
	f := make([]float32, n)
	for i := range f {
		f[i] = 1
		of := func(inside int) { f[i] *= min(max((float32(inside)+0.5-overlap/4)/(overlap/2), 0), 1) }
		if start > 0 {
			of(i)
		}
		if start+tile < side {
			of(n - 1 - i)
		}
	}
	return f
}
