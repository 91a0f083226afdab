package cuda

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

var _ program.Device = (*Device)(nil)

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*fakeDriver)
		ordinal int
		options Options
		want    string // in the error; else the precision
		none    bool
	}{
		{name: "default precision", want: "tf32"},
		{name: "strict", options: Options{Precision: "fp32"}, want: "fp32"},
		{name: "old card", change: func(d *fakeDriver) { d.cards[0].major = 7 }, want: "fp32"},
		{name: "old driver for tf32", change: func(d *fakeDriver) { d.version = 10020 }, want: "fp32"},
		{name: "tf32 on an old card", change: func(d *fakeDriver) { d.cards[0].major = 7 }, options: Options{Precision: "tf32"},
			want: "cuda:0 (Fake A, compute capability 7.0, 1.0 GiB) has no tf32"},
		{name: "unknown precision", options: Options{Precision: "fp8"}, want: `unknown precision "fp8"`},
		{name: "no such card", ordinal: 2, want: "there is no GPU 2: there is 0 (Fake A), 1 (Fake B)"},
		{name: "unusable card", ordinal: 1, want: "GPU 1 (Fake B) cannot be used: compute capability 5.2"},
		{name: "no card", change: func(d *fakeDriver) { d.cards = nil }, want: "finds no GPU", none: true},
		{name: "driver too old", change: func(d *fakeDriver) { d.version = 9020 }, want: "supports CUDA 9.2, gangpu's kernels need 10.0", none: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			driver := newFakeDriver()
			if c.change != nil {
				c.change(driver)
			}
			d, err := Open(driver, c.ordinal, c.options)
			if err == nil {
				if d.Info().Precision != c.want {
					t.Errorf("precision %s, want %s", d.Info().Precision, c.want)
				}
				err = d.Close()
				if err != nil {
					t.Error(err)
				}
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
			if none := (*NoDeviceError)(nil); errors.As(err, &none) != c.none {
				t.Errorf("error %v is a NoDeviceError: %v, want %v", err, !c.none, c.none)
			}
			if leaks := driver.leaks(); driver.open || err == nil && leaks != nil {
				t.Errorf("left behind: %v", leaks)
			}
		})
	}
}

// everyOp is a program with a step of each operation, small ones that still take every way of
// computing it.
func everyOp(t *testing.T) *program.Program {
	t.Helper()
	large := program.Geometry{Batch: 8, InH: 8, InW: 8, InC: 4, OutC: 1, FilterH: 8, FilterW: 8, StrideH: 1, StrideW: 1}
	small := program.Geometry{Batch: 8, InH: 6, InW: 6, InC: 8, OutC: 12, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}
	leaky := program.Activation{Kind: program.LeakyReLUActivation, Alpha: 0.3}
	p := &program.Program{Name: "every operation"}
	tanh := func(x ...expr.Expr) expr.Expr { return x[0].Tanh() }
	product := func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }
	nine := []program.Source{{Len: 9, Index: program.Dense([]int{9})}}
	ops := []program.Op{
		program.Conv2D{Geometry: small, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}, program.Conv2D{Geometry: large, Epilogue: program.Epilogue{Bias: true}},
		program.Conv2DTranspose{Geometry: small, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}, program.Conv2DTranspose{Geometry: large, Epilogue: program.Epilogue{Bias: true}},
		program.Conv2DInputGrad{Geometry: small}, program.Conv2DInputGrad{Geometry: large},
		program.Conv2DFilterGrad{Geometry: small}, program.Conv2DFilterGrad{Geometry: large},
		program.MatMul{M: 8, N: 64, K: 100, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}, program.MatMul{M: 8, N: 1, K: 640, Epilogue: program.Epilogue{Bias: true}},
		program.MatMul{M: 64, N: 1, K: 8, TransA: true}, program.MatMul{M: 8, N: 64, K: 1, TransB: true},
		program.Fill{N: 9, Value: 1},
		program.NewMap([]int{9}, tanh, []int{9}), program.NewMean(9, product), program.NewMean(1<<14, product),
		program.Reduce{Kind: program.Maximum, Reduced: []int{9}, In: nine, Code: "in 0 -> 0"},
		program.Reduce{Kind: program.Moments, Reduced: []int{9}, In: nine, Code: "in 0 -> 0"},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, kind := range program.Kinds() {
		if !slices.ContainsFunc(ops, func(op program.Op) bool { return op.Name() == kind.Name() }) {
			ops = append(ops, kind.Random(rng, 64))
		}
	}
	for _, op := range ops {
		var args []program.Arg
		for _, o := range op.Operands() {
			args = append(args, program.Arg{Storage: op.Name() + "/" + o.Name})
		}
		if err := p.Append("step of "+op.Name(), op, args...); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// run does all that a run does: allocates, writes, loads, runs, profiles, reads, closes.
func run(driver *fakeDriver, p *program.Program, synchronous bool) error {
	d, err := Open(driver, 0, Options{Synchronous: synchronous})
	if err != nil {
		return err
	}
	err = func() error {
		bindings := program.Bindings{}
		for _, s := range p.Storages {
			if s.Scratch {
				continue
			}
			m, err := d.Alloc(s.Name, s.DType, s.Len)
			if err != nil {
				return err
			}
			bindings[s.Name] = m
		}
		any := bindings["fill/y"]
		if err := program.WriteSlice(any, 2, []float32{5, 6}); err != nil {
			return err
		}
		e, err := d.Load(p, bindings)
		if err != nil {
			return err
		}
		for range 2 {
			if err := e.Run(); err != nil {
				return err
			}
		}
		if err := e.Profile(make([]time.Duration, len(p.Steps))); err != nil {
			return err
		}
		got := make([]float32, 3)
		if err := program.ReadSlice(got, any, 1); err != nil {
			return err
		}
		if got[0] != 0 || got[1] != 5 || got[2] != 6 {
			return errors.New("read back what was not written")
		}
		if err := any.Free(); err != nil {
			return err
		}
		return e.Close()
	}()
	return errors.Join(err, d.Close())
}

// Every operation has kernels whose parameters fit, and a run leaves nothing behind, with graphs,
// without, and with a wait after every launch.
func TestEveryOperation(t *testing.T) {
	p := everyOp(t)
	for _, c := range []struct {
		name                  string
		noGraphs, synchronous bool
	}{{name: "graphs"}, {name: "no graphs", noGraphs: true}, {name: "synchronous", synchronous: true}} {
		t.Run(c.name, func(t *testing.T) {
			driver := newFakeDriver()
			driver.noGraphs = c.noGraphs
			if err := run(driver, p, c.synchronous); err != nil {
				t.Fatal(err)
			}
			if leaks := driver.leaks(); leaks != nil {
				t.Errorf("left behind: %v", leaks)
			}
			if graphs := strings.Count(strings.Join(driver.launches, " "), "graph of"); (graphs == 2) == (c.noGraphs || c.synchronous) {
				t.Errorf("launched %d graphs", graphs)
			}
			if len(driver.launches) < len(p.Steps) {
				t.Errorf("%d launches for %d steps", len(driver.launches), len(p.Steps))
			}
		})
	}
}

// The device counts the modules that programs have it load: each once.
func TestModulesAreCounted(t *testing.T) {
	d, bindings, e := loaded(t, newFakeDriver(), everyOp(t), Options{})
	first := d.Info()
	again, err := d.Load(everyOp(t), bindings)
	if err != nil {
		t.Fatal(err)
	}
	if second := d.Info(); first.Modules < 5 || first.Modules != len(d.modules) || first.LoadTime <= 0 || second != first {
		t.Errorf("%d modules in %v, then %d in %v, of %d", first.Modules, first.LoadTime, second.Modules, second.LoadTime, len(d.modules))
	}
	if err := errors.Join(e.Close(), again.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}

// A batch of products is one launch, and another that adds the parts where its sums are cut.
func TestBatchIsOneLaunch(t *testing.T) {
	for _, c := range []struct {
		op   program.MatMul
		want string
	}{
		{program.MatMul{Batch: 300, M: 16, N: 24, K: 8}, "matmul_nn_32x32"},
		{program.MatMul{Batch: 300, M: 64, N: 64, K: 8, TransB: true, SharedB: true}, "matmul_nt_64x64"},
		{program.MatMul{Batch: 4, M: 16, N: 8, K: 640, TransA: true}, "matmul_tn_32x32 split_sums"},
	} {
		p := &program.Program{Name: "batch"}
		if err := p.Append("products", c.op, program.Arg{Storage: "a"}, program.Arg{Storage: "b"}, program.Arg{Storage: "c"}); err != nil {
			t.Fatal(err)
		}
		driver := newFakeDriver()
		driver.noGraphs = true
		d, _, e := loaded(t, driver, p, Options{})
		if err := errors.Join(e.Run(), d.Close()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(driver.launches, " "); got != c.want {
			t.Errorf("%+v: launches %s, want %s", c.op, got, c.want)
		}
	}
}

// Whichever call fails, and whether the context survives it or not, the run ends with an error of
// the driver that says what was being done, and what can still be given back is.
func TestEveryCallMayFail(t *testing.T) {
	p := everyOp(t)
	healthy := newFakeDriver()
	if err := run(healthy, p, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		dead bool
	}{{resultOutOfMemory, false}, {1, false}, {resultIllegalAddress, true}, {resultLaunchFailed, true}, {999, true}} {
		for n := 1; n <= healthy.calls; n++ {
			driver := newFakeDriver()
			driver.failAt, driver.failCode, driver.dead = n, c.code, c.dead
			err := run(driver, p, false)
			if err == nil {
				// Out of memory is tried again after unused blocks are freed.
				if c.code != resultOutOfMemory {
					t.Errorf("call %d fails with %d: no error", n, c.code)
				}
				continue
			}
			if text := err.Error(); !strings.Contains(text, "CUDA error") && !strings.Contains(text, "out of memory") || strings.HasPrefix(text, "fake") {
				t.Errorf("call %d fails with %d: %q does not say what was being done", n, c.code, text)
			}
			if driver.open {
				t.Errorf("call %d fails with %d: the context was not destroyed", n, c.code)
			}
			if leaks := driver.leaks(); !c.dead && len(leaks) > 1 {
				t.Errorf("call %d fails with %d: left behind: %v", n, c.code, leaks)
			}
		}
	}
}

func TestOutOfMemory(t *testing.T) {
	driver := newFakeDriver()
	driver.memory = 1 << 20
	d, err := Open(driver, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m, err := d.Alloc("weights", program.Float32, 1<<17)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Alloc("images", program.Float32, 1<<18)
	var full *program.OutOfMemoryError
	if !errors.As(err, &full) || full.What != "images" || full.Need != 1<<20 || full.Held != 1<<19 || full.Free != 1<<19 {
		t.Fatalf("error %v (%+v)", err, full)
	}
	// What is freed is used again, also by another size.
	if err := m.Free(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Alloc("images", program.Float32, 1<<18); err != nil {
		t.Error(err)
	}
}

// loaded opens a device of the driver and loads a program there.
func loaded(t *testing.T, driver *fakeDriver, p *program.Program, o Options) (*Device, program.Bindings, program.Executable) {
	t.Helper()
	d, err := Open(driver, 0, o)
	if err != nil {
		t.Fatal(err)
	}
	bindings := program.Bindings{}
	for _, s := range p.Storages {
		if bindings[s.Name], err = d.Alloc(s.Name, s.DType, s.Len); err != nil {
			t.Fatal(err)
		}
	}
	e, err := d.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	return d, bindings, e
}

// A fault breaks the context: it is reported with the kernel where that is known, and then by
// every call but those that free.
func TestFault(t *testing.T) {
	driver := newFakeDriver()
	d, bindings, e := loaded(t, driver, everyOp(t), Options{Synchronous: true})
	driver.failAt, driver.failCode, driver.dead = driver.calls+2, resultIllegalAddress, true
	err := e.Run()
	for _, want := range []string{"cuda:0", "every operation", "step of conv2d", "kernel conv2d_", "grid [", "x = conv2d/x[0:2304]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	for _, again := range []error{e.Run(), d.Sync(), bindings["fill/y"].Read(make([]byte, 4), 0)} {
		if again == nil || again.Error() != err.Error() {
			t.Errorf("after the fault: %v, want it again", again)
		}
	}
	if err := errors.Join(bindings["fill/y"].Free(), e.Close()); err != nil {
		t.Errorf("freeing after the fault: %v", err)
	}
	if err := d.Close(); err != nil || driver.open {
		t.Errorf("closing after a fault: %v", err)
	}
}

// A fault that shows while the device is waited for is that of a program, of which the error says how many kernels it has.
func TestFaultOfProgram(t *testing.T) {
	p := everyOp(t)
	driver := newFakeDriver()
	d, _, e := loaded(t, driver, p, Options{})
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	driver.failAt, driver.failCode, driver.dead = driver.calls+1, resultIllegalAddress, true
	err := d.Sync()
	of := (*ProgramError)(nil)
	if !errors.As(err, &of) || of.Program != p.Name || of.Kernels < len(p.Steps) || !strings.Contains(err.Error(), "cuda:0: a kernel failed: waiting for program "+p.Name) {
		t.Errorf("error %v (%+v)", err, of)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	driver := newFakeDriver()
	d, err := Open(driver, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p := &program.Program{Name: "fill"}
	if err := p.Append("fill", program.Fill{N: 4}, program.Arg{Storage: "y"}); err != nil {
		t.Fatal(err)
	}
	y, err := d.Alloc("y", program.Float32, 4)
	if err != nil {
		t.Fatal(err)
	}
	driver.noGraphs = true
	e, err := d.Load(p, program.Bindings{"y": y})
	if err != nil {
		t.Fatal(err)
	}
	driver.launches = make([]string, 0, 1000)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
