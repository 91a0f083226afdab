package program

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"gangpu/engine/expr"
)

// step is a program of one step on float32 storages of these lengths.
func step(op Op, lengths []int, args ...View) *Program {
	p := &Program{Name: "test", Steps: []Step{{Op: op, Args: args, Name: "layer"}}}
	for i, n := range lengths {
		p.Storages = append(p.Storages, Storage{Name: string(rune('a' + i)), Len: n})
	}
	return p
}

func TestValidateRefuses(t *testing.T) {
	nan := float32(math.NaN())
	g := Geometry{Batch: 1, InH: 2, InW: 2, InC: 1, OutC: 1, FilterH: 1, FilterW: 1, StrideH: 1, StrideW: 1}
	noStride := g
	noStride.StrideH = 0
	counters := step(Increment{N: 4}, []int{4}, View{0, 0, 4})
	twice := step(Fill{N: 4}, []int{4, 4}, View{0, 0, 4})
	twice.Storages[1].Name = "a"
	overRate := step(Adam{N: 2, Epsilon: 1}, []int{2, 1, 2, 2, 2},
		View{0, 0, 2}, View{1, 0, 1}, View{2, 0, 2}, View{2, 0, 2}, View{3, 0, 2}, View{4, 0, 2})
	overRate.Storages[1].DType = Uint32
	for _, c := range []struct {
		p    *Program
		want string
	}{
		{step(nil, nil), "no operation"},
		{twice, `two external storages are called "a"`},
		{step(copyOf(4), []int{4}, View{0, 0, 4}), "got 1 arguments, want 2"},
		{step(copyOf(4), []int{4}, View{0, 0, 4}, View{1, 0, 4}), "y0: no storage 1"},
		{step(copyOf(4), []int{4}, View{-1, 0, 4}, View{0, 0, 4}), "x0: no storage -1"},
		{step(Fill{N: 4}, []int{1 << 31}, View{0, 0, 4}), `storage "a": array too long: 2147483648 elements`},
		{counters, `counters: storage "a" is float32, want uint32`},
		{step(copyOf(4), []int{4, 4}, View{0, 0, 4}, View{1, 0, 3}), "y0: view of 3 elements, want 4"},
		{step(copyOf(4), []int{4, 6}, View{0, 0, 4}, View{1, 3, 4}), `y0: elements [3, 7) of storage "b", which has 6`},
		{step(copyOf(4), []int{4, 6}, View{0, -1, 4}, View{1, 0, 4}), "x0: elements [-1, 3)"},
		{step(Fill{N: 4}, []int{4}, View{0, math.MaxInt - 2, 4}), `of storage "a", which has 4`},
		{step(copyOf(4), []int{6}, View{0, 0, 4}, View{0, 1, 4}), "y0 overlaps x0"},
		{step(MatMul{M: 2, N: 2, K: 2}, []int{4, 4}, View{0, 0, 4}, View{1, 0, 4}, View{1, 0, 4}), "c overlaps b"},
		{step(Conv2DInputGrad{Geometry: noStride}, nil), "vertical stride is 0"},
		{step(Conv2D{Geometry: g, Epilogue: Epilogue{Activation: Activation{Kind: 9}}}, nil), "unknown activation 9"},
		{step(Conv2D{Geometry: g, Epilogue: Epilogue{Activation: Activation{Kind: LeakyReLUActivation, Alpha: -0.1}}}, nil), "alpha is -0.1"},
		{step(MatMul{M: 1, N: 1, K: 1, Epilogue: Epilogue{Activation: Activation{Alpha: nan}}}, nil), "alpha is NaN"},
		{step(LeakyReLU{N: 1, Alpha: -1}, nil), "alpha is -1"},
		{step(LeakyReLUGrad{N: 1, Alpha: -1}, nil), "alpha is -1"},
		{step(MatMul{M: 1, N: 1}, nil), "inner dimension is 0"},
		{step(LeakyReLU{}, nil), "length is 0"},
		{step(DropoutMask{N: 1, Rate: 1}, nil), "dropout rate is 1"},
		{step(DropoutMask{N: 1, Rate: nan}, nil), "dropout rate is NaN"},
		{step(Indices{N: 1}, nil), "limit is 0"},
		{step(Uniform{N: 4, Draw: Draw{First: -1}}, nil), "elements [-1, -1+4)"},
		{step(Normal{N: 4, Draw: Draw{First: 1<<34 - 3}}, nil), "elements [17179869181, 17179869181+4)"},
		{step(DropoutMask{N: 1, Draw: Draw{First: math.MaxInt}}, nil), "elements [9223372036854775807,"},
		{step(Indices{N: 4, Draw: Draw{First: -4}, Limit: 1}, nil), "elements [-4, -4+4)"},
		{step(Images{Batch: 1, Pixels: 1}, nil), "images is 0"},
		{step(Adam{N: 1}, nil), "epsilon is 0"},
		{step(Adam{N: 1, Epsilon: 1, Beta1: 1}, nil), "beta1 is 1"},
		{overRate, "param overlaps rate"},
		{step(EMA{N: 1, Decay: 1}, nil), "decay is 1"},
		{step(Map{Shape: []int{0}, Code: "in 0 -> 0"}, nil), "dimension 0 is 0"},
		{step(Map{Shape: []int{4}, Code: "in 0 -> 0"}, nil), "reads operand x0 of 0"},
		{step(Map{Shape: []int{4}, In: []Source{{3, Dense([]int{4})}}, Code: "in 0 -> 0"}, nil), "operand x0: an index reads elements [0, 3] of 3"},
		{step(Map{Shape: []int{4}, Code: "in"}, nil), "has no result"},
		{step(Reduce{Kind: 9}, nil), "unknown kind of reduction 9"},
		{step(Reduce{Kind: Maximum, Code: "const 0x1p+00 -> 0 0"}, nil), "maximum of 2 expressions"},
	} {
		err := c.p.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "program test") {
			t.Errorf("%T: error %v, want one with %q and the program's name", c.p.Steps[0].Op, err, c.want)
		}
	}
}

func TestValidateAllows(t *testing.T) {
	for name, p := range map[string]*Program{
		"in place":                step(copyOf(4), []int{4}, View{0, 0, 4}, View{0, 0, 4}),
		"over the second operand": step(sumOf(4), []int{4, 4}, View{0, 0, 4}, View{1, 0, 4}, View{1, 0, 4}),
		"over both operands":      step(sumOf(4), []int{4}, View{0, 0, 4}, View{0, 0, 4}, View{0, 0, 4}),
		"operands that overlap":   step(MatMul{M: 2, N: 2, K: 2}, []int{5, 4}, View{0, 0, 4}, View{0, 1, 4}, View{1, 0, 4}),
		"neighbours":              step(MatMul{M: 2, N: 2, K: 2}, []int{12}, View{0, 0, 4}, View{0, 8, 4}, View{0, 4, 4}),
		"a dataset of 2.49e9 bytes": {Name: "test", Steps: []Step{{Op: Images{Batch: 2, Pixels: 64 * 64 * 3, Count: 202_599}, Args: []View{{0, 0, 202_599 * 64 * 64 * 3}, {1, 0, 2}, {2, 0, 2 * 64 * 64 * 3}}}},
			Storages: []Storage{{Name: "pixels", DType: Uint8, Len: 202_599 * 64 * 64 * 3}, {Name: "indices", DType: Uint32, Len: 2}, {Name: "y", Len: 2 * 64 * 64 * 3}}},
		"no slope": step(LeakyReLU{N: 4}, []int{4}, View{0, 0, 4}, View{0, 0, 4}),
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAppend(t *testing.T) {
	p := &Program{Name: "test"}
	for _, offset := range []int{4, 0, 8} {
		if err := p.Append("copy", copyOf(4), Arg{"from", offset}, Arg{"to", 0}); err != nil {
			t.Fatal(err)
		}
	}
	want := []Storage{{Name: "from", Len: 12}, {Name: "to", Len: 4}}
	if !reflect.DeepEqual(p.Storages, want) {
		t.Errorf("storages %v, want %v", p.Storages, want)
	}
	if got := p.Steps[2].Args; !reflect.DeepEqual(got, []View{{0, 8, 4}, {1, 0, 4}}) {
		t.Errorf("arguments of the last step: %v", got)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	if err := p.Append("copy", copyOf(4), Arg{"from", 0}); err == nil || !strings.Contains(err.Error(), "takes 2 arguments, got 1") {
		t.Errorf("one argument for two operands: %v", err)
	}
	if err := p.Append("count", Increment{N: 1}, Arg{"to", 0}); err == nil || !strings.Contains(err.Error(), `"to" is both float32 and uint32`) {
		t.Errorf("a storage of two types: %v", err)
	}
	if s := p.String(); !strings.Contains(s, "x0=from[8:12] y0=to[0:4]") {
		t.Errorf("listing:\n%s", s)
	}
}

func TestJoin(t *testing.T) {
	scratch := func(name string, n int) Storage { return Storage{Name: name, Len: n, Scratch: true} }
	a := &Program{Name: "a",
		Storages: []Storage{scratch("h", 4), {Name: "w", Len: 4}, scratch("k", 2)},
		Steps: []Step{
			{Name: "a1", Op: copyOf(4), Args: []View{{1, 0, 4}, {0, 0, 4}}},
			{Name: "a2", Op: copyOf(2), Args: []View{{0, 2, 2}, {2, 0, 2}}},
		}}
	b := &Program{Name: "b",
		Storages: []Storage{{Name: "v", DType: Uint32, Len: 1}, scratch("w", 9), {Name: "w", Len: 8}},
		Steps:    []Step{{Name: "b1", Op: copyOf(8), Args: []View{{2, 0, 8}, {1, 1, 8}}}}}
	joined, err := Join("both", a, b, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := joined.Validate(); err != nil {
		t.Error(err)
	}
	// One external w, as long as the longest; the scratch of one program serves the next.
	want := []Storage{scratch("scratch0", 9), {Name: "w", Len: 8}, scratch("scratch1", 2), {Name: "v", DType: Uint32, Len: 1}}
	if !reflect.DeepEqual(joined.Storages, want) {
		t.Errorf("storages %v, want %v", joined.Storages, want)
	}
	var got []string
	for _, s := range joined.Steps {
		got = append(got, s.Name)
	}
	if !reflect.DeepEqual(got, []string{"a1", "a2", "b1", "a1", "a2"}) {
		t.Errorf("steps %v", got)
	}
	if args := joined.Steps[2].Args; !reflect.DeepEqual(args, []View{{1, 0, 8}, {0, 1, 8}}) {
		t.Errorf("arguments of b1: %v", args)
	}
	if len(a.Storages) != 3 || a.Steps[0].Args[0].Storage != 1 {
		t.Error("Join changed a program that it joined")
	}

	c := &Program{Name: "c", Storages: []Storage{{Name: "v", Len: 1}}}
	if _, err := Join("clash", b, c); err == nil || !strings.Contains(err.Error(), `"v" is both`) || !strings.Contains(err.Error(), "joining program c") {
		t.Errorf("a storage of two types: %v", err)
	}
	d := &Program{Name: "d", Storages: []Storage{{Name: "s", DType: Uint8, Len: 1, Scratch: true}}}
	if _, err := Join("bytes", d); err == nil || !strings.Contains(err.Error(), `"s" is uint8`) {
		t.Errorf("scratch of bytes: %v", err)
	}
}

func copyOf(n int) Map {
	return NewMap([]int{n}, func(x ...expr.Expr) expr.Expr { return x[0] }, []int{n})
}

func sumOf(n int) Map {
	return NewMap([]int{n}, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }, []int{n}, []int{n})
}

func times(n int, factor float64) Map {
	return NewMap([]int{n}, func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(factor)) }, []int{n})
}
