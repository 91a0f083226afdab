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

// findWindows finds the dimension along which fewest elements are loaded. There are none if that does not halve them.
func findWindows(shape []int, in []program.Source, arrays [][]float32) windows {
	best, least := windows{dim: -1}, float64(len(in))/2
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
	l.steady, l.change, l.period = false, 1, 1 // no two blocks have the same values
	l.more = w.more[source] * w.inner(e)
	l.shape, l.inner = w.shape(e.shape, source), slices.Clone(e.inner)
	for d := range l.inner[:w.dim] {
		l.inner[d] *= l.shape[w.dim]
		l.inner[d] /= e.shape[w.dim]
	}
	return l
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
