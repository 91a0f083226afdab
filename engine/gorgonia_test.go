package engine

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestGorgoniaOperations compares each operation's values, in float32 on the CPU, with those of Gorgonia's machine, and
// its gradients, in float64, with differences of these values. Its table says how Gorgonia's own gradients compare.
func TestGorgoniaOperations(t *testing.T) {
	dev := openProcessor(t)
	var table strings.Builder
	fmt.Fprintf(&table, "| operation | value | gradient | gradient in float32 | Gorgonia's gradient |\n|---|--:|--:|--:|---|\n")
	for _, c := range stockCases() {
		t.Run(c.name, func(t *testing.T) {
			s := newStock(t, tensor.Float32)
			y := c.build(s)
			want := tapeFloats(t, c.tape(s.g.SubgraphRoots(y)), y)
			vm, err := NewVM(s.g, dev, c.options(WithOutputs(y))...)
			if err != nil {
				t.Fatal(err)
			}
			defer vm.Close()
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			if y.Value().Dtype() != y.Dtype() || !y.Value().Shape().Eq(y.Shape()) {
				t.Errorf("a value of %v %v for a node of %v %v", y.Value().Dtype(), y.Value().Shape(), y.Dtype(), y.Shape())
			}
			value := errorOf(floats(t, y.Value()), want)
			if !(value <= 1e-5) {
				t.Errorf("values are off by %v: %v, want %v", value, floats(t, y.Value()), want)
			}
			if c.steps {
				fmt.Fprintf(&table, "| %s | %s | none | none | |\n", c.name, bound(value))
				return
			}
			gradient, single, theirs := stockGradients(t, c)
			if !(gradient <= 1e-6) || !(single <= 1e-4) {
				t.Errorf("gradients are off by %v in float64, by %v in float32", gradient, single)
			}
			fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", c.name, bound(value), bound(gradient), bound(single), theirs)
		})
	}
	t.Logf("errors relative to the whole array:\n%s", table.String())
	if *tableFile != "" && !t.Failed() {
		writeTable(t, *tableFile, table.String())
	}
}

var tableFile = flag.String("gorgonia-table", "", "write the table of Gorgonia's operations into this file")

// writeTable puts a table between the two comments that a document has for it.
func writeTable(t *testing.T, file, table string) {
	t.Helper()
	const begin, end = "<!-- operations: begin -->\n", "<!-- operations: end -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, too := strings.Cut(rest, end)
	if !ok || !too {
		t.Fatalf("%s has no place for a table", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// bound is the power of ten that an error stays below: its digits differ between processors.
func bound(e float64) string {
	if e == 0 {
		return "0"
	}
	return fmt.Sprintf("1e%d", int(math.Ceil(math.Log10(e))))
}

// stockGradients is how far the gradients of a cost of an operation are from differences, at worst over the inputs: in
// float64 by Gorgonia's machine, in float32 on the CPU, and in words for those that Gorgonia makes.
func stockGradients(t *testing.T, c stockCase) (double, single float64, theirs string) {
	s := newStock(t, tensor.Float64)
	cost := s.cost(c.build(s))
	var want [][]float64
	vm := c.tape(s.g)
	run := func() float64 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
		return floats(t, cost.Value())[0]
	}
	for _, x := range s.inputs {
		data := valueOf(x)
		d := make([]float64, len(data))
		for i, at := range data {
			const h = 1e-5
			set := func(v float64) float64 {
				data[i] = v
				if x.Dims() == 0 {
					gorgonia.Let(x, v)
				}
				return run()
			}
			d[i] = (set(at+h) - set(at-h)) / (2 * h)
			set(at)
		}
		want = append(want, d)
	}
	vm.Close()

	to := translate(s.g)
	gradients, err := to.gradients(cost, s.inputs)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range to.inputs {
		gorgonia.Let(in.to, floatValue(in.from))
	}
	for _, st := range to.statistics {
		for i, v := range []tensor.Tensor{first(st.op.Stats()), second(st.op.Stats())} {
			n := []*gorgonia.Node{st.mean, st.variance}[i]
			gorgonia.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(v.Data())))
		}
	}
	for i, got := range tape[float64](t, gradients...) {
		double = max(double, errorOf(got, want[i]))
	}
	return double, singleGradients(t, c, want), gorgoniasGradients(t, c, want)
}

func first[T any](a, _ T) T  { return a }
func second[T any](_, b T) T { return b }

// singleGradients are those of the VM, where it is asked for them, and where gorgonia.Grad is, if that can make them.
func singleGradients(t *testing.T, c stockCase, want [][]float64) (worst float64) {
	dev := openProcessor(t)
	for _, asked := range []bool{true, false} {
		s := newStock(t, tensor.Float32)
		cost := s.cost(c.build(s))
		var options []VMOption
		if asked {
			options = append(options, WithGradients(cost, s.inputs...))
		} else if !differentiates(cost, s.inputs) {
			continue
		}
		vm, err := NewVM(s.g, dev, c.options(options...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		for i, x := range s.inputs {
			g, err := x.Grad()
			if err != nil {
				t.Fatal(err)
			}
			worst = max(worst, errorOf(floats(t, g), want[i]))
		}
	}
	return worst
}

// differentiates reports whether gorgonia.Grad does, without a panic.
func differentiates(cost *gorgonia.Node, with gorgonia.Nodes) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	_, err := gorgonia.Grad(cost, with...)
	return err == nil
}

// gorgoniasGradients says in words how far those that gorgonia.Grad makes are off on Gorgonia's machine.
func gorgoniasGradients(t *testing.T, c stockCase, want [][]float64) string {
	s := newStock(t, tensor.Float64)
	if !differentiates(s.cost(c.build(s)), s.inputs) {
		return "panics"
	}
	vm := c.tape(s.g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return "error when it runs"
	}
	worst := 0.0
	for i, x := range s.inputs {
		g, err := x.Grad()
		if err != nil || g == nil {
			return "none"
		}
		worst = max(worst, errorOf(floats(t, g), want[i]))
	}
	if !(worst <= 1e-6) {
		return fmt.Sprintf("wrong: off by %.1g", worst)
	}
	return "right"
}

func tapeFloats(t *testing.T, vm gorgonia.VM, y *gorgonia.Node) []float64 {
	t.Helper()
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return floats(t, y.Value())
}

// floats are the elements of a value of any type.
func floats(t testing.TB, v gorgonia.Value) []float64 {
	t.Helper()
	var all []float64
	switch data := v.Data().(type) {
	case []float64:
		return append(all, data...)
	case []float32:
		for _, f := range data {
			all = append(all, float64(f))
		}
	case []bool:
		for _, is := range data {
			all = append(all, map[bool]float64{true: 1}[is])
		}
	case float32:
		all = []float64{float64(data)}
	case float64:
		all = []float64{data}
	default:
		t.Fatalf("a value of %T", data)
	}
	return all
}

// valueOf are the elements of an input of float64, shared with it unless it is a scalar.
func valueOf(x *gorgonia.Node) []float64 {
	if data, ok := x.Value().Data().([]float64); ok {
		return data
	}
	return []float64{x.Value().Data().(float64)}
}

// floatValue is the value of an input as the translation holds it.
func floatValue(x *gorgonia.Node) gorgonia.Value {
	of, ok := x.Value().Data().([]int)
	if !ok {
		return x.Value()
	}
	var all []float64
	for _, i := range of {
		all = append(all, float64(i))
	}
	return tensor.New(tensor.WithShape(len(of)), tensor.WithBacking(all))
}

func errorOf(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, norm float64
	for i, w := range want {
		diff += (got[i] - w) * (got[i] - w)
		norm += w * w
	}
	if diff == 0 {
		return 0
	}
	return math.Sqrt(diff / norm)
}
