package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// elementCase is a loop over n elements with its float64 result, in place of its last arrays.
type elementCase struct {
	name   string
	in     int // arrays read
	inOut  int // arrays read and written, or only written
	run    func(a [][]float32)
	expect func(v []float64) []float64 // of the elements of one index
}

var testRates = adamRates{rate: 0.01, beta1: 0.5, rest1: 0.5, beta2: 0.999, rest2: 0.001, epsilon: 1e-7}

var elementCases = []elementCase{
	{"multiply", 2, 1, func(a [][]float32) { unit.multiply(a[0], a[1], a[2]) },
		func(v []float64) []float64 { return []float64{v[0] * v[1]} }},
	{"leakyReLU", 1, 1, func(a [][]float32) { unit.leakyReLU(0.25, a[0], a[1]) },
		func(v []float64) []float64 {
			if v[0] > 0 {
				return v[:1]
			}
			return []float64{0.25 * v[0]}
		}},
	{"leakyReLUGrad", 2, 1, func(a [][]float32) { unit.leakyReLUGrad(0.25, a[0], a[1], a[2]) },
		func(v []float64) []float64 {
			if v[0] > 0 {
				return v[1:2]
			}
			return []float64{0.25 * v[1]}
		}},
	{"sigmoid", 1, 1, func(a [][]float32) { unit.sigmoid(a[0], a[1]) },
		func(v []float64) []float64 { return []float64{1 / (1 + math.Exp(-v[0]))} }},
	{"adam", 1, 3, func(a [][]float32) { unit.adam(testRates, a[0], a[1], a[2], a[3]) },
		func(v []float64) []float64 {
			r := testRates
			m := float64(r.beta1)*v[2] + float64(r.rest1)*v[0]
			s := float64(r.beta2)*v[3] + float64(r.rest2)*v[0]*v[0]
			return []float64{v[1] - float64(r.rate)*m/(math.Sqrt(s)+float64(r.epsilon)), m, s}
		}},
	{"ema", 1, 1, func(a [][]float32) { unit.ema(0.25, a[0], a[1]) },
		func(v []float64) []float64 { return []float64{0.25*v[0] + 0.75*v[1]} }},
}

func TestElementLoops(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, c := range elementCases {
			for n := range 70 {
				arrays := make([][]float32, c.in+c.inOut)
				values := make([][]float64, n)
				memory := make([][]float32, len(arrays))
				for i := range arrays {
					memory[i] = randomFloats(r, n+2*guardLen)
					arrays[i] = memory[i][guardLen:][:n:n]
					for j := range arrays[i] {
						v := &arrays[i][j]
						if r.IntN(8) == 0 {
							*v = 0
						}
						if c.name == "adam" && i == 3 {
							*v = max(*v, -*v) + 0.01
						}
						values[j] = append(values[j], float64(*v))
					}
				}
				before := fmt.Sprint(memory)
				c.run(arrays)
				for j := range n {
					want := c.expect(values[j])
					for i := range c.inOut {
						got := &arrays[c.in+i][j]
						if math.Abs(float64(*got)-want[i]) > 1e-6*(1+math.Abs(want[i])) {
							t.Fatalf("%s of %d elements: element %d is %v, want %v", c.name, n, j, *got, want[i])
						}
						*got = float32(values[j][c.in+i])
					}
				}
				if fmt.Sprint(memory) != before {
					t.Fatalf("%s of %d elements wrote outside its results", c.name, n)
				}
			}
		}
	})
}

func BenchmarkElementwise(b *testing.B) {
	const n = 256 * 28 * 28 * 32 // the generator's largest array
	r := rand.New(rand.NewPCG(33, 34))
	for _, c := range []struct {
		op    program.Op
		bytes int
	}{
		{program.LeakyReLU{N: n, Alpha: 0.3}, 8 * n},
		{program.LeakyReLUGrad{N: n, Alpha: 0.3}, 12 * n},
		{program.Adam{N: 397_473, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-7}, 28 * 397_473},
		{program.Normal{N: 25_600, Stddev: 1}, 4 * 25_600},
		{program.DropoutMask{N: 256 * 14 * 14 * 32, Rate: 0.4}, 4 * 256 * 14 * 14 * 32},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", c.op.Name(), threads), func(b *testing.B) {
				d := openDevice(b, threads)
				var a arguments
				for _, o := range c.op.Operands() {
					m := newMemory(o.Name, o.DType, o.Len)
					if o.DType == program.Float32 && o.Access == program.Read {
						copy(elements[float32](m.bytes), randomFloats(r, o.Len))
					}
					a = append(a, m.bytes)
				}
				k, err := newKernel(c.op, a, &workspace{threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(c.bytes))
				b.ReportAllocs()
				for b.Loop() {
					d.pool.run(k)
				}
			})
		}
	}
}

func TestSigmoidOfAnyNumber(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		var x []float32
		for v := float32(-110); v < 110; v += 0.0137 {
			x = append(x, v)
		}
		x = append(x, 0, float32(math.Inf(1)), float32(math.Inf(-1)), 1e38, -1e38, float32(math.NaN()), 1e-40)
		x = x[len(x)%8:] // no rest for plain Go
		y := make([]float32, len(x))
		unit.sigmoid(x, y)
		for i, v := range x {
			want := 1 / (1 + math.Exp(-float64(v)))
			diff := math.Abs(float64(y[i]) - want)
			if !(diff <= 3e-7*want+1e-37) && !(math.IsNaN(want) && y[i] != y[i]) {
				t.Fatalf("sigmoid(%v) = %v, want %v", v, y[i], want)
			}
		}
	})
}
