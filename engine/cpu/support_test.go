package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"gangpu/engine/program"
)

// eachUnit runs f with every set of innermost loops that this processor has.
func eachUnit(t *testing.T, f func(t *testing.T)) {
	best := unit
	defer func() { unit = best }()
	for _, u := range testedUnits() {
		unit = u
		t.Run(u.name, f)
	}
}

func openDevice(t testing.TB, threads int) *Device {
	t.Helper()
	d, err := Open(Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func randomFloats(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

const (
	guardLen  = 37 // odd, so that what it guards is not aligned
	guardWord = float32(-12345.5)
)

// guardedRun runs op on float32 operands: in has the ones read. The one written starts as NaNs, and
// lies between guard words, as do the others.
func guardedRun(t testing.TB, d *Device, op program.Op, in ...[]float32) []float32 {
	t.Helper()
	e, result := guardedLoad(t, d, op, in...)
	defer e.Close()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	return result()
}

func guardedLoad(t testing.TB, d *Device, op program.Op, in ...[]float32) (e program.Executable, result func() []float32) {
	t.Helper()
	p := &program.Program{Name: "test"}
	bindings := program.Bindings{}
	args := make([]program.Arg, 0, len(in)+1)
	var written program.Memory
	var n int
	for i, o := range op.Operands() {
		values := make([]float32, guardLen+o.Len+guardLen)
		for j := range values {
			values[j] = guardWord
		}
		if o.Access == program.Read {
			if len(in[i]) != o.Len {
				t.Fatalf("%s has %d elements, want %d", o.Name, len(in[i]), o.Len)
			}
			copy(values[guardLen:], in[i])
		} else {
			for j := range o.Len {
				values[guardLen+j] = float32(math.NaN())
			}
		}
		m, err := d.Alloc(o.Name, program.Float32, len(values))
		if err == nil {
			err = program.WriteSlice(m, 0, values)
		}
		if err != nil {
			t.Fatal(err)
		}
		if o.Access != program.Read {
			written, n = m, o.Len
		}
		bindings[o.Name] = m
		args = append(args, program.Arg{Storage: o.Name, Offset: guardLen})
	}
	if err := p.Append("op", op, args...); err != nil {
		t.Fatal(err)
	}
	e, err := d.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	return e, func() []float32 {
		t.Helper()
		values := make([]float32, guardLen+n+guardLen)
		if err := program.ReadSlice(values, written, 0); err != nil {
			t.Fatal(err)
		}
		for i := range guardLen {
			if values[i] != guardWord || values[guardLen+n+i] != guardWord {
				t.Fatalf("%+v wrote outside its result", op)
			}
		}
		return values[guardLen:][:n]
	}
}

// guardedKernel runs a kernel of op, whether the device would choose it or not, on operands as in guardedRun.
func guardedKernel(t testing.TB, threads int, op program.Op, k func(arguments, *workspace) kernel, in ...[]float32) []float32 {
	t.Helper()
	args := make(arguments, len(op.Operands()))
	var memory, result []float32
	for i, o := range op.Operands() {
		values := slices.Repeat([]float32{guardWord}, guardLen+o.Len+guardLen)
		own := values[guardLen:][:o.Len:o.Len]
		if o.Access == program.Read {
			copy(own, in[i])
		} else {
			for j := range own {
				own[j] = float32(math.NaN())
			}
			memory, result = values, own
		}
		args[i] = unsafe.Slice((*byte)(unsafe.Pointer(&own[0])), 4*len(own))
	}
	ws := &workspace{threads: threads}
	phases := k(args, ws)
	ws.allocate()
	for i := range ws.floats {
		ws.floats[i] = float32(math.NaN())
	}
	p := newPool(threads)
	defer p.close()
	p.run(phases)
	for i := range guardLen {
		if memory[i] != guardWord || memory[len(memory)-1-i] != guardWord {
			t.Fatalf("%+v wrote outside its result", op)
		}
	}
	return result
}

// relativeError is ||got-want|| / ||want||, NaN if got has one.
func relativeError(got []float32, want []float64) float64 {
	var diff, norm float64
	for i, w := range want {
		d := float64(got[i]) - w
		diff += d * d
		norm += w * w
	}
	if norm == 0 {
		return math.Sqrt(diff)
	}
	return math.Sqrt(diff / norm)
}

func checkClose(t testing.TB, op program.Op, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%+v: %d elements, want %d", op, len(got), len(want))
	}
	if err := relativeError(got, want); !(err < 2e-6) {
		t.Errorf("%s %+v: relative error %.2g", op.Name(), op, err)
	}
}

func sameBits(a, b []float32) error {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return fmt.Errorf("element %d is %v and %v", i, a[i], b[i])
		}
	}
	return nil
}

// randomEpilogue draws an epilogue and its operands, and applies it to the sums v, which have so
// many channels.
func randomEpilogue(r *rand.Rand, channels int, v []float64) (e program.Epilogue, in [][]float32) {
	coin := func() bool { return r.IntN(2) == 0 }
	e = program.Epilogue{Bias: coin(), Activation: activations[r.IntN(len(activations))], Mask: coin(), Gate: coin()}
	draw := func(there bool, n int, neutral float32) []float32 {
		if !there {
			return slices.Repeat([]float32{neutral}, n)
		}
		in = append(in, randomFloats(r, n))
		return in[len(in)-1]
	}
	bias, mask, gate := draw(e.Bias, channels, 0), draw(e.Mask, len(v), 1), draw(e.Gate, len(v), 1)
	for i := range v {
		v[i] += float64(bias[i%channels])
		switch e.Activation.Kind {
		case program.LeakyReLUActivation:
			if !(v[i] > 0) {
				v[i] *= float64(e.Activation.Alpha)
			}
		case program.SigmoidActivation:
			v[i] = 1 / (1 + math.Exp(-v[i]))
		}
		v[i] *= float64(mask[i])
		if !(gate[i] > 0) {
			v[i] *= float64(e.Activation.Alpha)
		}
	}
	return e, in
}

var activations = []program.Activation{
	{},
	{Kind: program.LeakyReLUActivation, Alpha: 0.3},
	{Kind: program.SigmoidActivation},
}
