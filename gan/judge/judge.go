// Package judge scores generated images by what a classifier makes of them, beside real ones:
// the Fréchet distance of its features, the classifier score, and how many images it is sure of.
// docs/judging.md says what these numbers can and cannot tell.
//
// None of these compares with numbers of Inception's: the classifier is a small one, trained on the
// data set in question. By a file of Inception's weights, [InceptionJudge] computes the FID itself, precision and recall.
package judge

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"
)

// Options say how a judge judges.
type Options struct {
	Images     int     // that are generated, and that the floor takes of the training images, at most
	Confidence float64 // the probability from which the classifier is sure of an image's class
}

// DefaultOptions are those of published numbers.
func DefaultOptions() Options { return Options{Images: 10_000, Confidence: 0.6} }

// Validate reports the first option that no judge can have.
func (o Options) Validate() error {
	switch {
	case o.Images < 2:
		return fmt.Errorf("%d images to judge by, want at least 2", o.Images)
	case !(o.Confidence > 0 && o.Confidence <= 1):
		return fmt.Errorf("a confidence of %v, want more than 0 and at most 1", o.Confidence)
	}
	return nil
}

// Judge compares images with a dataset's test images. Its methods are for one goroutine at a time.
type Judge struct {
	options    Options
	recognizer *recognizer
	test       gaussian // of the features of all test images
	floor      Scores
}

// Batch is how many images go through the networks at a time; a sampler of this batch wastes none.
const Batch = 200

// New makes a judge of what is generated after the training images, by a model of the game classifier: it classifies the
// test images and, for the floor, some of the training images.
func New(dev program.Device, classifier *train.Model, o Options, training, test train.Field) (_ *Judge, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if min(training.Rows(), test.Rows()) < 2 {
		return nil, fmt.Errorf("%d training and %d test images to judge by, want at least 2 of either", training.Rows(), test.Rows())
	}
	j := &Judge{options: o}
	if j.recognizer, err = newRecognizer(dev, classifier); err != nil {
		return nil, err
	}
	if err := j.prepare(training, test); err != nil {
		return nil, errors.Join(fmt.Errorf("classifying the real images: %w", err), j.Close())
	}
	return j, nil
}

func (j *Judge) prepare(training, test train.Field) error {
	if err := j.checkMemory(training, test); err != nil {
		return err
	}
	all, err := test.Draw(test.Rows())
	if err != nil {
		return err
	}
	known, err := j.recognizer.recognize(train.Floats(all), test.Rows())
	if err != nil {
		return err
	}
	j.test = gaussianOf(known.features, j.recognizer.features)
	some, err := training.Draw(j.options.Images)
	if err != nil {
		return err
	}
	j.floor, err = j.Score(train.Floats(some))
	return err
}

// checkMemory finds out before the work whether the arrays of the host find room: the real images as bytes and as
// numbers, and of each image its features, appended to in float32.
func (j *Judge) checkMemory(training, test train.Field) error {
	for _, f := range []train.Field{training, test} {
		if !slices.Equal(f.Shape, j.recognizer.image) {
			return fmt.Errorf("the images are %v [height width channels], the classifier takes %v", f.Shape, j.recognizer.image)
		}
	}
	real := uint64(max(test.Rows(), min(j.options.Images, training.Rows())))
	all := uint64(max(test.Rows(), j.options.Images))
	need := real*uint64(sizeOf(j.recognizer.image))*5 + all*uint64(3*4*(j.recognizer.features+j.recognizer.classes))
	return hostmemory.Check(fmt.Sprintf("judging by %d images", all), need)
}

// Floor are the scores of real images that are not the test images: as many of the training images
// as are generated, drawn at random, always the same.
func (j *Judge) Floor() Scores { return j.floor }

// Options are those that the judge was made with.
func (j *Judge) Options() Options { return j.options }

// Score judges images: [n, height, width, channels] from 0 to 1.
func (j *Judge) Score(pixels []float32) (Scores, error) {
	n := len(pixels) / sizeOf(j.recognizer.image)
	if n < 2 || len(pixels)%sizeOf(j.recognizer.image) != 0 {
		return Scores{}, fmt.Errorf("%d numbers to judge, want at least 2 images of %v [height width channels]", len(pixels), j.recognizer.image)
	}
	known, err := j.recognizer.recognize(pixels, n)
	if err != nil {
		return Scores{}, err
	}
	return j.scores(known)
}

// ScoreSampler judges the images that a sampler makes of the noise of a seed, a few at a time. Of a sampler that takes
// classes they are of those of the labels, each as often as it is among them, or equally many of all if there are no labels:
// the test images' labels make images of the same classes as these. A negative label is of an image without a class.
func (j *Judge) ScoreSampler(s *train.Sampler, seed uint64, labels []int32) (Scores, error) {
	known := recognition{}
	var asked []int // of each image
	err := s.Parts(seed, j.options.Images, Batch, classesOf(s, labels), func(pixels []float32, inputs map[string][]float32, count int) error {
		more, err := j.recognizer.recognize(pixels, count)
		asked = append(asked, s.ClassesOf(inputs, count)...)
		known.count += more.count
		known.features, known.logits = append(known.features, more.features...), append(known.logits, more.logits...)
		return err
	})
	if err != nil {
		return Scores{}, err
	}
	scores, err := j.scores(known)
	if n := j.recognizer.classes; s.Classes() == n {
		scores.Asked, scores.Right = make([]int, n), make([]int, n)
		for i, class := range known.likeliest() {
			scores.Asked[asked[i]]++
			if class == asked[i] {
				scores.Right[class]++
			}
		}
	}
	return scores, err
}

// classesOf are the classes of labels that a sampler takes.
func classesOf(s *train.Sampler, labels []int32) []int {
	var classes []int
	for _, l := range labels {
		if s.Classes() > 0 && l >= 0 {
			classes = append(classes, int(l))
		}
	}
	return classes
}

// Close frees what the judge holds on the device.
func (j *Judge) Close() error { return j.recognizer.Close() }
