package data

import (
	"context"
	"fmt"
	"sync"
)

// LoaderOptions say what a Loader streams.
type LoaderOptions struct {
	// Fields have the same rows: a batch has the same rows of each, and the same augmentation of a row's pictures.
	Fields []*Field

	// Batch is the number of rows in a batch.
	Batch int

	// Part is the number of the first of these rows in a larger batch, of which a loader streams a part: a row is augmented
	// by its number in the whole.
	Part int

	// Indices fills in the rows of the batch of a step. Several goroutines call it, each for other steps; what it
	// fills in may depend on the step only, so that a run that goes on from a step sees what it would have seen.
	Indices func(step uint64, rows []int32)

	// First is the step of the first batch.
	First uint64

	// Augment changes pictures at random.
	Augment Augment

	// Low and High are what 0 and 255 become. Both 0 means 0 and 1.
	Low, High float32

	// Ahead is how many batches are made ahead of their use, each by a goroutine of its own. 0 means 2.
	Ahead int
}

// Batch is some rows of a dataset.
type Batch struct {
	Step   uint64
	Rows   []int32
	Values [][]float32 // of each field: [Batch, Height, Width, Channels]
}

// Loader streams batches, which are made while others are used. Batches and the memory that they are made in are
// allocated once.
type Loader struct {
	slots []*slot
	next  uint64 // step
	last  *slot  // whose batch the caller has
	ctx   context.Context
	stop  context.CancelCauseFunc
	wg    sync.WaitGroup
}

// A slot is a batch that one goroutine makes again and again.
type slot struct {
	batch   Batch
	err     error
	ready   chan struct{} // the batch is made
	free    chan struct{} // it may be made again
	picture [2][]uint8    // as it is stored, and as it is augmented
}

// NewLoader starts a loader, which Close stops.
func NewLoader(ctx context.Context, o LoaderOptions) (*Loader, error) {
	if len(o.Fields) == 0 || o.Batch < 1 || o.Indices == nil || o.Ahead < 0 || o.Part < 0 {
		return nil, fmt.Errorf("a loader of %d fields in batches of %d, %d ahead", len(o.Fields), o.Batch, o.Ahead)
	}
	for _, f := range o.Fields {
		if f.Count != o.Fields[0].Count || f.Count < 1 {
			return nil, fmt.Errorf("a loader of fields of %d and %d rows: %s, %s", o.Fields[0].Count, f.Count, o.Fields[0].Name, f.Name)
		}
		if err := o.Augment.check(f); err != nil {
			return nil, err
		}
	}
	if o.Low == 0 && o.High == 0 {
		o.High = 1
	}
	if o.Ahead == 0 {
		o.Ahead = 2
	}
	l := &Loader{next: o.First}
	l.ctx, l.stop = context.WithCancelCause(ctx)
	var table [256]float32
	for v := range table {
		table[v] = Value(uint8(v), o.Low, o.High)
	}
	for i := range o.Ahead {
		s := &slot{ready: make(chan struct{}, 1), free: make(chan struct{}, 1)}
		s.batch = Batch{Rows: make([]int32, o.Batch)}
		for _, f := range o.Fields {
			height, width := o.Augment.size(f)
			s.batch.Values = append(s.batch.Values, make([]float32, o.Batch*height*width*f.Channels))
			for j := range s.picture {
				s.picture[j] = make([]uint8, max(len(s.picture[j]), f.Size()))
			}
		}
		l.slots = append(l.slots, s)
		l.wg.Go(func() {
			for step := o.First + uint64(i); ; step += uint64(o.Ahead) {
				s.err = s.make(step, &o, &table)
				s.ready <- struct{}{}
				select {
				case <-s.free:
				case <-l.ctx.Done():
					return
				}
			}
		})
	}
	return l, nil
}

// Value is what a byte becomes between low, for 0, and high, for 255.
func Value(v uint8, low, high float32) float32 { return low + (high-low)*float32(v)/255 }

// Next returns the batch of the next step. It is the caller's until the call after it.
func (l *Loader) Next() (*Batch, error) {
	if l.last != nil {
		l.last.free <- struct{}{}
		l.last = nil
	}
	s := l.slots[0]
	select {
	case <-s.ready:
	case <-l.ctx.Done():
		return nil, context.Cause(l.ctx)
	}
	if s.err != nil {
		s.ready <- struct{}{} // the error stays
		return nil, s.err
	}
	l.last = s
	copy(l.slots, l.slots[1:])
	l.slots[len(l.slots)-1] = s
	l.next++
	return &s.batch, nil
}

// Step is that of the batch that Next returns next.
func (l *Loader) Step() uint64 { return l.next }

// Close stops the loader. The batch that Next returned last stays as it is.
func (l *Loader) Close() error {
	l.stop(fmt.Errorf("the loader is closed"))
	l.wg.Wait()
	return nil
}

// make makes the batch of a step.
func (s *slot) make(step uint64, o *LoaderOptions, table *[256]float32) error {
	s.batch.Step = step
	o.Indices(step, s.batch.Rows)
	for i, row := range s.batch.Rows {
		for k, f := range o.Fields {
			stored := s.picture[0][:f.Size()]
			if err := f.Read(int(row), stored); err != nil {
				return err
			}
			made := stored
			if o.Augment.Changes() {
				height, width := o.Augment.size(f)
				made = s.picture[1][:height*width*f.Channels]
				o.Augment.apply(f, stored, made, step, o.Part+i)
			}
			into := s.batch.Values[k][i*len(made) : (i+1)*len(made)]
			for j, v := range made {
				into[j] = table[v]
			}
		}
	}
	return nil
}
