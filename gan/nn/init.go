package nn

import (
	"fmt"
	"math"

	"gangpu/internal/philox"
)

// Initialiser says what a parameter is before training. The zero value is Glorot's for a kernel, and 0 for others.
type Initialiser struct {
	kind       string
	mean, dev  float64
	multiplier float64 // of Equalised
}

// The initialisers.
var (
	// GlorotUniform is uniform within +-sqrt(6/(in+out)) (Glorot and Bengio, 2010).
	GlorotUniform = Initialiser{kind: "glorot_uniform"}
	// HeNormal is normal with a deviation of sqrt(2/in) (He et al., 2015).
	HeNormal = Initialiser{kind: "he_normal"}
	// Zeros and Ones are constants.
	Zeros, Ones = Constant(0), Constant(1)
)

// Constant is v everywhere.
func Constant(v float64) Initialiser { return Initialiser{kind: "constant", mean: v} }

// RandomNormal is normal of that mean and deviation.
func RandomNormal(mean, deviation float64) Initialiser {
	return Initialiser{kind: "normal", mean: mean, dev: deviation}
}

// RandomUniform is uniform in [-limit, limit).
func RandomUniform(limit float64) Initialiser { return Initialiser{kind: "uniform", dev: limit} }

// Orthogonal makes the kernel, seen as a matrix [rows, out] of all of its axes but the last, a part of an
// orthogonal matrix times the gain (Saxe et al., 2014).
func Orthogonal(gain float64) Initialiser { return Initialiser{kind: "orthogonal", dev: gain} }

// Equalised equalises the learning rate (Karras et al., 2018, section 4.1). A kernel is normal with a deviation of
// 1/multiplier, and its layer multiplies it by multiplier*gain/sqrt(in) at each use, where in is the number of inputs
// (times taps) of one output: every layer then moves at one relative pace under an optimizer such as Adam, whose steps do
// not depend on the scale of a gradient. A layer that learns slower than others by a factor has that multiplier, by
// which it multiplies its bias as well (Karras et al., 2019, appendix C); 1 is none. A gain of sqrt(2) is He's.
func Equalised(gain, multiplier float64) Initialiser {
	return Initialiser{kind: "equalised", dev: gain, multiplier: multiplier}
}

// atUse is the number that a layer multiplies a kernel and a bias by.
func (i Initialiser) atUse(in int) (kernel, bias float64) {
	if i.kind != "equalised" {
		return 1, 1
	}
	return i.multiplier * i.dev / math.Sqrt(float64(in)), i.multiplier
}

func (i Initialiser) String() string {
	switch i.kind {
	case "constant":
		return fmt.Sprint(i.mean)
	case "normal":
		return fmt.Sprintf("normal(%v, %v)", i.mean, i.dev)
	case "uniform", "orthogonal":
		return fmt.Sprintf("%s(%v)", i.kind, i.dev)
	case "equalised":
		return fmt.Sprintf("equalised(%v, %v)", i.dev, i.multiplier)
	case "":
		return "default"
	}
	return i.kind
}

// Values are the initial values of p, a function of the seed and the stream alone: the same on all devices.
func (p Parameter) Values(seed uint64, stream uint32) []float32 {
	y := make([]float32, p.Len())
	in, out := float64(max(p.Fans.In, 1)), float64(max(p.Fans.Out, 1))
	init := p.Init
	if init == (Initialiser{}) {
		init = Zeros
		if p.Fans != (Fans{}) {
			init = GlorotUniform
		}
	}
	switch init.kind {
	case "constant":
		for i := range y {
			y[i] = float32(init.mean)
		}
	case "glorot_uniform":
		fillUniform(y, math.Sqrt(6/(in+out)), seed, stream)
	case "uniform":
		fillUniform(y, init.dev, seed, stream)
	case "he_normal":
		fillNormal(y, 0, math.Sqrt(2/in), seed, stream)
	case "normal":
		fillNormal(y, init.mean, init.dev, seed, stream)
	case "equalised":
		fillNormal(y, 0, 1/init.multiplier, seed, stream)
	case "orthogonal":
		fillNormal(y, 0, 1, seed, stream)
		columns := p.Shape[len(p.Shape)-1]
		orthogonalise(y, len(y)/columns, columns, init.dev)
	}
	return y
}

// fillUniform draws as program.Uniform does: Low + (High-Low)*u, with u the high 24 bits of a word.
func fillUniform(y []float32, limit float64, seed uint64, stream uint32) {
	low, span := float32(-limit), float32(limit)-float32(-limit)
	for i := 0; i < len(y); i += 4 {
		for j, word := range philox.Block([4]uint32{uint32(i / 4), stream, 0, 0}, seed) {
			if i+j < len(y) {
				y[i+j] = low + span*(float32(word>>8)*(1.0/(1<<24)))
			}
		}
	}
}

// fillNormal draws as program.Normal does, by Box and Muller, in float64.
func fillNormal(y []float32, mean, deviation float64, seed uint64, stream uint32) {
	for i := 0; i < len(y); i += 4 {
		w := philox.Block([4]uint32{uint32(i / 4), stream, 0, 0}, seed)
		for j := range 4 {
			if i+j >= len(y) {
				break
			}
			r := math.Sqrt(-2 * math.Log((float64(w[j&^1])+1)*0x1p-32))
			sin, cos := math.Sincos(2 * math.Pi * float64(w[j|1]) * 0x1p-32)
			if j%2 == 0 {
				y[i+j] = float32(mean + deviation*r*cos)
			} else {
				y[i+j] = float32(mean + deviation*r*sin)
			}
		}
	}
}

// orthogonalise makes the rows, or the columns if they are fewer, of a matrix of normal numbers orthogonal and of
// length gain, by Gram and Schmidt's method, twice for the sake of rounding.
func orthogonalise(y []float32, rows, columns int, gain float64) {
	n, length := rows, columns
	at := func(i, j int) int { return i*columns + j }
	if columns < rows {
		n, length = columns, rows
		at = func(i, j int) int { return j*columns + i }
	}
	basis := make([]float64, n*length)
	for i := range n {
		v := basis[i*length:][:length]
		for j := range v {
			v[j] = float64(y[at(i, j)])
		}
		for range 2 {
			for k := range i {
				w := basis[k*length:][:length]
				dot := 0.0
				for j := range v {
					dot += v[j] * w[j]
				}
				for j := range v {
					v[j] -= dot * w[j]
				}
			}
		}
		sum := 0.0
		for _, x := range v {
			sum += x * x
		}
		for j := range v {
			v[j] /= math.Sqrt(sum)
			y[at(i, j)] = float32(gain * v[j])
		}
	}
}
