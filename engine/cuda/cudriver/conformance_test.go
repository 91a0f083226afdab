//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"os"
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
)

// The conformance suite on a GPU, in both precisions. GANGPU_REQUIRE_GPU=1 makes its absence a
// failure.
func TestConformance(t *testing.T) {
	driver, err := New()
	if err != nil {
		if os.Getenv("GANGPU_REQUIRE_GPU") == "1" {
			t.Fatal(err)
		}
		t.Skipf("no GPU: %v", err)
	}
	card, err := cuda.Cards(driver)
	if err != nil {
		t.Fatal(err)
	}
	for _, precision := range []string{"fp32", "tf32"} {
		t.Run(precision, func(t *testing.T) {
			if precision == "tf32" && card[0].Major < 8 {
				t.Skipf("%s has no tf32", card[0].Name)
			}
			enginetest.Run(t, func(t *testing.T) program.Device {
				driver, err := New()
				if err != nil {
					t.Fatal(err)
				}
				dev, err := cuda.Open(driver, 0, cuda.Options{Precision: precision})
				if err != nil {
					t.Fatal(err)
				}
				return dev
			}, selftest.DefaultSize)
		})
	}
}
