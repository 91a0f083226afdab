package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Maps of random indices are what the reference gives, to the bit, also where results lie over operands, by all
// units and numbers of threads; and nothing but the results is written.
func TestRandomMaps(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(21, 22))
		devices := []*Device{openDevice(t, 1), openDevice(t, 2), openDevice(t, 3)}
		for range 150 {
			op := program.Map{Shape: drawShape(rng)}
			for range 1 + rng.IntN(3) {
				op.In = append(op.In, drawSource(rng, op.Shape))
			}
			results := 1 + rng.IntN(3)
			op.Code = drawCode(rng, len(op.In), results)
			if err := op.Validate(); err != nil {
				t.Fatal(err)
			}
			in := drawArguments(rng, op.In)
			want := wantOf(t, op, in, results)
			over := map[int]int{}
			for i := range op.In {
				if k := rng.IntN(results); op.MayOverwrite(i) && over[len(in)+k] == 0 && rng.IntN(2) == 0 {
					over[len(in)+k] = i
				}
			}
			for _, dev := range devices {
				for k, y := range runStep(t, dev, op, in, over, rng.IntN(20)) {
					for i := range y {
						if y[i] != float32(want[k][i]) {
							t.Fatalf("%+v over %v: element %d of result %d is %v, want %v", op, over, i, k, y[i], want[k][i])
						}
					}
				}
			}
		}
	})
}

// Two arrays change places in place.
func TestMapOverBothOperands(t *testing.T) {
	x, y := expr.Input(0), expr.Input(1)
	n := []int{777}
	dense := program.Source{Len: n[0], Index: program.Dense(n)}
	for _, code := range []expr.Code{expr.Compile(y, x), expr.Compile(y.Add(x), x), expr.Compile(y, x.Add(y))} {
		op := program.Map{Shape: n, In: []program.Source{dense, dense}, Code: code}
		in := drawArguments(rand.New(rand.NewPCG(1, 2)), op.In)
		want := wantOf(t, op, in, 2)
		for k, y := range runStep(t, openDevice(t, 2), op, in, map[int]int{2: 0, 3: 1}, 0) {
			for i := range y {
				if y[i] != float32(want[k][i]) {
					t.Fatalf("%s: element %d of result %d is %v, want %v", code, i, k, y[i], want[k][i])
				}
			}
		}
	}
}

// What blocks in a row have in common is computed again where it changes.
func TestBroadcastOperands(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	dev := openDevice(t, 2)
	for _, c := range []struct{ shape, a, b []int }{
		{[]int{5, 3000, 7}, []int{1, 1, 7}, []int{5, 1, 7}},
		{[]int{3, 40, 500}, []int{1, 40, 1}, []int{3, 1, 500}},
		{[]int{70, 5000}, []int{70, 1}, []int{1, 1}},
		{[]int{3, 9000}, []int{3, 1}, []int{1, 9000}},
		{[]int{600, 9, 31}, []int{1, 9, 31}, []int{1, 9, 1}},
		{[]int{4, 150, 9, 31}, []int{4, 1, 9, 31}, []int{1, 1, 1, 31}},
	} {
		of := [][]int{c.shape, c.a, c.b}
		f := func(x ...expr.Expr) expr.Expr { // exact
			return x[0].Mul(x[1].Max(x[2].Add(expr.Const(0.25))).Floor()).Sub(x[2].Neg())
		}
		m := program.NewMap(c.shape, f, of...)
		ops := []program.Op{m}
		for kept := range len(c.shape) {
			order := slices.Delete([]int{0, 1, 2, 3}[:len(c.shape)], kept, kept+1)
			order = append([]int{kept}, order...)
			r := program.Reduce{Kept: c.shape[kept : kept+1], In: slices.Clone(m.In), Code: m.Code}
			r.Reduced = slices.Delete(slices.Clone(c.shape), kept, kept+1)
			for i := range r.In {
				r.In[i].Index = r.In[i].Permute(order)
			}
			ops = append(ops, r)
		}
		in := drawArguments(rng, m.In)
		for _, op := range ops {
			want := wantOf(t, op, in, 1)[0]
			for i, v := range runStep(t, dev, op, in, nil, 0)[0] {
				if !(math.Abs(float64(v)-want[i]) <= 1e-7*math.Abs(want[i])) {
					t.Fatalf("%+v: element %d is %v, want %v", op, i, v, want[i])
				}
			}
		}
	}
}

// Operations of a program use the same memory in turn.
func TestMapsShareMemory(t *testing.T) {
	shape, row := []int{8, 100}, []int{1, 100}
	p := &program.Program{Name: "test"}
	for _, y := range []string{"y", "z"} {
		op := program.NewMap(shape, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }, shape, row)
		err := p.Append(y, op, program.Arg{Storage: "x"}, program.Arg{Storage: "row of " + y}, program.Arg{Storage: y})
		if err != nil {
			t.Fatal(err)
		}
	}
	dev := openDevice(t, 1)
	bindings := program.Bindings{}
	for i, s := range p.Storages {
		m, err := dev.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			t.Fatal(err)
		}
		if err := program.WriteSlice(m, 0, slices.Repeat([]float32{float32(i)}, s.Len)); err != nil {
			t.Fatal(err)
		}
		bindings[s.Name] = m
	}
	e, err := dev.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float32{"y": 1, "z": 3} { // the numbers of the rows' storages
			y := make([]float32, 800)
			if err := program.ReadSlice(y, bindings[name], 0); err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(y, func(v float32) bool { return v != want }); i >= 0 {
				t.Fatalf("element %d of %s is %v, want %v", i, name, y[i], want)
			}
		}
	}
}

// An expression computes any points, in any order.
func TestExpressionAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	for range 200 {
		op := program.Map{Shape: drawShape(rng), Code: expr.Compile(expr.Input(0).Neg().Sub(expr.Input(1)))}
		op.In = []program.Source{drawSource(rng, op.Shape), drawSource(rng, op.Shape)}
		in := drawArguments(rng, op.In)
		want := wantOf(t, op, in, 1)[0]
		ws := &workspace{threads: 1}
		e, where, err := newExpression(op.Shape, op.In, op.Code, in, nil, true, false, &layout{workspace: ws})
		if err != nil {
			t.Fatal(err)
		}
		ws.allocate()
		e.prepare(0)
		for range 20 {
			first := rng.IntN(e.points)
			n := 1 + rng.IntN(min(e.block, e.points-first))
			e.run(first, n, 0)
			for i, v := range e.value(where[0], first, n, 0) {
				if v != float32(want[first+i]) {
					t.Fatalf("%+v, from %d on: number %d is %v, want %v", op, first, first+i, v, want[first+i])
				}
			}
		}
	}
}

// Reductions of random indices are what the reference gives, within roundings of the results, and of the same bits by
// all units and numbers of threads.
func TestRandomReductions(t *testing.T) {
	first := map[int][][]float32{} // results of a case
	eachUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(23, 24))
		devices := []*Device{openDevice(t, 1), openDevice(t, 2), openDevice(t, 3)}
		for number := range 150 {
			shape := drawShape(rng)
			kept := rng.IntN(len(shape) + 1)
			op := program.Reduce{Kind: program.ReduceKind(rng.IntN(3)), Kept: shape[:kept], Reduced: shape[kept:]}
			for range 1 + rng.IntN(3) {
				op.In = append(op.In, drawSource(rng, shape))
			}
			results := 1
			if op.Kind == program.Sum {
				results += rng.IntN(3)
			}
			op.Code = drawCode(rng, len(op.In), results)
			if op.Kind == program.Moments {
				results = 2
			}
			if err := op.Validate(); err != nil {
				t.Fatal(err)
			}
			in := drawArguments(rng, op.In)
			want := wantOf(t, op, in, results)
			for _, dev := range devices {
				got := runStep(t, dev, op, in, nil, rng.IntN(20))
				for k, y := range got {
					for i := range y {
						if !(math.Abs(float64(y[i])-want[k][i]) <= 2e-7*math.Abs(want[k][i])+1e-9) {
							t.Fatalf("%+v: element %d of result %d is %v, want %v", op, i, k, y[i], want[k][i])
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

// What is computed once for many blocks is so without a write to the results, which may lie where operands are that are
// not read yet: at the end of a block, which is no whole chunk, too.
func TestSteadyMapInPlace(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		shape := []int{8, 560}
		op := program.NewMap(shape, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1].Neg()) }, shape, []int{1, 560})
		in := drawArguments(rand.New(rand.NewPCG(3, 4)), op.In)
		want := wantOf(t, op, in, 1)
		for k, y := range runStep(t, openDevice(t, 2), op, in, map[int]int{2: 0}, 0) {
			for i := range y {
				if y[i] != float32(want[k][i]) {
					t.Fatalf("element %d is %v, want %v", i, y[i], want[k][i])
				}
			}
		}
	})
}
