package cpu

import (
	"testing"

	"gangpu/engine/enginetest"
	"gangpu/engine/program"
)

func TestConformance(t *testing.T) {
	open := func(t *testing.T) program.Device {
		dev, err := Open(Options{Threads: 3})
		if err != nil {
			t.Fatal(err)
		}
		return dev
	}
	if testing.Short() {
		enginetest.Run(t, open, enginetest.Cases(20), enginetest.Work(1<<21))
		return
	}
	enginetest.Run(t, open)
}
