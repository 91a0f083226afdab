package expr

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Code is one or more expressions as a list of instructions, each computed once. It is text, so that it
// can be compared, printed, and be the key of what was made of it:
//
//	in 0;in 1;mul 0 1;const 0x1p-01;add 2 3 -> 4
//
// Operands are the numbers of instructions before; after the arrow are those of the results.
type Code string

// Instr is an instruction. Operands are indices of instructions before it.
type Instr struct {
	Op      Op
	A, B, C int     // operands, as many as the operation has
	Index   int     // of an input
	Value   float32 // of a constant
}

// Args are the operands.
func (i Instr) Args() []int { return []int{i.A, i.B, i.C}[:i.Op.Arity()] }

// Compile writes expressions down. Equal parts are one instruction, and operands come right before they
// are needed.
func Compile(results ...Expr) Code {
	var text []byte
	numbers := map[Instr]int{}
	done := map[*node]int{}
	var visit func(n *node) int
	visit = func(n *node) int {
		if i, ok := done[n]; ok {
			return i
		}
		in := Instr{Op: n.op, Index: n.index}
		if n.op == OpConst { // its bits, which are equal to themselves also if it is not a number
			in.Index = int(math.Float32bits(float32(n.value)))
		}
		for k, p := range []*int{&in.A, &in.B, &in.C}[:n.op.Arity()] {
			*p = visit(n.args[k])
		}
		i, ok := numbers[in]
		if !ok {
			i = len(numbers)
			numbers[in] = i
			if i > 0 {
				text = append(text, ';')
			}
			text = append(text, n.op.String()...)
			switch n.op {
			case OpInput:
				text = strconv.AppendInt(append(text, ' '), int64(n.index), 10)
			case OpConst:
				text = strconv.AppendFloat(append(text, ' '), float64(float32(n.value)), 'x', -1, 32)
			}
			for _, a := range in.Args() {
				text = strconv.AppendInt(append(text, ' '), int64(a), 10)
			}
		}
		done[n] = i
		return i
	}
	out := make([]int, len(results))
	for i, r := range results {
		out[i] = visit(r.node)
	}
	text = append(text, " ->"...)
	for _, i := range out {
		text = strconv.AppendInt(append(text, ' '), int64(i), 10)
	}
	return Code(text)
}

// parsed are codes that were read before, with what Parse made of them: a deep network has few different ones, each
// in many places.
var parsed sync.Map // of Code

type parsedCode struct {
	instructions []Instr
	results      []int
}

// Parse reads a code. It is an error if it is none. The result is shared with other callers, and not to be changed.
func (c Code) Parse() (instructions []Instr, results []int, err error) {
	if p, ok := parsed.Load(c); ok {
		p := p.(parsedCode)
		return p.instructions, p.results, nil
	}
	instructions, results, err = c.parse()
	if err == nil {
		parsed.Store(c, parsedCode{slices.Clip(instructions), slices.Clip(results)})
	}
	return instructions, results, err
}

func (c Code) parse() (instructions []Instr, results []int, err error) {
	body, tail, ok := strings.Cut(string(c), " -> ")
	if !ok {
		return nil, nil, fmt.Errorf("expression %q has no result", string(c))
	}
	number := func(word string, limit int) (int, error) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 || n >= limit {
			return 0, fmt.Errorf("expression %q: %q is no operand", string(c), word)
		}
		return n, nil
	}
	for _, line := range strings.Split(body, ";") {
		words := strings.Fields(line)
		if len(words) == 0 {
			return nil, nil, fmt.Errorf("expression %q has an empty instruction", string(c))
		}
		op, ok := opOf[words[0]]
		want := 1 + op.Arity()
		if op <= OpConst {
			want = 2
		}
		if !ok || len(words) != want {
			return nil, nil, fmt.Errorf("expression %q: unknown instruction %q", string(c), line)
		}
		in := Instr{Op: op}
		switch op {
		case OpInput:
			in.Index, err = number(words[1], math.MaxInt32)
		case OpConst:
			var v float64
			v, err = strconv.ParseFloat(words[1], 32)
			in.Value = float32(v)
		default:
			for i, p := range []*int{&in.A, &in.B, &in.C}[:op.Arity()] {
				if *p, err = number(words[1+i], len(instructions)); err != nil {
					break
				}
			}
		}
		if err != nil {
			return nil, nil, err
		}
		instructions = append(instructions, in)
	}
	for _, word := range strings.Fields(tail) {
		n, err := number(word, len(instructions))
		if err != nil {
			return nil, nil, err
		}
		results = append(results, n)
	}
	if len(results) == 0 {
		return nil, nil, fmt.Errorf("expression %q has no result", string(c))
	}
	return instructions, results, nil
}

var opOf = func() map[string]Op {
	m := map[string]Op{}
	for o := Op(0); o < opCount; o++ {
		m[o.String()] = o
	}
	return m
}()

// Exprs are the results of the code as expressions again.
func (c Code) Exprs() ([]Expr, error) {
	instructions, results, err := c.Parse()
	if err != nil {
		return nil, err
	}
	all := make([]Expr, len(instructions))
	for i, in := range instructions {
		switch in.Op {
		case OpInput:
			all[i] = Input(in.Index)
		case OpConst:
			all[i] = Const(float64(in.Value))
		default:
			args := make([]Expr, 0, 3)
			for _, a := range in.Args() {
				args = append(args, all[a])
			}
			all[i] = apply(in.Op, args...)
		}
	}
	out := make([]Expr, len(results))
	for i, r := range results {
		out[i] = all[r]
	}
	return out, nil
}

// Evaluator computes a code in float64, element by element: the definition that devices are
// measured against.
type Evaluator struct {
	instructions []Instr
	results      []int
	values       []float64
	errors       []float64 // for Bounds

	// Float32 rounds the result of every instruction to float32, so that an expression gives the same bits in
	// one piece as in several. (On devices a product is rounded with the sum that it is of use in, of a piece.)
	Float32 bool
}

// Evaluator returns one for the code.
func (c Code) Evaluator() (*Evaluator, error) {
	instructions, results, err := c.Parse()
	if err != nil {
		return nil, err
	}
	return &Evaluator{instructions: instructions, results: results, values: make([]float64, len(instructions))}, nil
}

// Eval computes the results, in out, of the elements of the inputs.
func (e *Evaluator) Eval(out, in []float64) {
	v := e.values
	for i, n := range e.instructions {
		switch n.Op {
		case OpInput:
			v[i] = in[n.Index]
		case OpConst:
			v[i] = float64(n.Value)
		default:
			v[i] = compute(n.Op, v[n.A], v[n.B], v[n.C])
		}
		if e.Float32 {
			v[i] = float64(float32(v[i]))
		}
	}
	for i, r := range e.results {
		out[i] = v[r]
	}
}

// Results is the number of results.
func (e *Evaluator) Results() int { return len(e.results) }

// Inputs are the numbers of the inputs that the code reads, in rising order.
func (c Code) Inputs() []int {
	instructions, _, _ := c.Parse()
	var all []int
	for _, in := range instructions {
		if in.Op == OpInput {
			all = append(all, in.Index)
		}
	}
	slices.Sort(all)
	return all
}

// Size is the number of instructions, and the largest number of values, but for constants, that are at hand
// at once where each is dropped after its last use.
func (c Code) Size() (instructions, live int) {
	all, results, _ := c.Parse()
	last := make([]int, len(all))
	for i, in := range all {
		for _, a := range in.Args() {
			last[a] = i
		}
	}
	for _, r := range results {
		last[r] = len(all)
	}
	now := 0
	for i, in := range all {
		if in.Op != OpConst {
			now++
		}
		live = max(live, now)
		for j, a := range in.Args() {
			if last[a] == i && all[a].Op != OpConst && !slices.Contains(in.Args()[:j], a) {
				now--
			}
		}
	}
	return len(all), live
}

// Cost is about how many additions the code is worth: functions count as what devices make them of.
func (c Code) Cost() int {
	all, _, _ := c.Parse()
	cost := 0
	for _, in := range all {
		switch in.Op {
		case OpInput, OpConst:
		case OpDiv, OpSqrt:
			cost += 4
		case OpRsqrt:
			cost += 8
		case OpExp, OpLog, OpLog1p, OpExpm1, OpErf, OpTanh, OpSigmoid, OpSoftplus, OpSin, OpCos:
			cost += 16
		case OpPow:
			cost += 48
		default:
			cost++
		}
	}
	return cost
}
