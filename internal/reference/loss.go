package reference

import "math"

// BCEWithLogits is the mean over i of max(z,0) - z*t + log(1+exp(-|z|)), for logits z and labels
// t, into loss [1].
func BCEWithLogits[E Float](logits, labels, loss []E) {
	var sum E
	for i, z := range logits {
		sum += max(z, 0) - z*labels[i] + E(math.Log1p(math.Exp(-math.Abs(float64(z)))))
	}
	loss[0] = sum / E(len(logits))
}

// BCEWithLogitsGrad is dlogits = dloss*(sigmoid(z)-t)/N, for logits z, labels t and dloss [1].
func BCEWithLogitsGrad[E Float](logits, labels, dloss, dlogits []E) {
	for i, z := range logits {
		dlogits[i] = dloss[0] * (sigmoid(z) - labels[i]) / E(len(logits))
	}
}

// BinaryAccuracy is the share of i with (logits[i] > 0) == (labels[i] > 0.5), into accuracy [1].
func BinaryAccuracy[E Float](logits, labels, accuracy []E) {
	right := 0
	for i, z := range logits {
		if (z > 0) == (labels[i] > 0.5) {
			right++
		}
	}
	accuracy[0] = E(right) / E(len(logits))
}
