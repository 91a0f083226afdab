package cpu

import (
	"slices"

	"gangpu/engine/program"
)

// loader copies what a source is at the points of a block to a buffer.
type loader struct {
	source, buffer int
	walk           program.Walk
	steady         bool // many blocks in a row have the same values
	// The values of a block are those of the last one if both begin at a multiple of period, and lie between the same
	// multiples of change, or change is 0: the values never change.
	period, change int
	// guards are conditions on dimensions up to last, and none beyond. Those that have their last dimension beyond
	// apart depend on it alone of the dimensions from apart on, and have no division: what they leave is a box.
	guards []guard
	apart  int
	// more are the points of a window beyond those of a block; shape and inner are those of the expression with them.
	// next is the window that holds now what this one holds one step further along the dimension before, or -1.
	more, next   int
	shape, inner []int
	plain        bool // of a window, whose steps are copied whole or are zeros
}

type guard struct {
	program.Guard
	last int // dimension, -1 for none
}

const maxRank = 16

func newLoader(e *expression, source int, w program.Walk) loader {
	l := loader{source: source, walk: w, period: 1, shape: e.shape, inner: e.inner}
	for _, g := range w.Guards {
		last := -1
		for d, c := range g.Coef {
			if c != 0 {
				last = d
			}
		}
		l.guards = append(l.guards, guard{g, last})
		if g.Div > 1 {
			l.apart = max(l.apart, last)
		}
		for d, c := range g.Coef[:last+1] {
			if c != 0 && d < last {
				l.apart = max(l.apart, d+1)
			}
		}
	}
	slices.SortStableFunc(l.guards, func(a, b guard) int { return a.last - b.last })
	row := e.row()
	for d := range e.shape {
		depends := w.Stride[d] != 0 || slices.ContainsFunc(w.Guards, func(g program.Guard) bool { return g.Coef[d] != 0 })
		switch {
		case !depends:
		case e.inner[d]*e.shape[d] > row:
			l.change = e.inner[d]
		default:
			l.period = max(l.period, e.inner[d]*e.shape[d])
		}
	}
	l.steady = l.change == 0 || l.change >= steadyBlocks*e.block
	return l
}

// key tells blocks with the same values by the same number; it is -1 for a block like no other.
func (l *loader) key(first, n int) int {
	switch {
	case first%l.period != 0:
		return -1
	case l.change == 0:
		return 0
	case first/l.change != (first+n-1)/l.change:
		return -1
	}
	return first / l.change
}

// load copies the points from first on to dst, in boxes: some steps along a dimension, with all dimensions within.
func (l *loader) load(dst, array []float32, first int, e *expression) {
	if len(l.guards) > 0 {
		clear(dst)
	}
	var at [maxRank]int
	rest := first
	for d, n := range e.inner {
		at[d] = rest / n
		rest %= n
	}
	last := len(l.shape) - 1
	for len(dst) > 0 {
		d := last
		for d > 0 && at[d] == 0 && len(dst) >= l.inner[d-1] {
			d--
		}
		n := min(l.shape[d]-at[d], len(dst)/l.inner[d])
		l.box(dst, array, at[:], d, n)
		dst = dst[n*l.inner[d]:]
		at[d] += n
		for ; d > 0 && at[d] == l.shape[d]; d-- {
			at[d] = 0
			at[d-1]++
		}
	}
}

// box copies n steps along dimension d from at on, with all of the dimensions within.
func (l *loader) box(dst, array []float32, at []int, d, n int) {
	from := l.walk.Base
	for i, s := range l.walk.Stride {
		from += s * at[i]
	}
	var v [maxRank]int // of the guards, at the beginning of the box
	for i := range l.guards {
		g := &l.guards[i]
		v[i] = g.Offset
		for j, c := range g.Coef[:g.last+1] {
			v[i] += c * at[j]
		}
		if g.last < d {
			if v[i] < 0 || v[i] >= g.Limit || v[i]%g.Div != 0 {
				return
			}
			if g.Div > 1 {
				from += g.Stride * (v[i] / g.Div)
			}
		}
	}
	l.steps(dst, array, from, d, n, v)
}

// steps copies n steps along dimension d. The conditions on it and those within hold values v, others hold. They are
// passed by value: what a recursive function takes by address would be allocated.
func (l *loader) steps(dst, array []float32, from, d, n int, v [maxRank]int) {
	low, high, step := 0, n, 1
	within, divides := false, false // there are conditions on dimensions within, divisions on this one
	for i := range l.guards {
		switch g := &l.guards[i]; {
		case g.last > d:
			within = true
		case g.last == d:
			low, high = g.narrow(v[i], low, high)
			if g.Div > 1 {
				divides = true
				step = lcm(step, g.Div/gcd(g.Coef[d], g.Div))
			}
		}
	}
	if divides {
		low = l.firstWhole(low, min(low+step, high), d, &v)
	}
	if low < 0 || low >= high {
		return
	}
	// Of dividing guards, the parts of the place of the first step, and of one more.
	from += l.walk.Stride[d] * low
	stride := l.walk.Stride[d] * step
	for i := range l.guards {
		if g := &l.guards[i]; g.last == d && g.Div > 1 {
			from += g.Stride * ((v[i] + g.Coef[d]*low) / g.Div)
			stride += g.Stride * (g.Coef[d] * step / g.Div)
		}
	}
	n = (high - low + step - 1) / step
	dst = dst[low*l.inner[d]:]
	if within && d < l.apart {
		for j := range n {
			inner := v
			for i := range l.guards {
				if g := &l.guards[i]; g.last > d {
					inner[i] += g.Coef[d] * (low + j*step)
				}
			}
			l.steps(dst[j*step*l.inner[d]:], array, from+j*stride, d+1, l.shape[d+1], inner)
		}
		return
	}
	var axes [maxRank]copyAxis
	axes[0] = copyAxis{n, step * l.inner[d], stride}
	to := 0
	for i := d + 1; i < len(l.shape); i++ {
		low, high := 0, l.shape[i]
		for j := range l.guards {
			if g := &l.guards[j]; g.last == i {
				low, high = g.narrow(v[j], low, high)
			}
		}
		if low >= high {
			return
		}
		axes[i-d] = copyAxis{high - low, l.inner[i], l.walk.Stride[i]}
		to += low * l.inner[i]
		from += low * l.walk.Stride[i]
	}
	copyAxes(dst, array, to, from, axes[:len(l.shape)-d])
}

// narrow is the part of [low, high) where 0 <= v + Coef*j < Limit.
func (g *guard) narrow(v, low, high int) (int, int) {
	c, top := g.Coef[g.last], g.Limit-1
	if c < 0 {
		c, v = -c, top-v
	}
	// 0 <= v + c*j <= top
	if v < 0 {
		low = max(low, ceilDiv(-v, c))
	}
	if v > top {
		return low, low
	}
	return low, min(high, (top-v)/c+1)
}

// firstWhole is the first of the steps [low, high) along dimension d at which all divisions are without a rest, or
// -1.
func (l *loader) firstWhole(low, high, d int, v *[maxRank]int) int {
	for j := low; j < high; j++ {
		whole := true
		for i := range l.guards {
			g := &l.guards[i]
			whole = whole && (g.last != d || (v[i]+g.Coef[d]*j)%g.Div == 0)
		}
		if whole {
			return j
		}
	}
	return -1
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

func lcm(a, b int) int { return a / gcd(a, b) * b }

// copyAxis is a dimension of a copy: how many steps it has, and how far they go in the copy and in the original.
type copyAxis struct{ n, to, from int }

// copyAxes copies all points of the axes, of which the last one is innermost, from array[from] on to dst[to] on.
func copyAxes(dst, array []float32, to, from int, axes []copyAxis) {
	// Drop axes of one step, and make one of those that walk both sides as one.
	k := 0
	for _, a := range axes {
		if a.n == 1 {
			continue
		}
		if k > 0 && axes[k-1].to == a.n*a.to && axes[k-1].from == a.n*a.from {
			a.n *= axes[k-1].n
			k--
		}
		axes[k] = a
		k++
	}
	axes = axes[:k]
	switch k {
	case 0:
		dst[to] = array[from]
		return
	case 1:
		copyRow(dst, array, to, from, axes[0])
		return
	}
	// Innermost are neighbours in both if there are some, or what has neighbours in the original and what has them in
	// the copy, or the longest axis.
	last := k - 1
	if axes[last] != (copyAxis{axes[last].n, 1, 1}) || axes[last].n < 8 {
		for i := range axes[:last] {
			if axes[i].from == 1 && axes[i].n >= 8 && axes[last].to == 1 && axes[last].from > 0 && axes[last].n >= 8 {
				axes[i], axes[last-1] = axes[last-1], axes[i]
				eachStep(axes[:last-1], to, from, func(to, from int) {
					copyTransposed(dst, array, to, from, axes[last-1], axes[last])
				})
				return
			}
		}
		longest := last
		for i, a := range axes {
			if a.n > 2*axes[longest].n {
				longest = i
			}
		}
		axes[longest], axes[last] = axes[last], axes[longest]
	}
	eachStep(axes[:last], to, from, func(to, from int) { copyRow(dst, array, to, from, axes[last]) })
}

// eachStep calls f with the places of all points of the axes.
func eachStep(axes []copyAxis, to, from int, f func(to, from int)) {
	if len(axes) == 0 {
		f(to, from)
		return
	}
	for range axes[0].n {
		if len(axes) == 1 {
			f(to, from)
		} else {
			eachStep(axes[1:], to, from, f)
		}
		to += axes[0].to
		from += axes[0].from
	}
}

func copyRow(dst, array []float32, to, from int, a copyAxis) {
	switch {
	case a.to == 1 && a.from == 1:
		copy(dst[to:to+a.n], array[from:])
	case a.from == 0 && a.to == 1:
		fill(dst[to:to+a.n], array[from])
	case a.to == 1:
		row := dst[to : to+a.n]
		for i := range row {
			row[i] = array[from]
			from += a.from
		}
	case a.from == 0:
		v := array[from]
		for range a.n {
			dst[to] = v
			to += a.to
		}
	default:
		for range a.n {
			dst[to] = array[from]
			to += a.to
			from += a.from
		}
	}
}

// fill sets all of row to v.
func fill(row []float32, v float32) {
	eight := [8]float32{v, v, v, v, v, v, v, v}
	for ; len(row) >= 8; row = row[8:] {
		*(*[8]float32)(row) = eight
	}
	for i := range row {
		row[i] = v
	}
}

// copyTransposed copies two axes: neighbours along the first one are neighbours in the original, and along the second
// one in the copy.
func copyTransposed(dst, array []float32, to, from int, a, b copyAxis) {
	rows, columns := a.n&^7, b.n&^7
	for i := 0; i < rows; i += 8 {
		for j := 0; j < columns; j += 8 {
			d, s := to+i*a.to+j, from+i+j*b.from
			_, _ = dst[d+7*a.to+7], array[s+7*b.from+7]
			unit.transpose8x8(&dst[d], a.to, &array[s], b.from)
		}
	}
	rest := func(i0, i1, j0, j1 int) {
		for i := i0; i < i1; i++ {
			copyRow(dst, array, to+i*a.to+j0, from+i+j0*b.from, copyAxis{j1 - j0, 1, b.from})
		}
	}
	rest(0, rows, columns, b.n)
	rest(rows, a.n, 0, b.n)
}
