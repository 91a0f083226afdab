package reference

import (
	"math"

	"gangpu/engine/program"
)

// Finish applies an epilogue to y in place, all but the bias, with which sums begin. mask and gate
// may be nil where it has none.
func Finish[E Float](e program.Epilogue, mask, gate, y []E) {
	switch e.Activation.Kind {
	case program.LeakyReLUActivation:
		LeakyReLU(e.Activation.Alpha, y, y)
	case program.SigmoidActivation:
		Sigmoid(y, y)
	}
	if e.Mask {
		Dropout(y, mask, y)
	}
	if e.Gate {
		LeakyReLUGrad(e.Activation.Alpha, gate, y, y)
	}
}

// LeakyReLU is y = x where x > 0, else alpha*x.
func LeakyReLU[E Float](alpha float32, x, y []E) {
	for i, v := range x {
		if !(v > 0) {
			v *= E(alpha)
		}
		y[i] = v
	}
}

// LeakyReLUGrad is dx = dy where LeakyReLU's output y > 0, else alpha*dy.
func LeakyReLUGrad[E Float](alpha float32, y, dy, dx []E) {
	for i, d := range dy {
		if !(y[i] > 0) {
			d *= E(alpha)
		}
		dx[i] = d
	}
}

// Sigmoid is y = 1/(1+exp(-x)).
func Sigmoid[E Float](x, y []E) {
	for i, v := range x {
		y[i] = sigmoid(v)
	}
}

func sigmoid[E Float](x E) E { return E(1 / (1 + math.Exp(-float64(x)))) }

// Dropout is y = x*mask.
func Dropout[E Float](x, mask, y []E) {
	for i, v := range x {
		y[i] = v * mask[i]
	}
}

// Fill is y = value.
func Fill[E Float](value float32, y []E) {
	for i := range y {
		y[i] = E(value)
	}
}
