package gan

import (
	"errors"
	"fmt"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Recognizer runs a classifier on a device, without dropout.
type Recognizer struct {
	classifier *Classifier
	batch      int
	arrays     *arrays
	run        program.Executable
	padding    []float32 // images of a last batch that is not full
}

// Recognition is what a classifier makes of images.
type Recognition struct {
	Count    int
	Features []float32 // [Count, the classifier's Features]
	Logits   []float32 // [Count, its Classes]
}

// NewRecognizer prepares to classify images, a batch at a time.
func NewRecognizer(dev program.Device, c *Classifier, batch int) (*Recognizer, error) {
	if batch < 1 {
		return nil, fmt.Errorf("a batch of %d images, want at least 1", batch)
	}
	r := &Recognizer{classifier: c, batch: batch, arrays: newArrays(dev)}
	err := uploadParameters(r.arrays, c.layout, c.parameters)
	if err == nil {
		var p *program.Program
		p, err = compiled(recognitionGraph(c.layout, tensor.Float32, batch))
		if err == nil {
			r.run, err = r.arrays.load(p)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing to classify: %w", err), r.Close())
	}
	return r, nil
}

// Recognize classifies images of the classifier's size.
func (r *Recognizer) Recognize(s Samples) (Recognition, error) {
	c := r.classifier
	pixels, features, classes := size(c.layout.Input), c.Features(), c.Classes()
	if s.Height != c.Height() || s.Width != c.Width() || len(s.Pixels) != s.Count*pixels {
		return Recognition{}, fmt.Errorf("%d images of %dx%d with %d pixels; the classifier takes such of %dx%d",
			s.Count, s.Height, s.Width, len(s.Pixels), c.Height(), c.Width())
	}
	known := Recognition{Count: s.Count, Features: make([]float32, s.Count*features), Logits: make([]float32, s.Count*classes)}
	for i := 0; i < s.Count; i += r.batch {
		count := min(r.batch, s.Count-i)
		images := s.Pixels[i*pixels : (i+count)*pixels]
		if count < r.batch {
			if r.padding == nil {
				r.padding = make([]float32, r.batch*pixels)
			}
			copy(r.padding, images)
			images = r.padding
		}
		err := write(r.arrays, storageImages, 0, images)
		if err == nil {
			err = r.run.Run()
		}
		if err == nil {
			err = errors.Join(
				read(r.arrays, storageFeatures, 0, known.Features[i*features:(i+count)*features]),
				read(r.arrays, storageLogits, 0, known.Logits[i*classes:(i+count)*classes]))
		}
		if err != nil {
			return Recognition{}, fmt.Errorf("classifying images: %w", err)
		}
	}
	return known, nil
}

// Close frees what the recognizer holds on the device.
func (r *Recognizer) Close() error { return r.arrays.close() }

// recognitionGraph makes the features and the logits of a batch of images.
func recognitionGraph(l *Layout, t tensor.Dtype, batch int) (*graph, error) {
	g := newGraph("recognition", t)
	last := len(l.Layers) - 1
	body, head := *l, *l
	body.Layers, head.Layers = l.Layers[:last], l.Layers[last:]
	features, _, err := g.network(&body, g.input("images", arg(storageImages), withBatch(batch, l.Input)...), inference)
	if err != nil {
		return nil, err
	}
	logits, _, err := g.network(&head, features, inference)
	if err != nil {
		return nil, err
	}
	g.output(features, arg(storageFeatures))
	g.output(logits, arg(storageLogits))
	return g, nil
}

// Classes is the likeliest class of each image.
func (r Recognition) Classes() []int {
	classes := make([]int, r.Count)
	n := len(r.Logits) / r.Count
	for i := range classes {
		logits := r.Logits[i*n : (i+1)*n]
		for c, v := range logits {
			if v > logits[classes[i]] {
				classes[i] = c
			}
		}
	}
	return classes
}
