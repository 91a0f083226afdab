package cpu

import (
	"slices"

	"gangpu/engine/program"
)

// Windows are sources that read the same as others, moved along a dimension: the taps of a filter. What they read of a
// block is loaded once, with some steps more, and each finds its own in there.
type windows struct {
	dim    int   // of the iteration; -1 if there are none
	steps  int   // of a block, at most
	loaded []int // of each source, the one that is loaded for it, which may be itself
	moved  []int // steps by which a source lies beyond that one
	more   []int // steps that are loaded of a source beyond those of a block
}

// findWindows finds the dimension along which fewest elements are loaded. There are none if that does not save much.
func findWindows(shape []int, in []program.Source, arrays [][]float32) windows {
	best, least := windows{dim: -1}, 0.7*float64(len(in))
	inner := 1
	for d := len(shape) - 1; d >= 0 && len(in) >= 4; d-- {
		w, loads := windowsAlong(d, inner, shape, in, arrays)
		if loads <= least {
			best, least = w, loads-0.5
		}
		inner *= shape[d]
	}
	return best
}

// windowsAlong are those along a dimension, whose steps have so many points, and how many times as many elements as a
// block has are loaded.
func windowsAlong(d, inner int, shape []int, in []program.Source, arrays [][]float32) (w windows, loads float64) {
	leader, moved, first := make([]int, len(in)), make([]int, len(in)), make([]int, len(in))
	for i := range in {
		leader[i], first[i] = i, i
		for j := range i {
			by, ok := movedAlong(d, in[j].Index, in[i].Index)
			if ok && leader[j] == j && &arrays[i][0] == &arrays[j][0] {
				leader[i], moved[i] = j, by
				break
			}
		}
		if l := leader[i]; moved[i] < moved[first[l]] {
			first[l] = i
		}
	}
	parts := ceilDiv(shape[d]*inner, blockPoints)
	w = windows{dim: d, steps: ceilDiv(shape[d], parts), loaded: make([]int, len(in)), moved: make([]int, len(in)), more: make([]int, len(in))}
	for i := range in {
		f := first[leader[i]]
		w.loaded[i], w.moved[i] = f, moved[i]-moved[f]
		w.more[f] = max(w.more[f], w.moved[i])
	}
	for i, f := range w.loaded {
		if i == f {
			loads += float64(w.steps+w.more[i]) / float64(w.steps)
		}
	}
	return w, loads
}

// shape is that of an iteration in which source i is loaded.
func (w windows) shape(of []int, i int) []int {
	if w.dim < 0 || w.more[i] == 0 {
		return of
	}
	of = slices.Clone(of)
	of[w.dim] += w.more[i]
	return of
}

// inner are the points of a step.
func (w windows) inner(e *expression) int {
	if w.dim < 0 {
		return 0
	}
	return e.inner[w.dim]
}

// loaderOf is the source that is loaded for source i, if others are loaded with it.
func (w windows) loaderOf(i int) (int, bool) {
	if w.dim < 0 || w.more[w.loaded[i]] == 0 {
		return i, false
	}
	return w.loaded[i], true
}

// newWindow is the loader of a source and of those that lie beyond it.
func newWindow(e *expression, source int, walk program.Walk, w windows) loader {
	l := newLoader(e, source, walk)
	l.steady, l.more, l.next = false, w.more[source]*w.inner(e), -1
	l.shape, l.inner = w.shape(e.shape, source), slices.Clone(e.inner)
	for d := range l.inner[:w.dim] {
		l.inner[d] = l.inner[d] / e.shape[w.dim] * l.shape[w.dim]
	}
	l.plain = !slices.ContainsFunc(l.guards, func(g guard) bool { return g.last > w.dim || g.last == w.dim && g.Div > 1 })
	for d := w.dim + 1; d < len(l.shape); d++ {
		l.plain = l.plain && (l.shape[d] == 1 || walk.Stride[d] == l.inner[d])
	}
	return l
}

// chain finds the windows that hold, at a step along the dimension before theirs, what others hold one step further: rows
// of an image, of which a filter's next row needs all but one again. Each comes before the one that it takes over from.
func (w windows) chain(e *expression, in []program.Source) {
	if w.dim < 1 {
		return
	}
	for i := range e.loaders {
		for j := range e.loaders {
			a, b := &e.loaders[i], &e.loaders[j]
			by, ok := movedAlong(w.dim-1, in[a.source].Index, in[b.source].Index)
			if ok && by == 1 && a.more == b.more && a.more > 0 && a.source != b.source && address(&e.arrays[a.source][0]) == address(&e.arrays[b.source][0]) {
				a.next, e.chained = b.source, true
			}
		}
	}
	at := func(source int) int {
		return slices.IndexFunc(e.loaders, func(l loader) bool { return l.more > 0 && l.source == source })
	}
	length := func(l loader) (n int) {
		for l.more > 0 && l.next >= 0 && n < len(e.loaders) {
			l = e.loaders[at(l.next)]
			n++
		}
		return n
	}
	ordered := slices.Clone(e.loaders)
	slices.SortStableFunc(ordered, func(a, b loader) int { return length(b) - length(a) })
	e.loaders = ordered
	for i := range e.loaders {
		if l := &e.loaders[i]; l.more > 0 && l.next >= 0 {
			l.next = at(l.next)
		}
	}
}

// place is where block i begins, and its points. Of parts of rows, those below each other follow each other if rows take
// over from each other.
func (e *expression) place(i int) (first, n int) {
	parts := ceilDiv(e.span, e.block)
	row, part := i/parts, i%parts
	if e.chained {
		rows := e.shape[e.windowed-1]
		image := i / (parts * rows)
		i -= image * parts * rows
		row, part = image*rows+i%rows, i/rows
	}
	return row*e.span + part*e.block, min(e.block, e.span-part*e.block)
}

// loadWindow fills the window's buffer for a block that begins at first.
func (e *expression) loadWindow(i, first, n int, w *expressionWorker, memory []float32) {
	l := &e.loaders[i]
	d := e.windowed
	if l.next >= 0 && first/e.inner[d-1]%e.shape[d-1] > 0 && w.keys[l.next] == first-e.inner[d-1] {
		a, b := &w.buffers[l.buffer], &w.buffers[e.loaders[l.next].buffer]
		*a, *b = *b, *a
		w.keys[i] = first
		return
	}
	w.keys[i] = first
	var at [maxRank]int
	rest := first
	for d, n := range e.inner {
		at[d] = rest / n
		rest %= n
	}
	l.window(memory[w.buffers[l.buffer]*e.stride:][:n+l.more], e.arrays[l.source], &at, d)
}

// window copies the steps along dimension d from at on, as many as dst has.
func (l *loader) window(dst, array []float32, at *[maxRank]int, d int) {
	inner := l.inner[d]
	low, high := 0, len(dst)/inner
	if !l.plain {
		clear(dst)
		l.box(dst, array, at[:], d, high)
		return
	}
	from := l.walk.Base
	for i, s := range l.walk.Stride {
		from += s * at[i]
	}
	for i := range l.guards {
		g := &l.guards[i]
		v := g.Offset
		for j, c := range g.Coef[:g.last+1] {
			v += c * at[j]
		}
		switch {
		case g.last == d:
			low, high = g.narrow(v, low, high)
		case v < 0 || v >= g.Limit || v%g.Div != 0:
			high = low
		case g.Div > 1:
			from += g.Stride * (v / g.Div)
		}
	}
	if low >= high {
		clear(dst)
		return
	}
	clear(dst[:low*inner])
	clear(dst[high*inner:])
	stride := l.walk.Stride[d]
	from += low * stride
	if dst = dst[low*inner : high*inner]; stride == inner {
		copy(dst, array[from:])
		return
	}
	for ; len(dst) > 0; dst = dst[inner:] {
		copy(dst[:inner], array[from:])
		from += stride
	}
}

// movedAlong is by how many steps along a dimension b lies beyond a, if they are alike but for that.
func movedAlong(d int, a, b program.Index) (steps int, ok bool) {
	if len(a.Axes) != len(b.Axes) || a.Base != b.Base {
		return 0, false
	}
	for i, x := range a.Axes {
		if c := x.Coef[d]; c != 0 {
			steps = (b.Axes[i].Offset - x.Offset) / c
			break
		}
	}
	for i, x := range a.Axes {
		y := b.Axes[i]
		if x.Size != y.Size || x.Stride != y.Stride || x.Div != y.Div || y.Offset-x.Offset != steps*x.Coef[d] {
			return 0, false
		}
		for q, c := range x.Coef {
			if c != y.Coef[q] {
				return 0, false
			}
		}
	}
	return steps, true
}
