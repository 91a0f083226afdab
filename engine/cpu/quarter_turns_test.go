package cpu

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Quarter turns are right for all floats: to the nearest float32, by 300 bits of pi.
func TestQuarterTurns(t *testing.T) {
	const digits = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651328230664709384460955058223172535940812848111745"
	pi, _, err := big.ParseFloat(digits, 10, 400, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	half := new(big.Float).SetPrec(400).Quo(pi, big.NewFloat(2))
	rng := rand.New(rand.NewPCG(1, 1))
	check := func(x float32) {
		q := new(big.Float).SetPrec(400).Quo(new(big.Float).SetPrec(400).SetFloat64(float64(x)), half)
		shift := big.NewFloat(0.5)
		if x < 0 {
			shift = big.NewFloat(-0.5)
		}
		n, _ := new(big.Float).SetPrec(400).Add(q, shift).Int(nil) // towards zero: the nearest
		rest := new(big.Float).SetPrec(400).Sub(new(big.Float).SetPrec(400).SetFloat64(float64(x)),
			new(big.Float).SetPrec(400).Mul(new(big.Float).SetPrec(400).SetInt(n), half))
		want, _ := rest.Float32()
		quadrant := int(new(big.Int).And(n, big.NewInt(3)).Int64())
		if gotN, got := quarterTurns(x); gotN != quadrant || got != want {
			t.Errorf("quarter turns of %v: %d and %v, want %d and %v", x, gotN, got, quadrant, want)
		}
	}
	for range 20000 {
		check(math.Float32frombits(rng.Uint32N(0x7f800000) | rng.Uint32()<<31))
		check(float32(rng.NormFloat64() * 10))
	}
	for _, x := range []float32{0, 0.5, 0.7853981, 0.7853982, -0.7853982, 1.5707963, 1.5707964, 1e5, math.MaxFloat32, -math.MaxFloat32, 16367173 * (1 << 20) * (1 << 20) * (1 << 20) * (1 << 12)} {
		check(x)
	}
	x, quadrants, rests := make([]float32, maxChunk), make([]float32, maxChunk), make([]float32, maxChunk)
	for range 20000 {
		for i := range x {
			x[i] = math.Float32frombits(rng.Uint32())
			if i%2 == 0 { // of a size that the fast way takes
				x[i] = math.Float32frombits(rng.Uint32N(0x49900000-0x3f000000) + 0x3f000000)
			}
		}
		quarterTurnsOf(x, quadrants, rests)
		for i, v := range x {
			if n, rest := quarterTurns(v); float32(n) != quadrants[i] || !sameFloat(rest, rests[i]) {
				t.Fatalf("quarter turns of %v are %v and %v in a row, %d and %v alone", v, quadrants[i], rests[i], n, rest)
			}
		}
	}
	for _, x := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
		if _, r := quarterTurns(x); r == r {
			t.Errorf("the rest of %v is %v", x, r)
		}
	}
}
