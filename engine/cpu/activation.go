package cpu

import "gangpu/engine/program"

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
		unit.sigmoid(v, v)
	}
}
