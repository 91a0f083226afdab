//go:build gpu && linux && cgo && (amd64 || arm64)

package train_test

import (
	"errors"
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
	return dev
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
