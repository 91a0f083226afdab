package ptxgen

import (
	"fmt"
	"math/bits"
	"slices"

	"gangpu/engine/program"
	"gangpu/kernels"
)

// MaxResults is the number of sums that one kernel may make.
const MaxResults = 16

const (
	wantBlocks = 264 // two for each multiprocessor of a large GPU
	longChain  = 512 // elements that a thread may add one after another, lest rounding errors grow
	warp       = 32
)

// Reduction is how a reduction is cut: a part of the reduced points for each of so many blocks. It depends on shapes
// and code alone. With more than one part, result k of part s and kept point n is written at element s*Results+n of
// an array of Splits*Results elements.
type Reduction struct {
	Splits  int
	Results int // kept points

	kind          program.ReduceKind
	reduce        program.Reduce
	code          *code
	kept, reduced []int // simplified
	indices       []program.Index
	points        int  // of a kept point
	part          int  // of those, in each split
	row           bool // threads that are neighbours take points that are reduced together, else kept points
	kepts         int  // kept points of a block
	threads       int  // that share a kept point
	quad          bool // a thread takes four points at a time
	maps          int  // the first results of the code are written at each point, where the index leads
	to            program.Index
	merge         bool // the operands are the means and sums of squares of parts, of so many points each
	count, last   int  // points of each part, and of the last one
}

// PlanReduce decides how to compute a reduction.
func PlanReduce(op program.Reduce) (*Reduction, error) {
	return plan(op, 0, program.Index{})
}

// PlanMapSum is PlanReduce of the sums, of which the kernel also writes the map's results. They are the first results of
// a launch.
func PlanMapSum(op program.MapSum) (*Reduction, error) {
	sum, order := op.Sum()
	return plan(sum, len(op.Operands())-len(op.In)-op.Sums, program.Dense(op.Shape).Permute(order))
}

func plan(op program.Reduce, maps int, to program.Index) (*Reduction, error) {
	k, err := parse(op.Code)
	if err != nil {
		return nil, err
	}
	r := &Reduction{kind: op.Kind, reduce: op, code: k, maps: maps, to: to}
	if sums := len(k.results) - maps; sums > MaxResults {
		return nil, fmt.Errorf("%d sums at once, at most %d", sums, MaxResults)
	}
	if r.Results, err = points(op.Kept); err != nil {
		return nil, err
	}
	if r.points, err = points(op.Reduced); err != nil {
		return nil, err
	}
	r.simplify()
	r.quad = k.cost <= quadCost && 4*len(k.inputs)+len(k.results)+3*maps+k.live <= quadRegisters
	r.arrange()
	return r, nil
}

// simplify merges dimensions, kept and reduced ones apart: an index of the results keeps them apart.
func (r *Reduction) simplify() {
	shape := r.reduce.Shape()
	result := program.Dense(r.reduce.Kept)
	for i := range result.Axes {
		result.Axes[i].Coef = append(result.Axes[i].Coef, make([]int, len(r.reduce.Reduced))...)
	}
	indices := make([]program.Index, 0, len(r.reduce.In)+1)
	for _, s := range r.reduce.In {
		indices = append(indices, s.Index)
	}
	indices = append(indices, result)
	if r.maps > 0 {
		indices = append(indices, r.to)
	}
	shape, indices = program.Simplify(shape, indices)
	r.indices = indices[:len(r.reduce.In)]
	if r.maps > 0 {
		r.to = indices[len(r.reduce.In)+1]
	}
	stride := indices[len(r.reduce.In)].Walk(shape).Stride
	rank := 0
	for rank < len(stride) && stride[rank] != 0 {
		rank++
	}
	r.kept, r.reduced = shape[:rank], shape[rank:]
}

// arrange chooses how threads are laid over the points.
func (r *Reduction) arrange() {
	r.row = r.alongRows()
	each := 1
	if r.quad {
		each = 4
	}
	switch {
	case r.row && r.points >= 512 && (r.points > 2048 || r.Results < 2048):
		r.threads = Threads
	case r.row:
		r.threads = min(warp, 1<<bits.Len(uint((r.points-1)/(4*each))))
	default:
		// A warp reads 32 neighbours, or all that there are.
		width := min(r.Results, warp)
		lanes := max(1, min(Threads/width, r.points/(2*each)))
		if width == warp { // as many more neighbours as leave no thread without work
			for width < Threads && 2*width*lanes <= Threads {
				width *= 2
			}
		}
		r.kepts, r.threads = width, min(lanes, Threads/width)
	}
	if r.row {
		r.kepts = Threads / r.threads
	}
	step := r.threads * each // points that a kept point's threads take at once
	splits := min(wantBlocks/int(blocks(r.Results, r.kepts)), r.points/(4*step))
	splits = max(splits, r.points/(longChain*r.threads), 1)
	if splits > 1<<15 || splits*r.Results > maxElements {
		splits = 1
	}
	r.cut(splits, step)
}

// cut divides the points among so many blocks, or fewer, in multiples of a step.
func (r *Reduction) cut(splits, step int) {
	r.part = int(blocks(int(blocks(r.points, splits)), step)) * step
	r.Splits = int(blocks(r.points, r.part))
}

// alongRows reports whether more is read, and written, along the last reduced dimension than along the last kept one.
func (r *Reduction) alongRows() bool {
	if len(r.kept) == 0 || len(r.reduced) == 0 {
		return len(r.kept) == 0
	}
	shape := slices.Concat(r.kept, r.reduced)
	last, lastKept := len(shape)-1, len(r.kept)-1
	rows, columns := 0, 0
	indices := slices.Repeat([]program.Index{r.to}, r.maps)
	for _, i := range r.code.inputs {
		indices = append(indices, r.indices[i])
	}
	for _, x := range indices {
		w := x.Walk(shape)
		n := 1
		for d, size := range shape {
			if w.Stride[d] != 0 {
				n *= size
			}
		}
		apart := func(d int) int { return max(w.Stride[d], -w.Stride[d]) }
		switch x, y := apart(last), apart(lastKept); {
		case x == 1:
			rows += n
		case y == 1:
			columns += n
		case x == 0 || y == 0: // read once either way
		case x < y:
			rows += n / 2
		default:
			columns += n / 2
		}
	}
	return rows >= columns && rows > 0
}

// Launch writes the kernel. Results' addresses are those of the operation's results, or of arrays for parts of what is
// combined.
func (r *Reduction) Launch(aligned []bool) (*Launch, error) {
	shape := slices.Concat(r.kept, r.reduced)
	sources, err := newSources(r.reduce.In, r.indices, shape, aligned)
	if err != nil {
		return nil, err
	}
	results := len(r.code.results)
	if r.kind == program.Moments {
		results = 2
	}
	w := &reduceKernel{builder: &builder{}, Reduction: r, sources: sources}
	numbers := []string{"kept", "reduced", "part"}
	scalars := []uint32{uint32(r.Results), uint32(r.points), uint32(r.part)}
	if r.merge {
		numbers, scalars = append(numbers, "count", "last"), append(scalars, uint32(r.count), uint32(r.last))
	}
	params, x, y, n, err := w.parameters(len(sources), results, numbers...)
	if err != nil {
		return nil, err
	}
	for i := range sources {
		sources[i].address = x[i]
	}
	for k := range r.maps {
		w.maps = append(w.maps, source{Walk: r.to.Walk(shape), address: y[k], aligned: aligned[len(sources)+k]})
	}
	w.results, w.numbers = y[r.maps:], n
	shared := w.write()
	kind := r.kind.String()
	switch {
	case r.merge:
		kind += "_merge"
	case r.maps > 0:
		kind = "map_sum"
	}
	kernel := w.finish(kind, params, shared, r.code.angles)
	return &Launch{kernel, kernels.Grid{blocks(r.Results, r.kepts), uint32(r.Splits), 1}, scalars}, nil
}

// Merge is the reduction that makes the results of the parts: its operands are the arrays of parts, one for
// each result.
func (r *Reduction) Merge() (*Reduction, error) {
	n := r.Splits * r.Results
	kept, parts := []int{r.Results}, []int{r.Splits}
	x := program.Index{Axes: []program.Axis{{Size: n, Stride: 1, Coef: []int{1, r.Results}, Div: 1}}}
	op := program.Reduce{Kind: r.kind, Kept: kept, Reduced: parts}
	results := len(r.code.results) - r.maps
	if r.kind == program.Moments {
		results = 2
	}
	op.Code = identity(results)
	for range results {
		op.In = append(op.In, program.Source{Len: n, Index: x})
	}
	m, err := PlanReduce(op)
	if err != nil {
		return nil, err
	}
	if r.kind == program.Moments {
		m.merge, m.quad = true, false
		m.count, m.last = r.part, r.points-(r.Splits-1)*r.part
	}
	m.cut(1, 1)
	return m, nil
}
