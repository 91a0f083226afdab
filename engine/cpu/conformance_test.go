package cpu

import (
	"testing"

	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
)

func TestConformance(t *testing.T) {
	open := func(t *testing.T) program.Device {
		dev, err := Open(Options{Threads: 3})
		if err != nil {
			t.Fatal(err)
		}
		return dev
	}
	size := selftest.DefaultSize
	if testing.Short() {
		size = selftest.Size{Cases: 20, Work: 1 << 21}
	}
	enginetest.Run(t, open, size)
}
