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
}

func (b *tensorboard) iteration(m gan.Metrics, taken time.Duration) (err error) {
	step := int64(m.Epoch*b.perEpoch + m.Iteration + 1)
	if b.events == nil {
		if b.events, err = tfevents.Create(b.folder, step); err != nil {
			return err
		}
	}
	if err := b.events.Scalars(step,
		tfevents.Scalar{Tag: "loss/d", Value: m.DLoss}, tfevents.Scalar{Tag: "loss/g", Value: m.GLoss},
		tfevents.Scalar{Tag: "accuracy/real", Value: m.AccuracyReal}, tfevents.Scalar{Tag: "accuracy/fake", Value: m.AccuracyFake},
		tfevents.Scalar{Tag: "time/iteration", Value: float32(taken.Seconds())}); err != nil {
		return err
	}
	const often = 2 * time.Second // enough for a person who looks on
	if time.Since(b.flushed) < often {
		return nil
	}
	b.flushed = time.Now()
	return b.events.Flush()
}

func (b *tensorboard) epoch(number int, samples gan.Samples) error {
	picture, err := samples.Image(sampleGridOf(samples.Height, samples.Width))
	if err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		return fmt.Errorf("drawing samples: %w", err)
	}
	step := int64(number * b.perEpoch)
	if err := b.events.Scalars(step, tfevents.Scalar{Tag: "samples/diversity", Value: float32(samples.Diversity())}); err != nil {
		return err
	}
	size := picture.Bounds().Size()
	return b.events.Image(step, tfevents.Image{Tag: "samples", Width: size.X, Height: size.Y, PNG: encoded.Bytes()})
}

func (b *tensorboard) end(error) error {
	if b.events == nil {
		return nil
	}
	return b.events.Close()
}
