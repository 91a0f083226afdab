package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// drawSource makes an index of an iteration by random moves of an array, dense or broadcast ones among them.
func drawSource(rng *rand.Rand, shape []int) program.Source {
	switch rng.IntN(4) {
	case 0:
		return program.Source{Len: product(shape), Index: program.Dense(shape)}
	case 1:
		of := slices.Clone(shape)
		for d := range of {
			if rng.IntN(2) == 0 {
				of[d] = 1
			}
		}
		return program.Source{Len: product(of), Index: program.Broadcast(shape, of)}
	}
	n, x := 1, program.Index{Base: rng.IntN(3)}
	for _, d := range rng.Perm(len(shape)) {
		a := program.Axis{Size: shape[d], Stride: n, Coef: make([]int, len(shape)), Div: 1}
		switch a.Coef[d] = 1; rng.IntN(5) {
		case 0: // a flip
			a.Coef[d], a.Offset = -1, shape[d]-1
		case 1: // padding
			a.Offset = rng.IntN(5) - 2
		case 2: // steps between
			a.Div, a.Offset = 1+rng.IntN(3), rng.IntN(5)-2
			a.Coef[d] = rng.IntN(5) - 2
		case 3: // a sum of dimensions, as of a convolution
			a.Coef[rng.IntN(len(shape))] += rng.IntN(3)
			a.Div, a.Size = 1+rng.IntN(2), 1+rng.IntN(2*shape[d])
		}
		n *= a.Size
		x.Axes = append(x.Axes, a)
	}
	return program.Source{Len: n + x.Base, Index: x}
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// drawShape makes a shape of 1 to 5 dimensions and some thousands of points.
func drawShape(rng *rand.Rand) []int {
	shape, n := make([]int, 1+rng.IntN(5)), 1
	for d := range shape {
		limit := []int{3, 20, 200, 3000}[rng.IntN(4)]
		shape[d] = 1 + rng.IntN(max(1, min(limit, 6000/n)))
		n *= shape[d]
	}
	rng.Shuffle(len(shape), func(i, j int) { shape[i], shape[j] = shape[j], shape[i] })
	return shape
}

// drawCode makes an expression of exact operations, so that float64 gives the same values, of which some results
// are inputs, constants, or the same for all points.
func drawCode(rng *rand.Rand, inputs, results int) expr.Code {
	values := expr.Inputs(inputs)
	values = append(values, expr.Const(float64(rng.IntN(5)-2)))
	for range rng.IntN(12) {
		pick := func() expr.Expr { return values[rng.IntN(len(values))] }
		a, b, c := pick(), pick(), pick()
		var v expr.Expr
		switch rng.IntN(12) {
		case 0:
			v = a.Min(b)
		case 1:
			v = a.Max(b)
		case 2:
			v = a.Neg()
		case 3:
			v = a.Abs()
		case 4:
			v = a.Less(b)
		case 5:
			v = a.LessEqual(b)
		case 6:
			v = a.Equal(b)
		case 7:
			v = a.Less(b).Select(c, a)
		case 8:
			v = a.Select(b, c)
		case 9:
			v = a.Floor()
		case 10:
			v = a.Mul(expr.Const(0.5)).Ceil()
		case 11:
			v = a.Mul(expr.Const(2)).Sub(b.Mul(expr.Const(0.25))).Max(expr.Const(-8)).Min(expr.Const(8)).Floor()
		}
		values = append(values, v)
	}
	var out []expr.Expr
	for range results {
		out = append(out, values[len(values)-1-rng.IntN(min(4, len(values)))])
	}
	return expr.Compile(out...)
}

const mapGuard = 19

// runStep runs an operation on arguments with the values in, all in one array, from offset on, between words that
// nothing may touch. over[i] is the operand over which result i lies, if it lies over one.
func runStep(t *testing.T, dev *Device, op program.Op, in [][]float32, over map[int]int, offset int) [][]float32 {
	t.Helper()
	operands := op.Operands()
	p := &program.Program{Name: "test", Storages: []program.Storage{{Name: "all"}}}
	step := program.Step{Op: op, Name: "test"}
	n := offset
	for i, o := range operands {
		if j, ok := over[i]; ok {
			step.Args = append(step.Args, step.Args[j])
			continue
		}
		n += mapGuard
		step.Args = append(step.Args, program.View{Offset: n, Len: o.Len})
		n += o.Len
	}
	n += mapGuard
	p.Storages[0].Len = n
	p.Steps = []program.Step{step}
	words := slices.Repeat([]float32{guardWord}, n)
	for i := range in {
		copy(words[step.Args[i].Offset:], in[i])
	}
	before := slices.Clone(words)
	m, err := dev.Alloc("all", program.Float32, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := program.WriteSlice(m, 0, words); err != nil {
		t.Fatal(err)
	}
	e, err := dev.Load(p, program.Bindings{"all": m})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	if err := program.ReadSlice(words, m, 0); err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for i := len(in); i < len(operands); i++ {
		v := step.Args[i]
		out = append(out, slices.Clone(words[v.Offset:][:v.Len]))
		copy(words[v.Offset:][:v.Len], before[v.Offset:])
	}
	for i := range words {
		if words[i] != before[i] {
			t.Fatalf("%s %+v wrote beyond its results, at %d of %v", op.Name(), op, i, step.Args)
		}
	}
	return out
}

// wantOf is the reference's results, in float64.
func wantOf(t *testing.T, op program.Op, in [][]float32, outputs int) [][]float64 {
	t.Helper()
	out := make([][]float64, outputs)
	var args []any
	for i := range in {
		wide := make([]float64, len(in[i]))
		for j, v := range in[i] {
			wide[j] = float64(v)
		}
		args = append(args, wide)
	}
	for k := range out {
		out[k] = make([]float64, op.Operands()[len(in)+k].Len)
		args = append(args, out[k])
	}
	if err := program.Compute[float64](op, args...); err != nil {
		t.Fatal(err)
	}
	return out
}

func drawArguments(rng *rand.Rand, in []program.Source) (all [][]float32) {
	for _, s := range in {
		v := make([]float32, s.Len)
		for i := range v {
			v[i] = float32(rng.IntN(65)-32) / 4
		}
		all = append(all, v)
	}
	return all
}
