package cpu

import "gangpu/engine/program"

// elementBlock is the number of elements of a task of an elementwise kernel: three arrays of them
// fit the second-level cache, and waking a worker costs less than a task.
const elementBlock = 1 << 14

func newDropout(op program.Dropout, x, mask, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		unit.multiply(x[first:end], mask[first:end], y[first:end])
	})}
}

func newAdd(op program.Add, a, b, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		unit.add(a[first:end], b[first:end], y[first:end])
	})}
}

func newScale(op program.Scale, x, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		y := y[first:end]
		for i, v := range x[first:end] {
			y[i] = op.Factor * v
		}
	})}
}

func newCopy(op program.Copy, x, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		copy(y[first:end], x[first:end])
	})}
}

func newFill(op program.Fill, y []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		y := y[first:end]
		for i := range y {
			y[i] = op.Value
		}
	})}
}

func multiplyGo(a, b, y []float32) {
	b, y = b[:len(a)], y[:len(a)]
	for i, v := range a {
		y[i] = v * b[i]
	}
}

func addGo(a, b, y []float32) {
	b, y = b[:len(a)], y[:len(a)]
	for i, v := range a {
		y[i] = v + b[i]
	}
}
