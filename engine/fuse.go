package engine

import (
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// fuse makes an elementwise step a part of the convolution or product that computes its operand,
// where its epilogue can hold it and nothing else needs the operand. What is left takes the place of
// the elementwise step, before which all that it reads is computed.
func fuse(steps []*step) []*step {
	gateByDropped(steps)
	fused := map[*step]bool{}
	for _, s := range steps {
		x := s.args[0]
		if _, ok := s.op.(program.LeakyReLUGrad); ok {
			x = s.args[1] // dy
		}
		if !x.isScratch() || x.uses != 1 || x.def == nil {
			continue
		}
		before, ok := x.def.op.(program.Extensible)
		if !ok {
			continue
		}
		op, ok := before.Extend(func(e *program.Epilogue) bool { return extend(e, s.op) })
		if !ok {
			continue
		}
		args := slices.Clone(x.def.reads())
		for _, v := range s.args {
			if v != x {
				args = append(args, v) // the mask or gate, and the result
			}
		}
		fused[x.def] = true
		s.op, s.name, s.args = op, x.def.name, args
	}
	return slices.DeleteFunc(steps, func(s *step) bool { return fused[s] })
}

// extend adds an elementwise operation to an epilogue, and reports whether it can: its parts have
// one order, and one slope.
func extend(e *program.Epilogue, op program.Op) bool {
	a := &e.Activation
	switch op := op.(type) {
	case program.LeakyReLU:
		if a.Kind == program.Identity && !e.Mask && !e.Gate {
			*a = program.Activation{Kind: program.LeakyReLUActivation, Alpha: op.Alpha}
			return true
		}
	case program.Map:
		switch {
		case isMask(op) && !e.Mask && !e.Gate:
			e.Mask = true
			return true
		case op.Code == sigmoidCode && op.MayOverwrite(0) && a.Kind == program.Identity && !e.Mask && !e.Gate:
			a.Kind = program.SigmoidActivation
			return true
		}
	case program.LeakyReLUGrad:
		if !e.Gate && (a.Kind != program.LeakyReLUActivation || a.Alpha == op.Alpha) {
			e.Gate, a.Alpha = true, op.Alpha
			return true
		}
	}
	return false
}

// gateByDropped lets LeakyReLU's gradient go by what dropout made of LeakyReLU's output y, so that y
// itself need not be kept:
//
//	LeakyReLUGrad(y, g*mask) = LeakyReLUGrad(y*mask, g*mask)
//
// Where the mask is positive, y*mask has the sign of y; elsewhere it is zero, and g*mask is zero on
// either side of the gate. It holds for the masks of Dropout, which are zero or positive, and not for
// products by anything.
func gateByDropped(steps []*step) {
	dropped := map[[2]*value]*value{} // y and its mask
	for _, s := range steps {
		switch s.op.(type) {
		case program.Map:
			if isDropout(s.result().node) { // and no other product
				dropped[[2]*value{s.args[0], s.args[1]}] = s.result()
			}
		case program.LeakyReLUGrad:
			y, dy := s.args[0], s.args[1]
			if dy.def == nil || !isDropout(dy.node) {
				continue
			}
			if z, ok := dropped[[2]*value{y, dy.def.args[1]}]; ok {
				y.uses--
				z.uses++
				s.args[0] = z
			}
		}
	}
}

// isDropout reports whether a node is one that Dropout made. Multiply, which devices compute alike, has
// a gradient for its second operand; a mask has none.
func isDropout(n *gorgonia.Node) bool {
	o, ok := n.Op().(*operation)
	if !ok {
		return false
	}
	m, ok := o.op.(program.Map)
	return ok && isMask(m) && !o.wrt[1]
}

// isMask reports whether a map is a product of two arrays, element by element.
func isMask(op program.Map) bool {
	return op.Code == productCode && op.MayOverwrite(0) && op.MayOverwrite(1)
}

var (
	productCode = expr.Compile(product(expr.Inputs(2)...))
	sigmoidCode = expr.Compile(expr.Input(0).Sigmoid())
)
