package reference

import (
	"math"
	"slices"
)

// SoftmaxCrossEntropy is the mean over rows of sum over c of t[c]*log(sum over k of
// exp(z[k]-z[c])), for rows of logits z and labels t, into loss [1].
func SoftmaxCrossEntropy[E Float](classes int, logits, labels, loss []E) {
	var sum E
	for i := 0; i < len(logits); i += classes {
		z := logits[i : i+classes]
		top, scale := exponentials(z)
		for c, v := range z {
			sum += labels[i+c] * (E(math.Log(float64(scale))) - (v - top))
		}
	}
	loss[0] = sum / E(len(logits)/classes)
}

// SoftmaxCrossEntropyGrad is dlogits = dloss*(softmax(z)-t)/rows, for rows of logits z, labels t
// and dloss [1].
func SoftmaxCrossEntropyGrad[E Float](classes int, logits, labels, dloss, dlogits []E) {
	for i := 0; i < len(logits); i += classes {
		z := logits[i : i+classes]
		top, scale := exponentials(z)
		for c, v := range z {
			softmax := E(math.Exp(float64(v-top))) / scale
			dlogits[i+c] = dloss[0] * (softmax - labels[i+c]) / E(len(logits)/classes)
		}
	}
}

// exponentials are the largest of z and the sum of exp(z-top).
func exponentials[E Float](z []E) (top, sum E) {
	top = slices.Max(z)
	for _, v := range z {
		sum += E(math.Exp(float64(v - top)))
	}
	return top, sum
}

// CategoricalAccuracy is the share of rows whose largest logit is where the largest label is, the
// first of equals, into accuracy [1].
func CategoricalAccuracy[E Float](classes int, logits, labels, accuracy []E) {
	right := 0
	for i := 0; i < len(logits); i += classes {
		if largest(logits[i:i+classes]) == largest(labels[i:i+classes]) {
			right++
		}
	}
	accuracy[0] = E(right) / E(len(logits)/classes)
}

func largest[E Float](row []E) int {
	best := 0
	for c, v := range row {
		if v > row[best] {
			best = c
		}
	}
	return best
}
