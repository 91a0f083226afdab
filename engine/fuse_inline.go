package engine

import (
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// A map becomes a part of those that read its result: their indices are composed, and its expression takes the place
// of the operand.

// inlineMaps computes a map where its result is read, if all readers can do that and it saves traffic.
func inlineMaps(steps []*step) []*step {
	readers := map[*value][]*step{}
	for _, s := range steps {
		for _, v := range s.reads() {
			if !slices.Contains(readers[v], s) {
				readers[v] = append(readers[v], s)
			}
		}
	}
	gone := map[*step]bool{}
	for _, p := range steps {
		if _, ok := p.op.(program.Map); !ok {
			continue
		}
		producer, ok := loopOf(p)
		if !ok {
			continue
		}
		producer.tidy()
		producer.apply(p)
		results := p.results()
		if len(results) != 1 || !results[0].isScratch() || len(readers[results[0]]) == 0 {
			continue
		}
		v := results[0]
		fused := make([]*loop, len(readers[v]))
		for i, c := range readers[v] {
			consumer, ok := loopOf(c)
			if !ok {
				fused = nil
				break
			}
			if fused[i] = consumer.inline(producer, v); fused[i] == nil {
				fused = nil
				break
			}
		}
		if fused == nil || !pays(producer, v, fused) {
			continue
		}
		for i, c := range readers[v] {
			fused[i].apply(c)
		}
		gone[p] = true
		for _, s := range producer.sources { // now read by v's readers
			readers[s.value] = slices.DeleteFunc(readers[s.value], func(r *step) bool { return r == p })
			for _, c := range readers[v] {
				if slices.Contains(c.reads(), s.value) && !slices.Contains(readers[s.value], c) {
					readers[s.value] = append(readers[s.value], c)
				}
			}
		}
	}
	steps = slices.DeleteFunc(steps, func(s *step) bool { return gone[s] })
	return countUses(steps)
}

// pays reports whether computing p in each of its readers costs less than writing its result v and
// reading it again: in elements that are moved, and in arithmetic.
func pays(p *loop, v *value, readers []*loop) bool {
	const (
		cheap  = 3  // instructions that may be repeated at will
		repeat = 24 // instructions that may be computed again
	)
	cost, again := p.cost(), 0
	saved, more := v.len, 0
	for _, s := range p.sources {
		saved += min(s.value.len, p.points())
	}
	for _, r := range readers {
		if r.points() > 2*p.points() && cost > cheap {
			return false
		}
		saved += min(v.len, r.points())
		again += cost
		for i, s := range r.sources {
			if slices.ContainsFunc(p.sources, func(q operand) bool { return q.value == s.value }) &&
				!slices.ContainsFunc(r.sources[:i], func(q operand) bool { return q.value == s.value }) {
				more += min(s.value.len, r.points())
			}
		}
	}
	return again-cost <= repeat && more <= saved
}

// inline is the loop with the map p in the place of its result v, or nil if one of the indices by which v is
// read does not allow it, or the whole would be too large.
func (l *loop) inline(p *loop, v *value) *loop {
	out := &loop{shape: l.shape, kept: l.kept, sources: slices.Clone(l.sources), results: slices.Clone(l.results)}
	for i := range l.sources {
		if out.sources[i].value == v && !out.inlineSource(i, p) {
			return nil
		}
	}
	out.tidy()
	if !out.fits() {
		return nil
	}
	return out
}

// inlineSource computes p where operand i of the loop is read. Both are cut to dimensions as fine as the
// other's, so that each axis by which the operand is read is one dimension of p.
func (l *loop) inlineSource(i int, p *loop) bool {
	x := l.sources[i].index
	rank := slices.IndexFunc(x.Axes, func(a program.Axis) bool { return a.Stride == 0 })
	if rank < 0 {
		rank = len(x.Axes)
	}
	sizes := make([]int, rank)
	for t := range sizes {
		sizes[t] = x.Axes[t].Size
	}
	ofAxes, ofDims, ok := refinement(sizes, p.shape)
	if !ok || x.Base != 0 {
		return false
	}
	for t := rank - 1; t >= 0; t-- {
		if len(ofAxes[t]) > 1 && !l.splitAxis(i, t, ofAxes[t]) {
			return false
		}
	}
	x = l.sources[i].index
	inner := &loop{shape: p.shape, kept: p.kept, sources: slices.Clone(p.sources), results: p.results}
	inner.refine(ofDims)

	// The place along each dimension of p is that along an axis of x, what is left of x is conditions.
	var conditions []program.Axis
	var along []program.Axis
	inside := true
	for _, a := range x.Axes {
		low, high := a.Range(l.shape)
		within := low >= 0 && high < a.Size && a.Div == 1
		inside = inside && within
		if a.Stride != 0 && a.Size > 1 {
			along = append(along, a)
		} else if !within {
			a.Stride = 0
			conditions = append(conditions, a)
		}
	}
	if !inside && !inner.isZeroOfZeros() {
		return false
	}
	position := make([]program.Axis, len(inner.shape))
	for d, size := range inner.shape {
		if position[d] = (program.Axis{Size: 1, Coef: make([]int, len(l.shape)), Div: 1}); size > 1 {
			position[d], along = along[0], along[1:]
		}
	}
	first := len(l.sources)
	for _, s := range inner.sources {
		y, err := s.index.Compose(position, l.shape)
		if err != nil {
			return false
		}
		y.Axes = append(y.Axes, conditions...)
		y = y.Distinct()
		l.sources = append(l.sources, operand{s.value, y})
	}
	e := inner.results[0].Replace(func(j int) expr.Expr { return expr.Input(first + j) })
	for k, r := range l.results {
		l.results[k] = r.Replace(func(j int) expr.Expr {
			if j == i {
				return e
			}
			return expr.Input(j)
		})
	}
	return true
}

// isZeroOfZeros reports whether a map is 0 where all of its operands are.
func (l *loop) isZeroOfZeros() bool {
	eval, err := expr.Compile(l.results...).Evaluator()
	if err != nil {
		return false
	}
	out := make([]float64, len(l.results))
	eval.Eval(out, make([]float64, len(l.sources)))
	return out[0] == 0
}
