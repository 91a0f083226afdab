package train

import (
	"context"
	"fmt"

	"gangpu/gan/data"
	"gangpu/internal/philox"
)

// stream brings a phase the pictures of a table that are not on the device.
type stream struct {
	fields []Field
	inputs []string // where they go
	table  int
	loader *data.Loader
}

// newStreams makes those that a phase needs.
func (r *running) newStreams() {
	for _, table := range r.tables {
		s := &stream{table: table}
		for _, f := range r.fields {
			if t, _, _ := r.data.find(f.Name); t == table && f.Pictures != nil {
				s.fields, s.inputs = append(s.fields, f), append(s.inputs, inputOf(f.Name))
			}
		}
		if len(s.fields) > 0 {
			r.streams = append(r.streams, s)
		}
	}
}

// next has the batch of a step ready: the loader makes it ahead, and begins anew where a run was taken elsewhere.
func (t *Trainer) next(r *running, s *stream) (*data.Batch, error) {
	step := uint64(t.updates[r.runs])
	if s.loader != nil && s.loader.Step() != step {
		if err := s.loader.Close(); err != nil {
			return nil, err
		}
		s.loader = nil
	}
	if s.loader == nil {
		rows, err := t.streams.of(r.Name + "/" + rowsOf(s.table))
		if err != nil {
			return nil, err
		}
		augment := t.data.Tables[s.table].Augment
		if augment.Stream, err = t.streams.of(fmt.Sprintf("%s/augment %d", r.Name, s.table)); err != nil {
			return nil, err
		}
		augment.Seed = t.settings.Seed
		first, own := t.own()
		o := data.LoaderOptions{Batch: r.batch * own, Part: r.batch * first, First: step, Augment: augment, Indices: func(step uint64, into []int32) {
			drawRows(into, r.batch*first, t.settings.Seed, rows, uint32(step), uint64(t.data.Tables[s.table].Rows))
		}}
		for _, f := range s.fields {
			o.Fields = append(o.Fields, f.Pictures)
		}
		if s.loader, err = data.NewLoader(context.Background(), o); err != nil {
			return nil, err
		}
	}
	return s.loader.Next()
}

// drawRows draws as program.Indices does, from an element of the sequence on.
func drawRows(into []int32, first int, seed uint64, stream, step uint32, limit uint64) {
	for i := range into {
		at := first + i
		word := philox.Block([4]uint32{uint32(at / 4), stream, step, 0}, seed)[at%4]
		into[i] = int32(uint64(word) * limit >> 32)
	}
}

// bring writes the part of one of the trainer's shards of streamed batches to the device.
func (t *Trainer) bring(r *running, batches []*data.Batch, shard int) error {
	for i, s := range r.streams {
		for k, f := range s.fields {
			n := r.batch * f.size()
			if err := writeInput(t.arrays, s.inputs[k], batches[i].Values[k][shard*n:][:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *running) closeStreams() {
	for _, s := range r.streams {
		if s.loader != nil {
			_ = s.loader.Close() // has no error to tell
			s.loader = nil
		}
	}
}
