package cpu

import (
	"math"

	"gangpu/engine/program"
)

// A task takes a row: of an image's pixels.

func newInterpolate(op program.Interpolate, weight, a, b, y []float32) kernel {
	return kernel{{tasks: op.Rows, run: func(r, _ int) {
		first, end := r*op.Columns, (r+1)*op.Columns
		copy(y[first:end], b[first:end])
		unit.axpy(weight[r], a[first:end], y[first:end])
		unit.axpy(-weight[r], b[first:end], y[first:end])
	}}}
}

func newGradientPenalty(op program.GradientPenalty, g, penalty []float32, ws *workspace) kernel {
	l := layout{workspace: ws}
	parts := l.shared(op.Rows)
	return kernel{{tasks: op.Rows, run: func(r, _ int) {
		d := norm(g[r*op.Columns:(r+1)*op.Columns]) - 1
		parts.floats()[r] = float32(d * d)
	}}, {tasks: 1, run: func(_, _ int) {
		var sum float64
		for _, p := range parts.floats() {
			sum += float64(p)
		}
		penalty[0] = float32(sum / float64(op.Rows))
	}}}
}

func newGradientPenaltyGrad(op program.GradientPenaltyGrad, g, dpenalty, dg []float32) kernel {
	return kernel{{tasks: op.Rows, run: func(r, _ int) {
		row, out := g[r*op.Columns:(r+1)*op.Columns], dg[r*op.Columns:(r+1)*op.Columns]
		clear(out)
		if n := norm(row); n != 0 {
			unit.axpy(float32(2*float64(dpenalty[0])/float64(op.Rows)*(n-1)/n), row, out)
		}
	}}}
}

func norm(row []float32) float64 { return math.Sqrt(float64(unit.dot(row, row))) }
