package gan

import (
	"errors"
	"fmt"
	"sort"

	"gangpu/engine/program"
)

// explain adds to a device's want of memory which batch would have fitted.
func (t *Trainer) explain(err error) error {
	var full *program.OutOfMemoryError
	if !errors.As(err, &full) {
		return err
	}
	// What a device needs beyond the arrays, to split sums and to align, is not counted here.
	budget := (full.Held + full.Free) / 10 * 9
	halves := sort.Search(t.settings.Batch/2, func(half int) bool {
		b := t.steps()
		b.batchD, b.batchG = 2*(half+1), 2*(half+1)
		bytes, sizeErr := b.bytes(t.images)
		return sizeErr != nil || bytes > budget
	})
	if halves == 0 {
		return fmt.Errorf("%w; no batch of this model would fit", err)
	}
	return fmt.Errorf("%w; a batch of %d would fit", err, 2*halves)
}

// bytes is the size of all arrays of a run on so many images.
func (b steps) bytes(images int) (uint64, error) {
	d, err := b.stepD(images)
	if err != nil {
		return 0, err
	}
	g, err := b.stepG()
	if err != nil {
		return 0, err
	}
	labels, err := b.labels()
	if err != nil {
		return 0, err
	}
	shared, err := program.Join("storages", d, g, labels)
	if err != nil {
		return 0, err
	}
	total := uint64(0)
	for _, p := range []*program.Program{shared, d, g} {
		for _, s := range p.Storages {
			// Scratch is each program's own; the rest is counted where all are joined.
			if s.Scratch == (p != shared) {
				total += uint64(s.Len) * uint64(s.DType.Size())
			}
		}
	}
	return total, nil
}
