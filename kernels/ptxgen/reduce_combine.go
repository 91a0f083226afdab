package ptxgen

import (
	"fmt"
	"slices"
	"strconv"

	"gangpu/engine/program"
)

// What a thread has combined: how it begins, takes in values, and meets what other threads have.

// begin sets what no points come to.
func (w *reduceKernel) begin() {
	switch w.kind {
	case program.Sum:
		for range w.code.results[len(w.maps):] {
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
