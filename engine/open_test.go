package engine

import (
	"errors"
	"strings"
	"testing"

	"gangpu/engine/cuda"
)

func TestOpenDevice(t *testing.T) {
	_, _, err := GPUs()
	none := (*cuda.NoDeviceError)(nil)
	if !errors.As(err, &none) {
		t.Skip("this machine may have a GPU: the choice of a device without one is not tested")
	}
	for _, c := range []struct {
		name    string
		options DeviceOptions
		notice  string // in it
		err     string // in it
	}{
		{name: "cpu"},
		{name: "cpu", options: DeviceOptions{Precision: "fp32", Threads: 2}},
		{name: "auto", notice: none.Reason},
		{name: "0", notice: none.Reason},
		{name: "cuda:3", notice: none.Reason},
		{name: "cpu", options: DeviceOptions{RequireGPU: true}, err: "a GPU is required"},
		{name: "auto", options: DeviceOptions{RequireGPU: true}, err: "a GPU is required: " + none.Reason},
		{name: "cpu", options: DeviceOptions{Precision: "tf32"}, err: "fp32, not in tf32"},
		{name: "cpu", options: DeviceOptions{Threads: -1}, err: "-1 threads"},
		{name: "gpu", err: `unknown device "gpu"`},
		{name: "-1", err: `unknown device "-1"`},
		{name: "", err: `unknown device ""`},
	} {
		dev, notice, err := OpenDevice(c.name, c.options)
		switch {
		case c.err != "":
			if dev != nil || err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q %+v: device %v, error %v, want %q in it", c.name, c.options, dev, err, c.err)
			}
			continue
		case err != nil:
			t.Errorf("%q %+v: %v", c.name, c.options, err)
			continue
		case !strings.Contains(notice, c.notice), (notice == "") != (c.notice == ""), strings.Contains(notice, "\n"):
			t.Errorf("%q %+v: notice %q, want %q in one line", c.name, c.options, notice, c.notice)
		case dev.Info().Name != "cpu":
			t.Errorf("%q %+v: opened %s", c.name, c.options, dev.Info().Name)
		}
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	}
}
