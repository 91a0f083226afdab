package program

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gangpu/engine/expr"
)

var _ = known(MapSum{})

// MapSum is a map that also adds values up, over a run of its dimensions, so that operands which a map and a sum
// have in common are read once:
//
//	for each point p = (o, r, i) of Shape, where r is its dimensions from First to End, number n in row-major order:
//	    y_k[n]        = Code_k(x_0[In_0(p)], x_1[In_1(p)], ...)   for the results k of the code but the last Sums ones
//	    s_k[number of (o, i)] += Code_k(...)                      for the last Sums ones, which begin at 0
//
// The order in which a device adds the values up depends on the shapes and the code alone. Arguments: x_i [Len_i], y_k
// [points of Shape] written, s_k [points of Shape without r] written. There is one y at least, and one s. A y may be
// written over an operand that every point reads at its own number.
type MapSum struct {
	Map
	First, End int // the dimensions that are added up, one at least
	Sums       int
}

func (MapSum) Name() string { return "map_sum" }

// Kept are the sizes of the dimensions before those that are added up, and of those after them.
func (o MapSum) Kept() (outer, inner []int) { return o.Shape[:o.First], o.Shape[o.End:] }

func (o MapSum) Validate() error {
	results, err := validateSources(o.Shape, o.In, o.Code)
	switch {
	case err != nil:
		return err
	case o.First < 0 || o.First >= o.End || o.End > len(o.Shape):
		return fmt.Errorf("sums over the dimensions from %d to %d of %v", o.First, o.End, o.Shape)
	case o.Sums < 1 || o.Sums >= results:
		return fmt.Errorf("%d sums among %d results, want one at least and another result", o.Sums, results)
	}
	return nil
}

func (o MapSum) Operands() []Operand {
	all := sourceOperands(o.In, o.Code, points(o.Shape))
	outer, inner := o.Kept()
	for k := range o.Sums {
		s := &all[len(all)-o.Sums+k]
		s.Name, s.Len = fmt.Sprintf("s%d", k), points(outer)*points(inner)
	}
	return all
}

// Sum is the same as a reduction, in which the first results of the code are those of the map: its kept dimensions are
// those before the ones that are added up, and those after them. It also gives the dimensions of the reduction in the
// order of the map's.
func (o MapSum) Sum() (sum Reduce, order []int) {
	for d := range o.Shape {
		order = append(order, d)
	}
	order = slices.Concat(order[:o.First], order[o.End:], order[o.First:o.End])
	outer, inner := o.Kept()
	sum = Reduce{Kind: Sum, Kept: slices.Concat(outer, inner), Reduced: slices.Clone(o.Shape[o.First:o.End]), In: slices.Clone(o.In), Code: o.Code}
	for i := range sum.In {
		sum.In[i].Index = sum.In[i].Permute(order)
	}
	return sum, order
}

// each calls f for each point of what is kept, with the numbers of the points that are added up.
func (o MapSum) each(f func(kept int, numbers []int)) {
	outer, inner := o.Kept()
	columns := points(inner)
	numbers := make([]int, points(o.Shape[o.First:o.End]))
	for kept := range points(outer) * columns {
		for r := range numbers {
			numbers[r] = (kept/columns*len(numbers)+r)*columns + kept%columns
		}
		f(kept, numbers)
	}
}

func (o MapSum) Reference(a Arguments) error {
	if a.double() {
		return mapSumLoops(o, arrays[float64](a))
	}
	return mapSumLoops(o, arrays[float32](a))
}

// mapSumLoops rounds each instruction of the expression to E, and adds up in float64.
func mapSumLoops[E Float](op MapSum, a arrays[E]) error {
	in, maps, out := a.floats(0, len(op.In)), a.floats(len(op.In), len(a)-op.Sums), a.floats(len(a)-op.Sums, len(a))
	eval, err := newEvaluation(op.Shape, op.In, op.Code, in)
	if err != nil {
		return err
	}
	op.each(func(kept int, numbers []int) {
		sums := make([]float64, op.Sums)
		for _, n := range numbers {
			v := eval.at(n)
			for k := range maps {
				maps[k][n] = E(v[k])
			}
			for k := range sums {
				sums[k] += v[len(maps)+k]
			}
		}
		for k, s := range sums {
			out[k][kept] = E(s)
		}
	})
	return nil
}

// Random is of random expressions over random indices.
func (MapSum) Random(rng *rand.Rand, limit int) Op {
	shape := randomIteration(rng, limit)
	if len(shape) == 0 {
		shape = []int{1}
	}
	o := MapSum{Map: Map{Shape: shape, In: randomSources(rng, shape)}, Sums: pick(rng, 1, 1, 2, 3)}
	o.First = rng.IntN(len(shape))
	o.End = o.First + 1 + rng.IntN(len(shape)-o.First)
	results := make([]expr.Expr, o.Sums+pick(rng, 1, 1, 2))
	for k := range results {
		results[k] = randomExpression(rng, len(o.In))
	}
	o.Code = expr.Compile(results...)
	return o
}

// Error is that of the worst element, in units of what is allowed: of a map, and of a sum.
func (o MapSum) Error(c Comparison) float64 {
	b := newBounds(c, o.Shape, o.In, o.Code)
	if b == nil {
		return math.Inf(1)
	}
	maps := len(b.value) - o.Sums
	o.each(func(kept int, numbers []int) {
		sums, within := make([]float64, o.Sums), make([]float64, o.Sums)
		for _, n := range numbers {
			b.at(n)
			for k, v := range b.value {
				if k < maps {
					b.note(k, n, v, b.within[k])
					continue
				}
				sums[k-maps] += v
				within[k-maps] += b.within[k] + 8*eps*math.Abs(v)
			}
		}
		for k := range sums {
			b.note(maps+k, kept, sums[k], within[k])
		}
	})
	return b.worst
}
