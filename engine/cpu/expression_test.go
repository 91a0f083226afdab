package cpu

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// anyFloats are floats of all sizes, and those where something may go wrong.
func anyFloats(rng *rand.Rand, v []float32) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1.5, 2.5, -2.5, float32(math.Inf(1)), float32(math.Inf(-1)),
		float32(math.NaN()), math.MaxFloat32, math.SmallestNonzeroFloat32, 1 << 23, 1<<24 - 1}
	for i := range v {
		switch rng.IntN(4) {
		case 0:
			v[i] = special[rng.IntN(len(special))]
		case 1:
			v[i] = math.Float32frombits(rng.Uint32())
		default:
			v[i] = float32(rng.NormFloat64())
		}
	}
}

func sameFloat(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// The vector units' machines give the bits of their plain-Go twin.
func TestChunkOps(t *testing.T) {
	if len(chunkOps) != chunkOpCount {
		t.Fatalf("%d operations, want %d", len(chunkOps), chunkOpCount)
	}
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for number, o := range chunkOps {
			if o.op == opEnd || o.op == opExternal {
				continue
			}
			for chunks := 1; chunks <= 3; chunks++ {
				n := unit.chunk * chunks
				in, got, want := make([][]float32, 4), alignedFloats(n+1), alignedFloats(n+1)
				for i := range in {
					in[i] = alignedFloats(n)
					anyFloats(rng, in[i])
					if o.op == expr.OpPow2 {
						for j := range in[i] {
							in[i][j] = float32(rng.IntN(254) - 126)
						}
					}
				}
				// The slots: what acc begins with, the result, then operands, those that advance first.
				load, store := numberOfChunkOp[chunkOp{opLoad, "M"}], numberOfChunkOp[chunkOp{opStore, "M"}]
				code := []chunkInstr{{op: uintptr(load)}, {op: uintptr(number)}, {op: uintptr(store), a: 8}, {}}
				slots := []uintptr{address(&in[0][0]), address(&got[0])}
				memory := strings.ReplaceAll(o.form, "A", "")
				for _, kind := range "MS" {
					for i, k := range memory {
						if k == kind {
							*[]*uintptr{&code[1].a, &code[1].b, &code[1].c}[i] = uintptr(8 * len(slots))
							slots = append(slots, address(&in[1+i][0]))
						}
					}
				}
				if o.op == opStore {
					code[1].a = 8
				}
				for i := range code {
					if unit.handlers != nil {
						code[i].op = unit.handlers[code[i].op]
					}
				}
				unit.run(&chunkState{code: &code[0], next: &code[0], slots: &slots[0], chunks: chunks,
					advancing: len(slots) - strings.Count(o.form, "S")})
				for first := 0; first < n; first += maxChunk {
					var values [4]chunkFloats
					for i := range values {
						copy(values[i][:], in[i][first:])
					}
					operands := make([]*chunkFloats, 3)
					next := 1
					for i, k := range o.form {
						if k == 'A' {
							operands[i] = &values[0]
							continue
						}
						if operands[i] = &values[next]; k == 'S' {
							for j := range operands[i] {
								operands[i][j] = in[next][0]
							}
						}
						next++
					}
					if o.op != opStore {
						computeChunkGo(o.op, &values[0], operands[0], operands[1], operands[2])
					}
					copy(want[first:n], values[0][:])
				}
				for i := range got {
					if !sameFloat(got[i], want[i]) {
						t.Fatalf("%v %s, %d chunks: element %d of %v, %v, %v, %v is %v, want %v", o.op, o.form, chunks, i,
							in[0][i%n], in[1][i%n], in[2][i%n], in[3][i%n], got[i], want[i])
					}
				}
			}
		}
		for _, n := range []int{1, 8, 15, 64, 1000} {
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(rng.NormFloat64())
			}
			sum, squares := unit.sums(v)
			wantSum, wantSquares := sumsGo(v)
			if sum != wantSum || squares != wantSquares {
				t.Errorf("sums of %d: %v %v, want %v %v", n, sum, squares, wantSum, wantSquares)
			}
			s, q, ws, wq := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
			for range 3 {
				unit.columnSums(s, q, v)
				columnSumsGo(ws, wq, v)
				unit.columnSums(s, nil, v)
				columnSumsGo(ws, nil, v)
			}
			if !slices.Equal(s, ws) || !slices.Equal(q, wq) {
				t.Errorf("column sums of %d differ", n)
			}
		}
	})
}

// Quarter turns are right for all floats: to the nearest float32, by 300 bits of pi.
func TestQuarterTurns(t *testing.T) {
	pi, _, err := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651328230664709384460955058223172535940812848111745", 10, 400, big.ToNearestEven)
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
	for _, x := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
		if _, r := quarterTurns(x); r == r {
			t.Errorf("the rest of %v is %v", x, r)
		}
	}
}

// Running a map or a reduction allocates nothing.
func TestMapsAllocateNothing(t *testing.T) {
	dev, err := Open(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	shape := []int{7, 5, 300}
	op := program.NewMap(shape, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Tanh() }, shape, []int{1, 5, 1})
	e := loaded(t, dev, op)
	if n := testing.AllocsPerRun(10, func() {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// loaded binds an operation to arrays of ones.
func loaded(t testing.TB, dev *Device, op program.Op) program.Executable {
	t.Helper()
	p := &program.Program{Name: "test"}
	var args []program.Arg
	for _, o := range op.Operands() {
		args = append(args, program.Arg{Storage: o.Name})
	}
	if err := p.Append("test", op, args...); err != nil {
		t.Fatal(err)
	}
	bindings := program.Bindings{}
	for _, s := range p.Storages {
		m, err := dev.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			t.Fatal(err)
		}
		v := elements[float32](m.(*Memory).bytes)
		for i := range v {
			v[i] = 1 + float32(i%7)/8
		}
		bindings[s.Name] = m
	}
	e, err := dev.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// BenchmarkMaps prints how long expressions take on arrays larger than any cache, as multiples of a copy of one array.
func BenchmarkMaps(b *testing.B) {
	dev, err := Open(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	n := []int{1 << 26}
	fastest := func(f func(x ...expr.Expr) expr.Expr, operands int) time.Duration {
		var of [][]int
		for range operands {
			of = append(of, n)
		}
		e := loaded(b, dev, program.NewMap(n, f, of...))
		defer e.Close()
		best := time.Hour
		for range 5 {
			start := time.Now()
			if err := e.Run(); err != nil {
				b.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	for _, c := range []struct {
		name     string
		operands int
		f        func(x ...expr.Expr) expr.Expr
	}{
		{"copy", 1, func(x ...expr.Expr) expr.Expr { return x[0] }},
		{"eight simple", 1, func(x ...expr.Expr) expr.Expr {
			y := x[0].Mul(expr.Const(1.5)).Add(expr.Const(2)).Max(expr.Const(0.1)).Min(expr.Const(9)).Sub(expr.Const(3))
			return expr.Const(0.5).Less(y).Select(y.Mul(x[0]), y)
		}},
		{"two exp", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp().Neg().Exp() }},
		{"two tanh", 1, func(x ...expr.Expr) expr.Expr { return x[0].Tanh().Tanh() }},
		{"exp, log", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp().Log() }},
		{"exp", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp() }},
		{"log", 1, func(x ...expr.Expr) expr.Expr { return x[0].Log() }},
		{"tanh", 1, func(x ...expr.Expr) expr.Expr { return x[0].Tanh() }},
		{"sigmoid", 1, func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }},
		{"softplus", 1, func(x ...expr.Expr) expr.Expr { return x[0].Softplus() }},
		{"erf", 1, func(x ...expr.Expr) expr.Expr { return x[0].Erf() }},
		{"sin", 1, func(x ...expr.Expr) expr.Expr { return x[0].Sin() }},
		{"pow", 1, func(x ...expr.Expr) expr.Expr { return x[0].Pow(expr.Const(0.3)) }},
		{"sum of two", 2, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }},
	} {
		d := fastest(c.f, c.operands)
		fmt.Printf("%-14s %.2f ns an element\n", c.name, float64(d.Nanoseconds())/float64(n[0]))
	}
}
