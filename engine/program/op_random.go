package program

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
)

var _ = known(Uniform{}, Normal{}, DropoutMask{}, Indices{})

// Draw names a sequence of random numbers. Every number is a pure function of
// (Seed, Stream, step, index), so a run can be continued, or moved to another device, without
// carrying a generator's state: Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as
// easy as 1, 2, 3"), with
//
//	key     = (low 32 bits of Seed, high 32 bits of Seed)
//	counter = (block, Stream, step, 0)
//
// where element i of the sequence takes word i%4 of block i/4, and step is read from a [1] uint32
// array on the device when the operation runs.
//
// Element i of an operation is element First+i of the sequence: a draw of a batch is the same
// numbers, to the bit, as the draws of its parts, each with its own First. The sequence has 2^34
// elements.
type Draw struct {
	Seed   uint64
	Stream uint32
	First  int
}

// sequenceLen is the number of elements of a sequence: four for each of 2^32 blocks.
const sequenceLen = 1 << 34

// validate reports that n elements are none, or that they are not all in the sequence.
func (d Draw) validate(n int) error {
	if err := positive("length", n); err != nil {
		return err
	}
	if d.First < 0 || d.First > sequenceLen-n {
		return fmt.Errorf("elements [%d, %d+%d) of a sequence of random numbers, which has 2^34", d.First, d.First, n)
	}
	return nil
}

// Word is the word of element i of an operation that draws at a step.
func (d Draw) Word(step uint32, i int) uint32 {
	i += d.First
	return philox([4]uint32{uint32(i / 4), d.Stream, step, 0}, [2]uint32{uint32(d.Seed), uint32(d.Seed >> 32)})[i%4]
}

// unit is the number in [0, 1) that the high 24 bits of the word of element i stand for.
func (d Draw) unit(step uint32, i int) float64 { return float64(d.Word(step, i)>>8) * 0x1p-24 }

// randomDraw draws the source of n random numbers: from the first on, from any, or the last of a sequence.
func randomDraw(rng *rand.Rand, n int) Draw {
	first := pick(rng, 0, 4*rng.IntN(1<<20), rng.IntN(9), rng.IntN(sequenceLen-n+1), sequenceLen-n)
	return pick(rng, Draw{}, Draw{Seed: rng.Uint64(), Stream: rng.Uint32(), First: first}, Draw{Seed: 1, Stream: 2, First: first})
}

// Uniform draws numbers in [Low, High): Low + (High-Low)*u with u = (word>>8) * 2^-24.
// Arguments: step [1] uint32, y [N] written.
type Uniform struct {
	N int
	Draw
	Low, High float32
}

func (Uniform) Name() string             { return "uniform" }
func (Uniform) Elementwise() bool        { return true }
func (Uniform) Tolerance(string) float64 { return 4e-7 }
func (o Uniform) Validate() error        { return o.validate(o.N) }
func (o Uniform) Operands() []Operand    { return []Operand{u32("step", 1, Read), f32("y", o.N, Write)} }

func (Uniform) Random(rng *rand.Rand, limit int) Op {
	low := float32(rng.NormFloat64())
	n := size(rng, limit)
	return Uniform{N: n, Draw: randomDraw(rng, n), Low: low, High: low + float32(rng.ExpFloat64()) + 0.1}
}

// Error is of single numbers, against their range.
func (o Uniform) Error(c Comparison) float64 {
	return c.worstOf(max(math.Abs(float64(o.Low)), math.Abs(float64(o.High))))
}

func (o Uniform) Reference(a Arguments) error {
	return either(o, a, uniformLoops[float32], uniformLoops[float64])
}

func uniformLoops[E Float](o Uniform, a arrays[E]) {
	step, y := a.uint32(0)[0], a.float(1)
	for i := range y {
		y[i] = E(o.Low) + (E(o.High)-E(o.Low))*E(o.unit(step, i))
	}
}

// Normal draws normal numbers by Box and Muller (1958). Words 2j and 2j+1 of a block give
// elements z[2j] and z[2j+1] of the block's four, whatever First is:
//
//	r = sqrt(-2*ln((word[2j]+1) * 2^-32)),  a = 2*pi * word[2j+1] * 2^-32
//	z[2j] = Mean + Stddev*r*cos(a),  z[2j+1] = Mean + Stddev*r*sin(a)
//
// Devices agree to 1e-5 of Stddev. Arguments: step [1] uint32, y [N] written.
type Normal struct {
	N int
	Draw
	Mean, Stddev float32
}

func (Normal) Name() string             { return "normal" }
func (Normal) Elementwise() bool        { return true }
func (Normal) Tolerance(string) float64 { return 1e-5 }
func (o Normal) Validate() error        { return o.validate(o.N) }

func (o Normal) Operands() []Operand {
	step := u32("step", 1, Read)
	if o.Draw == (Draw{}) {
		step = step.drawn(func(rng *rand.Rand) float64 { return pick(rng, extremeSteps...) })
	}
	return []Operand{step, f32("y", o.N, Write)}
}

// extremeSteps are steps at which the first word of Draw{} is 0xfffffff3, whose logarithm a float32 of word+1 loses,
// and 1.
var extremeSteps = []float64{50893511, 84170650}

func (Normal) Random(rng *rand.Rand, limit int) Op {
	stddev := pick(rng, 1, 0.02, float32(rng.ExpFloat64())+0.1)
	n := size(rng, limit)
	return Normal{N: n, Draw: randomDraw(rng, n), Mean: stddev * pick(rng, 0, float32(rng.NormFloat64())), Stddev: stddev}
}

// Error is of single numbers, in standard deviations.
func (o Normal) Error(c Comparison) float64 { return c.worstOf(float64(o.Stddev)) }

func (o Normal) Reference(a Arguments) error {
	return either(o, a, normalLoops[float32], normalLoops[float64])
}

// normalLoops computes in float64 for either E.
func normalLoops[E Float](o Normal, a arrays[E]) {
	step, y := a.uint32(0)[0], a.float(1)
	for i := range y {
		even := i - (o.First+i)%2 // the first element of the pair
		r := math.Sqrt(-2 * math.Log((float64(o.Word(step, even))+1)*0x1p-32))
		sin, cos := math.Sincos(2 * math.Pi * float64(o.Word(step, even+1)) * 0x1p-32)
		n := r * cos
		if i != even {
			n = r * sin
		}
		y[i] = E(float64(o.Mean) + float64(o.Stddev)*n)
	}
}

// DropoutMask draws the mask of a Dropout: 0 with probability Rate, else 1/(1-Rate), so that the
// expected activation stays. An element is kept if Uniform's u, drawn alike, is at least Rate.
// Arguments: step [1] uint32, mask [N] written.
type DropoutMask struct {
	N int
	Draw
	Rate float32
}

func (DropoutMask) Name() string             { return "dropout_mask" }
func (DropoutMask) Elementwise() bool        { return true }
func (DropoutMask) Tolerance(string) float64 { return rounding }

func (o DropoutMask) Validate() error {
	if !(o.Rate >= 0 && o.Rate < 1) {
		return fmt.Errorf("dropout rate is %v, want 0 <= rate < 1", o.Rate)
	}
	return o.validate(o.N)
}

func (o DropoutMask) Operands() []Operand {
	return []Operand{u32("step", 1, Read), f32("mask", o.N, Write)}
}

func (DropoutMask) Random(rng *rand.Rand, limit int) Op {
	n := size(rng, limit)
	return DropoutMask{N: n, Draw: randomDraw(rng, n), Rate: pick(rng, 0, 0.4, 0.5, rng.Float32())}
}

func (o DropoutMask) Reference(a Arguments) error {
	return either(o, a, dropoutMaskLoops[float32], dropoutMaskLoops[float64])
}

func dropoutMaskLoops[E Float](o DropoutMask, a arrays[E]) {
	step, mask := a.uint32(0)[0], a.float(1)
	for i := range mask {
		mask[i] = 0
		if o.unit(step, i) >= float64(o.Rate) {
			mask[i] = 1 / (1 - E(o.Rate))
		}
	}
}

// Indices draws integers in [0, Limit), with replacement: the high 32 bits of word*Limit, so that
// every device draws the same. Arguments: step [1] uint32, indices [N] uint32 written.
type Indices struct {
	N int
	Draw
	Limit uint32
}

func (Indices) Name() string             { return "indices" }
func (Indices) Elementwise() bool        { return true }
func (Indices) Tolerance(string) float64 { return 0 }

func (o Indices) Validate() error {
	return errors.Join(o.validate(o.N), positive("limit", int(o.Limit)))
}

func (o Indices) Operands() []Operand {
	return []Operand{u32("step", 1, Read), u32("indices", o.N, Write)}
}

func (Indices) Random(rng *rand.Rand, limit int) Op {
	n := size(rng, limit)
	return Indices{N: n, Draw: randomDraw(rng, n), Limit: pick(rng, 1, 10, 60_000, math.MaxInt32, 1+rng.Uint32N(1<<20))}
}

func (o Indices) Reference(a Arguments) error {
	step, indices := a[0].([]uint32)[0], a[1].([]uint32)
	for i := range indices {
		indices[i] = uint32(uint64(o.Word(step, i)) * uint64(o.Limit) >> 32)
	}
	return nil
}

// philox is Philox4x32-10 (Salmon et al., 2011): four words that are a function of the counter
// and the key.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85
		rounds                   = 10
	)
	for range rounds {
		hi0, lo0 := bits.Mul32(multiplier0, counter[0])
		hi1, lo1 := bits.Mul32(multiplier1, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}
