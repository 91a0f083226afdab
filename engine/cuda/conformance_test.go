package cuda_test

import (
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
	"gangpu/kernels/ptxemu"
)

// The shipped PTX, launched by the real launch code, on the emulator with all its checkers.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name       string
		capability int
		precision  string
	}{{"sm_70", 70, "fp32"}, {"sm_80 tf32", 80, "tf32"}} {
		t.Run(c.name, func(t *testing.T) {
			size := selftest.Size{Cases: 20, Work: 1 << 20}
			if testing.Short() {
				size = selftest.Size{Cases: 2, Work: 1 << 12}
			}
			enginetest.Run(t, func(t *testing.T) program.Device {
				driver := ptxemu.New(ptxemu.Options{Capability: c.capability, Checks: true})
				dev, err := cuda.Open(driver, 0, cuda.Options{Name: "emulated", Precision: c.precision})
				if err != nil {
					t.Fatal(err)
				}
				return dev
			}, size)
		})
	}
}
