package cpu

import (
	"math"

	"gangpu/engine/program"
)

// A batch has few logits: one task sums them, in float64.

func newBCEWithLogits(op program.BCEWithLogits, logits, labels, loss []float32) kernel {
	return kernel{{tasks: 1, run: func(_, _ int) {
		var sum float64
		for i, v := range logits {
			z := float64(v)
			sum += max(z, 0) - z*float64(labels[i]) + math.Log1p(math.Exp(-math.Abs(z)))
		}
		loss[0] = float32(sum / float64(op.N))
	}}}
}

func newBCEWithLogitsGrad(op program.BCEWithLogitsGrad, logits, labels, dloss, dlogits []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		scale := float64(dloss[0]) / float64(op.N)
		for i := first; i < end; i++ {
			s := 1 / (1 + math.Exp(-float64(logits[i])))
			dlogits[i] = float32(scale * (s - float64(labels[i])))
		}
	})}
}

func newBinaryAccuracy(op program.BinaryAccuracy, logits, labels, accuracy []float32) kernel {
	return kernel{{tasks: 1, run: func(_, _ int) {
		right := 0
		for i, z := range logits {
			if (z > 0) == (labels[i] > 0.5) {
				right++
			}
		}
		accuracy[0] = float32(float64(right) / float64(op.N))
	}}}
}
