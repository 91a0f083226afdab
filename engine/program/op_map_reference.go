package program

import (
	"math"

	"gangpu/engine/expr"
)

func (o Map) Reference(a Arguments) error {
	if a.double() {
		return mapLoops(o, arrays[float64](a))
	}
	return mapLoops(o, arrays[float32](a))
}

// mapLoops rounds each instruction of the expression to E.
func mapLoops[E Float](op Map, a arrays[E]) error {
	in, out := a.floats(0, len(op.In)), a.floats(len(op.In), len(a))
	eval, err := newEvaluation(op.Shape, op.In, op.Code, in)
	if err != nil {
		return err
	}
	for n := range points(op.Shape) {
		for k, v := range eval.at(n) {
			out[k][n] = E(v)
		}
	}
	return nil
}

func (o Reduce) Reference(a Arguments) error {
	if a.double() {
		return reduceLoops(o, arrays[float64](a))
	}
	return reduceLoops(o, arrays[float32](a))
}

// reduceLoops computes the expression as mapLoops does, and the rest in float64.
func reduceLoops[E Float](op Reduce, a arrays[E]) error {
	in, out := a.floats(0, len(op.In)), a.floats(len(op.In), len(a))
	eval, err := newEvaluation(op.Shape(), op.In, op.Code, in)
	if err != nil {
		return err
	}
	count := points(op.Reduced)
	for n := range points(op.Kept) {
		switch op.Kind {
		case Sum:
			sums := make([]float64, len(out))
			for r := range count {
				for k, v := range eval.at(n*count + r) {
					sums[k] += v
				}
			}
			for k, s := range sums {
				out[k][n] = E(s)
			}
		case Maximum:
			largest := math.Inf(-1)
			for r := range count {
				if v := eval.at(n*count + r)[0]; v > largest || math.IsNaN(v) {
					largest = v
					if math.IsNaN(v) {
						break
					}
				}
			}
			out[0][n] = E(largest)
		case Moments:
			var mean, m2 float64
			for r := range count {
				mean += eval.at(n*count + r)[0] / float64(count)
			}
			for r := range count {
				d := eval.at(n*count + r)[0] - mean
				m2 += d * d
			}
			out[0][n], out[1][n] = E(mean), E(m2)
		}
	}
	return nil
}

// evaluation computes the code of a map or reduction at points of its iteration.
type evaluation[E Float] struct {
	shape   []int
	sources []Source
	arrays  [][]E
	eval    *expr.Evaluator
	point   []int
	in, out []float64
}

func newEvaluation[E Float](shape []int, sources []Source, code expr.Code, arrays [][]E) (*evaluation[E], error) {
	eval, err := code.Evaluator()
	if err != nil {
		return nil, err
	}
	_, eval.Float32 = any(E(0)).(float32)
	return &evaluation[E]{shape, sources, arrays, eval, make([]int, len(shape)), make([]float64, len(sources)),
		make([]float64, eval.Results())}, nil
}

// at is the results at point number n in row-major order, valid until the next call.
func (e *evaluation[E]) at(n int) []float64 {
	for d := len(e.shape) - 1; d >= 0; d-- {
		e.point[d] = n % e.shape[d]
		n /= e.shape[d]
	}
	for i, s := range e.sources {
		e.in[i] = 0
		if at, ok := s.At(e.point); ok {
			e.in[i] = float64(e.arrays[i][at])
		}
	}
	e.eval.Eval(e.out, e.in)
	return e.out
}
