package selftest

import (
	"regexp"
	"strconv"
	"testing"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Hundreds of expressions agree on a device that is right, and each function of the set is in several of them.
func TestExpressions(t *testing.T) {
	uses := map[expr.Op]int{}
	dev := &refDevice{hook: func(s program.Step, _ arrays, run func() error) error {
		instructions, _, err := s.Op.(program.Map).Code.Parse()
		for _, in := range instructions {
			uses[in.Op]++
		}
		if err != nil {
			return err
		}
		return run()
	}}
	r := expressions(dev)
	if len(r.Failures) > 0 || r.Cases < 300 {
		t.Errorf("%d expressions: %v", r.Cases, r.Failures)
	}
	t.Logf("%d expressions, worst error %.2g of what is allowed", r.Cases, r.Worst)
	for op := expr.OpAdd; op <= expr.OpCos; op++ {
		if uses[op] < 10 {
			t.Errorf("%v is in %d instructions", op, uses[op])
		}
	}
}

// Faults in one primitive, or in one coefficient of a function's polynomial, are found.
func TestExpressionsFindFaults(t *testing.T) {
	coefficient := func(c float64) string {
		return "const " + regexp.QuoteMeta(strconv.FormatFloat(float64(float32(c)), 'x', -1, 32)) + ";"
	}
	for _, f := range []struct{ name, pattern, replacement string }{
		{"floor rounds to the nearest", `floor`, "rint"},
		{"ceil is floor", `ceil`, "floor"},
		{"select takes the other", `select (\d+) (\d+) (\d+)`, "select $1 $3 $2"},
		{"min is max", `min`, "max"},
		{"equal is less or equal", `eq `, "le "},
		{"less is less or equal", `lt `, "le "},
		{"neg is abs", `neg`, "abs"},
		{"sqrt is rsqrt", `sqrt`, "rsqrt"},
		{"a term of exp is left out", coefficient(0.00139326648786664), "const 0x0p+00;"},
		{"a term of log is left out", coefficient(0.2849876880645752), "const 0x0p+00;"},
		{"a term of tanh is left out", coefficient(0.0021702435333281755), "const 0x0p+00;"},
		{"a term of erf near 0 is left out", coefficient(7.959776121424511e-05), "const 0x0p+00;"},
		{"a term of erf far from 0 is left out", coefficient(-2.052441777777858e-05), "const 0x0p+00;"},
		{"a term of the sine is left out", coefficient(2.837512056430569e-06), "const 0x0p+00;"},
		{"a term of the cosine is left out", coefficient(2.4430661142105237e-05), "const 0x0p+00;"},
	} {
		t.Run(f.name, func(t *testing.T) {
			pattern, planted := regexp.MustCompile(f.pattern), 0
			r := expressions(&refDevice{hook: func(s program.Step, storages arrays, _ func() error) error {
				op := s.Op.(program.Map)
				lowered, err := op.Code.Lower()
				if err != nil {
					return err
				}
				if op.Code = expr.Code(pattern.ReplaceAllString(string(lowered), f.replacement)); op.Code != lowered {
					planted++
				}
				return program.Compute[float32](op, storages.args(s)...)
			}})
			if len(r.Failures) == 0 {
				t.Errorf("not found, though planted in %d expressions", planted)
			} else {
				t.Logf("planted in %d of %d expressions, found: %v", planted, r.Cases, r.Failures[0])
			}
		})
	}
}
