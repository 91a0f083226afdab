package cpu

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"gangpu/engine/program"
)

// Bits must not depend on the number of threads, for any operation here.
func TestThreadsDoNotChangeBits(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	cases := []convCase{
		matMulCase(r, program.MatMul{M: 300, N: 300, K: 600}),
		matMulCase(r, program.MatMul{M: 300, N: 1, K: 600}),
		matMulCase(r, program.MatMul{M: 1, N: 1300, K: 60}),
		matMulCase(r, program.MatMul{M: 60, N: 70, K: 3000, TransB: true}),
		matMulCase(r, program.MatMul{M: 16, N: 40, K: 4000, TransA: true}),
		matMulCase(r, program.MatMul{Batch: 50, M: 12, N: 20, K: 30}),
		{columnSum(40000, 16), [][]float32{randomFloats(r, 640000)}, nil},
	}
	for _, g := range tutorialGeometries(9) {
		cases = append(cases, convCases(r, g)...)
	}
	for _, g := range []program.Geometry{ // by each of the other algorithms
		{Batch: 2, InH: 24, InW: 24, InC: 32, OutC: 32, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1},
		{Batch: 4, InH: 16, InW: 16, InC: 48, OutC: 64, FilterH: 4, FilterW: 4, StrideH: 2, StrideW: 2, Padding: program.Explicit(1, 1, 1, 1)},
		{Batch: 9, InH: 14, InW: 14, InC: 24, OutC: 1, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1},
		{Batch: 1, InH: 4, InW: 4, InC: 256, OutC: 160, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1, Padding: program.Valid},
	} {
		cases = append(cases, convCases(r, g)...)
	}
	one := openDevice(t, 1)
	for _, threads := range []int{2, 3, 7} {
		d := openDevice(t, threads)
		for _, c := range cases {
			if err := sameBits(guardedRun(t, one, c.op, c.in...), guardedRun(t, d, c.op, c.in...)); err != nil {
				t.Errorf("%s %+v with %d threads: %v", c.op.Name(), c.op, threads, err)
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	d := openDevice(t, 2)
	cases := []convCase{
		matMulCase(r, program.MatMul{M: 100, N: 50, K: 60, TransB: true}),
		matMulCase(r, program.MatMul{M: 100, N: 1, K: 60}),
		matMulCase(r, program.MatMul{M: 10, N: 20, K: 1500}),
		matMulCase(r, program.MatMul{Batch: 50, M: 12, N: 20, K: 30}),
		{columnSum(400, 16), [][]float32{randomFloats(r, 6400)}, nil},
	}
	for _, g := range tutorialGeometries(3) {
		cases = append(cases, convCases(r, g)...)
	}
	for _, c := range cases {
		e, _ := guardedLoad(t, d, c.op, c.in...)
		times := make([]time.Duration, 1)
		n := testing.AllocsPerRun(3, func() {
			if err := errors.Join(e.Run(), e.Profile(times)); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s %+v: %v allocations a run", c.op.Name(), c.op, n)
		}
	}
}

func TestPoolRunsEachTaskOnce(t *testing.T) {
	p := newPool(4)
	defer p.close()
	var runs [3][100]atomic.Int32
	var order atomic.Int32
	k := kernel{}
	for i, tasks := range []int{100, 1, 3} {
		k = append(k, phase{tasks: tasks, run: func(task, worker int) {
			if worker < 0 || worker >= 4 {
				t.Errorf("worker %d of 4", worker)
			}
			if int(order.Load()) != i {
				t.Errorf("task of phase %d ran in phase %d", i, order.Load())
			}
			if runs[i][task].Add(1); i == 1 {
				order.Store(2)
			}
		}})
		if i == 0 {
			k = append(k, phase{tasks: 1, run: func(int, int) { order.Store(1) }})
		}
	}
	p.run(k)
	for i, tasks := range []int{100, 1, 3} {
		for task := range runs[i] {
			want := int32(0)
			if task < tasks {
				want = 1
			}
			if n := runs[i][task].Load(); n != want {
				t.Errorf("phase %d: task %d ran %d times, want %d", i, task, n, want)
			}
		}
	}
}

type unknownOp struct{ program.Fill }

type foreignMemory struct{ program.Memory }

func TestLoadErrorsNameTheStep(t *testing.T) {
	d := openDevice(t, 1)
	alloc := func(dtype program.DType, n int) program.Memory {
		m, err := d.Alloc("array", dtype, n)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	freed := alloc(program.Float32, 10)
	if err := freed.Free(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		op   program.Op
		y    program.Memory
		want string
	}{
		{"unknown operation", unknownOp{program.Fill{N: 10}}, alloc(program.Float32, 10), "does not know"},
		{"unbound", program.LeakyReLU{N: 10, Alpha: 1}, nil, `nothing is bound to storage "y"`},
		{"short", program.LeakyReLU{N: 10, Alpha: 1}, alloc(program.Float32, 9), "9 elements, want 10"},
		{"type", program.LeakyReLU{N: 10, Alpha: 1}, alloc(program.Uint32, 10), "uint32, want float32"},
		{"freed", program.LeakyReLU{N: 10, Alpha: 1}, freed, "0 elements, want 10"},
		{"foreign", program.LeakyReLU{N: 10, Alpha: 1}, foreignMemory{}, "another device"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &program.Program{Name: "p"}
			args := []program.Arg{{Storage: "x"}, {Storage: "y"}}
			if err := p.Append("layer/step", c.op, args[2-len(c.op.Operands()):]...); err != nil {
				t.Fatal(err)
			}
			bindings := program.Bindings{"x": alloc(program.Float32, 10)}
			if c.y != nil {
				bindings["y"] = c.y
			}
			_, err := d.Load(p, bindings)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "layer/step") {
				t.Errorf("error %v, want one of layer/step with %q", err, c.want)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	d := openDevice(t, 1)
	for n := range 70 {
		m, err := d.Alloc("array", program.Float32, n)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, n)
		if err := program.ReadSlice(values, m, 0); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if v != 0 {
				t.Fatalf("element %d of %d starts as %v", i, n, v)
			}
		}
		for _, err := range []error{m.Write(4*n-3, make([]byte, 4)), m.Read(make([]byte, 1), 4*n), m.Write(-1, nil)} {
			if err == nil || !strings.Contains(err.Error(), "array") {
				t.Errorf("access outside an array of %d: error %v", n, err)
			}
		}
	}
}

// Arrays begin at a cache line, those of a huge page or more at a huge page, are as long as asked and zero.
func TestAlignment(t *testing.T) {
	for _, n := range []int{0, 1, 63, hugePage - 1, hugePage, hugePage + 1, 3*hugePage + 17} {
		b := alignedBytes(n)
		want := uintptr(alignment)
		if n >= hugePage {
			want = hugePage
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); at%want != 0 || len(b) != n || cap(b) != n {
			t.Errorf("%d bytes: %d of %d at %#x, want a multiple of %#x", n, len(b), cap(b), at, want)
		}
		if i := slices.IndexFunc(b, func(v byte) bool { return v != 0 }); i >= 0 {
			t.Errorf("%d bytes: byte %d is %d", n, i, b[i])
		}
	}
}

// What the machine's memory cannot hold is refused, and what is given back can be had again.
func TestOutOfMemory(t *testing.T) {
	d, err := Open(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Alloc("huge", program.Float32, 1<<62+1); d.budget.limited && !isOutOfMemory(err, "huge") {
		t.Errorf("2^62 elements: %v", err)
	}
	d.budget.limited, d.budget.limit = true, 1000
	p := &program.Program{Name: "p", Storages: []program.Storage{{Name: "y", Len: 100}, {Name: "scratch0", Len: 100, Scratch: true}},
		Steps: []program.Step{{Op: program.Fill{N: 100}, Args: []program.View{{Storage: 1, Len: 100}}},
			{Op: program.LeakyReLU{N: 100, Alpha: 1}, Args: []program.View{{Storage: 1, Len: 100}, {Storage: 0, Len: 100}}}}}
	for range 3 { // as often as you like
		y, err := d.Alloc("y", program.Float32, 100)
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Load(p, program.Bindings{"y": y})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Load(p, program.Bindings{"y": y}); !isOutOfMemory(err, "program p") {
			t.Errorf("more scratch than there is: %v", err)
		}
		if _, err := d.Alloc("pixels", program.Uint8, 201); !isOutOfMemory(err, "pixels") {
			t.Errorf("a larger array than there is memory: %v", err)
		}
		if m, err := d.Alloc("pixels", program.Uint8, 200); err != nil {
			t.Errorf("all that is left: %v", err)
		} else if err := errors.Join(m.Free(), m.Free()); err != nil {
			t.Error(err)
		}
		if err := errors.Join(e.Close(), e.Close(), y.Free()); err != nil {
			t.Error(err)
		}
	}
	if d.budget.held != 0 {
		t.Errorf("%d bytes are still held", d.budget.held)
	}
}

// isOutOfMemory reports whether err says what there was no memory for.
func isOutOfMemory(err error, what string) bool {
	var full *program.OutOfMemoryError
	return errors.As(err, &full) && full.What == what && full.Free <= full.Need
}

func TestUseAfterClose(t *testing.T) {
	d := openDevice(t, 2)
	e, _ := guardedLoad(t, d, program.LeakyReLU{N: 1, Alpha: 1}, []float32{1})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	_, allocErr := d.Alloc("a", program.Float32, 1)
	_, loadErr := d.Load(&program.Program{}, nil)
	for _, err := range []error{e.Run(), e.Profile(make([]time.Duration, 1)), allocErr, loadErr} {
		if !errors.Is(err, errClosed) {
			t.Errorf("error %v, want %v", err, errClosed)
		}
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestInfo(t *testing.T) {
	info := openDevice(t, 3).Info()
	if info.Name != "cpu" || info.Precision != "fp32" || !strings.Contains(info.Description, "3 threads, "+unit.name) {
		t.Errorf("%+v", info)
	}
	if _, err := Open(Options{Threads: -1}); err == nil {
		t.Error("opened a device of -1 threads")
	}
}
