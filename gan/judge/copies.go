package judge

import (
	"cmp"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"
)

// Copies say how near generated images come to single training images, which shows a generator that
// copies: the distances, Euclidean in pixels from 0 to 1, beside those of test images.
type Copies struct {
	Images     int     `json:"images"` // of the generated and of the test images, at most
	Median     float64 `json:"median"`
	Least      float64 `json:"least"`
	TestMedian float64 `json:"test_median"`
	TestLeast  float64 `json:"test_least"`

	nearest []gan.Neighbour // of the generated images
	order   []int           // of these, by distance
}

// FindCopies finds the nearest training image of each generated one, and of as many test images.
func FindCopies(dev program.Device, generated gan.Samples, training, test gan.Images) (Copies, error) {
	c := Copies{Images: generated.Count}
	var err error
	if c.nearest, err = gan.Nearest(dev, generated, training); err != nil {
		return c, err
	}
	ofTest, err := gan.Nearest(dev, test.Samples(generated.Count), training)
	if err != nil {
		return c, err
	}
	c.order = byDistance(c.nearest)
	c.Least, c.Median = c.nearest[c.order[0]].Distance, c.nearest[c.order[len(c.order)/2]].Distance
	order := byDistance(ofTest)
	c.TestLeast, c.TestMedian = ofTest[order[0]].Distance, ofTest[order[len(order)/2]].Distance
	return c, nil
}

func byDistance(n []gan.Neighbour) []int {
	order := make([]int, len(n))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n[a].Distance, n[b].Distance) })
	return order
}

// Pairs are the generated images that are nearest to a training image, each followed by that one.
func (c Copies) Pairs(n int, generated gan.Samples, training gan.Images) gan.Samples {
	n = min(n, len(c.order))
	pairs := gan.Samples{Count: 2 * n, Height: generated.Height, Width: generated.Width}
	for _, i := range c.order[:n] {
		pairs.Pixels = append(pairs.Pixels, generated.Sample(i).Pixels...)
		pairs.Pixels = append(pairs.Pixels, training.Slice(c.nearest[i].Index, 1).Samples(1).Pixels...)
	}
	return pairs
}
