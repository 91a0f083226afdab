package cpu

import (
	"math"

	"gangpu/engine/program"
)

var _ = runs(func(op program.LeakyReLU, a arguments, _ *workspace) (kernel, error) {
	x, y := a.f32(0), a.f32(1)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		unit.leakyReLU(op.Alpha, x[first:end], y[first:end])
	})}, nil
})

var _ = runs(func(op program.LeakyReLUGrad, a arguments, _ *workspace) (kernel, error) {
	y, dy, dx := a.f32(0), a.f32(1), a.f32(2)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		unit.leakyReLUGrad(op.Alpha, y[first:end], dy[first:end], dx[first:end])
	})}, nil
})

// leakyReLUGo looks the slope up by the sign: a branch would be mispredicted every other time.
func leakyReLUGo(alpha float32, x, y []float32) {
	y = y[:len(x)]
	slope := [2]float32{1, alpha}
	for i, v := range x {
		y[i] = v * slope[math.Float32bits(v)>>31]
	}
}

func leakyReLUGradGo(alpha float32, y, dy, dx []float32) {
	y, dx = y[:len(dy)], dx[:len(dy)]
	slope := [2]float32{alpha, 1}
	for i, d := range dy {
		positive := 0
		if y[i] > 0 {
			positive = 1
		}
		dx[i] = d * slope[positive&1]
	}
}
