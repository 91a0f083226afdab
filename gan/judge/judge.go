// Package judge scores generated images by what a classifier makes of them, beside real ones:
// the Fréchet distance of its features, the classifier score, and how many images it is sure of.
// docs/judging.md says what these numbers can and cannot tell.
//
// None of them compares with numbers of Inception's: the classifier is a small one, trained on the
// data set in question.
package judge

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan"
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
	classifier *gan.Classifier
	recognizer *gan.Recognizer
	test       gaussian // of the features of all test images
	floor      Scores
}

// Batch is how many images go through the networks at a time; a sampler of this batch wastes none.
const Batch = 200

// New makes a judge of what is generated after the training images: it classifies the test images
// and, for the floor, some of the training images.
func New(dev program.Device, c *gan.Classifier, o Options, training, test gan.Images) (_ *Judge, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if min(training.Count, test.Count) < 2 {
		return nil, fmt.Errorf("%d training and %d test images to judge by, want at least 2 of either", training.Count, test.Count)
	}
	if err := checkMemory(c, o, training, test); err != nil {
		return nil, err
	}
	j := &Judge{options: o, classifier: c}
	if j.recognizer, err = gan.NewRecognizer(dev, c, Batch); err != nil {
		return nil, err
	}
	known, err := j.recognizer.Recognize(test.Samples(test.Count))
	if err == nil {
		j.test = gaussianOf(known, c.Features())
		j.floor, err = j.Score(training.Samples(o.Images))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("classifying the real images: %w", err), j.Close())
	}
	return j, nil
}

// checkMemory finds out before the work whether the arrays of the host find room: the real images as numbers, and of
// each image its features, appended to in float32, and in float64 with the copies that the covariance takes.
func checkMemory(c *gan.Classifier, o Options, training, test gan.Images) error {
	real := uint64(max(test.Count, min(o.Images, training.Count)))
	all := uint64(max(test.Count, o.Images))
	need := real*uint64(test.Rows*test.Cols)*4 + all*uint64(c.Features()*(3*4+3*8)+c.Classes()*3*4)
	return hostmemory.Check(fmt.Sprintf("judging by %d images", all), need)
}

// Floor are the scores of real images that are not the test images: as many of the training images
// as are generated, drawn at random, always the same.
func (j *Judge) Floor() Scores { return j.floor }

// Options are those that the judge was made with.
func (j *Judge) Options() Options { return j.options }

// Score judges images.
func (j *Judge) Score(s gan.Samples) (Scores, error) {
	if s.Count < 2 {
		return Scores{}, fmt.Errorf("%d images to judge, want at least 2", s.Count)
	}
	known, err := j.recognizer.Recognize(s)
	if err != nil {
		return Scores{}, err
	}
	return j.scores(known)
}

// ScoreSampler judges the images that a sampler makes of the noise of a seed, a few at a time.
func (j *Judge) ScoreSampler(s *gan.Sampler, seed uint64) (Scores, error) {
	noise, err := s.Noise(seed, j.options.Images)
	if err != nil {
		return Scores{}, err
	}
	known := gan.Recognition{}
	for rows := Batch * s.Latent(); len(noise) > 0; noise = noise[min(rows, len(noise)):] {
		samples, err := s.Generate(noise[:min(rows, len(noise))])
		if err != nil {
			return Scores{}, err
		}
		more, err := j.recognizer.Recognize(samples)
		if err != nil {
			return Scores{}, err
		}
		known.Count += more.Count
		known.Features = append(known.Features, more.Features...)
		known.Logits = append(known.Logits, more.Logits...)
	}
	return j.scores(known)
}

// Close frees what the judge holds on the device.
func (j *Judge) Close() error { return j.recognizer.Close() }
