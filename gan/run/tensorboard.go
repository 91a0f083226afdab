package run

import (
	"bytes"
	"fmt"
	"image/png"
	"time"

	"gangpu/internal/tfevents"
)

// tensorboard writes a run's numbers and samples as TensorBoard reads them: tensorboard --logdir runs.
type tensorboard struct {
	session *session
	scalars []tfevents.Scalar // of the columns, and the time of an iteration
	events  *tfevents.Writer  // made by the first iteration
	flushed time.Time
	broken  bool // until the next epoch
}

func (s *session) newTensorBoard() *tensorboard {
	b := &tensorboard{session: s}
	for _, c := range s.info.Columns {
		b.scalars = append(b.scalars, tfevents.Scalar{Tag: c.Tag()})
	}
	b.scalars = append(b.scalars, tfevents.Scalar{Tag: "time/iteration"})
	return b
}

func (b *tensorboard) Iteration(row Row) error {
	if b.broken {
		return nil
	}
	step := int64(row.Epoch*b.session.perEpoch + row.Iteration + 1)
	if b.events == nil {
		events, err := tfevents.Create(b.session.folder.TensorBoard(), step)
		if err != nil {
			b.broken = true
			return err
		}
		b.events = events
	}
	for i, v := range row.Values {
		b.scalars[i].Value = v
	}
	b.scalars[len(row.Values)].Value = float32(row.Taken.Seconds())
	err := b.events.Scalars(step, b.scalars...)
	const often = 2 * time.Second // enough for a person who looks on
	if err == nil && time.Since(b.flushed) >= often {
		b.flushed = time.Now()
		err = b.events.Flush()
	}
	return b.checked(err)
}

// checked gives a file up that cannot be written: after a record that was cut off nothing is read. The
// next epoch begins a new one.
func (b *tensorboard) checked(err error) error {
	if err != nil {
		b.broken = true
		_ = b.events.Close() // which fails for the same reason
		b.events = nil
	}
	return err
}

func (b *tensorboard) Epoch(number int, samples Samples) error {
	if b.broken {
		b.broken = false
		return nil
	}
	if samples.Count == 0 {
		return nil
	}
	picture, err := b.session.gridOf(samples).Draw(samples.Pixels)
	if err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	step, size := int64(number*b.session.perEpoch), picture.Bounds().Size()
	var scalars []tfevents.Scalar
	for _, n := range samples.Numbers {
		scalars = append(scalars, tfevents.Scalar{Tag: n.Name, Value: n.Value})
	}
	if len(scalars) > 0 {
		err = b.events.Scalars(step, scalars...)
	}
	if err == nil {
		err = b.events.Image(step, tfevents.Image{Tag: "samples", Width: size.X, Height: size.Y, Colour: samples.Channels == 3, PNG: encoded.Bytes()})
	}
	return b.checked(err)
}

func (b *tensorboard) End() error {
	if b.events == nil {
		return nil
	}
	return b.events.Close()
}
