package selftest

import (
	"fmt"
	"math/rand/v2"

	"gangpu/engine/program"
)

// Expressions are checked by the hundred, so many a program, each at few points: a device that writes kernels compiles
// a program's at once.
const (
	expressionPrograms = 40
	expressionsEach    = 8
)

// expressions compares random expressions with float64, see program.RandomWithin.
func expressions(dev program.Device) Result {
	precision := dev.Info().Precision
	r := Result{Operation: "expressions", Tolerance: program.Map{}.Tolerance(precision)}
	rng := rand.New(rand.NewPCG(21, 22))
	for range expressionPrograms {
		p, content := expressionProgram(rng)
		got, err := runOnce(dev, p, content)
		if err != nil {
			r.Failures = append(r.Failures, err)
			return r
		}
		before := content.float64()
		for _, s := range p.Steps {
			r.Cases++
			e := program.Comparison{Op: s.Op, Precision: precision, Before: before.args(s), Got: got.args(s)}.Error()
			if e > r.Worst || r.WorstCase == "" {
				r.Worst, r.WorstCase = e, describe(s.Op)
			}
			if !(e <= r.Tolerance) {
				r.Failures = append(r.Failures, fmt.Errorf("an element is off by %.3g times what is allowed: %s", e, describe(s.Op)))
			}
			if len(r.Failures) == maxFailures {
				return r
			}
		}
	}
	return r
}

// runOnce loads a program, runs it and returns what its external storages hold then.
func runOnce(dev program.Device, p *program.Program, content arrays) (got arrays, err error) {
	s, err := load(dev, p, content)
	if err == nil {
		got, err = s.run()
	}
	if e := s.close(); err == nil {
		err = e
	}
	return got, err
}

// expressionProgram draws expressions and the elements that they read. Operands follow each other in one storage, so
// that some are aligned and others not.
func expressionProgram(rng *rand.Rand) (*program.Program, arrays) {
	b := &builder{Program: program.Program{Name: "expressions"}, views: map[string]program.View{}}
	x, y := b.in("x", program.Float32, 0), b.in("y", program.Float32, 0)
	var inputs []float32
	for i := range expressionsEach {
		n := 40 + rng.IntN(60)
		op, operands := program.RandomWithin(rng, n)
		var args []program.View
		for _, o := range operands {
			args = append(args, program.View{Storage: x.Storage, Offset: len(inputs), Len: n})
			inputs = append(inputs, o...)
		}
		y.Len = n
		b.step(fmt.Sprintf("expression %d", i), op, append(args, y)...)
		y.Offset += n
	}
	b.Storages[x.Storage].Len, b.Storages[y.Storage].Len = len(inputs), y.Offset
	content := poisoned(&b.Program)
	content[x.Storage] = inputs
	return &b.Program, content
}
