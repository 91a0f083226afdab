package selftest

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"gangpu/engine/program"
)

// An operation draws shapes and attributes of one kind of program.Op, of at most limit
// multiply-adds or elements.
type operation struct {
	name string
	draw func(rng *rand.Rand, limit int) program.Op
}

// operations are all that a device must know.
var operations = slices.Concat(mapOperations, []operation{
	{"conv2d", func(rng *rand.Rand, limit int) program.Op {
		return program.Conv2D{Geometry: geometry(rng, limit), Epilogue: epilogue(rng)}
	}},
	{"conv2d_transpose", func(rng *rand.Rand, limit int) program.Op {
		return program.Conv2DTranspose{Geometry: geometry(rng, limit), Epilogue: epilogue(rng)}
	}},
	{"conv2d_input_grad", func(rng *rand.Rand, limit int) program.Op {
		return program.Conv2DInputGrad{Geometry: geometry(rng, limit), Epilogue: epilogue(rng)}
	}},
	{"conv2d_filter_grad", func(rng *rand.Rand, limit int) program.Op {
		return program.Conv2DFilterGrad{Geometry: geometry(rng, limit)}
	}},
	{"matmul", func(rng *rand.Rand, limit int) program.Op {
		op := program.MatMul{M: size(rng, limit), TransA: coin(rng), TransB: coin(rng), Epilogue: epilogue(rng)}
		op.N = size(rng, limit/op.M)
		op.K = size(rng, limit/(op.M*op.N))
		if coin(rng) {
			op.M, op.K = op.K, op.M
		}
		if rng.IntN(4) == 0 {
			op.Batch, op.Epilogue = size(rng, min(limit/(op.M*op.N*op.K)+2, 9)), program.Epilogue{}
		}
		return op
	}},
	{"leaky_relu", func(rng *rand.Rand, limit int) program.Op {
		return program.LeakyReLU{N: size(rng, limit), Alpha: slope(rng)}
	}},
	{"leaky_relu_grad", func(rng *rand.Rand, limit int) program.Op {
		return program.LeakyReLUGrad{N: size(rng, limit), Alpha: slope(rng)}
	}},
	{"fill", func(rng *rand.Rand, limit int) program.Op {
		return program.Fill{N: size(rng, limit), Value: pick(rng, 0, 1, float32(rng.NormFloat64()))}
	}},
	{"uniform", func(rng *rand.Rand, limit int) program.Op {
		low := float32(rng.NormFloat64())
		n := size(rng, limit)
		return program.Uniform{N: n, Draw: draw(rng, n), Low: low, High: low + float32(rng.ExpFloat64()) + 0.1}
	}},
	{"normal", func(rng *rand.Rand, limit int) program.Op {
		stddev := pick(rng, 1, 0.02, float32(rng.ExpFloat64())+0.1)
		n := size(rng, limit)
		return program.Normal{N: n, Draw: draw(rng, n), Mean: stddev * pick(rng, 0, float32(rng.NormFloat64())), Stddev: stddev}
	}},
	{"dropout_mask", func(rng *rand.Rand, limit int) program.Op {
		n := size(rng, limit)
		return program.DropoutMask{N: n, Draw: draw(rng, n), Rate: pick(rng, 0, 0.4, 0.5, rng.Float32())}
	}},
	{"indices", func(rng *rand.Rand, limit int) program.Op {
		n := size(rng, limit)
		return program.Indices{N: n, Draw: draw(rng, n), Limit: pick(rng, 1, 10, 60_000, math.MaxInt32, 1+rng.Uint32N(1<<20))}
	}},
	{"images", func(rng *rand.Rand, limit int) program.Op {
		op := program.Images{Pixels: pick(rng, 784, 49, 3072, 1+rng.IntN(40))}
		op.Batch = size(rng, max(limit/op.Pixels, 1))
		op.Count = 1 + rng.IntN(20)
		return op
	}},
	{"adam", func(rng *rand.Rand, limit int) program.Op {
		return program.Adam{N: size(rng, limit), LearningRate: pick(rng, 2e-4, 0.01, 0.5),
			Beta1: pick(rng, 0, 0.5, 0.9), Beta2: pick(rng, 0.9, 0.999), Epsilon: pick(rng, 1e-7, 1e-3)}
	}},
	{"ema", func(rng *rand.Rand, limit int) program.Op {
		return program.EMA{N: size(rng, limit), Decay: pick(rng, 0, 0.5, 0.999)}
	}},
	{"increment", func(rng *rand.Rand, limit int) program.Op {
		return program.Increment{N: size(rng, min(limit, 1000)), Delta: pick(rng, 1, rng.Uint32())}
	}},
})

// casesOf are the cases of an operation: the tutorial's layers, where they are of its kind, and
// random ones. They are the same for every device.
func (s Size) casesOf(o operation) iter.Seq[*opCase] {
	return func(yield func(*opCase) bool) {
		var name uint64
		for _, c := range o.name {
			name = name*31 + uint64(c)
		}
		rng := rand.New(rand.NewPCG(name, 1))
		for _, l := range layers {
			if l.op.Name() == o.name && l.work <= s.Work && !yield(newCase(rng, l.op)) {
				return
			}
		}
		for range s.Cases {
			// Small ones find most faults, and say more about them.
			limit := max(int(float64(s.Work/16)*math.Pow(rng.Float64(), 4)), 16)
			if !yield(newCase(rng, o.draw(rng, limit))) {
				return
			}
		}
	}
}

// layers are the operations of a GAN on 28x28 images, two a batch, and some like the largest of them
// for devices that are too slow for that.
var layers = func() (all []struct {
	op   program.Op
	work int
}) {
	add := func(work int, ops ...program.Op) {
		for _, op := range ops {
			all = append(all, struct {
				op   program.Op
				work int
			}{op, work})
		}
	}
	leaky := program.Activation{Kind: program.LeakyReLUActivation, Alpha: 0.3}
	forward := program.Epilogue{Bias: true, Activation: leaky}
	backward := program.Epilogue{Mask: true, Gate: true, Activation: program.Activation{Alpha: 0.3}}
	const batch = 2
	for _, g := range []program.Geometry{
		{Batch: batch, InH: 28, InW: 28, InC: 1, OutC: 32, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 14, InW: 14, InC: 32, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 14, InW: 14, InC: 64, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 28, InW: 28, InC: 32, OutC: 64, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2},
		{Batch: batch, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1},
		{Batch: batch, InH: 28, InW: 28, InC: 5, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1},
		{Batch: batch, InH: 25, InW: 28, InC: 3, OutC: 1, FilterH: 20, FilterW: 21, StrideH: 1, StrideW: 1},
		{Batch: batch, InH: 9, InW: 9, InC: 8, OutC: 1, FilterH: 9, FilterW: 9, StrideH: 1, StrideW: 1},
		// Inputs of outputs that lie far apart: too far for a short Fourier transform.
		{Batch: batch, InH: 24, InW: 23, InC: 2, OutC: 1, FilterH: 24, FilterW: 23, StrideH: 1, StrideW: 1, Padding: program.Explicit(23, 0, 22, 0)},
		{Batch: batch, InH: 24, InW: 23, InC: 2, OutC: 1, FilterH: 24, FilterW: 23, StrideH: 1, StrideW: 1, Padding: program.Explicit(0, 23, 0, 22)},
		// Layers of PyTorch's networks.
		{Batch: batch, InH: 16, InW: 16, InC: 16, OutC: 32, FilterH: 4, FilterW: 4, StrideH: 2, StrideW: 2, Padding: program.Explicit(1, 1, 1, 1)},
		{Batch: batch, InH: 16, InW: 16, InC: 16, OutC: 32, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2, Padding: program.Explicit(1, 0, 1, 0)},
	} {
		add(g.MACs(), program.Conv2D{Geometry: g, Epilogue: forward}, program.Conv2DInputGrad{Geometry: g, Epilogue: backward},
			program.Conv2DFilterGrad{Geometry: g}, program.Conv2DTranspose{Geometry: g, Epilogue: forward})
	}
	for _, m := range []program.MatMul{
		{M: batch, N: 3136, K: 100, Epilogue: forward},
		{M: 100, N: 3136, K: batch, TransA: true},
		{M: batch, N: 100, K: 3136, TransB: true, Epilogue: backward},
		{M: batch, N: 1, K: 3136, Epilogue: program.Epilogue{Bias: true}},
		{M: 3136, N: 1, K: batch, TransA: true},
		{M: batch, N: 3136, K: 1, TransB: true, Epilogue: backward},
		{M: 33, N: 40, K: 20, TransA: true, TransB: true}, // no layer, but its gradients' gradients
		{M: 40, N: 5, K: 33, TransA: true, TransB: true},
	} {
		add(m.M*m.N*m.K, m)
	}
	return all
}()

// geometry draws a convolution.
func geometry(rng *rand.Rand, limit int) program.Geometry {
	for {
		var g program.Geometry
		switch rng.IntN(3) {
		case 0: // small and odd, the filter often larger than the image
			g = program.Geometry{Batch: 1 + rng.IntN(3), InH: 1 + rng.IntN(8), InW: 1 + rng.IntN(8),
				InC: 1 + rng.IntN(5), OutC: 1 + rng.IntN(5), FilterH: 1 + rng.IntN(9), FilterW: 1 + rng.IntN(9),
				StrideH: 1 + rng.IntN(4), StrideW: 1 + rng.IntN(4)}
		case 1: // a layer
			filter, stride := pick(rng, 1, 3, 3, 4, 5), pick(rng, 1, 2, 2, 3)
			g = program.Geometry{Batch: pick(rng, 1, 2, 3, 5), InH: 4 + rng.IntN(20), InC: channels(rng), OutC: channels(rng),
				FilterH: filter, FilterW: filter, StrideH: stride, StrideW: stride}
			g.InW = pick(rng, g.InH, 4+rng.IntN(20))
		case 2: // a filter of the image's size, on one channel or to one
			g = program.Geometry{Batch: pick(rng, 1, 2, 3), InH: 5 + rng.IntN(25), InC: channels(rng), OutC: 1, StrideH: 1, StrideW: 1}
			g.InW = pick(rng, g.InH, 5+rng.IntN(25))
			g.FilterH, g.FilterW = pick(rng, g.InH, g.InH+1, 5+rng.IntN(25)), pick(rng, g.InW, g.InW-1, 5+rng.IntN(25))
			if rng.IntN(3) == 0 {
				g.InC, g.OutC = g.OutC, g.InC
			}
		}
		g.Padding = pick(rng, program.Same, program.Same, program.Valid, program.Valid,
			program.Explicit(rng.IntN(3), rng.IntN(4)-1, rng.IntN(3), rng.IntN(4)-1),
			program.Explicit(rng.IntN(g.FilterH), rng.IntN(g.FilterH), rng.IntN(g.FilterW), rng.IntN(g.FilterW)))
		if g.Validate() == nil && max(g.MACs(), g.InLen(), g.OutLen(), g.FilterLen()) <= max(limit, 500) {
			return g
		}
	}
}

// size draws a length between 1 and limit: around a multiple of what kernels cut work into, or
// any, small ones as often as large.
func size(rng *rand.Rand, limit int) int {
	n := pick(rng, 4, 8, 16, 32, 64, 128, 256, 1024, 4096) + rng.IntN(3) - 1
	if n > limit || coin(rng) {
		n = int(math.Pow(float64(limit)+1, rng.Float64()))
	}
	return min(max(n, 1), max(limit, 1))
}

func channels(rng *rand.Rand) int {
	return pick(rng, 1, 2, 3, 4, 8, 16, 17, 31, 32, 33, 64, 1+rng.IntN(70))
}

func epilogue(rng *rand.Rand) program.Epilogue {
	e := program.Epilogue{Bias: coin(rng), Activation: activation(rng), Mask: coin(rng), Gate: coin(rng)}
	if e.Gate {
		e.Activation.Alpha = slope(rng)
	}
	return e
}

func activation(rng *rand.Rand) program.Activation {
	switch rng.IntN(3) {
	case 0:
		return program.Activation{Kind: program.LeakyReLUActivation, Alpha: slope(rng)}
	case 1:
		return program.Activation{Kind: program.SigmoidActivation}
	}
	return program.Activation{}
}

// draw draws the source of n random numbers: from the first on, from any, or the last of a sequence.
func draw(rng *rand.Rand, n int) program.Draw {
	const all = 1 << 34
	first := pick(rng, 0, 4*rng.IntN(1<<20), rng.IntN(9), rng.IntN(all-n+1), all-n)
	return pick(rng, program.Draw{}, program.Draw{Seed: rng.Uint64(), Stream: rng.Uint32(), First: first},
		program.Draw{Seed: 1, Stream: 2, First: first})
}

func slope(rng *rand.Rand) float32 { return pick[float32](rng, 0, 0.01, 0.2, 0.3, 1) }

func coin(rng *rand.Rand) bool { return rng.IntN(2) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }
