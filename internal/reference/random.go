package reference

import (
	"math"

	"gangpu/engine/program"
)

// Uniform draws y = low + (high-low)*u with u = (word>>8) * 2^-24.
func Uniform[E Float](d program.Draw, low, high float32, step uint32, y []E) {
	for i := range y {
		y[i] = E(low) + (E(high)-E(low))*E(unit(Word(d, step, i)))
	}
}

// unit is the number in [0, 1) that the high 24 bits of a word stand for.
func unit(word uint32) float64 { return float64(word>>8) * 0x1p-24 }

// Normal draws normal numbers by Box and Muller, in float64 for either E; see [program.Normal].
func Normal[E Float](d program.Draw, mean, stddev float32, step uint32, y []E) {
	for i := range y {
		even := i - (d.First+i)%2 // the first element of the pair
		r := math.Sqrt(-2 * math.Log((float64(Word(d, step, even))+1)*0x1p-32))
		sin, cos := math.Sincos(2 * math.Pi * float64(Word(d, step, even+1)) * 0x1p-32)
		n := r * cos
		if i != even {
			n = r * sin
		}
		y[i] = E(float64(mean) + float64(stddev)*n)
	}
}

// DropoutMask draws 0 with probability rate, else 1/(1-rate).
func DropoutMask[E Float](d program.Draw, rate float32, step uint32, mask []E) {
	for i := range mask {
		mask[i] = 0
		if unit(Word(d, step, i)) >= float64(rate) {
			mask[i] = 1 / (1 - E(rate))
		}
	}
}

// Indices draws integers in [0, limit): the high 32 bits of word*limit.
func Indices(d program.Draw, limit, step uint32, indices []uint32) {
	for i := range indices {
		indices[i] = uint32(uint64(Word(d, step, i)) * uint64(limit) >> 32)
	}
}

// Images makes y [len(indices), n] of the images of n pixels that the indices name, from
// 0..255 to 0..1.
func Images[E Float](n int, pixels []uint8, indices []uint32, y []E) {
	for b, index := range indices {
		for p := range n {
			y[b*n+p] = E(pixels[int(index)*n+p]) / 255
		}
	}
}
