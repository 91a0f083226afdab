package cpu

import "gangpu/engine/program"

// mapTask is the number of points of a task of a map or a reduction.
const mapTask = 1 << 14

var _ = runs(newMap)

// newMap computes blocks of points.
func newMap(op program.Map, a arguments, ws *workspace) (kernel, error) {
	l := &layout{workspace: ws}
	e, _, err := newExpression(op.Shape, op.In, op.Code, a.floats(0, len(op.In)), a.floats(len(op.In), len(a)), true, true, l)
	if err != nil {
		return nil, err
	}
	blocksOfTask := max(mapTask/e.block, 1)
	return kernel{blocks(e.points/e.span*ceilDiv(e.span, e.block), blocksOfTask, func(i, end, worker int) {
		e.prepare(worker)
		for ; i < end; i++ {
			first, n := e.place(i)
			e.run(first, n, worker)
		}
	})}, nil
}
