package cpu

import (
	"math"
	"unsafe"

	"gangpu/engine/program"
	"gangpu/internal/philox"
)

// wordBlock is the number of words that are drawn, and then used, at a time: they stay in the
// first-level cache.
const wordBlock = 1 << 10

// drawn makes a kernel that draws the words of y, in the place of its elements, and has use turn
// words from element first on, a multiple of 4, into elements. There are at most wordBlock.
func drawn(d program.Draw, step, y []uint32, use func(words []uint32, first int)) kernel {
	return kernel{blocks(len(y), elementBlock, func(first, end, _ int) {
		for ; first < end; first += wordBlock {
			words := y[first:min(first+wordBlock, end)]
			drawWords(d, step[0], first, words)
			use(words, first)
		}
	})}
}

// drawWords draws the words of the elements of an operation from first on.
func drawWords(d program.Draw, step uint32, first int, words []uint32) {
	first += d.First
	if used := first % 4; used != 0 { // the rest of a block
		w := philox.Block([4]uint32{uint32(first / 4), d.Stream, step}, d.Seed)
		n := copy(words, w[used:])
		words, first = words[n:], first+n
	}
	unit.philox(d.Seed, d.Stream, step, uint32(first/4), words)
}

var _ = runs(func(op program.Uniform, a arguments, _ *workspace) (kernel, error) {
	step, y := a.u32(0), a.f32(1)
	low, span := float64(op.Low), float64(op.High)-float64(op.Low)
	return drawn(op.Draw, step, asWords(y), func(words []uint32, first int) {
		y := y[first:][:len(words)]
		for i, w := range words {
			y[i] = float32(low + span*(float64(w>>8)*0x1p-24))
		}
	}), nil
})

// Normal works in float64: in float32, the logarithm of a number close to 1 has lost most of
// its digits.
var _ = runs(func(op program.Normal, a arguments, _ *workspace) (kernel, error) {
	step, y := a.u32(0), a.f32(1)
	mean, stddev := float64(op.Mean), float64(op.Stddev)
	pair := func(w0, w1 uint32) (float32, float32) {
		r := stddev * math.Sqrt(-2*math.Log((float64(w0)+1)*0x1p-32))
		sin, cos := math.Sincos(2 * math.Pi * 0x1p-32 * float64(w1))
		return float32(mean + r*cos), float32(mean + r*sin)
	}
	// wordOf draws the word of element i of the sequence.
	wordOf := func(i int) uint32 {
		return philox.Block([4]uint32{uint32(i / 4), op.Stream, step[0]}, op.Seed)[i%4]
	}
	return drawn(op.Draw, step, asWords(y), func(words []uint32, first int) {
		y := y[first:][:len(words)]
		at := op.First + first
		i := at % 2
		if i == 1 { // the other element of its pair lies before these words
			_, y[0] = pair(wordOf(at-1), words[0])
		}
		for ; i+1 < len(words); i += 2 {
			y[i], y[i+1] = pair(words[i], words[i+1])
		}
		if i < len(words) { // the other element of its pair lies behind them
			y[i], _ = pair(words[i], wordOf(at+i+1))
		}
	}), nil
})

var _ = runs(func(op program.DropoutMask, a arguments, _ *workspace) (kernel, error) {
	step, mask := a.u32(0), a.f32(1)
	keep := float32(1 / (1 - float64(op.Rate)))
	threshold := uint32(math.Ceil(float64(op.Rate) * 0x1p24)) // u >= rate as integers, of u = (word>>8) * 2^-24
	return drawn(op.Draw, step, asWords(mask), func(words []uint32, first int) {
		unit.keep(threshold<<8, keep, words, mask[first:][:len(words)])
	}), nil
})

var _ = runs(func(op program.Indices, a arguments, _ *workspace) (kernel, error) {
	step, indices := a.u32(0), a.u32(1)
	return drawn(op.Draw, step, indices, func(words []uint32, _ int) {
		for i, w := range words {
			words[i] = uint32(uint64(w) * uint64(op.Limit) >> 32)
		}
	}), nil
})

// keepGo sets mask[i] to value where words[i] >= threshold, else to 0. They may be one array.
func keepGo(threshold uint32, value float32, words []uint32, mask []float32) {
	mask = mask[:len(words)]
	values := [2]float32{0, value}
	for i, w := range words {
		kept := 0
		if w >= threshold {
			kept = 1
		}
		mask[i] = values[kept&1]
	}
}

func asWords(y []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(y))), len(y))
}
