package cpu

import "gangpu/engine/program"

// A batch has few scores: one task sums them, in float64.

func newScoreLoss(op program.ScoreLoss, scores, labels, loss []float32) kernel {
	return kernel{{tasks: 1, run: func(_, _ int) {
		var sum float64
		for i, v := range scores {
			s, t := float64(v), float64(labels[i])
			switch op.Kind {
			case program.LeastSquares:
				sum += (s - t) * (s - t)
			case program.Hinge:
				sum += max(0, 1-t*s)
			case program.Linear:
				sum -= t * s
			}
		}
		loss[0] = float32(sum / float64(op.N))
	}}}
}

func newScoreLossGrad(op program.ScoreLossGrad, scores, labels, dloss, dscores []float32) kernel {
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		factor := float64(dloss[0]) / float64(op.N)
		for i := first; i < end; i++ {
			s, t := float64(scores[i]), float64(labels[i])
			d := 0.0
			switch {
			case op.Kind == program.LeastSquares:
				d = 2 * (s - t)
			case op.Kind == program.Linear || t*s < 1:
				d = -t
			}
			dscores[i] = float32(factor * d)
		}
	})}
}
