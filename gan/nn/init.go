package nn

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gangpu/internal/philox"

	"gonum.org/v1/gonum/blas/blas64"
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
// length gain, by Gram and Schmidt's method: once, in float64, since such a matrix is far from a singular one.
func orthogonalise(y []float32, rows, columns int, gain float64) {
	n, length := rows, columns
	at := func(i, j int) int { return i*columns + j }
	if columns < rows {
		n, length = columns, rows
		at = func(i, j int) int { return j*columns + i }
	}
	basis := make([]blas64.Vector, n)
	for i := range basis {
		basis[i] = blas64.Vector{N: length, Inc: 1, Data: make([]float64, length)}
		for j := range length {
			basis[i].Data[j] = float64(y[at(i, j)])
		}
	}
	// without takes off v what it has of others, in their order.
	without := func(v blas64.Vector, others []blas64.Vector) {
		for _, w := range others {
			blas64.Axpy(-blas64.Dot(v, w), w, v)
		}
	}
	const block = 32 // vectors that a processor's cache keeps, while others are taken past them
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		for i := from; i < to; i++ {
			without(basis[i], basis[from:i])
			blas64.Scal(1/blas64.Nrm2(basis[i]), basis[i])
		}
		parallel(n-to, func(i int) { without(basis[to+i], basis[from:to]) })
	}
	for i, v := range basis {
		for j := range length {
			y[at(i, j)] = float32(gain * v.Data[j])
		}
	}
}

// parallel calls f for 0 to n-1, on all processors.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	group.Wait()
}
