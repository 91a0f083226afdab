package cpu

import (
	"math"

	"gangpu/engine/program"
)

func newSigmoid(op program.Sigmoid, x, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		unit.sigmoid(x[first:end], y[first:end])
	})}
}

func newSigmoidGrad(op program.SigmoidGrad, y, dy, dx []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		y, dx := y[first:end], dx[first:end]
		for i, d := range dy[first:end] {
			dx[i] = d * y[i] * (1 - y[i])
		}
	})}
}

func sigmoidGo(x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}
