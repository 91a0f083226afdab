package main

import (
	"bytes"
	"fmt"
	"image/png"
	"time"

	"gangpu/gan"
	"gangpu/internal/tfevents"
)

// tensorboard writes a run's numbers and samples as TensorBoard reads them: tensorboard --logdir runs.
type tensorboard struct {
	folder   string
	perEpoch int
	events   *tfevents.Writer // made by the first iteration
	flushed  time.Time
	broken   bool // until the next epoch
}

func (b *tensorboard) iteration(m gan.Metrics, taken time.Duration) error {
	if b.broken {
		return nil
	}
	step := int64(m.Epoch*b.perEpoch + m.Iteration + 1)
	if b.events == nil {
		events, err := tfevents.Create(b.folder, step)
		if err != nil {
			b.broken = true
			return err
		}
		b.events = events
	}
	err := b.events.Scalars(step,
		tfevents.Scalar{Tag: "loss/d", Value: m.DLoss}, tfevents.Scalar{Tag: "loss/g", Value: m.GLoss},
		tfevents.Scalar{Tag: "accuracy/real", Value: m.AccuracyReal}, tfevents.Scalar{Tag: "accuracy/fake", Value: m.AccuracyFake},
		tfevents.Scalar{Tag: "time/iteration", Value: float32(taken.Seconds())})
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

func (b *tensorboard) epoch(number int, samples gan.Samples) error {
	if b.broken {
		b.broken = false
		return nil
	}
	picture, err := samples.Image(sampleGridOf(samples.Height, samples.Width))
	if err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	step, size := int64(number*b.perEpoch), picture.Bounds().Size()
	err = b.events.Scalars(step, tfevents.Scalar{Tag: "samples/diversity", Value: float32(samples.Diversity())})
	if err == nil {
		err = b.events.Image(step, tfevents.Image{Tag: "samples", Width: size.X, Height: size.Y, PNG: encoded.Bytes()})
	}
	return b.checked(err)
}

func (b *tensorboard) end() error {
	if b.events == nil {
		return nil
	}
	return b.events.Close()
}
