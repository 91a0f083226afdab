package cpu

import "gangpu/engine/program"

// epilogue is a program.Epilogue with its operands, nil where it has none: bias [channels], mask
// and gate as long as the result.
type epilogue struct {
	program.Activation
	bias, mask, gate []float32
}

// onTile makes a tile, whose first column is a channel, apply the bias and LeakyReLU.
func (e *epilogue) onTile(t *tile, channel int) {
	if e.bias != nil {
		t.bias = &e.bias[channel]
	}
	if e.Kind == program.LeakyReLUActivation {
		t.alpha = e.Alpha
	}
}

// afterTiles applies the rest of the epilogue to the result, if there is any. The rows of a tile lie far
// apart in a mask or gate, which came too late for short sums: one pass that streams both is faster
// there, and no slower elsewhere.
func (e *epilogue) afterTiles(y []float32) kernel {
	rest := *e
	if rest.Kind == program.LeakyReLUActivation {
		rest.Kind = program.Identity
	}
	if rest.Kind == program.Identity && rest.mask == nil && rest.gate == nil {
		return nil
	}
	return kernel{blocks(len(y), elementBlock, func(first, end, _ int) { rest.finish(y[first:end], first) })}
}

// all applies the epilogue to whole pixels v, in place: elements of the result from i on.
func (e *epilogue) all(v []float32, i int) {
	e.addBias(v)
	e.finish(v, i)
}

// part applies the epilogue to some channels v of a pixel, from channel on, in place: elements of the result from i on.
func (e *epilogue) part(v []float32, i, channel int) {
	if e.bias != nil {
		unit.axpy(1, e.bias[channel:][:len(v)], v)
	}
	e.finish(v, i)
}

// finish applies what follows the bias to v, in place: elements of the result from i on.
func (e *epilogue) finish(v []float32, i int) {
	switch e.Kind {
	case program.LeakyReLUActivation:
		unit.leakyReLU(e.Alpha, v, v)
	case program.SigmoidActivation:
		unit.sigmoid(v, v)
	}
	if e.mask != nil {
		unit.multiply(v, e.mask[i:i+len(v)], v)
	}
	if e.gate != nil {
		unit.leakyReLUGrad(e.Alpha, e.gate[i:i+len(v)], v, v)
	}
}

// addBias adds the biases, if there are any, to pixels of as many channels.
func (e *epilogue) addBias(v []float32) {
	for ; len(e.bias) > 0 && len(v) > 0; v = v[len(e.bias):] {
		unit.axpy(1, e.bias, v[:len(e.bias)])
	}
}
