package judge

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
)

// recognizer is a classifier on a device.
type recognizer struct {
	*train.Runner
	image             []int // the shape of an image
	features, classes int
}

// recognition is what a classifier makes of images.
type recognition struct {
	count    int
	features []float32 // [count, the classifier's features]
	logits   []float32 // [count, its classes]
}

func newRecognizer(dev program.Device, m *train.Model) (*recognizer, error) {
	r, err := train.NewRunner(dev, m, classifier.Use, Batch)
	if err != nil {
		return nil, fmt.Errorf("it is no classifier: %w", err)
	}
	shapes, inputs := r.Shapes(), r.Inputs()
	if len(shapes) != 2 || len(shapes[0]) != 1 || len(shapes[1]) != 1 || len(inputs) != 1 || inputs[0].Name != "image" {
		return nil, errors.Join(fmt.Errorf("the model of the game %s is no classifier", m.Game), r.Close())
	}
	return &recognizer{r, inputs[0].Shape, shapes[1][0], shapes[0][0]}, nil
}

// recognize classifies n images of pixels from 0 to 1.
func (r *recognizer) recognize(pixels []float32, n int) (recognition, error) {
	y, err := r.Run(map[string][]float32{"image": pixels}, n)
	if err != nil {
		return recognition{}, fmt.Errorf("classifying images: %w", err)
	}
	return recognition{count: n, logits: y[0], features: y[1]}, nil
}

// likeliest is the likeliest class of each image.
func (k recognition) likeliest() []int {
	classes := make([]int, k.count)
	n := len(k.logits) / k.count
	for i := range classes {
		logits := k.logits[i*n : (i+1)*n]
		for c, v := range logits {
			if v > logits[classes[i]] {
				classes[i] = c
			}
		}
	}
	return classes
}
