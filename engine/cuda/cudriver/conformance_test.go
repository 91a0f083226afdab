//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
)

// The conformance suite on a GPU, in both precisions.
func TestConformance(t *testing.T) {
	card, err := cuda.Cards(start(t))
	if err != nil {
		t.Fatal(err)
	}
	size := selftest.DefaultSize
	if testing.Short() {
		size = selftest.Size{Cases: 3, Work: 1 << 14}
	}
	for _, precision := range []string{"fp32", "tf32"} {
		t.Run(precision, func(t *testing.T) {
			if precision == "tf32" && card[0].Major < 8 {
				t.Skipf("%s has no tf32", card[0].Name)
			}
			enginetest.Run(t, func(t *testing.T) program.Device {
				dev, err := cuda.Open(start(t), 0, cuda.Options{Precision: precision})
				if err != nil {
					t.Fatal(err)
				}
				return dev
			}, size)
		})
	}
}
