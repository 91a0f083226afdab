package reference

import "gangpu/engine/program"

// ScoreLoss is the mean over i of the kind's loss of score s against label t, into loss [1].
func ScoreLoss[E Float](kind program.ScoreLossKind, scores, labels, loss []E) {
	var sum E
	for i, s := range scores {
		switch t := labels[i]; kind {
		case program.LeastSquares:
			sum += (s - t) * (s - t)
		case program.Hinge:
			sum += max(0, 1-t*s)
		case program.Linear:
			sum -= t * s
		}
	}
	loss[0] = sum / E(len(scores))
}

// ScoreLossGrad is ScoreLoss's gradient with respect to the scores, times dloss [1].
func ScoreLossGrad[E Float](kind program.ScoreLossKind, scores, labels, dloss, dscores []E) {
	factor := dloss[0] / E(len(scores))
	for i, s := range scores {
		t := labels[i]
		switch {
		case kind == program.LeastSquares:
			dscores[i] = factor * 2 * (s - t)
		case kind == program.Linear || t*s < 1:
			dscores[i] = -factor * t
		default:
			dscores[i] = 0
		}
	}
}
