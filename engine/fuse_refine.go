package engine

import (
	"slices"

	"gangpu/engine/program"
)

// Two loops can be made one if they walk the same points by the same dimensions. So dimensions are cut to finer ones,
// those of size 1 are left out, and conditions that always hold are dropped.

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
