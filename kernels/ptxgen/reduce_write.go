package ptxgen

import (
	"fmt"
	"slices"
	"strconv"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// identity is the code of so many results, each an operand.
func identity(n int) expr.Code { return expr.Compile(expr.Inputs(n)...) }

// reduceKernel is a reduction as it is written.
type reduceKernel struct {
	*builder
	*Reduction
	sources []source
	results []string // addresses
	numbers []string // registers of the numbers among the arguments
	places  map[int]place
	values  *values  // of what is known before the loops
	sum     []string // what a thread has combined: sums; the maximum; mean, sum of squares and count
}

// write returns the bytes of shared memory that the kernel takes.
func (w *reduceKernel) write() (shared int) {
	kept, reduced, part := w.numbers[0], w.numbers[1], w.numbers[2]
	tid := number{reg: w.op("mov.u32", "%tid.x")}
	block, split := w.op("mov.u32", "%ctaid.x"), w.op("mov.u32", "%ctaid.y")
	// Which kept point, of the block's, and which of its threads this is.
	local, thread := constant(0), tid
	switch {
	case w.row && w.threads < Threads:
		local = w.quotient(tid, w.threads)
		thread = w.plus(tid, local, -w.threads)
	case !w.row:
		thread = w.quotient(tid, w.kepts)
		local = w.plus(tid, thread, -w.kepts)
	}
	point := w.plus(local, number{reg: block}, w.kepts)
	inside := w.setp("lt.u32", point.reg, kept)
	if w.kepts*w.threads < Threads {
		inside = w.and("lt.", "u32", inside, thread.String(), strconv.Itoa(w.threads))
	}
	// Threads without a point go along, with the last point and nothing to read.
	clamped := number{reg: w.op("min.u32", point.reg, w.op("sub.u32", kept, "1"))}
	begin := w.op("mul.lo.u32", split, part)
	end := w.op("min.u32", w.op("add.u32", begin, part), reduced)
	end = w.op("selp.b32", end, "0", inside)

	coordinates := w.coordinates(clamped, w.kept)
	w.places = map[int]place{}
	for _, i := range w.code.inputs {
		w.places[i] = w.along(w.sources[i].start(), 0, coordinates)
	}
	w.loops(thread, begin, end)
	shared = w.meet(tid, thread, local)
	w.store(thread, inside, point, split, kept)
	return shared
}

// fixed reports whether a source's element is the same for all points that are reduced together.
func (w *reduceKernel) fixed(s *source) bool {
	for d := range w.reduced {
		if !s.fixed(len(w.kept) + d) {
			return false
		}
	}
	return true
}

// loops combines the points from begin to end that are this thread's.
func (w *reduceKernel) loops(thread number, begin, end string) {
	known := map[int]string{}
	for _, i := range w.code.inputs {
		if s := &w.sources[i]; w.fixed(s) {
			known[i] = w.load(w.spot(w.along(w.places[i], len(w.kept), zeros(len(w.reduced)))), 0)
		}
	}
	last := len(w.kept) + len(w.reduced) - 1
	inRow := w.row && w.quad && len(w.reduced) > 0 && (len(w.reduced) == 1 || w.reduced[len(w.reduced)-1]%4 == 0)
	w.code.setLevels(func(i int) level {
		switch s := &w.sources[i]; {
		case w.fixed(s):
			return once
		case inRow && s.fixed(last):
			return perQuad
		}
		return perPoint
	})
	w.values = newValues(len(w.code.all))
	w.evaluate(w.code, w.values, once, once, func(i int) string { return known[i] })
	w.begin()

	// In row mode, with quads, a thread takes four neighbours, and what is left of them at the end; else every point
	// that is a multiple of the number of threads on.
	neighbours := w.row && w.quad
	at := number{reg: w.word()}
	if neighbours {
		w.emit("mad.lo.u32 %s, %s, 4, %s", at.reg, thread, begin)
	} else {
		w.emit("add.u32 %s, %s, %s", at.reg, thread, begin)
	}
	step, stride := w.threads, w.threads
	if neighbours {
		step, stride = 1, 1
	}
	rest, loop, done := w.label(), w.label(), w.label()
	if w.quad {
		// The last of the four must lie before the end. Numbers stay far below 2^32: at < 2^31 + 4*256.
		fits := func() string {
			return w.setp("lt.u32", w.op("add.u32", at.reg, strconv.Itoa(3*stride)), end)
		}
		w.emit("@!%s bra %s", fits(), rest)
		w.place(loop)
		w.four(at, stride, inRow)
		w.emit("add.u32 %s, %s, %d", at.reg, at.reg, 4*w.threads)
		w.emit("@%s bra %s", fits(), loop)
		w.place(rest)
	}
	single := w.label()
	w.emit("@%s bra %s", w.setp("ge.u32", at.reg, end), done)
	w.place(single)
	w.one(at)
	w.emit("add.u32 %s, %s, %d", at.reg, at.reg, step)
	w.emit("@%s bra %s", w.setp("lt.u32", at.reg, end), single)
	w.place(done)
}

func zeros(n int) []number { return make([]number, n) }

// one combines point number at.
func (w *reduceKernel) one(at number) {
	p := w.coordinates(at, w.reduced)
	in := map[int]string{}
	for _, i := range w.code.inputs {
		if s := &w.sources[i]; !w.fixed(s) {
			in[i] = w.load(w.spot(w.along(w.places[i], len(w.kept), p)), 0)
		}
	}
	v := w.values.clone()
	w.evaluate(w.code, v, perQuad, perPoint, func(i int) string { return in[i] })
	if w.merge {
		count := w.op("selp.b32", w.numbers[4], w.numbers[3], w.setp("eq.u32", at.reg, w.op("sub.u32", w.numbers[1], "1")))
		w.mergeMoments([3]string{w.result(w.code, v, 0), w.result(w.code, v, 1), w.op("cvt.rn.f32.u32", count)})
		return
	}
	switch w.kind {
	case program.Sum:
		for r, s := range w.sum {
			w.emit("add.rn.f32 %s, %s, %s", s, s, w.result(w.code, v, r))
		}
	case program.Maximum:
		w.maximum(w.result(w.code, v, 0))
	case program.Moments:
		w.mergeMoments([3]string{w.result(w.code, v, 0), zero, one})
	}
}

// four combines four points, from number at on, so many apart.
func (w *reduceKernel) four(at number, stride int, inRow bool) {
	first := len(w.kept)
	var p [4][]number
	for j := range p {
		if j == 0 || !inRow {
			p[j] = w.coordinates(w.plus(at, constant(j*stride), 1), w.reduced)
		}
	}
	in, shared := map[int][4]string{}, map[int]bool{}
	for _, i := range w.code.inputs {
		s := &w.sources[i]
		var d [4]string
		switch {
		case w.fixed(s):
			continue
		case inRow && s.fixed(len(w.kept)+len(w.reduced)-1):
			d[0] = w.load(w.spot(w.along(w.places[i], first, p[0])), 0)
			shared[i] = true
		case inRow:
			d = w.neighbours(w.along(w.places[i], first, p[0]))
		default:
			for j := range d {
				d[j] = w.load(w.spot(w.along(w.places[i], first, p[j])), 0)
			}
		}
		in[i] = d
	}
	common := w.values.clone()
	w.evaluate(w.code, common, perQuad, perQuad, func(i int) string { return in[i][0] })
	out := make([][4]string, len(w.code.results))
	for j := range 4 {
		v := common.clone()
		w.evaluate(w.code, v, perPoint, perPoint, func(i int) string { return in[i][j] })
		for r := range out {
			out[r][j] = w.result(w.code, v, r)
		}
	}
	switch w.kind {
	case program.Sum:
		for r, s := range w.sum {
			w.emit("add.rn.f32 %s, %s, %s", s, s, w.sumOf4(out[r]))
		}
	case program.Maximum:
		for _, v := range out[0] {
			w.maximum(v)
		}
	case program.Moments:
		w.quadMoments(out[0])
	}
}

func (b *builder) sumOf4(v [4]string) string {
	return b.op("add.rn.f32", b.op("add.rn.f32", v[0], v[1]), b.op("add.rn.f32", v[2], v[3]))
}

// begin sets what no points come to.
func (w *reduceKernel) begin() {
	switch w.kind {
	case program.Sum:
		for range w.code.results {
			w.sum = append(w.sum, w.op("mov.b32", zero))
		}
	case program.Maximum:
		w.sum = []string{w.op("mov.b32", "0fFF800000")}
	case program.Moments:
		w.sum = []string{w.op("mov.b32", zero), w.op("mov.b32", zero), w.op("mov.b32", zero)}
	}
}

// maximum takes in a value. NaN stays.
func (w *reduceKernel) maximum(v string) {
	larger := w.setp("gt.or.f32", v, w.sum[0], w.setp("nan.f32", v, v))
	w.emit("selp.f32 %s, %s, %s, %s", w.sum[0], v, w.sum[0], larger)
}

// quadMoments takes in four values: their mean and squares first, then these.
func (w *reduceKernel) quadMoments(v [4]string) {
	mean := w.op("mul.rn.f32", w.sumOf4(v), literal(0.25))
	var squares [4]string
	for j := range v {
		d := w.op("sub.rn.f32", v[j], mean)
		squares[j] = w.op("mul.rn.f32", d, d)
	}
	w.mergeMoments([3]string{mean, w.sumOf4(squares), literal(4)})
}

// mergeMoments takes in the mean, the sum of squared deviations, and the count of more points, if there are any, by
// the formulas at program.Moments.
func (w *reduceKernel) mergeMoments(other [3]string) {
	mean, m2, n := w.sum[0], w.sum[1], w.sum[2]
	count := w.op("add.rn.f32", n, other[2])
	share := w.op("div.rn.f32", w.inRegister(other[2]), count)
	d := w.op("sub.rn.f32", w.inRegister(other[0]), mean)
	any := w.setp("neu.f32", w.inRegister(other[2]), zero)
	between := w.op("mul.rn.f32", d, w.op("mul.rn.f32", n, share))
	w.emit("@%s fma.rn.f32 %s, %s, %s, %s", any, mean, d, share, mean)
	w.emit("@%s add.rn.f32 %s, %s, %s", any, m2, m2, w.op("fma.rn.f32", d, between, w.inRegister(other[1])))
	w.emit("mov.b32 %s, %s", n, count)
}

// combine takes in what another thread has combined.
func (w *reduceKernel) combine(other []string) {
	switch w.kind {
	case program.Sum:
		for r, s := range w.sum {
			w.emit("add.rn.f32 %s, %s, %s", s, s, other[r])
		}
	case program.Maximum:
		w.maximum(other[0])
	case program.Moments:
		w.mergeMoments([3]string(other))
	}
}

// shuffle combines what threads at a distance of so many lanes have, in both of them.
func (w *reduceKernel) shuffle(lanes int) {
	other := make([]string, len(w.sum))
	for i, s := range w.sum {
		other[i] = w.op("shfl.sync.bfly.b32", s, strconv.Itoa(lanes), "31", "0xffffffff")
	}
	w.combine(other)
}

// meet combines what the threads of a kept point have, in the first one; it returns the bytes of shared memory
// that this takes.
func (w *reduceKernel) meet(tid, thread, local number) (shared int) {
	if w.threads == 1 {
		return 0
	}
	slots := Threads
	if w.row {
		for lanes := min(w.threads, warp) / 2; lanes > 0; lanes /= 2 {
			w.shuffle(lanes)
		}
		if w.threads <= warp {
			return 0
		}
		slots = Threads / warp
	}
	table := w.op("mov.u32", "meet")
	slot := func(i number, v int) string {
		return fmt.Sprintf("[%s+%d]", w.plus(number{reg: table}, i, 4), 4*v*slots)
	}
	exchange := func(i number, write bool) []string {
		other := slices.Clone(w.sum)
		for v := range other {
			if write {
				w.emit("st.shared.b32 %s, %s", slot(i, v), w.sum[v])
			} else {
				other[v] = w.op("ld.shared.b32", slot(i, v))
			}
		}
		return other
	}
	if w.row { // the warps of the only kept point
		index := w.quotient(tid, warp)
		lane := w.plus(tid, index, -warp)
		skip, done := w.label(), w.label()
		w.emit("@%s bra %s", w.setp("ne.u32", lane.reg, "0"), skip)
		exchange(index, true)
		w.place(skip)
		w.emit("bar.sync 0")
		w.emit("@%s bra %s", w.setp("ne.u32", index.reg, "0"), done)
		got := exchange(number{reg: w.op("and.b32", lane.reg, strconv.Itoa(slots-1))}, false)
		for v, s := range w.sum {
			w.emit("mov.b32 %s, %s", s, got[v])
		}
		for lanes := slots / 2; lanes > 0; lanes /= 2 {
			w.shuffle(lanes)
		}
		w.place(done)
		return 4 * slots * len(w.sum)
	}
	for n := w.threads; n > 1; {
		half := (n + 1) / 2
		skip, alone := w.label(), w.label()
		upper := w.setp("ge.u32", thread.reg, strconv.Itoa(half))
		upper = w.and("lt.", "u32", upper, thread.reg, strconv.Itoa(n))
		w.emit("@!%s bra %s", upper, skip)
		exchange(tid, true)
		w.place(skip)
		w.emit("bar.sync 0")
		w.emit("@%s bra %s", w.setp("ge.u32", thread.reg, strconv.Itoa(n-half)), alone)
		w.combine(exchange(w.plus(tid, constant(half*w.kepts), 1), false))
		w.place(alone)
		n = half
	}
	return 4 * slots * len(w.sum)
}

// store writes the results, from the first thread of each kept point.
func (w *reduceKernel) store(thread number, inside string, point number, split, kept string) {
	end := w.label()
	if w.threads > 1 {
		inside = w.and("eq.", "u32", inside, thread.reg, "0")
	}
	w.emit("@!%s bra %s", inside, end)
	at := w.op("mad.lo.u32", split, kept, point.reg)
	for r, y := range w.results {
		w.emit("st.global.b32 [%s], %s", w.op64("mad.wide.u32", at, "4", y), w.sum[r])
	}
	w.place(end)
	w.emit("ret")
}
