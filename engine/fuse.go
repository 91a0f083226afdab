package engine

import "gangpu/engine/program"

// fuse makes LeakyReLU and Sigmoid part of the step that computes their operand, where it can apply
// them and nothing else needs the operand. Their gradients go by the result.
func fuse(steps []*step) []*step {
	var kept []*step
	for _, s := range steps {
		if a, ok := activationOf(s.op); ok {
			x := s.args[0]
			if x.isScratch() && x.uses == 1 && x.def != nil {
				if op, ok := withActivation(x.def.op, a); ok {
					x.def.op = op
					x.def.args[len(x.def.args)-1] = s.result()
					s.result().def = x.def
					continue
				}
			}
		}
		kept = append(kept, s)
	}
	return kept
}

func activationOf(op program.Op) (program.Activation, bool) {
	switch op := op.(type) {
	case program.LeakyReLU:
		return program.Activation{Kind: program.LeakyReLUActivation, Alpha: op.Alpha}, true
	case program.Sigmoid:
		return program.Activation{Kind: program.SigmoidActivation}, true
	}
	return program.Activation{}, false
}

// withActivation is op with an activation, if it can have one and has none yet.
func withActivation(op program.Op, a program.Activation) (program.Op, bool) {
	switch op := op.(type) {
	case program.Conv2D:
		if op.Activation.Kind == program.Identity {
			op.Activation = a
			return op, true
		}
	case program.Conv2DTranspose:
		if op.Activation.Kind == program.Identity {
			op.Activation = a
			return op, true
		}
	case program.MatMul:
		if op.Activation.Kind == program.Identity {
			op.Activation = a
			return op, true
		}
	}
	return nil, false
}
