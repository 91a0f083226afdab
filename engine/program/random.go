package program

import (
	"math"
	"math/rand/v2"
)

// What Op.Random and Operand.Draw draw by.

// size draws a length between 1 and limit: around a multiple of what kernels cut work into, or any, small ones as
// often as large.
func size(rng *rand.Rand, limit int) int {
	n := pick(rng, 4, 8, 16, 32, 64, 128, 256, 1024, 4096) + rng.IntN(3) - 1
	if n > limit || coin(rng) {
		n = int(math.Pow(float64(limit)+1, rng.Float64()))
	}
	return min(max(n, 1), max(limit, 1))
}

func channels(rng *rand.Rand) int {
	return pick(rng, 1, 2, 3, 4, 8, 16, 17, 31, 32, 33, 64, 1+rng.IntN(70))
}

func coin(rng *rand.Rand) bool { return rng.IntN(2) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// withZeros draws normal numbers, one in eight of them zero.
func withZeros(rng *rand.Rand) float64 { return rng.NormFloat64() * float64(min(rng.IntN(8), 1)) }

// updates draws a number of updates made.
func updates(rng *rand.Rand) float64 { return float64(rng.Uint32N(1000) >> rng.Uint32N(11)) }
