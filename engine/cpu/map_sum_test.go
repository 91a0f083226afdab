package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gangpu/engine/program"
)

// Maps with sums beside them are what the reference gives: the maps to the bit, also where they lie over operands, the sums
// within roundings of the results, and of the same bits by all units and numbers of threads.
func TestRandomMapSums(t *testing.T) {
	first := map[int][][]float32{} // results of a case
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(25, 26))
		devices := []*Device{openDevice(t, 1), openDevice(t, 2), openDevice(t, 3)}
		for number := range 150 {
			shape := drawShape(rng)
			if len(shape) == 0 {
				continue
			}
			op := program.MapSum{Map: program.Map{Shape: shape}, First: rng.IntN(len(shape)), Sums: 1 + rng.IntN(2)}
			op.End = op.First + 1 + rng.IntN(len(shape)-op.First)
			for range 1 + rng.IntN(3) {
				op.In = append(op.In, drawSource(rng, shape))
			}
			maps := 1 + rng.IntN(2)
			op.Code = drawCode(rng, len(op.In), maps+op.Sums)
			if err := op.Validate(); err != nil {
				t.Fatal(err)
			}
			in := drawArguments(rng, op.In)
			want := wantOf(t, op, in, maps+op.Sums)
			over := map[int]int{}
			for i := range op.In {
				if k := rng.IntN(maps); op.MayOverwrite(i) && over[len(in)+k] == 0 && rng.IntN(2) == 0 {
					over[len(in)+k] = i
				}
			}
			for _, dev := range devices {
				got := runStep(t, dev, op, in, over, rng.IntN(20))
				for k, y := range got {
					for i := range y {
						if k < maps && y[i] != float32(want[k][i]) ||
							!(math.Abs(float64(y[i])-want[k][i]) <= 2e-7*math.Abs(want[k][i])+1e-9) {
							t.Fatalf("%+v over %v: element %d of result %d is %v, want %v", op, over, i, k, y[i], want[k][i])
						}
					}
					if before, ok := first[number]; ok && !slices.EqualFunc(before[k], y, sameFloat) {
						t.Fatalf("%+v: other bits by another unit or number of threads", op)
					}
				}
				first[number] = got
			}
		}
	})
}
