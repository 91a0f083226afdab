package judge

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
)

// TagScores tell how often images have the tags that they were asked for by (the precision of Jin et al., 2017, section 4.4, with a
// tagger in the place of people).
type TagScores struct {
	Images     int        `json:"images"`
	TestImages int        `json:"test_images"`
	Tags       []TagScore `json:"tags"`
}

// TagScore is of one tag.
type TagScore struct {
	Name      string    `json:"name"`
	Generated TagCounts `json:"generated"`
	Test      TagCounts `json:"test"` // of the test images, which bound what the tagger can see
}

// TagCounts are of images that are to have a tag, and of the others: how many there are, and how many of them the tagger says
// have it.
type TagCounts struct {
	Asked   int `json:"asked"`
	Right   int `json:"right"`
	Others  int `json:"others"`
	Surplus int `json:"surplus"`
}

// Precision is the share of the images that are to have the tag which have it, NaN if none is to have it.
func (c TagCounts) Precision() float64 { return float64(c.Right) / float64(c.Asked) }

// Precision is the mean of the precisions of all tags that images were asked for by: of the generated images, and of the test
// images.
func (s TagScores) Precision() (generated, test float64) {
	n := 0.
	for _, t := range s.Tags {
		if t.Generated.Asked > 0 && t.Test.Asked > 0 {
			n, generated, test = n+1, generated+t.Generated.Precision(), test+t.Test.Precision()
		}
	}
	return generated / n, test / n
}

// MeasureTags makes n images of the noise of a seed by the tags of the test images in turn, so that they are of tags that occur
// together, and has a tagger say which tags they have: a model of the game classifier, of the same images and tags. The names are
// those of the tags, test has the fields image, and class, attributes or both.
func MeasureTags(dev program.Device, tagger *train.Model, s *train.Sampler, names []string, test train.Data, seed uint64, n int) (_ TagScores, err error) {
	r, err := train.NewRunner(dev, tagger, classifier.TagUse, Batch)
	if err != nil {
		return TagScores{}, fmt.Errorf("it is no tagger: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	known := tagger.Data.TagNames(r.Shapes()[0][0])
	if !slices.Equal(known, names) {
		return TagScores{}, fmt.Errorf("the tagger knows the tags %q, the model %q", known, names)
	}
	images, tags := test.Tables[0].Fields[0], test.Tags(len(names))
	if tags == nil {
		return TagScores{}, fmt.Errorf("not all test images have the %d tags that the model was trained with", len(names))
	}
	if shape := r.Inputs()[0].Shape; !slices.Equal(images.Shape, shape) {
		return TagScores{}, fmt.Errorf("the images are %v [height width channels], the tagger takes %v", images.Shape, shape)
	}
	scores := TagScores{Images: n, TestImages: images.Rows(), Tags: make([]TagScore, len(names))}
	for i, name := range names {
		scores.Tags[i].Name = name
	}
	count := func(pixels, wanted []float32, of func(*TagScore) *TagCounts) error {
		y, err := r.Run(map[string][]float32{"image": pixels}, len(wanted)/len(names))
		if err != nil {
			return fmt.Errorf("telling the tags of images: %w", err)
		}
		for i, want := range wanted {
			of(&scores.Tags[i%len(names)]).add(want >= 0.5, y[0][i] > 0)
		}
		return nil
	}
	all, err := images.Draw(images.Rows())
	if err == nil {
		err = count(train.Floats(all), tags, func(t *TagScore) *TagCounts { return &t.Test })
	}
	if err != nil {
		return TagScores{}, err
	}
	inputs, err := s.Noise(seed, n)
	if err != nil {
		return TagScores{}, err
	}
	for i := range n {
		row := i % images.Rows() * len(names)
		inputs[train.TagsInput] = append(inputs[train.TagsInput], tags[row:row+len(names)]...)
	}
	err = s.PartsOf(inputs, n, Batch, func(pixels []float32, inputs map[string][]float32, _ int) error {
		return count(pixels, inputs[train.TagsInput], func(t *TagScore) *TagCounts { return &t.Generated })
	})
	return scores, err
}

// add counts an image that is to have the tag or not, and has it or not.
func (c *TagCounts) add(wanted, has bool) {
	switch {
	case wanted && has:
		c.Asked, c.Right = c.Asked+1, c.Right+1
	case wanted:
		c.Asked++
	case has:
		c.Others, c.Surplus = c.Others+1, c.Surplus+1
	default:
		c.Others++
	}
}
