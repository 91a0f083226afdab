package program

import (
	"fmt"
	"slices"
	"strconv"
)

// Index says which element of an array each point of an iteration reads: a slice, a transpose, a
// flip, padding, upsampling, a broadcast and what they make together, without moving an element.
//
// The array is seen as axes. At point p of the iteration, the place along axis a is
//
//	i[a] = (Offset[a] + sum over d of Coef[a][d]*p[d]) / Div[a]
//
// and the element is Base + sum over a of Stride[a]*i[a]. Where the division of some axis leaves a
// remainder, or i[a] is not in [0, Size[a]), the point reads 0. An axis with a stride of 0 is a mere
// condition.
type Index struct {
	Base int // added to the place of every element
	Axes []Axis
}

// Axis is one axis of an Index.
type Axis struct {
	Size   int
	Stride int   // between neighbours along the axis, in elements of the array
	Offset int   // may be negative
	Coef   []int // one for each dimension of the iteration
	Div    int   // at least 1
}

// Dense is the Index of an array of the iteration's own shape, in row-major order.
func Dense(shape []int) Index {
	axes, stride := make([]Axis, len(shape)), 1
	for d := len(shape) - 1; d >= 0; d-- {
		axes[d] = Axis{Size: shape[d], Stride: stride, Coef: make([]int, len(shape)), Div: 1}
		axes[d].Coef[d] = 1
		stride *= shape[d]
	}
	return Index{Axes: axes}
}

// Broadcast is the Index of an array that has the iteration's dimensions or 1 in their place.
func Broadcast(shape, of []int) Index {
	x := Dense(of)
	for d := range x.Axes {
		if of[d] != shape[d] {
			x.Axes[d].Coef[d] = 0
		}
	}
	return x
}

// Validate reports an index that reads beyond n elements, or does not fit an iteration of rank
// dimensions.
func (x Index) Validate(rank, n int) error {
	low, high := x.Base, x.Base
	for i, a := range x.Axes {
		switch {
		case a.Size < 1 || a.Div < 1:
			return fmt.Errorf("axis %d has size %d and divisor %d, want at least 1", i, a.Size, a.Div)
		case len(a.Coef) != rank:
			return fmt.Errorf("axis %d has %d coefficients, want %d", i, len(a.Coef), rank)
		}
		last := a.Stride * (a.Size - 1)
		low, high = low+min(last, 0), high+max(last, 0)
	}
	if low < 0 || high >= n {
		return fmt.Errorf("an index reads elements [%d, %d] of %d", low, high, n)
	}
	return nil
}

// Range is the least and the largest value of Offset + sum of Coef*p over the points of the shape.
func (a Axis) Range(shape []int) (low, high int) {
	low, high = a.Offset, a.Offset
	for d, c := range a.Coef {
		reach := c * (shape[d] - 1)
		low, high = low+min(reach, 0), high+max(reach, 0)
	}
	return low, high
}

// at is the place along the axis at a point.
func (a Axis) at(p []int) (int, bool) {
	v := a.Offset
	for d, c := range a.Coef {
		v += c * p[d]
	}
	if v < 0 || v%a.Div != 0 || v/a.Div >= a.Size {
		return 0, false
	}
	return v / a.Div, true
}

// At is the element that the point p reads; it reports false where it reads 0.
func (x Index) At(p []int) (int, bool) {
	e := x.Base
	for _, a := range x.Axes {
		i, ok := a.at(p)
		if !ok {
			return 0, false
		}
		e += a.Stride * i
	}
	return e, true
}

// Walk is an Index as loops use it: the element at point p is Base + sum over d of Stride[d]*p[d] plus
// the places along the axes that divide, where all guards hold.
type Walk struct {
	Base   int
	Stride []int   // one for each dimension of the iteration
	Guards []Guard // conditions that do not hold everywhere
}

// Guard is a condition on the points of an iteration: with v = Offset + sum over d of Coef[d]*p[d],
//
//	0 <= v < Limit, and v%Div == 0
//
// If Div is more than 1, Stride*(v/Div) is a part of the element's place.
type Guard struct {
	Offset, Limit, Div, Stride int
	Coef                       []int
}

// Walk works an index out for the points of a shape. Axes that never leave their bounds need no guard.
func (x Index) Walk(shape []int) Walk {
	w := Walk{Base: x.Base, Stride: make([]int, len(shape))}
	for _, a := range x.Axes {
		low, high := a.Range(shape)
		inside := low >= 0 && high < a.Size*a.Div
		if a.Div == 1 {
			w.Base += a.Stride * a.Offset
			for d, c := range a.Coef {
				w.Stride[d] += a.Stride * c
			}
			if !inside {
				w.Guards = append(w.Guards, Guard{Offset: a.Offset, Limit: a.Size, Div: 1, Coef: a.Coef})
			}
			continue
		}
		w.Guards = append(w.Guards, Guard{Offset: a.Offset, Limit: (a.Size-1)*a.Div + 1, Div: a.Div, Stride: a.Stride, Coef: a.Coef})
	}
	return w
}

// IsDense reports whether point number i of the shape, in row-major order, reads element Base+i.
func (w Walk) IsDense(shape []int) bool {
	stride := 1
	for d := len(shape) - 1; d >= 0; d-- {
		if shape[d] > 1 && w.Stride[d] != stride {
			return false
		}
		stride *= shape[d]
	}
	return len(w.Guards) == 0
}

// Compose is the index in another iteration, of a shape, whose points q are at points of this one:
// position[d] is the place along dimension d as an Axis, of which Stride does not count. Where a position
// leaves its dimension or has a remainder, the point reads 0. It is an error if an axis moves along
// two dimensions of which one divides.
func (x Index) Compose(position []Axis, shape []int) (Index, error) {
	y := Index{Base: x.Base}
	for i, a := range x.Axes {
		b := Axis{Size: a.Size, Stride: a.Stride, Offset: a.Offset, Coef: make([]int, len(shape)), Div: a.Div}
		moves := 0
		for d, c := range a.Coef {
			if c == 0 {
				continue
			}
			p := position[d]
			if p.Div > 1 && moves > 0 || b.Div > a.Div {
				return Index{}, fmt.Errorf("axis %d of index %v moves along two dimensions of which one divides", i, x)
			}
			moves++
			// (Offset + c*(u/Div))/div is (Offset*Div + c*u)/(div*Div).
			b.Offset, b.Div = b.Offset*p.Div+c*p.Offset, b.Div*p.Div
			for q, pc := range p.Coef {
				b.Coef[q] += c * pc
			}
		}
		y.Axes = append(y.Axes, b)
	}
	for _, p := range position {
		if low, high := p.Range(shape); p.Div > 1 || low < 0 || high >= p.Size {
			p.Stride = 0
			y.Axes = append(y.Axes, p)
		}
	}
	return y, nil
}

// Distinct is the index without the conditions that one of its other axes is as well.
func (x Index) Distinct() Index {
	y := Index{Base: x.Base}
	for i, a := range x.Axes {
		same := func(b Axis) bool {
			return b.Size == a.Size && b.Offset == a.Offset && b.Div == a.Div && slices.Equal(b.Coef, a.Coef)
		}
		if a.Stride == 0 && (slices.ContainsFunc(y.Axes, same) || slices.ContainsFunc(x.Axes[i+1:], same)) {
			continue
		}
		y.Axes = append(y.Axes, a)
	}
	return y
}

// Refine is the index in an iteration where dimension d is split into as many as sizes has, whose product
// is the dimension's.
func (x Index) Refine(d int, sizes []int) Index {
	return x.eachCoef(func(c []int) []int {
		split := make([]int, len(sizes))
		step := c[d]
		for i := len(sizes) - 1; i >= 0; i-- {
			split[i] = step
			step *= sizes[i]
		}
		return slices.Concat(c[:d], split, c[d+1:])
	})
}

// Permute is the index in an iteration with its dimensions in another order: dimension d of it is
// dimension order[d] of this one.
func (x Index) Permute(order []int) Index {
	return x.eachCoef(func(c []int) []int {
		p := make([]int, len(order))
		for i, d := range order {
			p[i] = c[d]
		}
		return p
	})
}

// Drop is the index in an iteration without dimension d, which has size 1.
func (x Index) Drop(d int) Index {
	return x.eachCoef(func(c []int) []int { return slices.Concat(c[:d], c[d+1:]) })
}

func (x Index) eachCoef(f func(c []int) []int) Index {
	y := Index{Base: x.Base, Axes: slices.Clone(x.Axes)}
	for i := range y.Axes {
		y.Axes[i].Coef = f(y.Axes[i].Coef)
	}
	return y
}

// flat is the index with all axes that never leave their bounds, and do not divide, as one.
func (x Index) flat(shape []int) Index {
	all := Axis{Stride: 1, Coef: make([]int, len(shape)), Div: 1}
	y := Index{Base: x.Base}
	for _, a := range x.Axes {
		if low, high := a.Range(shape); a.Div > 1 || low < 0 || high >= a.Size {
			y.Axes = append(y.Axes, a)
			continue
		}
		y.Base += a.Stride * a.Offset
		for d, c := range a.Coef {
			all.Coef[d] += a.Stride * c
		}
	}
	low, high := all.Range(shape)
	y.Base, all.Offset, all.Size = y.Base+low, -low, high-low+1
	y.Axes = append(y.Axes, all)
	return y
}

// Simplify drops dimensions of size 1 from a shape and merges those that all indices walk as one. It
// changes neither the number of points, nor their order, nor what they read.
func Simplify(shape []int, in []Index) ([]int, []Index) {
	shape, in = slices.Clone(shape), slices.Clone(in)
	for i := range in {
		in[i] = in[i].flat(shape)
	}
	drop := func(d int) {
		shape = slices.Delete(shape, d, d+1)
		for i := range in {
			in[i] = in[i].Drop(d)
		}
	}
	for d := len(shape) - 1; d >= 0; d-- {
		if shape[d] == 1 {
			drop(d)
		}
	}
	for d := len(shape) - 2; d >= 0; d-- {
		if mergeable(d, shape[d+1], in) {
			shape[d+1] *= shape[d]
			drop(d)
		}
	}
	return shape, in
}

// mergeable reports whether all indices walk dimensions d and d+1, of the given size, as one.
func mergeable(d, size int, in []Index) bool {
	for _, x := range in {
		for _, a := range x.Axes {
			if a.Coef[d] != a.Coef[d+1]*size {
				return false
			}
		}
	}
	return true
}

func (x Index) String() string {
	text := strconv.AppendInt(nil, int64(x.Base), 10)
	number := func(before string, n int) { text = strconv.AppendInt(append(text, before...), int64(n), 10) }
	for _, a := range x.Axes {
		number("+", a.Stride)
		number("*[(", a.Offset)
		separator := "+["
		for _, c := range a.Coef {
			number(separator, c)
			separator = " "
		}
		number("])/", a.Div)
		number("<", a.Size)
		text = append(text, ']')
	}
	return string(text)
}
