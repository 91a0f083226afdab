package classifier

import (
	"fmt"

	"gangpu/gan/train"
)

// Accuracy is the share of images whose likeliest class, as a runner of [Use] has it, is theirs.
func Accuracy(r *train.Runner, images train.Field, labels []int32) (float64, error) {
	n := images.Rows()
	if n == 0 || n != len(labels) {
		return 0, fmt.Errorf("%d images with %d labels", n, len(labels))
	}
	all, err := logitsOf(r, images)
	if err != nil {
		return 0, err
	}
	classes := len(all) / n
	right := 0
	for i, label := range labels {
		logits, best := all[i*classes:][:classes], 0
		for c, v := range logits {
			if v > logits[best] {
				best = c
			}
		}
		if best == int(label) {
			right++
		}
	}
	return float64(right) / float64(n), nil
}

// F1 says how well a runner of [TagUse] tells the tags [rows, tags] of images: of all tags that it tells or that are there, taken
// twice where both hold, the share that is right (van Rijsbergen, 1979): 2*right/(told + there).
func F1(r *train.Runner, images train.Field, tags []float32) (float64, error) {
	logits, err := logitsOf(r, images)
	if err != nil {
		return 0, err
	}
	if len(logits) != len(tags) || len(tags) == 0 {
		return 0, fmt.Errorf("%d tags are told of images that have %d", len(logits), len(tags))
	}
	right, all := 0, 0
	for i, tag := range tags {
		if logits[i] > 0 {
			all++
		}
		if tag >= 0.5 {
			all++
			if logits[i] > 0 {
				right++
			}
		}
	}
	return 2 * float64(right) / float64(max(all, 1)), nil
}

func logitsOf(r *train.Runner, images train.Field) ([]float32, error) {
	y, err := r.Run(map[string][]float32{"image": train.Floats(images.Bytes)}, images.Rows())
	if err != nil {
		return nil, fmt.Errorf("classifying images: %w", err)
	}
	return y[0], nil
}
