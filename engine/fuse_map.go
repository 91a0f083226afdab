package engine

import (
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// What a fused map or reduction may come to: operands that a kernel takes, instructions, and values that
// must be at hand at once, which a GPU keeps in registers.
const (
	maxSources      = 24
	maxInstructions = 240
	maxLive         = 48
)

// fuseMaps makes maps a part of the maps and reductions that read their results, so that these need not be
// written and read again, and then makes one of maps, and of sums, that read the same operands.
func fuseMaps(steps []*step) []*step {
	steps = inlineMaps(steps)
	return mergeSiblings(steps)
}

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

// prune drops conditions that hold at all points of a shape. It reports whether one holds at none.
func prune(x program.Index, shape []int) (pruned program.Index, never bool) {
	pruned.Base = x.Base
	for _, a := range x.Axes {
		low, high := a.Range(shape)
		if high < 0 || low > (a.Size-1)*a.Div {
			return x, true
		}
		if a.Stride == 0 && a.Div == 1 && low >= 0 && high < a.Size {
			continue
		}
		if a.Stride == 0 && slices.ContainsFunc(pruned.Axes, func(b program.Axis) bool { return sameAxis(a, b) }) {
			continue
		}
		pruned.Axes = append(pruned.Axes, a)
	}
	return pruned, false
}

func sameAxis(a, b program.Axis) bool {
	return a.Size == b.Size && a.Stride == b.Stride && a.Offset == b.Offset && a.Div == b.Div && slices.Equal(a.Coef, b.Coef)
}

func sameIndex(x, y program.Index) bool {
	return x.Base == y.Base && slices.EqualFunc(x.Axes, y.Axes, sameAxis)
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

// countUses counts anew how often values are read, and drops constants that are not read any more.
func countUses(steps []*step) []*step {
	for _, s := range steps {
		for _, v := range s.args {
			v.uses = 0
		}
	}
	for _, s := range steps {
		for _, v := range s.reads() {
			v.uses++
		}
	}
	return slices.DeleteFunc(steps, func(s *step) bool {
		return isFill(s) && s.results()[0].isScratch() && s.results()[0].uses == 0
	})
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

// refinement cuts two lists of sizes of the same product to the same factors, which are returned for each
// size of either list; sizes of 1 have none. It reports false where that cannot be.
func refinement(a, b []int) (ofA, ofB [][]int, ok bool) {
	ofA, ofB = make([][]int, len(a)), make([][]int, len(b))
	i, j, restA, restB := -1, -1, 1, 1
	for {
		for restA == 1 && i+1 < len(a) {
			i++
			restA = a[i]
		}
		for restB == 1 && j+1 < len(b) {
			j++
			restB = b[j]
		}
		if restA == 1 || restB == 1 {
			return ofA, ofB, restA == restB
		}
		f := min(restA, restB)
		if restA%f != 0 || restB%f != 0 {
			return nil, nil, false
		}
		ofA[i], ofB[j] = append(ofA[i], f), append(ofB[j], f)
		restA, restB = restA/f, restB/f
	}
}

// splitAxis cuts axis t of operand i, and the dimension that it moves along, to so many parts. That can be
// done if it moves along one dimension as it is.
func (l *loop) splitAxis(i, t int, sizes []int) bool {
	a := l.sources[i].index.Axes[t]
	d := slices.IndexFunc(a.Coef, func(c int) bool { return c != 0 })
	if d < 0 || a.Coef[d] != 1 || a.Offset != 0 || a.Div != 1 || a.Size != l.shape[d] ||
		slices.ContainsFunc(a.Coef[d+1:], func(c int) bool { return c != 0 }) {
		return false
	}
	of := make([][]int, len(l.shape))
	for q, size := range l.shape {
		of[q] = []int{size}
	}
	of[d] = sizes
	l.refine(of)
	stride := a.Stride
	parts := make([]program.Axis, len(sizes))
	for k := len(sizes) - 1; k >= 0; k-- {
		parts[k] = program.Axis{Size: sizes[k], Stride: stride, Coef: make([]int, len(l.shape)), Div: 1}
		parts[k].Coef[d+k] = 1
		stride *= sizes[k]
	}
	x := &l.sources[i].index
	x.Axes = slices.Concat(x.Axes[:t], parts, x.Axes[t+1:])
	return true
}

// refine cuts dimensions to the parts given, none for one of size 1.
func (l *loop) refine(parts [][]int) {
	kept := l.kept
	shape := slices.Clone(l.shape)
	for d := len(parts) - 1; d >= 0; d-- {
		if len(parts[d]) <= 1 {
			continue
		}
		for i := range l.sources {
			l.sources[i].index = l.sources[i].index.Refine(d, parts[d])
		}
		shape = slices.Concat(shape[:d], parts[d], shape[d+1:])
		if d < l.kept {
			kept += len(parts[d]) - 1
		}
	}
	l.shape, l.kept = shape, kept
}

// mergeSiblings makes one of two maps over the same points, and of two sums over the same points, that read
// a large operand in common: it is read once. They are where no step between needs the first one's
// result, or all that the second one reads is there when the first one is computed.
func mergeSiblings(steps []*step) []*step {
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
			for _, b := range siblings(a, readers, place) {
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
func siblings(a *step, readers map[*value][]*step, place map[*step]int) []*step {
	points, ok := mergeable(a)
	if !ok {
		return nil
	}
	var all []*step
	for i, v := range a.reads() {
		if slices.Contains(a.reads()[:i], v) {
			continue
		}
		for _, b := range readers[v] {
			if place[b] <= place[a] || slices.Contains(all, b) {
				continue
			}
			if p, ok := mergeable(b); ok && p == points && a.op.Name() == b.op.Name() {
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(b, c *step) int { return place[b] - place[c] })
	return all
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

// merge is a step that does what two siblings do, or nil if that does not pay or cannot be.
func merge(a, b *step) *step {
	shared := 0
	for i, v := range a.reads() {
		if slices.Contains(b.reads(), v) && !slices.Contains(a.reads()[:i], v) {
			shared += v.len
		}
	}
	la, okA := loopOf(a)
	lb, okB := loopOf(b)
	if !okA || !okB || 2*shared < la.points() {
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
	first := len(la.sources)
	la.sources = append(la.sources, lb.sources...)
	for _, r := range lb.results {
		la.results = append(la.results, r.Replace(func(j int) expr.Expr { return expr.Input(first + j) }))
	}
	la.tidy()
	if !la.fits() {
		return nil
	}
	merged := &step{op: a.op, name: a.name, args: slices.Concat(a.results(), b.results()), outs: len(a.results()) + len(b.results())}
	la.apply(merged)
	return merged
}

// dropOnes leaves out dimensions of size 1.
func (l *loop) dropOnes() {
	for d := len(l.shape) - 1; d >= 0; d-- {
		if l.shape[d] != 1 {
			continue
		}
		for i := range l.sources {
			l.sources[i].index = l.sources[i].index.Drop(d)
		}
		l.shape = slices.Delete(slices.Clone(l.shape), d, d+1)
		if d < l.kept {
			l.kept--
		}
	}
}
