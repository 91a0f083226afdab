package selftest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"gangpu/engine/program"
)

// opCase is one operation on operands that lie somewhere.
type opCase struct {
	op     program.Op
	p      *program.Program // of one step
	inputs arrays           // what the storages hold before
	repeat bool             // run it again, for the same bits
	layout string
}

// newCase lays op's operands out at random and fills them.
func newCase(rng *rand.Rand, op program.Op) *opCase {
	c := &opCase{op: op, repeat: rng.IntN(4) == 0, layout: "aligned"}
	gap := func() int { return 64 * rng.IntN(2) }
	if rng.IntN(2) == 0 {
		c.layout = "unaligned"
		gap = func() int { return 1 + rng.IntN(13) }
	}
	shared := rng.IntN(2) == 0 // one storage a type, rather than one an operand
	if shared {
		c.layout += ", in one storage"
	}
	operands := op.Operands()
	step := program.Step{Op: op, Name: "test", Args: make([]program.View, len(operands))}
	overwritten := c.overwritten(rng, operands)
	c.p = &program.Program{Name: op.Name()}
	for _, i := range rng.Perm(len(operands)) {
		if i == overwritten[0] {
			continue
		}
		name := operands[i].Name
		if shared {
			name = operands[i].DType.String()
		}
		s := slices.IndexFunc(c.p.Storages, func(s program.Storage) bool { return s.Name == name })
		if s < 0 {
			s = len(c.p.Storages)
			c.p.Storages = append(c.p.Storages, program.Storage{Name: name, DType: operands[i].DType})
		}
		st := &c.p.Storages[s]
		step.Args[i] = program.View{Storage: s, Offset: st.Len + gap(), Len: operands[i].Len}
		st.Len = step.Args[i].Offset + operands[i].Len
		if c.layout[0] == 'a' { // so that the next view is aligned, too
			st.Len = (st.Len + 63) / 64 * 64
		}
	}
	for i := range c.p.Storages {
		c.p.Storages[i].Len += 1 + rng.IntN(40)
	}
	if overwritten[0] >= 0 {
		step.Args[overwritten[0]] = step.Args[overwritten[1]]
		c.layout += fmt.Sprintf(", %s over %s", operands[overwritten[0]].Name, operands[overwritten[1]].Name)
	}
	c.p.Steps = []program.Step{step}
	c.inputs = poisoned(c.p)
	for i, a := range c.inputs.args(step) {
		if operands[i].Access != program.Write {
			fill(rng, operands[i], a)
		}
	}
	return c
}

// overwritten chooses, for some elementwise operations, a result and the operand in whose place
// it goes; -1 for none.
func (c *opCase) overwritten(rng *rand.Rand, operands []program.Operand) [2]int {
	none := [2]int{-1, -1}
	if rng.IntN(3) == 0 {
		return none
	}
	pairs := [][2]int{none}
	for i, w := range operands {
		for j, r := range operands {
			if w.Access == program.Write && r.Access == program.Read && w.DType == r.DType && w.Len == r.Len && program.MayOverwrite(c.op, j) {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	return pairs[rng.IntN(len(pairs))]
}

func (c *opCase) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s)", c.op.Name(), describe(c.op), c.layout)
	for i, o := range c.op.Operands() {
		v := c.p.Steps[0].Args[i]
		fmt.Fprintf(&b, " %s=%s[%d:%d]", o.Name, c.p.Storages[v.Storage].Name, v.Offset, v.Offset+v.Len)
	}
	return b.String()
}

// check runs the case and returns the largest error of its results.
func (c *opCase) check(dev program.Device, tolerance float64) (worst float64, err error) {
	if err := c.p.Validate(); err != nil {
		return 0, fmt.Errorf("a mistake of the suite: %w", err)
	}
	s, err := load(dev, c.p, c.inputs)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := s.close(); err == nil {
			err = e
		}
	}()
	got, err := s.run()
	if err != nil {
		return 0, err
	}
	if worst, err = c.compare(got, dev.Info().Precision, tolerance); err != nil || !c.repeat {
		return worst, err
	}
	if err := s.write(c.inputs); err != nil {
		return worst, err
	}
	again, err := s.run()
	if err != nil {
		return worst, fmt.Errorf("run a second time: %w", err)
	}
	if err := sameBits(c.p, again, got, nil); err != nil {
		return worst, fmt.Errorf("run twice on the same operands: %w", err)
	}
	return worst, nil
}

// compare measures what a device made of the case, and finds what it should have left alone.
func (c *opCase) compare(got arrays, precision string, tolerance float64) (worst float64, err error) {
	step := c.p.Steps[0]
	truth := c.inputs.float64()
	if err := interpret[float64](c.p, truth); err != nil {
		return 0, fmt.Errorf("a mistake of the suite: %w", err)
	}
	operands, out, want := c.op.Operands(), got.args(step), truth.args(step)
	for i, o := range operands {
		if o.Access == program.Read {
			continue
		}
		switch out := out[i].(type) {
		case []float32:
			ref := want[i].([]float64)
			for j, v := range out {
				if v != v && ref[j] == ref[j] {
					return 0, fmt.Errorf("%s[%d] is %s, want %v", o.Name, j, element(out, j), ref[j])
				}
			}
		case []uint32:
			for j, v := range out {
				if v != want[i].([]uint32)[j] {
					return 1, fmt.Errorf("%s[%d] is %#x, want %#x", o.Name, j, v, want[i].([]uint32)[j])
				}
			}
		}
	}
	of := program.Comparison{Op: c.op, Precision: precision, Before: c.inputs.float64().args(step), Want: want, Got: out}
	if worst = of.Error(); !(worst <= tolerance) {
		return worst, fmt.Errorf("error %.2g, tolerance %.2g%s", worst, tolerance, worstElements(operands, out, want))
	}
	err = sameBits(c.p, got, c.inputs, func(storage, element int) bool {
		for i, v := range step.Args {
			if operands[i].Access != program.Read && v.Storage == storage && element >= v.Offset && element < v.Offset+v.Len {
				return false
			}
		}
		return true
	})
	if err != nil {
		return worst, fmt.Errorf("not a result, but changed: %w", err)
	}
	return worst, nil
}

// worstElements names, of each result, the element that is farthest off.
func worstElements(operands []program.Operand, out, want []any) string {
	var b strings.Builder
	for i, o := range operands {
		if o.Access != program.Read && o.DType == program.Float32 {
			out, want := out[i].([]float32), want[i].([]float64)
			j := worstElement(out, want)
			fmt.Fprintf(&b, "; the worst element of %s, %d of %d, is %v, want %v", o.Name, j, len(out), out[j], want[j])
		}
	}
	return b.String()
}

func worstElement(out []float32, ref []float64) int {
	worst := 0
	for j := range out {
		if program.Difference(out[j], ref[j]) > program.Difference(out[worst], ref[worst]) {
			worst = j
		}
	}
	return worst
}

// fill draws the values of an operand.
func fill(rng *rand.Rand, o program.Operand, a any) {
	switch a := a.(type) {
	case []uint8:
		for i := range a {
			a[i] = uint8(rng.Uint32())
		}
	case []uint32:
		for i := range a {
			if o.Draw != nil {
				a[i] = uint32(o.Draw(rng))
			} else {
				a[i] = rng.Uint32()
			}
		}
	case []float32:
		draw := o.Draw
		if draw == nil {
			draw = (*rand.Rand).NormFloat64
		}
		for i := range a {
			a[i] = float32(draw(rng))
		}
	}
}
