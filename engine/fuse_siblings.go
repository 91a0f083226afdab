package engine

import (
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Siblings are steps that read an operand in common. As one step, they read it once.

// mergeSiblings makes one of two steps that are alike and read a large operand in common, by merge, which returns nil
// where that does not pay or cannot be. It is where no step between needs the first one's result, or all that the second
// one reads is there when the first one is computed.
func mergeSiblings(steps []*step, alike func(a, b *step) bool, merge func(a, b *step) *step) []*step {
	place := map[*step]int{}
	readers := map[*value][]*step{}
	for i, s := range steps {
		place[s] = i
		for i, v := range s.reads() {
			if !slices.Contains(s.reads()[:i], v) {
				readers[v] = append(readers[v], s)
			}
		}
	}
	// readAfter reports whether a step's results are read after a place only.
	readAfter := func(s *step, at int) bool {
		for _, v := range s.results() {
			if slices.ContainsFunc(readers[v], func(r *step) bool { return place[r] <= at }) {
				return false
			}
		}
		return true
	}
	// thereAt reports whether all that a step reads is computed before a place.
	thereAt := func(s *step, at int) bool {
		return !slices.ContainsFunc(s.reads(), func(v *value) bool { return v.def != nil && place[v.def] >= at })
	}
	for i := range steps {
		for next := true; next; {
			next = false
			a := steps[i]
			if a == nil {
				break
			}
			for _, b := range siblings(a, readers, place, alike) {
				first, second := readAfter(a, place[b]), thereAt(b, place[a])
				if !first && !second {
					continue
				}
				merged := merge(a, b)
				if merged == nil {
					continue
				}
				at, free := place[b], place[a]
				if !first {
					at, free = free, at
				}
				steps[at], steps[free], place[merged] = merged, nil, at
				for _, v := range slices.Concat(a.reads(), b.reads()) {
					readers[v] = slices.DeleteFunc(readers[v], func(r *step) bool { return r == a || r == b })
				}
				for i, v := range merged.reads() {
					if !slices.Contains(merged.reads()[:i], v) {
						readers[v] = append(readers[v], merged)
					}
				}
				for _, v := range merged.results() {
					v.def = merged
				}
				next = at == i // there may be more
				break
			}
		}
	}
	return countUses(slices.DeleteFunc(steps, func(s *step) bool { return s == nil }))
}

// siblings are the steps after a that may be merged with it, in order.
func siblings(a *step, readers map[*value][]*step, place map[*step]int, alike func(a, b *step) bool) []*step {
	var all []*step
	for i, v := range a.reads() {
		if slices.Contains(a.reads()[:i], v) {
			continue
		}
		for _, b := range readers[v] {
			if place[b] > place[a] && !slices.Contains(all, b) && alike(a, b) {
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(b, c *step) int { return place[b] - place[c] })
	return all
}

// samePoints reports whether two steps are maps over as many points, or sums over as many kept and reduced points.
func samePoints(a, b *step) bool {
	p, ok := mergeable(a)
	q, also := mergeable(b)
	return ok && also && p == q && a.op.Name() == b.op.Name()
}

// mergeable reports whether a step is a map or a sum, and over how many kept and reduced points.
func mergeable(s *step) (points [2]int, ok bool) {
	product := func(shape []int) int {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return n
	}
	switch op := s.op.(type) {
	case program.Map:
		return [2]int{product(op.Shape), 1}, true
	case program.Reduce:
		return [2]int{product(op.Kept), product(op.Reduced)}, op.Kind == program.Sum
	}
	return points, false
}

// shared is how many elements two steps read in common.
func shared(a, b *step) int {
	n := 0
	for i, v := range a.reads() {
		if slices.Contains(b.reads(), v) && !slices.Contains(a.reads()[:i], v) {
			n += v.len
		}
	}
	return n
}

// mergeAlike is a step that does what two maps do, or two sums.
func mergeAlike(a, b *step) *step {
	la, okA := loopOf(a)
	lb, okB := loopOf(b)
	if !okA || !okB || 2*shared(a, b) < la.points() {
		return nil
	}
	partsA, partsB, ok := refinement(la.shape[:la.kept], lb.shape[:lb.kept])
	if !ok {
		return nil
	}
	restA, restB, ok := refinement(la.shape[la.kept:], lb.shape[lb.kept:])
	if !ok {
		return nil
	}
	la.refine(append(partsA, restA...))
	lb.refine(append(partsB, restB...))
	la.dropOnes()
	lb.dropOnes()
	if !la.join(lb) {
		return nil
	}
	merged := &step{op: a.op, name: a.name, args: slices.Concat(a.results(), b.results()), outs: len(a.results()) + len(b.results())}
	la.apply(merged)
	return merged
}

// join adds the results of another loop over the same points, and reports whether the whole fits.
func (l *loop) join(other *loop) bool {
	first := len(l.sources)
	l.sources = append(l.sources, other.sources...)
	for _, r := range other.results {
		l.results = append(l.results, r.Replace(func(j int) expr.Expr { return expr.Input(first + j) }))
	}
	l.tidy()
	return l.fits()
}
