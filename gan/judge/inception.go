package judge

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan/judge/inception"
	"gangpu/gan/picture"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"
)

// InceptionScores are what Inception's features say of images beside training images.
type InceptionScores struct {
	Images   int `json:"images"`
	Training int `json:"training_images"` // that they are compared with
	// FID is the Fréchet distance of Heusel et al. (2017): that of judge's own classifier by other features.
	FID float64 `json:"inception_fid"`
	// Precision is the share of images that lie among the training images, Recall that of training images that lie among
	// these: Kynkäänniemi et al. (2019), with k = 3.
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// InceptionJudge compares images with training images by Inception's features. Its methods are for one goroutine at a time.
type InceptionJudge struct {
	dev       program.Device
	extractor *inception.Extractor
	images    int
	progress  func(what string, done, total int)
	training  points
	floor     InceptionScores
}

// points are features of images, and what is computed of them.
type points struct {
	features []float32
	gaussian gaussian
	radii    []float64 // squared
}

// NewInceptionJudge makes a judge that compares so many images, at least 2, with as many of the training images, all if there
// are no more, drawn at random and always the same; for the floor, as many of the test images. It tells progress how far it
// is with each kind of images.
func NewInceptionJudge(dev program.Device, n *inception.Network, images int, training, test train.Field,
	progress func(what string, done, total int)) (_ *InceptionJudge, err error) {
	if least := min(training.Rows(), test.Rows(), images); least < 2 {
		return nil, fmt.Errorf("%d images to judge by, want at least 2", least)
	}
	// Features in float32, of test or generated images appended to, the real images as bytes, and arrays of float64 for the
	// covariances and what the distance takes.
	width := uint64(n.Features)
	if err := hostmemory.Check(fmt.Sprintf("judging by %d images and Inception", images),
		uint64(images)*(4*4*width+uint64(sizeOf(n.Image)))+10*8*width*width); err != nil {
		return nil, err
	}
	j := &InceptionJudge{dev: dev, images: images, progress: progress}
	if j.extractor, err = n.On(dev); err != nil {
		return nil, err
	}
	if err := j.prepare(training, test); err != nil {
		return nil, errors.Join(fmt.Errorf("judging the real images: %w", err), j.Close())
	}
	return j, nil
}

func (j *InceptionJudge) prepare(training, test train.Field) error {
	features, err := j.ofField(training, "training images")
	if err != nil {
		return err
	}
	if j.training, err = j.pointsOf(features); err != nil {
		return err
	}
	if features, err = j.ofField(test, "test images"); err != nil {
		return err
	}
	j.floor, err = j.score(features)
	return err
}

// ofField are the features of images that are drawn of a field.
func (j *InceptionJudge) ofField(f train.Field, what string) ([]float32, error) {
	bytes, err := f.Draw(j.images)
	if err != nil {
		return nil, err
	}
	return j.extract(nil, bytes, what, len(bytes)/sizeOf(j.extractor.Image))
}

// extract appends the features of images to those of the images before them, of so many in all.
func (j *InceptionJudge) extract(features []float32, bytes []byte, what string, total int) ([]float32, error) {
	const atATime = 4 * inception.Batch
	size := sizeOf(j.extractor.Image)
	for len(bytes) > 0 {
		j.progress(what, len(features)/j.extractor.Features, total)
		n := min(atATime*size, len(bytes))
		more, err := j.extractor.Extract(train.Floats(bytes[:n]))
		if err != nil {
			return nil, err
		}
		features, bytes = append(features, more...), bytes[n:]
	}
	return features, nil
}

func (j *InceptionJudge) pointsOf(features []float32) (points, error) {
	width := j.extractor.Features
	r, err := radii(j.dev, width, features)
	return points{features, gaussianOf(features, width), r}, err
}

func (j *InceptionJudge) score(features []float32) (InceptionScores, error) {
	p, err := j.pointsOf(features)
	if err != nil {
		return InceptionScores{}, err
	}
	s := InceptionScores{Images: len(p.radii), Training: len(j.training.radii)}
	if s.FID, err = frechetDistance(p.gaussian, j.training.gaussian); err != nil {
		return s, err
	}
	s.Precision, s.Recall, err = precisionRecall(j.dev, j.extractor.Features, j.training, p)
	return s, err
}

// Floor are the scores of test images.
func (j *InceptionJudge) Floor() InceptionScores { return j.floor }

// ScoreSampler judges the images that a sampler makes of the noise of a seed, rounded to bytes as in a file of them. Of a
// sampler that takes classes they are of those of the labels, as [Judge.ScoreSampler] has it.
func (j *InceptionJudge) ScoreSampler(s *train.Sampler, seed uint64, labels []int32) (InceptionScores, error) {
	shape := j.extractor.Image
	var features []float32
	err := s.Parts(seed, j.images, Batch, classesOf(s, labels), func(pixels []float32, _ map[string][]float32, count int) (err error) {
		rounded := picture.FromFloats(pixels, shape[0], shape[1], shape[2])
		features, err = j.extract(features, rounded.Values, "generated images", j.images)
		return err
	})
	if err != nil {
		return InceptionScores{}, err
	}
	return j.score(features)
}

// Close frees what the judge holds on the device.
func (j *InceptionJudge) Close() error { return j.extractor.Close() }
