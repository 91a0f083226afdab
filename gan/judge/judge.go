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
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"
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
	recognizer recognizer
	test       gaussian // of the features of all test images
	floor      Scores
}

// recognizer is a classifier on a device.
type recognizer interface {
	// Recognize classifies n images of pixels from 0 to 1.
	recognize(pixels []float32, n int) (gan.Recognition, error)
	// size is the shape of an image, and what the classifier makes of it: so many features, and a logit a class.
	size() (image []int, features, classes int)
	Close() error
}

// Batch is how many images go through the networks at a time; a sampler of this batch wastes none.
const Batch = 200

// New makes a judge of what is generated after the training images: it classifies the test images
// and, for the floor, some of the training images.
func New(dev program.Device, c *gan.Classifier, o Options, training, test gan.Images) (_ *Judge, err error) {
	return prepare(o, imagesOf(training), imagesOf(test), func() (recognizer, error) {
		r, err := gan.NewRecognizer(dev, c, Batch)
		return greyRecognizer{c, r}, err
	})
}

// NewOf is New for a classifier that is a model of the game classifier, and images of any channels.
func NewOf(dev program.Device, classifier *train.Model, o Options, training, test train.Field) (*Judge, error) {
	return prepare(o, realImages{training.Bytes, training.Shape}, realImages{test.Bytes, test.Shape}, func() (recognizer, error) {
		return newGameRecognizer(dev, classifier)
	})
}

func prepare(o Options, training, test realImages, open func() (recognizer, error)) (_ *Judge, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if min(training.count(), test.count()) < 2 {
		return nil, fmt.Errorf("%d training and %d test images to judge by, want at least 2 of either", training.count(), test.count())
	}
	j := &Judge{options: o}
	if j.recognizer, err = open(); err != nil {
		return nil, err
	}
	err = j.checkMemory(training, test)
	var known gan.Recognition
	if err == nil {
		known, err = j.recognizer.recognize(test.floats(test.count()), test.count())
	}
	if err == nil {
		_, features, _ := j.recognizer.size()
		j.test = gaussianOf(known, features)
		n := min(o.Images, training.count())
		j.floor, err = j.score(training.floats(n), n)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("classifying the real images: %w", err), j.Close())
	}
	return j, nil
}

// checkMemory finds out before the work whether the arrays of the host find room: the real images as numbers, and of
// each image its features, appended to in float32, and in float64 with the copies that the covariance takes.
func (j *Judge) checkMemory(training, test realImages) error {
	image, features, classes := j.recognizer.size()
	for _, r := range []realImages{training, test} {
		if !slices.Equal(r.shape, image) {
			return fmt.Errorf("the images are %v [height width channels], the classifier takes %v", r.shape, image)
		}
	}
	real := uint64(max(test.count(), min(j.options.Images, training.count())))
	all := uint64(max(test.count(), j.options.Images))
	need := real*uint64(test.size())*4 + all*uint64(features*(3*4+3*8)+classes*3*4)
	return hostmemory.Check(fmt.Sprintf("judging by %d images", all), need)
}

// Floor are the scores of real images that are not the test images: as many of the training images
// as are generated, drawn at random, always the same.
func (j *Judge) Floor() Scores { return j.floor }

// Options are those that the judge was made with.
func (j *Judge) Options() Options { return j.options }

// Score judges images.
func (j *Judge) Score(s gan.Samples) (Scores, error) { return j.score(s.Pixels, s.Count) }

func (j *Judge) score(pixels []float32, n int) (Scores, error) {
	if n < 2 {
		return Scores{}, fmt.Errorf("%d images to judge, want at least 2", n)
	}
	known, err := j.recognizer.recognize(pixels, n)
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
		if err == nil {
			err = j.add(&known, samples.Pixels, samples.Count)
		}
		if err != nil {
			return Scores{}, err
		}
	}
	return j.scores(known)
}

// ScoreGame judges the images that a game's sampler makes of the noise of a seed. Of a sampler that takes classes they are of
// those of the labels, each as often as it is among them: the test images' labels make images of the same classes as these.
func (j *Judge) ScoreGame(s *train.Sampler, seed uint64, labels []int32) (Scores, error) {
	n := j.options.Images
	inputs, err := s.Noise(seed, n)
	if err == nil {
		var classes []int
		if s.Classes() > 0 {
			for _, l := range labels {
				classes = append(classes, int(l))
			}
		}
		err = s.OfClasses(inputs, n, classes...)
	}
	if err != nil {
		return Scores{}, err
	}
	known := gan.Recognition{}
	for first := 0; first < n; first += Batch {
		count, part := min(Batch, n-first), map[string][]float32{}
		for name, values := range inputs {
			each := len(values) / n
			part[name] = values[first*each : (first+count)*each]
		}
		pixels, err := s.Generate(part, count)
		if err == nil {
			err = j.add(&known, pixels, count)
		}
		if err != nil {
			return Scores{}, err
		}
	}
	return j.scores(known)
}

// add classifies some more images.
func (j *Judge) add(known *gan.Recognition, pixels []float32, n int) error {
	more, err := j.recognizer.recognize(pixels, n)
	if err != nil {
		return err
	}
	known.Count += more.Count
	known.Features = append(known.Features, more.Features...)
	known.Logits = append(known.Logits, more.Logits...)
	return nil
}

// Close frees what the judge holds on the device.
func (j *Judge) Close() error { return j.recognizer.Close() }
