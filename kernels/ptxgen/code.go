package ptxgen

import (
	"fmt"
	"math"
	"slices"

	"gangpu/engine/expr"
)

// level says where in a kernel a value is known: before its loops, for four points at once, or at each point.
type level int

const (
	once level = iota
	perQuad
	perPoint
)

// code is an expression, lowered, with what the writer must know of it.
type code struct {
	all     []expr.Instr
	results []int
	level   []level // of each instruction
	used    []bool
	float   []bool // its value is read as a number; a comparison may be read as a predicate alone
	truth   []bool // its value is a condition of select
	inputs  []int  // operands that are read
	cost    int    // about how many machine instructions it takes
	live    int    // values at hand at once
	angles  bool
}

// parse lowers an expression and reads it.
func parse(c expr.Code) (*code, error) {
	lowered, err := c.Lower()
	if err != nil {
		return nil, err
	}
	all, results, err := lowered.Parse()
	if err != nil {
		return nil, err
	}
	n := len(all)
	k := &code{all: all, results: results, level: make([]level, n), used: make([]bool, n), float: make([]bool, n), truth: make([]bool, n)}
	_, k.live = lowered.Size()
	if k.live > MaxLive {
		return nil, fmt.Errorf("an expression of %d instructions has %d values at hand at once, at most %d fit a kernel's registers",
			n, k.live, MaxLive)
	}
	for _, r := range results {
		k.used[r], k.float[r] = true, true
	}
	for i := n - 1; i >= 0; i-- {
		if !k.used[i] {
			continue
		}
		for j, a := range all[i].Args() {
			k.used[a] = true
			if all[i].Op == expr.OpSelect && j == 0 {
				k.truth[a] = true
			} else {
				k.float[a] = true
			}
		}
	}
	for i, in := range all {
		if !k.used[i] {
			continue
		}
		k.cost += costOf(in.Op)
		switch in.Op {
		case expr.OpInput:
			if !slices.Contains(k.inputs, in.Index) {
				k.inputs = append(k.inputs, in.Index)
			}
		case expr.OpQuadrant, expr.OpRemainder:
			k.angles = true
		}
	}
	slices.Sort(k.inputs)
	return k, nil
}

// setLevels works out where each value is known, from where the inputs are.
func (k *code) setLevels(of func(input int) level) {
	for i, in := range k.all {
		k.level[i] = once
		if in.Op == expr.OpInput {
			k.level[i] = of(in.Index)
		}
		for _, a := range in.Args() {
			k.level[i] = max(k.level[i], k.level[a])
		}
	}
}

func costOf(op expr.Op) int {
	switch op {
	case expr.OpInput, expr.OpConst:
		return 0
	case expr.OpDiv:
		return 10
	case expr.OpSqrt:
		return 8
	case expr.OpQuadrant, expr.OpRemainder:
		return 25
	case expr.OpPow2, expr.OpExponent, expr.OpMantissa:
		return 3
	}
	return 1
}

// values are those of a code's instructions, as far as they are written.
type values struct {
	float  []string // register or literal
	truth  []string // predicate
	angles map[int][2]string
}

func newValues(n int) *values {
	return &values{make([]string, n), make([]string, n), map[int][2]string{}}
}

// clone is values to go on from: what is added to it is not known where v is used again.
func (v *values) clone() *values {
	c := &values{slices.Clone(v.float), slices.Clone(v.truth), map[int][2]string{}}
	for a, q := range v.angles {
		c.angles[a] = q
	}
	return c
}

// evaluate writes the instructions whose levels are from low to high, the operands given as registers.
func (b *builder) evaluate(k *code, v *values, low, high level, input func(i int) string) {
	for i, in := range k.all {
		if !k.used[i] || k.level[i] < low || k.level[i] > high {
			continue
		}
		switch in.Op {
		case expr.OpInput:
			v.float[i] = input(in.Index)
		case expr.OpConst:
			v.float[i] = literal(in.Value)
		default:
			b.instruction(k, v, i)
			continue
		}
		if k.truth[i] {
			v.truth[i] = b.setp("neu.f32", b.inRegister(v.float[i]), zero)
		}
	}
}

// result is result number r in a register.
func (b *builder) result(k *code, v *values, r int) string {
	return b.inRegister(v.float[k.results[r]])
}

func literal(v float32) string { return fmt.Sprintf("0f%08X", math.Float32bits(v)) }

var zero, one = literal(0), literal(1)

// inRegister moves a literal to a register.
func (b *builder) inRegister(v string) string {
	if v[0] == '%' {
		return v
	}
	return b.op("mov.b32", v)
}

var opcodes = map[expr.Op]string{
	expr.OpAdd: "add.rn.f32", expr.OpSub: "sub.rn.f32", expr.OpMul: "mul.rn.f32", expr.OpDiv: "div.rn.f32",
	expr.OpSqrt: "sqrt.rn.f32", expr.OpFMA: "fma.rn.f32", expr.OpNeg: "neg.f32", expr.OpAbs: "abs.f32",
	expr.OpFloor: "cvt.rmi.f32.f32", expr.OpCeil: "cvt.rpi.f32.f32", expr.OpRint: "cvt.rni.f32.f32",
}

var comparisons = map[expr.Op]string{
	expr.OpLess: "lt.f32", expr.OpLessEqual: "le.f32", expr.OpEqual: "eq.f32", expr.OpMin: "lt.f32", expr.OpMax: "gt.f32",
}

func (b *builder) instruction(k *code, v *values, i int) {
	in := k.all[i]
	args := make([]string, in.Op.Arity())
	for j, a := range in.Args() {
		args[j] = v.float[a]
	}
	if first := in.Args()[0]; in.Op != expr.OpSelect { // the assembler wants a register somewhere
		v.float[first] = b.inRegister(args[0])
		args[0] = v.float[first]
	}
	var y string
	switch in.Op {
	case expr.OpLess, expr.OpLessEqual, expr.OpEqual:
		v.truth[i] = b.setp(comparisons[in.Op], args...)
		if k.float[i] {
			v.float[i] = b.op("selp.f32", one, zero, v.truth[i])
		}
		return
	case expr.OpMin, expr.OpMax:
		y = b.op("selp.f32", args[0], args[1], b.setp(comparisons[in.Op], args...))
	case expr.OpSelect:
		y = b.op("selp.f32", args[1], args[2], v.truth[in.A])
	case expr.OpPow2:
		n := b.op("cvt.rzi.s32.f32", args[0])
		y = b.op("shl.b32", b.op("add.s32", n, "127"), "23")
	case expr.OpExponent:
		e := b.op("and.b32", b.op("shr.u32", args[0], "23"), "255")
		y = b.op("cvt.rn.f32.s32", b.op("sub.s32", e, "127"))
	case expr.OpMantissa:
		y = b.op("or.b32", b.op("and.b32", args[0], "0x7fffff"), "0x3f800000")
	case expr.OpQuadrant, expr.OpRemainder:
		q, ok := v.angles[in.A]
		if !ok {
			q[0], q[1] = b.angle(args[0])
			v.angles[in.A] = q
		}
		if y = q[0]; in.Op == expr.OpRemainder {
			y = q[1]
		}
	default:
		y = b.op(opcodes[in.Op], args...)
	}
	v.float[i] = y
	if k.truth[i] {
		v.truth[i] = b.setp("neu.f32", y, zero)
	}
}
