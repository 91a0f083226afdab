package program

import (
	"testing"

	"gangpu/engine/expr"
)

func TestCounts(t *testing.T) {
	large := Geometry{Batch: 1, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1}
	strided := Geometry{Batch: 2, InH: 14, InW: 14, InC: 3, OutC: 5, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}
	for _, c := range []struct {
		op           Op
		flops, bytes float64
	}{
		// 588 of the 28*28 pairs of rows meet, and of columns.
		{Conv2D{Geometry: large, Epilogue: Epilogue{Bias: true}}, 2 * 588 * 588 * 32, 4 * (28*28*32 + 28*28*32 + 1 + 28*28)},
		{Conv2DFilterGrad{Geometry: large}, 2 * 588 * 588 * 32, 4 * (28*28*32 + 28*28 + 28*28*32)},
		// The padding is after the image, so that one of 7 positions has 2 taps and the others 3.
		{Conv2DTranspose{Geometry: strided}, 2 * 2 * 20 * 20 * 3 * 5, 4 * (2*7*7*5 + 9*3*5 + 2*14*14*3)},
		{Conv2DInputGrad{Geometry: strided}, 2 * 2 * 20 * 20 * 3 * 5, 4 * (2*7*7*5 + 9*3*5 + 2*14*14*3)},
		{MatMul{M: 2, N: 3, K: 5, TransA: true}, 60, 4 * (10 + 15 + 6)},
		{NewMap([]int{10}, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }, []int{10}, []int{10}), 0, 120},
		{Adam{N: 10}, 0, 4 * (10 + 1 + 2 + 2*30)},
		{Images{Batch: 2, Pixels: 9, Count: 1000}, 0, 2*9 + 2*4 + 4*2*9},
	} {
		if got := FLOPs(c.op); got != c.flops {
			t.Errorf("%T: %v FLOP, want %v", c.op, got, c.flops)
		}
		if got := Bytes(c.op); got != c.bytes {
			t.Errorf("%T: %v bytes, want %v", c.op, got, c.bytes)
		}
	}
}
