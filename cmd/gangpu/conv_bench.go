package main

import (
	"io"
	"os"

	"gangpu/bench"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

// installedPeers is where make peers puts a Python that has PyTorch.
const installedPeers = "build/peers/bin/python"

// benchConvolutions measures the grid of convolutions on the CPU.
func benchConvolutions(c *cli.Context) error {
	batches := bench.ConvBatches
	if c.IsSet("batch") {
		if n := c.Int("batch"); n < 1 || n > mostBatch {
			return usagef("--batch %d: want 1 to %d", n, mostBatch)
		}
		batches = []int{c.Int("batch")}
	}
	if err := checkThreadsAndFile(c); err != nil {
		return err
	}
	python := c.String("pytorch")
	if _, err := os.Stat(installedPeers); python == "" && err == nil {
		python = installedPeers
	}
	file := c.String("json")
	table := c.App.Writer
	if file == "-" {
		table = io.Discard
	}
	o := bench.ConvOptions{Batches: batches, Shapes: c.String("shapes"), Threads: c.Int("threads"), Python: python}
	endAtOnce()
	if err := bench.WriteConvHead(table); err != nil {
		return err
	}
	var failed error
	r, err := bench.MeasureConvolutions(o, func(r *bench.ConvResult, t bench.ConvTime) {
		if err := r.WriteConvRow(table, t); err != nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if err := r.WriteConvSummary(table); err != nil {
		return err
	}
	switch file {
	case "":
		return nil
	case "-":
		return r.Write(c.App.Writer)
	}
	return atomicfile.Write(file, r.Write)
}
