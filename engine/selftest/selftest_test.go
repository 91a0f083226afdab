package selftest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/engine/program"
)

// A device that does what it should passes.
func TestReferenceDevice(t *testing.T) {
	report := func(r Result) {
		if r.Cases < 40 {
			t.Errorf("%s: %d cases", r.Operation, r.Cases)
		}
		for _, err := range r.Failures {
			t.Errorf("%s: %v", r.Operation, err)
		}
	}
	Operations(&refDevice{}, Size{Cases: 40, Work: 1 << 19}, report)
	for _, g := range Checks() {
		for _, c := range g.Checks {
			if err := c.Run(&refDevice{}); err != nil {
				t.Errorf("%s/%s: %v", g.Name, c.Name, err)
			}
		}
	}
}

// The set of operations is closed: the suite tests all of it.
func TestEveryOperation(t *testing.T) {
	tested := map[string]bool{}
	s := Size{Cases: 1, Work: 1000}
	for _, kind := range program.Kinds() {
		for c := range s.casesOf(kind) {
			if c.op.Name() != kind.Name() {
				t.Errorf("%q draws a %q", kind.Name(), c.op.Name())
			}
		}
		tested[kind.Name()] = true
	}
	files, err := filepath.Glob("../program/op*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Name" {
				continue
			}
			name, ok := fn.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit)
			if !ok { // a reduction, whose kind is its name
				found += int(program.Moments) + 1
				continue
			}
			found++
			if !tested[strings.Trim(name.Value, `"`)] {
				t.Errorf("no case of operation %s", name.Value)
			}
		}
	}
	if found != len(program.Kinds()) {
		t.Errorf("found %d operations in package program, and %d in the suite", found, len(program.Kinds()))
	}
}

// Every planted fault must be found, by the check that is for it.
func TestFaultsAreFound(t *testing.T) {
	type hook = func(s program.Step, storages arrays, run func() error) error
	float32s := func(s program.Step, storages arrays, operand int) []float32 {
		return storages.args(s)[operand].([]float32)
	}
	last := func(s program.Step) int { return len(s.Args) - 1 }
	for _, f := range []struct {
		name, op string
		hook     hook
	}{
		{"padding on the wrong side", "conv2d", func(s program.Step, storages arrays, run func() error) error {
			// Mirrored in both axes, image, filter and result swap the sides of the padding.
			op := s.Op.(program.Conv2D)
			g, args := op.Geometry, storages.args(s)
			mirror := func(a []float32, outer, h, w, inner int) {
				for o := range outer {
					for i := range h * w / 2 {
						for c := range inner {
							p, q := (o*h*w+i)*inner+c, (o*h*w+h*w-1-i)*inner+c
							a[p], a[q] = a[q], a[p]
						}
					}
				}
			}
			flip := func() {
				mirror(args[0].([]float32), g.Batch, g.InH, g.InW, g.InC)
				mirror(args[1].([]float32), 1, g.FilterH, g.FilterW, g.InC*g.OutC)
			}
			flip()
			err := run()
			flip()
			mirror(args[last(s)].([]float32), g.Batch, g.OutH(), g.OutW(), g.OutC)
			return err
		}},
		{"the bias forgotten", "conv2d_transpose", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.Conv2DTranspose)
			if !op.Bias {
				return run()
			}
			op.Bias = false
			args := storages.args(s)
			return program.Compute[float32](op, append(args[:2:2], args[3:]...)...)
		}},
		{"the mask forgotten in the last column", "conv2d", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.Conv2D)
			if !op.Mask || op.Gate {
				return run()
			}
			mask, y := float32s(s, storages, last(s)-1), float32s(s, storages, last(s))
			err := run()
			for i := op.OutC - 1; i < len(y); i += op.OutC {
				if mask[i] != 0 {
					y[i] /= mask[i]
				}
			}
			return err
		}},
		{"the gate of the row before", "conv2d_input_grad", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.Conv2DInputGrad)
			if !op.Gate {
				return run()
			}
			gate := float32s(s, storages, last(s)-1)
			right := append([]float32(nil), gate...)
			copy(gate[min(op.InC, len(gate)):], right)
			err := run()
			copy(gate, right)
			return err
		}},
		{"the mask forgotten", "matmul", func(s program.Step, storages arrays, run func() error) error {
			op, args := s.Op.(program.MatMul), storages.args(s)
			if !op.Mask {
				return run()
			}
			op.Mask = false // as if it were all ones
			mask := last(s) - 1
			if op.Gate {
				mask--
			}
			return program.Compute[float32](op, append(args[:mask:mask], args[mask+1:]...)...)
		}},
		{"the activation forgotten", "matmul", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.MatMul)
			op.Activation.Kind = program.Identity
			return program.Compute[float32](op, storages.args(s)...)
		}},
		{"added to the output", "conv2d_filter_grad", func(s program.Step, storages arrays, run func() error) error {
			y := float32s(s, storages, last(s))
			before := append([]float32(nil), y...)
			err := run()
			for i := range y {
				y[i] += before[i]
			}
			return err
		}},
		{"one element past the end", "leaky_relu", func(s program.Step, storages arrays, run func() error) error {
			v := s.Args[last(s)]
			storages[v.Storage].([]float32)[v.Offset+v.Len] = 0
			return run()
		}},
		{"one element before the beginning", "map", func(s program.Step, storages arrays, run func() error) error {
			if v := s.Args[last(s)]; v.Offset > 0 {
				storages[v.Storage].([]float32)[v.Offset-1] = 0
			}
			return run()
		}},
		{"the last element not written", "sum", func(s program.Step, storages arrays, run func() error) error {
			y := float32s(s, storages, last(s))
			before := y[len(y)-1]
			err := run()
			y[len(y)-1] = before
			return err
		}},
		{"what lies after an operand read", "maximum", func(s program.Step, storages arrays, run func() error) error {
			v := s.Args[0]
			err := run()
			float32s(s, storages, last(s))[0] += 0 * storages[v.Storage].([]float32)[v.Offset+v.Len]
			return err
		}},
		{"an input changed", "leaky_relu_grad", func(s program.Step, storages arrays, run func() error) error {
			err := run()
			float32s(s, storages, 1)[0]++
			return err
		}},
		{"the output cleared first, which is an operand in place", "leaky_relu_grad", func(s program.Step, storages arrays, run func() error) error {
			clear(float32s(s, storages, last(s)))
			return run()
		}},
		{"another mask", "dropout_mask", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.DropoutMask)
			op.Stream++
			return program.Compute[float32](op, storages.args(s)...)
		}},
		{"the high half of the seed forgotten", "indices", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.Indices)
			op.Seed &= math.MaxUint32
			return program.Compute[float32](op, storages.args(s)...)
		}},
		{"epsilon before the correction", "adam", func(s program.Step, storages arrays, run func() error) error {
			op := s.Op.(program.Adam)
			op.Epsilon /= math.Sqrt(1 - op.Beta2)
			return program.Compute[float32](op, storages.args(s)...)
		}},
		{"the second part of the rate forgotten", "adam", func(s program.Step, storages arrays, run func() error) error {
			rate := float32s(s, storages, 2)
			second := rate[1]
			rate[1] = 0
			err := run()
			rate[1] = second
			return err
		}},
		{"a logarithm that loses numbers near one", "normal", func(s program.Step, storages arrays, run func() error) error {
			op, args := s.Op.(program.Normal), storages.args(s)
			err := run()
			y := args[1].([]float32)
			for i := range y {
				even := i - (op.First+i)%2
				word := op.Word(args[0].([]uint32)[0], even)
				if float32(float64(word)+1) == 1<<32 {
					y[i] = op.Mean
				}
			}
			return err
		}},
	} {
		t.Run(f.name, func(t *testing.T) {
			dev := &refDevice{hook: f.hook}
			s := Size{Cases: 40, Work: 1 << 18}
			for _, kind := range program.Kinds() {
				if kind.Name() != f.op {
					continue
				}
				for c := range s.casesOf(kind) {
					if _, err := c.check(dev, kind.Tolerance("fp32")); err != nil {
						t.Logf("found: %v: %v", c, err)
						return
					}
				}
			}
			t.Error("not found")
		})
	}

	t.Run("a result that depends on chance", func(t *testing.T) {
		runs := 0
		dev := &refDevice{hook: func(s program.Step, storages arrays, run func() error) error {
			err := run()
			if runs++; s.Op.Name() == "conv2d" && runs > 100 {
				y := float32s(s, storages, last(s))
				y[0] = math.Nextafter32(y[0], 2)
			}
			return err
		}}
		found(t, dev, "SameBits")
	})
	t.Run("a gradient that adds up over the runs", func(t *testing.T) {
		var first bool
		dev := &refDevice{hook: func(s program.Step, storages arrays, run func() error) error {
			if s.Name != "d/conv2d/bias" {
				return run()
			}
			y := float32s(s, storages, last(s))
			before := append([]float32(nil), y...)
			err := run()
			if first {
				for i := range y {
					y[i] += before[i]
				}
			}
			first = true
			return err
		}}
		found(t, dev, "Training")
	})
}

// found runs a check of programs that dev must not pass.
func found(t *testing.T, dev program.Device, name string) {
	t.Helper()
	for _, c := range programChecks {
		if c.Name != name {
			continue
		}
		err := c.Run(dev)
		if err == nil {
			t.Error("not found")
		}
		t.Logf("found: %v", err)
		return
	}
	t.Errorf("no check %s", name)
}
