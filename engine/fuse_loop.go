package engine

import (
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Maps and reductions are fused as loops: the form that both have, in which operands and results are easily changed.

// What a fused map or reduction may come to: operands that a kernel takes, instructions, and values that
// must be at hand at once, which a GPU keeps in registers.
const (
	maxSources      = 24
	maxInstructions = 240
	maxLive         = 48
)

// loop is a map or a reduction in a form that both have.
type loop struct {
	shape   []int // of all points; of a reduction the kept dimensions, then the reduced ones
	kept    int   // dimensions; all for a map
	sources []operand
	results []expr.Expr
}

// operand is an operand of a loop.
type operand struct {
	value *value
	index program.Index
}

// loopOf takes a map or a reduction apart.
func loopOf(s *step) (*loop, bool) {
	l := &loop{}
	var in []program.Source
	var code expr.Code
	switch op := s.op.(type) {
	case program.Map:
		l.shape, l.kept, in, code = slices.Clone(op.Shape), len(op.Shape), op.In, op.Code
	case program.Reduce:
		l.shape, l.kept, in, code = op.Shape(), len(op.Kept), op.In, op.Code
	default:
		return nil, false
	}
	for i, x := range in {
		l.sources = append(l.sources, operand{s.args[i], x.Index})
	}
	var err error
	l.results, err = code.Exprs()
	return l, err == nil
}

// apply makes s a step that runs the loop.
func (l *loop) apply(s *step) {
	in := make([]program.Source, len(l.sources))
	args := make([]*value, 0, len(l.sources)+1)
	for i, x := range l.sources {
		in[i] = program.Source{Len: x.value.len, Index: x.index}
		args = append(args, x.value)
	}
	code := expr.Compile(l.results...)
	switch op := s.op.(type) {
	case program.Map:
		op.Shape, op.In, op.Code = l.shape, in, code
		s.op = op
	case program.Reduce:
		op.Kept, op.Reduced, op.In, op.Code = l.shape[:l.kept], l.shape[l.kept:], in, code
		s.op = op
	}
	s.args = append(args, s.results()...)
}

// tidy drops operands that are not read, or always 0, makes one of those that are the same, and takes in
// constants.
func (l *loop) tidy() {
	var kept []operand
	with := make([]expr.Expr, len(l.sources))
	read := expr.Compile(l.results...).Inputs()
	for i, s := range l.sources {
		if !slices.Contains(read, i) {
			continue
		}
		guards, never := prune(s.index, l.shape)
		s.index = guards
		if never {
			with[i] = expr.Const(0)
			continue
		}
		if f, ok := filled(s.value); ok && len(s.index.Walk(l.shape).Guards) == 0 {
			with[i] = expr.Const(float64(f))
			continue
		}
		at := slices.IndexFunc(kept, func(k operand) bool { return k.value == s.value && sameIndex(k.index, s.index) })
		if at < 0 {
			at = len(kept)
			kept = append(kept, s)
		}
		with[i] = expr.Input(at)
	}
	for i, r := range l.results {
		l.results[i] = r.Replace(func(i int) expr.Expr { return with[i] })
	}
	if len(kept) == 0 { // A loop has one operand at least. The last one is none that was inlined.
		kept = l.sources[len(l.sources)-1:]
	}
	l.sources = kept
}

// filled is the element of a value that is filled with one.
func filled(v *value) (float32, bool) {
	if v.def == nil || !v.isScratch() {
		return 0, false
	}
	f, ok := v.def.op.(program.Fill)
	return f.Value, ok
}

// fits reports whether devices can run the loop as one.
func (l *loop) fits() bool {
	if len(l.sources) > maxSources || len(l.shape) > 8 {
		return false
	}
	code := expr.Compile(l.results...)
	instructions, live := code.Size()
	return instructions <= maxInstructions && live <= maxLive
}

// cost is about how many simple instructions a point costs.
func (l *loop) cost() int { return expr.Compile(l.results...).Cost() }

func (l *loop) points() int {
	n := 1
	for _, d := range l.shape {
		n *= d
	}
	return n
}
