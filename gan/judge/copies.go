package judge

import (
	"cmp"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// Copies say how near generated images come to single training images, which shows a generator that
// copies: the distances, Euclidean in pixels from 0 to 1, beside those of test images.
type Copies struct {
	Images     int     `json:"images"` // of the generated and of the test images, at most
	Median     float64 `json:"median"`
	Least      float64 `json:"least"`
	TestMedian float64 `json:"test_median"`
	TestLeast  float64 `json:"test_least"`

	nearest []Neighbour // of the generated images
	order   []int       // of these, by distance
}

// FindCopies finds the nearest training image of each generated one, [n, height, width, channels] from 0 to 1, and of as
// many test images.
func FindCopies(dev program.Device, generated []float32, training, test train.Field) (Copies, error) {
	c := Copies{Images: len(generated) / max(sizeOf(training.Shape), 1)}
	if !slices.Equal(training.Shape, test.Shape) {
		return c, fmt.Errorf("the training images are %v, the test images %v [height width channels]", training.Shape, test.Shape)
	}
	var err error
	if c.nearest, err = Nearest(dev, generated, training); err != nil {
		return c, err
	}
	real, err := test.Draw(c.Images)
	if err != nil {
		return c, err
	}
	ofTest, err := Nearest(dev, train.Floats(real), training)
	if err != nil {
		return c, err
	}
	c.order = byDistance(c.nearest)
	c.Least, c.Median = c.nearest[c.order[0]].Distance, c.nearest[c.order[len(c.order)/2]].Distance
	order := byDistance(ofTest)
	c.TestLeast, c.TestMedian = ofTest[order[0]].Distance, ofTest[order[len(order)/2]].Distance
	return c, nil
}

func byDistance(n []Neighbour) []int {
	order := make([]int, len(n))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n[a].Distance, n[b].Distance) })
	return order
}

// Pairs are the n generated images, all if there are no more, that are nearest to a training image, each followed by that
// one: [2n, height, width, channels] from 0 to 1.
func (c Copies) Pairs(n int, generated []float32, training train.Field) []float32 {
	var pairs []float32
	size := sizeOf(training.Shape)
	for _, i := range c.order[:min(n, len(c.order))] {
		pairs = append(pairs, generated[i*size:][:size]...)
		pairs = append(pairs, train.Floats(training.Bytes[c.nearest[i].Index*size:][:size])...)
	}
	return pairs
}
