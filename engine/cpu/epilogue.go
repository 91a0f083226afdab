package cpu

import "gangpu/engine/program"

// epilogue is a program.Epilogue with its operands, nil where it has none: bias [channels], mask
// and gate as long as the result.
type epilogue struct {
	program.Activation
	bias, mask, gate []float32
}

// onTile makes a tile, whose first element is element i of the result, in a channel, apply the
// epilogue, but for what is left to finish: all after the bias, unless inTile.
func (e *epilogue) onTile(t *tile, i, channel int) {
	if e.bias != nil {
		t.bias = &e.bias[channel]
	}
	if !e.inTile() {
		return
	}
	if e.Kind == program.LeakyReLUActivation {
		t.alpha = e.Alpha
	}
	if e.mask != nil {
		t.mask = &e.mask[i]
	}
	if e.gate != nil {
		t.gate, t.gateAlpha = &e.gate[i], e.Alpha
	}
}

// inTile reports whether tiles apply all of the epilogue.
func (e *epilogue) inTile() bool {
	return e.Kind == program.Identity || e.Kind == program.LeakyReLUActivation
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
