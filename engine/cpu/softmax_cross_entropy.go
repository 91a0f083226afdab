package cpu

import (
	"math"
	"slices"

	"gangpu/engine/program"
)

func newSoftmaxCrossEntropy(op program.SoftmaxCrossEntropy, logits, labels, loss []float32) kernel {
	return kernel{{tasks: 1, run: func(_, _ int) {
		var sum float64
		for i := 0; i < len(logits); i += op.Classes {
			z := logits[i : i+op.Classes]
			top, scale := exponentials(z)
			logScale := math.Log(scale)
			for c, v := range z {
				sum += float64(labels[i+c]) * (logScale - (float64(v) - top))
			}
		}
		loss[0] = float32(sum / float64(op.Rows))
	}}}
}

func newSoftmaxCrossEntropyGrad(op program.SoftmaxCrossEntropyGrad, logits, labels, dloss, dlogits []float32) kernel {
	const rowBlock = 64
	return kernel{blocks(op.Rows, rowBlock, func(first, end, _ int) {
		factor := float64(dloss[0]) / float64(op.Rows)
		for i := first * op.Classes; i < end*op.Classes; i += op.Classes {
			z := logits[i : i+op.Classes]
			top, scale := exponentials(z)
			for c, v := range z {
				dlogits[i+c] = float32(factor * (math.Exp(float64(v)-top)/scale - float64(labels[i+c])))
			}
		}
	})}
}

// exponentials are the largest of z and the sum of exp(z-top).
func exponentials(z []float32) (top, sum float64) {
	top = float64(slices.Max(z))
	for _, v := range z {
		sum += math.Exp(float64(v) - top)
	}
	return top, sum
}

func newCategoricalAccuracy(op program.CategoricalAccuracy, logits, labels, accuracy []float32) kernel {
	return kernel{{tasks: 1, run: func(_, _ int) {
		right := 0
		for i := 0; i < len(logits); i += op.Classes {
			if largest(logits[i:i+op.Classes]) == largest(labels[i:i+op.Classes]) {
				right++
			}
		}
		accuracy[0] = float32(float64(right) / float64(op.Rows))
	}}}
}

// largest is the index of the largest element, of the first of equals.
func largest(row []float32) int {
	best := 0
	for c, v := range row {
		if v > row[best] {
			best = c
		}
	}
	return best
}
