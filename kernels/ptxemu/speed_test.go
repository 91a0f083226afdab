package ptxemu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// A product of 256 x 256 matrices by the shipped kernel, on one core.
func BenchmarkMatmul(b *testing.B) {
	src, err := os.ReadFile("../ptx/matmul.sm_70.ptx")
	if err != nil {
		b.Fatal(err)
	}
	for _, checks := range []bool{false, true} {
		b.Run(fmt.Sprintf("checks=%v", checks), func(b *testing.B) {
			d := New(Options{Checks: checks, Workers: 1})
			const rows, columns, depth = 256, 256, 256
			if err := d.Open(0); err != nil {
				b.Fatal(err)
			}
			mod, err := d.ModuleLoad(src)
			if err != nil {
				b.Fatal(err)
			}
			fn, err := d.ModuleFunction(mod, "matmul_nn_64x64")
			if err != nil {
				b.Fatal(err)
			}
			x := floats(rows*depth, 1)
			pa, pb, pc := upload(b, d, x), upload(b, d, x), upload(b, d, x)
			for b.Loop() {
				if err := d.Launch(fn, [3]uint32{4, 4, 1}, [3]uint32{128, 1, 1}, 0, 0,
					[]uint64{pa, pb, 0, 0, 0, pc, rows, columns, depth, 0, 0, 0, 0}); err != nil {
					b.Fatal(err)
				}
			}
			c := d.Counters()[0]
			b.ReportMetric(float64(c.ThreadInstructions)/b.Elapsed().Seconds()/1e6, "Minstr/s")
			out := make([]byte, 4*rows*columns)
			if err := d.MemcpyDtoH(out, pc); err != nil {
				b.Fatal(err)
			}
			var want float64
			for k := range depth {
				want += float64(x[k]) * float64(x[k*columns])
			}
			if got := float64(math.Float32frombits(le.Uint32(out))); math.Abs(got-want) > 1e-4 {
				b.Errorf("c[0] = %v, want %v", got, want)
			}
		})
	}
}

func floats(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = r.Float32()*2 - 1
	}
	return out
}

func upload(t testing.TB, d *Driver, x []float32) uint64 {
	p, err := d.MemAlloc(uint64(4 * len(x)))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4*len(x))
	for i, v := range x {
		le.PutUint32(b[4*i:], math.Float32bits(v))
	}
	if err := d.MemcpyHtoD(p, b); err != nil {
		t.Fatal(err)
	}
	return p
}
