package gan

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Logits are what the discriminator of a file says of images, without dropout: the more above 0,
// the likelier real. All go through it at once. A model that knows classes must be told that of each
// image, another none.
func Logits(dev program.Device, f *ModelFile, images Samples, classes []int) (logits []float32, err error) {
	l, err := f.Model.layouts()
	if err != nil {
		return nil, err
	}
	if images.Count < 1 || len(images.Pixels) != images.Count*l.pixels() {
		return nil, fmt.Errorf("%d pixels of %d images, the model's have %d each", len(images.Pixels), images.Count, l.pixels())
	}
	conditions := make([]float32, images.Count*l.classes)
	if want := min(len(conditions), images.Count); len(classes) != want {
		return nil, fmt.Errorf("classes of %d images, want %d", len(classes), want)
	}
	for i, c := range classes {
		if c < 0 || c >= l.classes {
			return nil, fmt.Errorf("no class %d: the model knows 0 to %d", c, l.classes-1)
		}
		conditions[i*l.classes+c] = 1
	}
	a := newArrays(dev)
	defer func() { err = errors.Join(err, a.close()) }()
	if err := uploadParameters(a, l.discriminator, f.discriminator.parameters); err != nil {
		return nil, err
	}
	p, err := steps{layouts: l}.discriminate(images.Count)
	if err != nil {
		return nil, err
	}
	run, err := a.load(p)
	if err == nil {
		err = write(a, storageImages, 0, images.Pixels)
	}
	if err == nil && l.classes > 0 {
		err = write(a, storageConditions, 0, conditions)
	}
	if err == nil {
		err = run.Run()
	}
	logits = make([]float32, images.Count)
	if err == nil {
		err = read(a, storageLogits, 0, logits)
	}
	if err != nil {
		return nil, fmt.Errorf("discriminating: %w", err)
	}
	return logits, nil
}
