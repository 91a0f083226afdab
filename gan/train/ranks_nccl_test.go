//go:build gpu && linux && cgo && (amd64 || arm64)

package train_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/collective/nccl"
	"gangpu/engine/collective/nccl/softnccl"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/kernels/ptxemu"
)

// linkable is an emulated GPU that a NCCL in software can link.
func linkable(t testing.TB) program.Device {
	t.Helper()
	dev, _ := freezable(t)
	return dev
}

func freezable(t testing.TB) (program.Device, *softnccl.Device) {
	t.Helper()
	if err := softnccl.Install(); err != nil {
		t.Fatal(err)
	}
	driver := softnccl.NewDevice(ptxemu.New(ptxemu.Options{Checks: true}))
	dev, err := cuda.Open(driver, 0, cuda.Options{Name: "emulated", Precision: "fp32"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev, driver
}

func link(g collective.Group, dev program.Device) error {
	why, err := nccl.Link(g, dev.(*cuda.Device), time.Minute)
	if why != "" {
		err = errors.New(why)
	}
	return err
}

// Ranks whose GPUs exchange gradients by NCCL make the file that one makes, and those that stage them through the host.
func TestRanksOfNCCLMakeTheSameFile(t *testing.T) {
	c := rankTest{open: traintest.Emulated, game: game, data: dataOf(30), s: train.Settings{Batch: 4, Shards: 4, Seed: 5}}
	want, _ := c.trained(t, 1, 2)
	c.open, c.link = linkable, link
	for _, size := range []int{2, 4} {
		if got, _ := c.trained(t, size, 2); got != want {
			t.Errorf("%d ranks make another file than one", size)
		}
	}
}

// A GPU that stops in the middle of an exchange ends all ranks after the limit, which name the iteration.
func TestRanksOfNCCLThatStop(t *testing.T) {
	var drivers []*softnccl.Device
	c := rankTest{open: func(t testing.TB) program.Device {
		dev, driver := freezable(t)
		drivers = append(drivers, driver)
		return dev
	}, game: withoutNorm, data: dataOf(30), s: train.Settings{Batch: 2, Shards: 2, Seed: 5}, limit: 2 * time.Second}
	c.link = func(g collective.Group, dev program.Device) error {
		_, err := nccl.Link(g, dev.(*cuda.Device), 500*time.Millisecond)
		return err
	}
	for rank, err := range c.run(t, 2, func(tr *train.Trainer) error {
		for i := range 3 {
			if i == 1 {
				drivers[1].Freeze()
			}
			if err := tr.Step(); err != nil {
				return err
			}
			if _, err := tr.Metrics(); err != nil {
				return err
			}
		}
		return nil
	}, follow) {
		var lost *collective.LostError
		if !errors.As(err, &lost) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "iteration 2: ") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
