package classifier

import (
	"fmt"

	"gangpu/gan/train"
)

// Accuracy is the share of images whose likeliest class, as a runner of [Use] has it, is theirs.
func Accuracy(r *train.Runner, images train.Field, labels []int32) (float64, error) {
	size := 1
	for _, d := range images.Shape {
		size *= d
	}
	n := len(images.Bytes) / size
	if n == 0 || n != len(labels) {
		return 0, fmt.Errorf("%d images with %d labels", n, len(labels))
	}
	pixels := make([]float32, n*size)
	for i, v := range images.Bytes {
		pixels[i] = float32(v) / 255
	}
	y, err := r.Run(map[string][]float32{"image": pixels}, n)
	if err != nil {
		return 0, fmt.Errorf("classifying images: %w", err)
	}
	classes := r.Shapes()[0][0]
	right := 0
	for i, label := range labels {
		logits, best := y[0][i*classes:][:classes], 0
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
