package cpu

import "gangpu/engine/program"

// elementBlock is the number of elements of a task of an elementwise kernel: three arrays of them
// fit the second-level cache, and waking a worker costs less than a task.
const elementBlock = 1 << 14

var _ = runs(func(op program.Fill, a arguments, _ *workspace) (kernel, error) {
	y := a.f32(0)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		y := y[first:end]
		for i := range y {
			y[i] = op.Value
		}
	})}, nil
})

func multiplyGo(a, b, y []float32) {
	b, y = b[:len(a)], y[:len(a)]
	for i, v := range a {
		y[i] = v * b[i]
	}
}
