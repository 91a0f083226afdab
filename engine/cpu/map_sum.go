package cpu

import "gangpu/engine/program"

var _ = runs(newMapSum)

// newMapSum is a reduction of points in the order of the map's, of which the first results are written as they are.
func newMapSum(op program.MapSum, a arguments, ws *workspace) (kernel, error) {
	size := func(shape []int) int {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return n
	}
	r := &reduction{kind: program.Sum, outer: size(op.Shape[:op.First]), reduced: size(op.Shape[op.First:op.End]), inner: size(op.Shape[op.End:])}
	sums := len(a) - op.Sums
	return r.kernel(op.Shape, op.In, op.Code, a.floats(0, len(op.In)), a.floats(len(op.In), sums), a.floats(sums, len(a)), ws)
}
