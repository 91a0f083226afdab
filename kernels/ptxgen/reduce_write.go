package ptxgen

import (
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
	maps    []source // where the map's results are written, which belong to a reduction's points
	results []string // addresses of the others
	numbers []string // registers of the numbers among the arguments
	places  map[int]place
	at      []place  // of the map's results
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
	for k := range w.maps {
		w.at = append(w.at, w.along(w.maps[k].start(), 0, coordinates))
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
	for k := range w.maps {
		to := w.spot(w.along(w.at[k], len(w.kept), p))
		w.emit("st.global.b32 %s, %s", memory(to.address, 0), w.result(w.code, v, k))
	}
	switch w.kind {
	case program.Sum:
		for r, s := range w.sum {
			w.emit("add.rn.f32 %s, %s, %s", s, s, w.result(w.code, v, len(w.maps)+r))
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
	for k := range w.maps {
		w.storeFour(k, first, p, inRow, out[k])
	}
	switch w.kind {
	case program.Sum:
		for r, s := range w.sum {
			w.emit("add.rn.f32 %s, %s, %s", s, s, w.sumOf4(out[len(w.maps)+r]))
		}
	case program.Maximum:
		for _, v := range out[0] {
			w.maximum(v)
		}
	case program.Moments:
		w.quadMoments(out[0])
	}
}

// storeFour writes result k of the map at four points: neighbours from the first one's coordinates on, or each at its own.
func (w *reduceKernel) storeFour(k, first int, p [4][]number, inRow bool, v [4]string) {
	s, to := &w.maps[k], w.spot(w.along(w.at[k], first, p[0]))
	if !inRow {
		for j := range v {
			if j > 0 {
				to = w.spot(w.along(w.at[k], first, p[j]))
			}
			w.emit("st.global.b32 %s, %s", memory(to.address, 0), v[j])
		}
		return
	}
	apart := s.Stride[len(s.Stride)-1]
	if apart == 1 {
		w.store4(to.address, v, s.quads())
		return
	}
	for j := range v {
		w.emit("st.global.b32 %s, %s", memory(to.address, j*apart), v[j])
	}
}

func (b *builder) sumOf4(v [4]string) string {
	return b.op("add.rn.f32", b.op("add.rn.f32", v[0], v[1]), b.op("add.rn.f32", v[2], v[3]))
}
