package main

import (
	"errors"
	"fmt"
	"time"

	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// dryRun prints what training takes, and stops. The time is measured: some iterations are made.
func (t *training) dryRun(c *cli.Context) (err error) {
	p, err := train.NewPlan(t.game, t.planned, t.tables)
	if err != nil {
		return err
	}
	out := c.App.Writer
	if err := p.WriteSummary(out); err != nil {
		return err
	}
	bytes, err := p.Bytes()
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	info := dev.Info()
	operations, moved := p.Work()
	fmt.Fprintf(out, "\ndevice  %s: %s, %s\nbatch   %d in %s\nwork    %.2f GFLOP and %s an iteration\nmemory  %s\n", info.Name, info.Description, info.Precision,
		t.planned.Batch, counted(t.planned.Shards, "shard"), operations/1e9, megabytes(int64(moved)), megabytes(int64(bytes)))
	if info.Memory > 0 {
		// What a device needs beyond the arrays is not counted.
		if n := train.LargestBatch(t.game, t.planned, t.tables, info.Memory/10*9); n > 0 {
			fmt.Fprintf(out, "        a batch of about %d fits into the device's %s\n", n, megabytes(int64(info.Memory)))
		} else {
			fmt.Fprintf(out, "        more than the device's %s: --shards cuts a batch\n", megabytes(int64(info.Memory)))
		}
	}
	if info.Name == "emulated" {
		return nil // which says nothing about time
	}
	trainer, err := train.New(dev, t.game, t.planned, t.tables)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	const warm, measured = 1, 3
	var begin time.Time
	for i := range warm + measured {
		if i == warm {
			begin = time.Now()
		}
		if err := trainer.Step(); err != nil {
			return err
		}
		if _, err := trainer.Metrics(); err != nil {
			return err
		}
	}
	each := time.Since(begin) / measured
	fmt.Fprintf(out, "time    %.3f s an iteration, measured; %d iterations take about %s\n", each.Seconds(), t.total, roundTime(each*time.Duration(t.total)))
	return nil
}
