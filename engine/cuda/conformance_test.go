package cuda_test

import (
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
	"gangpu/kernels"
	"gangpu/kernels/ptxemu"
)

// The shipped PTX, launched by the real launch code, on the emulator with all its checkers.
func TestConformance(t *testing.T) {
	ran := map[string]bool{}
	for _, c := range []struct {
		name       string
		capability int
		precision  string
	}{{"sm_70", 70, "fp32"}, {"sm_80 tf32", 80, "tf32"}} {
		t.Run(c.name, func(t *testing.T) {
			size := selftest.Size{Cases: 12, Work: 1 << 22}
			if testing.Short() {
				size = selftest.Size{Cases: 2, Work: 1 << 12}
			}
			var drivers []*ptxemu.Driver
			enginetest.Run(t, func(t *testing.T) program.Device {
				driver := ptxemu.New(ptxemu.Options{Capability: c.capability, Checks: true})
				drivers = append(drivers, driver)
				dev, err := cuda.Open(driver, 0, cuda.Options{Name: "emulated", Precision: c.precision})
				if err != nil {
					t.Fatal(err)
				}
				return dev
			}, size)
			for _, d := range drivers {
				for _, counters := range d.Counters() {
					ran[c.name+" "+counters.Kernel] = true
				}
			}
			all, err := kernels.All()
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range all {
				if !ran[c.name+" "+k.Name] && !testing.Short() {
					t.Errorf("kernel %s did not run", k.Name)
				}
			}
		})
	}
}
