package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

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
			if o.op == opEnd || o.op == opExternal || o.op == opLoadX {
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
				// The slots: what acc begins with, the result, X, then operands, those that advance first.
				numbered := func(op expr.Op) uintptr { return uintptr(numberOfChunkOp[chunkOp{op, "M"}]) }
				code := []chunkInstr{{op: numbered(opLoad)}, {op: numbered(opLoadX), a: 16}, {op: uintptr(number)},
					{op: numbered(opStore), a: 8}, {}}
				this := &code[2]
				slots := []uintptr{address(&in[0][0]), address(&got[0]), address(&in[3][0])}
				memory := strings.NewReplacer("A", "", "X", "").Replace(o.form)
				for _, kind := range "MS" {
					for i, k := range memory {
						if k == kind {
							*[]*uintptr{&this.a, &this.b, &this.c}[i] = uintptr(8 * len(slots))
							slots = append(slots, address(&in[1+i][0]))
						}
					}
				}
				if o.op == opStore || o.op == opStream {
					this.a, code[3] = 8, chunkInstr{}
				}
				for i := range code {
					if unit.handlers != nil {
						code[i].op = unit.handlers[code[i].op]
					}
				}
				unit.run(&chunkState{code: &code[0], next: &code[0], slots: &slots[0], chunks: chunks,
					advancing: len(slots) - strings.Count(o.form, "S"), reading: 1})
				for first := 0; first < n; first += maxChunk {
					var values [4]chunkFloats
					for i := range values {
						copy(values[i][:], in[i][first:])
					}
					operands := make([]*chunkFloats, 3)
					next := 1
					for i, k := range o.form {
						if k == 'A' || k == 'X' {
							operands[i] = &values[map[rune]int{'A': 0, 'X': 3}[k]]
							continue
						}
						if operands[i] = &values[next]; k == 'S' {
							for j := range operands[i] {
								operands[i][j] = in[next][0]
							}
						}
						next++
					}
					if o.op != opStore && o.op != opStream {
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
			for range 20 {
				anyFloats(rng, v)
				if rng.IntN(2) == 0 { // no NaN
					for i := range v {
						v[i] = float32(rng.IntN(5) - 4)
						if v[i] == 0 && rng.IntN(2) == 0 {
							v[i] = float32(math.Copysign(0, -1))
						}
					}
				}
				same := func(a, b float64) bool {
					return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
				}
				isNaN := slices.ContainsFunc(v, func(x float32) bool { return x != x })
				if got, want := unit.maximum(v), maximumGo(v); !same(got, want) || isNaN != (got != got) {
					t.Errorf("the maximum of %d is %v, want %v", n, got, want)
				}
				for i := range s {
					s[i] = []float64{0, math.Copysign(0, -1), 1, math.Inf(-1), math.NaN()}[rng.IntN(5)]
				}
				copy(ws, s)
				unit.columnMaxima(s, v)
				columnMaximaGo(ws, v)
				if !slices.EqualFunc(s, ws, same) {
					t.Errorf("column maxima of %d differ", n)
				}
			}
		}
	})
}

// The code that the machine runs gives the bits of its instructions, one after the other.
func TestCodes(t *testing.T) {
	type function = func(x, y expr.Expr) expr.Expr
	of := func(f func(expr.Expr) expr.Expr) function { return func(x, _ expr.Expr) expr.Expr { return f(x) } }
	functions := []function{
		expr.Expr.Add, expr.Expr.Sub, expr.Expr.Mul, expr.Expr.Div, expr.Expr.Min, expr.Expr.Max, expr.Expr.Pow, expr.Expr.Less,
		of(expr.Expr.Exp), of(expr.Expr.Log), of(expr.Expr.Tanh), of(expr.Expr.Sin), of(expr.Expr.Cos), of(expr.Expr.Erf),
		of(expr.Expr.Softplus), of(expr.Expr.Sigmoid), of(expr.Expr.Sqrt), of(expr.Expr.Rsqrt), of(expr.Expr.Sign),
		func(x, y expr.Expr) expr.Expr { return x.Less(y).Select(y.Neg(), x.Mul(x)) },
	}
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		dev := openDevice(t, 2)
		for range 60 {
			values := append(expr.Inputs(3), expr.Const(0.75))
			for range 1 + rng.IntN(6) {
				pick := func() expr.Expr { return values[rng.IntN(len(values))] }
				values = append(values, functions[rng.IntN(len(functions))](pick(), pick()))
			}
			last := len(values) - 1
			shape := []int{40, maxChunk}
			op := program.Map{Shape: shape, Code: expr.Compile(values[last], values[rng.IntN(last)])}
			for _, of := range [][]int{shape, {1, 1}, {1, maxChunk}} { // of which two are the same for blocks in a row
				op.In = append(op.In, program.Source{Len: product(of), Index: program.Broadcast(shape, of)})
			}
			in := make([][]float32, 3)
			for i := range in {
				in[i] = make([]float32, op.In[i].Len)
				for j := range in[i] {
					in[i][j] = float32(rng.NormFloat64() * 2)
				}
			}
			got := runStep(t, dev, op, in, nil, 0)
			lowered, err := op.Code.Lower()
			if err != nil {
				t.Fatal(err)
			}
			instructions, outputs, err := lowered.Parse()
			if err != nil {
				t.Fatal(err)
			}
			chunks := make([]chunkFloats, len(instructions))
			for row := range 40 {
				for i, n := range instructions {
					for j := range maxChunk {
						switch n.Op {
						case expr.OpConst:
							chunks[i][j] = n.Value
						case expr.OpInput:
							chunks[i][j] = in[n.Index][[]int{row*maxChunk + j, 0, j}[n.Index]]
						case expr.OpQuadrant:
							q, _ := quarterTurns(chunks[n.A][j])
							chunks[i][j] = float32(q)
						case expr.OpRemainder:
							_, chunks[i][j] = quarterTurns(chunks[n.A][j])
						}
					}
					switch n.Op {
					case expr.OpConst, expr.OpInput, expr.OpQuadrant, expr.OpRemainder:
					default:
						computeChunkGo(n.Op, &chunks[i], &chunks[n.A], &chunks[n.B], &chunks[n.C])
					}
				}
				for k, o := range outputs {
					for j, want := range chunks[o] {
						if y := got[k][row*maxChunk+j]; !sameFloat(y, want) {
							t.Fatalf("%s: result %d of point %d, %d is %v, want %v", op.Code, k, row, j, y, want)
						}
					}
				}
			}
		}
	})
}

// Running a map or a reduction allocates nothing.
func TestMapsAllocateNothing(t *testing.T) {
	dev, err := Open(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	shape := []int{7, 5, 300}
	f := func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Tanh().Add(x[0].Sin()) }
	m := program.NewMap(shape, f, shape, []int{1, 5, 1})
	turned := program.NewMap([]int{30, 40}, func(x ...expr.Expr) expr.Expr { return x[0] }, []int{40, 30})
	turned.In[0].Index = program.Dense([]int{40, 30}).Permute([]int{1, 0})
	padded := program.NewMap([]int{60, 40, 3}, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[0]) }, []int{60, 40, 3}) // by zeros
	padded.In[0] = program.Source{Len: 58 * 36 * 3, Index: program.Dense([]int{58, 36, 3})}
	padded.In[0].Axes[0].Offset, padded.In[0].Axes[1].Offset = -1, -2
	ops := []program.Op{m, turned, padded}
	for kind := program.Sum; kind <= program.Moments; kind++ {
		for kept := range shape {
			ops = append(ops, program.Reduce{Kind: kind, Kept: shape[:kept], Reduced: shape[kept:], In: m.In, Code: m.Code})
		}
	}
	for _, op := range ops {
		e := loaded(t, dev, op)
		if n := testing.AllocsPerRun(10, func() {
			if err := e.Run(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations of %+v", n, op)
		}
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
