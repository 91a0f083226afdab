package selftest

import (
	"iter"
	"math"
	"math/rand/v2"

	"gangpu/engine/program"
)

// casesOf are the cases of a kind of operation: the tutorial's layers, where they are of it, and
// random ones. They are the same for every device.
func (s Size) casesOf(kind program.Op) iter.Seq[*opCase] {
	return func(yield func(*opCase) bool) {
		var name uint64
		for _, c := range kind.Name() {
			name = name*31 + uint64(c)
		}
		rng := rand.New(rand.NewPCG(name, 1))
		for _, l := range layers {
			if l.op.Name() == kind.Name() && l.work <= s.Work && !yield(newCase(rng, l.op)) {
				return
			}
		}
		for range s.Cases {
			// Small ones find most faults, and say more about them.
			limit := max(int(float64(s.Work/16)*math.Pow(rng.Float64(), 4)), 16)
			if !yield(newCase(rng, kind.Random(rng, limit))) {
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
		// So few pixels that the CPU reads the weights where they lie.
		{Batch: batch, InH: 5, InW: 7, InC: 67, OutC: 131, FilterH: 2, FilterW: 3, StrideH: 2, StrideW: 1},
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
		// Batches.
		{Batch: 3, M: 33, N: 20, K: 24, Epilogue: forward},
		{Batch: 2, M: 12, N: 65, K: 300, TransB: true, Epilogue: backward},
		{Batch: 3, M: 20, N: 36, K: 16, TransA: true, SharedA: true},
		{Batch: 2, M: 31, N: 8, K: 33, TransA: true, TransB: true, SharedB: true, Epilogue: forward},
		{Batch: 2, M: 80, N: 70, K: 40, TransB: true},
	} {
		add(m.Products()*m.M*m.N*m.K, m)
	}
	images := program.Images{Batch: 1<<16 + 1, Pixels: 1, Count: 2} // more than a grid has blocks along y
	add(images.Batch, images)
	return all
}()
