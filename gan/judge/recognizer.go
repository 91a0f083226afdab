package judge

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
)

// greyRecognizer is a gan.Classifier on a device.
type greyRecognizer struct {
	classifier *gan.Classifier
	*gan.Recognizer
}

func (r greyRecognizer) size() (image []int, features, classes int) {
	c := r.classifier
	return []int{c.Height(), c.Width(), 1}, c.Features(), c.Classes()
}

func (r greyRecognizer) recognize(pixels []float32, n int) (gan.Recognition, error) {
	c := r.classifier
	return r.Recognize(gan.Samples{Count: n, Height: c.Height(), Width: c.Width(), Pixels: pixels})
}

// gameRecognizer is a model of the game classifier on a device.
type gameRecognizer struct{ *train.Runner }

func newGameRecognizer(dev program.Device, m *train.Model) (recognizer, error) {
	r, err := train.NewRunner(dev, m, classifier.Use, Batch)
	if err != nil {
		return nil, err
	}
	shapes, inputs := r.Shapes(), r.Inputs()
	if len(shapes) != 2 || len(shapes[0]) != 1 || len(shapes[1]) != 1 || len(inputs) != 1 || inputs[0].Name != "image" {
		return nil, errors.Join(fmt.Errorf("the model of the game %s is no classifier", m.Game), r.Close())
	}
	return gameRecognizer{r}, nil
}

func (r gameRecognizer) size() (image []int, features, classes int) {
	return r.Inputs()[0].Shape, r.Shapes()[1][0], r.Shapes()[0][0]
}

func (r gameRecognizer) recognize(pixels []float32, n int) (gan.Recognition, error) {
	y, err := r.Run(map[string][]float32{"image": pixels}, n)
	if err != nil {
		return gan.Recognition{}, fmt.Errorf("classifying images: %w", err)
	}
	return gan.Recognition{Count: n, Logits: y[0], Features: y[1]}, nil
}

// realImages are images of bytes [count, shape...].
type realImages struct {
	bytes []byte
	shape []int
}

func imagesOf(i gan.Images) realImages { return realImages{i.Pixels, []int{i.Rows, i.Cols, 1}} }

func (r realImages) size() int {
	n := 1
	for _, d := range r.shape {
		n *= d
	}
	return n
}

func (r realImages) count() int { return len(r.bytes) / max(r.size(), 1) }

// floats are n of the images from 0 to 1, in their order. They are drawn at random, the same ones at any time: evenly
// spaced ones would be of few classes where these come in a period.
func (r realImages) floats(n int) []float32 {
	size := r.size()
	pixels := make([]float32, 0, n*size)
	// Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
	draw := rand.New(rand.NewPCG(1, 0))
	for k, left := 0, r.count(); n > 0; k, left = k+1, left-1 {
		if draw.IntN(left) >= n {
			continue
		}
		n--
		for _, p := range r.bytes[k*size:][:size] {
			pixels = append(pixels, float32(p)/255)
		}
	}
	return pixels
}
