//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"testing"

	"gangpu/engine/cuda"
	"gangpu/kernels/ptxemu/ptxtest"
)

// The instruction tests that the emulator passes, on a GPU: the emulator is right if this is.
func TestInstructions(t *testing.T) {
	driver := start(t)
	cards, err := cuda.Cards(driver)
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Open(0); err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	tests, err := ptxtest.Tests()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.Name, func(t *testing.T) {
			if have := 10*cards[0].Major + cards[0].Minor; test.Target > have {
				t.Skipf("needs compute capability %d, the card has %d", test.Target, have)
			}
			if err := test.Run(driver); err != nil {
				t.Error(err)
			}
		})
	}
}
