package selftest

import (
	"errors"
	"fmt"
	"math"
	"time"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// programTolerance is for whole programs, in which the errors of the steps add up.
func programTolerance(dev program.Device) float64 {
	return 10 * program.Conv2D{}.Tolerance(dev.Info().Precision)
}

// compareStorages compares external storages with the reference.
func compareStorages(p *program.Program, got, truth arrays, tolerance float64) error {
	for i, s := range p.Storages {
		if s.Scratch {
			continue
		}
		switch got := got[i].(type) {
		case []float32:
			if e := program.RelativeError(got, truth[i].([]float64), nil); !(e <= tolerance) {
				j := worstElement(got, truth[i].([]float64))
				return fmt.Errorf("%s: relative error %.2g, tolerance %.2g; the worst element, %d of %d, is %s, want %v",
					s.Name, e, tolerance, j, len(got), element(got, j), truth[i].([]float64)[j])
			}
		case []uint32:
			for j, v := range got {
				if want := truth[i].([]uint32)[j]; v != want {
					return fmt.Errorf("%s[%d] is %d, want %d", s.Name, j, v, want)
				}
			}
		}
	}
	return nil
}

// runAndCompare runs p several times on a device and by the reference, and compares after each.
func runAndCompare(dev program.Device, p *program.Program, runs int) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("a mistake of the suite: %w", err)
	}
	start := trainingStart(p)
	s, err := load(dev, p, start)
	if err != nil {
		return err
	}
	truth := start.float64()
	for i := range runs {
		got, err := s.run()
		if err != nil {
			return err
		}
		if err := interpret[float64](p, truth); err != nil {
			return fmt.Errorf("a mistake of the suite: %w", err)
		}
		if err := compareStorages(p, got, truth, programTolerance(dev)); err != nil {
			return fmt.Errorf("after run %d: %w", i+1, err)
		}
	}
	return s.close()
}

var programChecks = []Check{
	// Scratch holds no value from one run to the next, and no output is added to.
	{"Training", func(dev program.Device) error { return runAndCompare(dev, trainingProgram(), 4) }},

	{"Join", func(dev program.Device) error {
		p, err := program.Join("joined", generateProgram(), trainingProgram(), generateProgram(), trainingProgram())
		if err != nil {
			return err
		}
		return runAndCompare(dev, p, 2)
	}},

	{"Constants", func(dev program.Device) error { return runAndCompare(dev, constantsProgram(), 3) }},

	{"Sums", func(dev program.Device) error { return runAndCompare(dev, sumsProgram(), 2) }},

	{"Parts", partsOfDraws},

	{"SameBits", func(dev program.Device) error {
		p := trainingProgram()
		var first arrays
		for i := range 3 {
			s, err := load(dev, p, trainingStart(p))
			if err != nil {
				return err
			}
			if err := errors.Join(s.Run(), s.Run()); err != nil {
				return err
			}
			got, err := s.run()
			if err != nil {
				return err
			}
			if i == 0 {
				first = got
			} else if err := sameBits(p, got, first, nil); err != nil {
				return fmt.Errorf("three iterations, made again from the same start: %w", err)
			}
			if err := s.close(); err != nil {
				return err
			}
		}
		return nil
	}},

	{"SharedArrays", func(dev program.Device) error {
		fill, double := fillProgram(3), &program.Program{Name: "double"}
		if err := double.Append("double", times(3, 2), program.Arg{Storage: "y"}, program.Arg{Storage: "y"}); err != nil {
			return err
		}
		s, err := load(dev, fill, arrays{make([]float32, 3)})
		if err != nil {
			return err
		}
		d, err := dev.Load(double, s.memories)
		if err != nil {
			return err
		}
		got := make([]float32, 3)
		for _, run := range []program.Executable{d, s, d, d, s, d, d, d} {
			if err := run.Run(); err != nil {
				return err
			}
		}
		if err := program.ReadSlice(got, s.memories["y"], 0); err != nil {
			return err
		}
		if [3]float32(got) != [3]float32{8, 8, 8} {
			return fmt.Errorf("ones doubled three times are %v", got)
		}
		// A write comes after the runs before it.
		if err := errors.Join(s.Run(), program.WriteSlice(s.memories["y"], 1, []float32{5}), d.Run(),
			dev.Sync(), program.ReadSlice(got, s.memories["y"], 0)); err != nil {
			return err
		}
		if [3]float32(got) != [3]float32{2, 10, 2} {
			return fmt.Errorf("1 5 1 doubled is %v", got)
		}
		return errors.Join(d.Close(), s.close())
	}},

	{"ManyRuns", func(dev program.Device) error {
		p := &program.Program{Name: "count"}
		if err := p.Append("count", program.Increment{N: 3, Delta: 2}, program.Arg{Storage: "counters"}); err != nil {
			return err
		}
		s, err := load(dev, p, arrays{[]uint32{0, 1, math.MaxUint32}})
		if err != nil {
			return err
		}
		for range 499 {
			if err := s.Run(); err != nil {
				return err
			}
		}
		got, err := s.run()
		if err != nil {
			return err
		}
		if err := sameBits(p, got, arrays{[]uint32{1000, 1001, 999}}, nil); err != nil {
			return fmt.Errorf("after 500 runs: %w", err)
		}
		return s.close()
	}},

	{"Profile", func(dev program.Device) error {
		p := trainingProgram()
		var results [2]arrays
		for i := range results {
			s, err := load(dev, p, trainingStart(p))
			if err != nil {
				return err
			}
			if i == 0 {
				err = s.Run()
			} else {
				times := make([]time.Duration, len(p.Steps))
				err = s.Profile(times)
				for j, d := range times {
					if d < 0 {
						return fmt.Errorf("step %d took %v", j, d)
					}
				}
			}
			if err != nil {
				return err
			}
			if results[i], err = s.read(); err != nil {
				return err
			}
			scratch := 0
			for _, st := range p.Storages {
				if st.Scratch {
					scratch += st.Len * st.DType.Size()
				}
			}
			if s.ScratchBytes() < scratch {
				return fmt.Errorf("scratch is %d bytes by ScratchBytes, and the storages alone %d", s.ScratchBytes(), scratch)
			}
			if err := refused(s.Profile(make([]time.Duration, 1)), "training"); err != nil {
				return fmt.Errorf("profiling with room for one time: %w", err)
			}
			if err := s.close(); err != nil {
				return err
			}
		}
		if err := sameBits(p, results[1], results[0], nil); err != nil {
			return fmt.Errorf("profiling is not running: %w", err)
		}
		return nil
	}},

	{"NewRate", newRate},

	{"NoSteps", func(dev program.Device) error {
		e, err := dev.Load(&program.Program{Name: "nothing"}, nil)
		if err != nil {
			return err
		}
		return errors.Join(e.Run(), dev.Sync(), e.Close())
	}},

	{"NotANumber", func(dev program.Device) error { return specialValues(dev, math.NaN()) }},
	{"Infinity", func(dev program.Device) error {
		return errors.Join(specialValues(dev, math.Inf(1)), specialValues(dev, math.Inf(-1)))
	}},
}

// specialValues runs operations on a value among ordinary ones: a run that diverges must show.
func specialValues(dev program.Device, value float64) error {
	const n, at = 37, 21
	for _, op := range []program.Op{
		program.LeakyReLU{N: n, Alpha: 0.3},
		elementwise(n, 1, func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }),
		elementwise(n, 1, func(x ...expr.Expr) expr.Expr { return x[0].Sin().Add(x[0].Log1p()) }),
		times(n, 2),
		elementwise(n, 1, same),
		elementwise(n, 2, sum),
		program.NewMean(n, bce),
		program.Reduce{Kind: program.Maximum, Reduced: []int{n}, In: []program.Source{{Len: n, Index: program.Dense([]int{n})}}, Code: "in 0 -> 0"},
		program.MatMul{M: n, N: 2, K: 1},
		columnSum(n, 1),
	} {
		operands := op.Operands()
		p := &program.Program{Name: "special values"}
		args := make([]program.Arg, len(operands))
		for i, o := range operands {
			args[i].Storage = o.Name
		}
		if err := p.Append("test", op, args...); err != nil {
			return err
		}
		content := poisoned(p)
		for i := range len(operands) - 1 {
			a := content[i].([]float32)
			for j := range a {
				a[j] = 0.5 + float32(j)/n
			}
		}
		content[0].([]float32)[at] = float32(value)
		s, err := load(dev, p, content)
		if err != nil {
			return err
		}
		got, err := s.run()
		if err != nil {
			return err
		}
		truth := content.float64()
		if err := interpret[float64](p, truth); err != nil {
			return fmt.Errorf("a mistake of the suite: %w", err)
		}
		if err := compareStorages(p, got, truth, programTolerance(dev)); err != nil {
			return fmt.Errorf("%s of %v: %w", op.Name(), value, err)
		}
		if err := s.close(); err != nil {
			return err
		}
	}
	return nil
}
