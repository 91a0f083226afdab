package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Filters of images, of steps up and down and of any border, are what the reference gives, to the bit, by all units and
// numbers of threads: of their taps, those that lie beside each other are loaded once.
func TestFilterTaps(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(29, 30))
		devices := []*Device{openDevice(t, 1), openDevice(t, 3)}
		found := 0
		for range 40 {
			shape := []int{1 + rng.IntN(2), 1 + rng.IntN(12), 1 + rng.IntN(24), []int{1, 3, 16, 70, 300}[rng.IntN(5)]}
			from := []int{shape[0], 1 + rng.IntN(12), 1 + rng.IntN(24), shape[3]}
			up, down := 1+rng.IntN(2), 1+rng.IntN(2)
			taps := [2]int{1 + rng.IntN(4), 3 + rng.IntN(2)}
			before := [2]int{rng.IntN(4) - 1, rng.IntN(4) - 1}
			op, sum := program.Map{Shape: shape}, expr.Const(0)
			over := map[int]int{}
			for i, tap := range rng.Perm(taps[0] * taps[1]) {
				x := program.Dense(from)
				for axis, k := range []int{tap / taps[1], tap % taps[1]} {
					a := &x.Axes[1+axis]
					a.Offset, a.Coef[1+axis], a.Div = k-before[axis], down, up
				}
				sum = sum.Add(expr.Input(i).Mul(expr.Const(float64(1 + rng.IntN(3)))))
				op.In = append(op.In, program.Source{Len: product(from), Index: x})
				if i > 0 {
					over[i] = 0
				}
			}
			n := len(op.In) // another operand, which the result may lie over
			op.In = append(op.In, program.Source{Len: product(shape), Index: program.Dense(shape)})
			if rng.IntN(2) == 0 {
				over[n+1] = n
			}
			op.Code = expr.Compile(sum.Max(expr.Input(n)))
			in := drawArguments(rng, op.In)
			for tap := range n {
				in[tap] = in[0]
			}
			if findWindows(shape, op.In, in).dim >= 0 {
				found++
			}
			want := wantOf(t, op, in, 1)[0]
			for _, dev := range devices {
				for i, v := range runStep(t, dev, op, in, over, rng.IntN(20))[0] {
					if v != float32(want[i]) {
						t.Fatalf("%+v over %v: element %d is %v, want %v", op, over, i, v, want[i])
					}
				}
			}
		}
		if found < 10 {
			t.Fatalf("of 40 filters, %d are read by windows", found)
		}
	})
}
