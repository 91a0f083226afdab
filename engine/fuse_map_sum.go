package engine

import (
	"slices"

	"gangpu/engine/program"
)

// A map and a sum of the same points become one step, a map with sums beside it: the gradient of an activation with a
// slope for each channel, and that of the slopes; that of what a norm reads, and of its scales.

// mapAndSum reports whether one of two steps is a map, and the other one a sum of as many points.
func mapAndSum(a, b *step) bool {
	p, ok := mergeable(a)
	q, also := mergeable(b)
	return ok && also && p[0]*p[1] == q[0]*q[1] && a.op.Name() != b.op.Name()
}

// mergeMapAndSum is a step that does what both do. It is nil if they share little, if they do not walk an operand that
// they share in one order, or if the dimensions that are added up do not lie together in it.
func mergeMapAndSum(a, b *step) *step {
	name := a.name
	if _, ok := a.op.(program.Map); !ok {
		a, b = b, a
	}
	each, okEach := loopOf(a)
	sum, okSum := loopOf(b)
	if !okEach || !okSum || 2*shared(a, b) < each.points() || len(sum.results) > maxSums {
		return nil
	}
	each.dropOnes()
	sum.dropOnes()
	order := sum.orderOf(each)
	if order == nil {
		return nil
	}
	added := make([]bool, len(order)) // dimensions of the sum, in that order
	for d, of := range order {
		added[d] = of >= sum.kept
	}
	sum.permute(order)
	partsOfEach, parts, ok := refinement(each.shape, sum.shape)
	if !ok {
		return nil
	}
	each.refine(partsOfEach)
	sum.refine(parts)
	var fine []bool
	for d := range parts {
		fine = append(fine, slices.Repeat(added[d:d+1], len(parts[d]))...)
	}
	first := slices.Index(fine, true)
	end := first + 1
	for first >= 0 && end < len(fine) && fine[end] {
		end++
	}
	if first < 0 || slices.Contains(fine[end:], true) || !each.join(sum) {
		return nil
	}
	sums := len(b.results())
	merged := &step{op: a.op, name: name, args: slices.Concat(a.results(), b.results()), outs: len(a.results()) + sums}
	each.apply(merged)
	merged.op = program.MapSum{Map: merged.op.(program.Map), First: first, End: end, Sums: sums}
	return merged
}

// maxSums is how many sums a step may have.
const maxSums = 8

// orderOf is an order of the loop's dimensions in which it walks an operand, element by element, as a map does that
// reads it, too; nil if there is none.
func (l *loop) orderOf(each *loop) []int {
	for _, s := range l.sources {
		if s.value.len != each.points() || !slices.ContainsFunc(each.sources, func(e operand) bool {
			w := e.index.Walk(each.shape)
			return e.value == s.value && w.Base == 0 && w.IsDense(each.shape)
		}) {
			continue
		}
		w := s.index.Walk(l.shape)
		order, shape, stride := count(len(l.shape)), make([]int, len(l.shape)), make([]int, len(l.shape))
		slices.SortStableFunc(order, func(a, b int) int { return w.Stride[b] - w.Stride[a] })
		for d, of := range order {
			shape[d], stride[d] = l.shape[of], w.Stride[of]
		}
		if w.Stride = stride; w.Base == 0 && w.IsDense(shape) {
			return order
		}
	}
	return nil
}

// permute brings the dimensions to another order, and takes all of them for kept ones.
func (l *loop) permute(order []int) {
	shape := make([]int, len(order))
	for d, of := range order {
		shape[d] = l.shape[of]
	}
	for i := range l.sources {
		l.sources[i].index = l.sources[i].index.Permute(order)
	}
	l.shape, l.kept = shape, len(order)
}
