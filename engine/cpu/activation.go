package cpu

import (
	"math"

	"gangpu/engine/program"
)

// activate applies the activation to v, in place.
func activate(a program.Activation, v []float32) {
	switch a.Kind {
	case program.LeakyReLUActivation:
		for i, x := range v {
			if !(x > 0) {
				v[i] = a.Alpha * x
			}
		}
	case program.SigmoidActivation:
		for i, x := range v {
			v[i] = float32(1 / (1 + math.Exp(-float64(x))))
		}
	}
}
