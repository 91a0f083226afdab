package ptxemu

import (
	"errors"
	"strings"
	"testing"
)

// countKernel adds 1 to each of the words of its second parameter, and the block's and thread's number to the counts.
var addOne = kernelOf("", "ld.global.u32 %r0, [%mine]; add.s32 %r0, %r0, 1; st.global.u32 [%mine], %r0;")

func word(t *testing.T, d *Driver, p uint64) uint32 {
	t.Helper()
	b := make([]byte, 4)
	if err := d.MemcpyDtoH(b, p); err != nil {
		t.Fatal(err)
	}
	return le.Uint32(b)
}

func wantCode(t *testing.T, what string, err error, code int, text string) {
	t.Helper()
	var coded interface{ Code() int }
	if !errors.As(err, &coded) || coded.Code() != code || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, want code %d and %q", what, err, code, text)
	}
}

func TestGraphReplaysLaunches(t *testing.T) {
	s := newSession(t, Options{Checks: true})
	fn := s.function(addOne)
	if err := s.MemsetD8(s.out, 0, 4096); err != nil {
		t.Fatal(err)
	}
	stream, err := s.StreamCreate()
	if err != nil {
		t.Fatal(err)
	}
	launch := func(stream uint64) error {
		return s.Launch(fn, [3]uint32{1, 1, 1}, [3]uint32{64, 1, 1}, 0, stream, []uint64{s.in, s.out})
	}
	if err := s.CaptureBegin(stream); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "second capture", s.CaptureBegin(stream), 901, "already")
	args := []uint64{s.in, s.out}
	for range 3 {
		if err := s.Launch(fn, [3]uint32{1, 1, 1}, [3]uint32{64, 1, 1}, 0, stream, args); err != nil {
			t.Fatal(err)
		}
	}
	args[1] = 0 // the graph has its own copy
	wantCode(t, "copy while capturing", s.MemsetD8(s.out, 0, 4), 900, "MemsetD8 while a stream is capturing")
	wantCode(t, "waiting for a capturing stream", s.StreamSynchronize(stream), 900, "capturing")
	graph, err := s.CaptureEnd(stream)
	if err != nil {
		t.Fatal(err)
	}
	if n := word(t, s.Driver, s.out); n != 0 {
		t.Errorf("%d launches ran while they were captured", n)
	}
	for range 2 {
		if err := s.GraphLaunch(graph, stream); err != nil {
			t.Fatal(err)
		}
	}
	if err := launch(stream); err != nil {
		t.Fatal(err)
	}
	if n := word(t, s.Driver, s.out+4*63); n != 7 {
		t.Errorf("%d launches ran, want 7", n)
	}
	if err := s.GraphDestroy(graph); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "destroyed graph", s.GraphLaunch(graph, stream), 400, "is no graph")
	_, err = s.CaptureEnd(stream)
	wantCode(t, "end without begin", err, 901, "not capturing")
	wantCode(t, "default stream", s.CaptureBegin(0), 900, "default stream")
}

func TestLaunchLimits(t *testing.T) {
	ptx := strings.Replace(kernelOf(words, "ret;"), ".visible .entry test(", ".extern .shared .align 16 .b8 dyn[]; .visible .entry test(", 1)
	ptx = strings.Replace(ptx, ")\n{", ")\n.maxntid 128, 1, 1\n{", 1)
	ptx = strings.Replace(ptx, "ret;", "mov.u64 %l0, dyn; st.shared.u32 [cells], %me; ret;", 1)
	s := newSession(t, Options{})
	fn := s.function(ptx)
	for _, c := range []struct {
		name        string
		fn          uint64
		grid, block [3]uint32
		shared      uint32
		args        int
		code        int
		want        string
	}{
		{"no threads", fn, [3]uint32{1, 1, 1}, [3]uint32{0, 1, 1}, 0, 2, 1, "a block has 1 to"},
		{"too many threads", fn, [3]uint32{1, 1, 1}, [3]uint32{1024, 2, 1}, 0, 2, 1, "2048 threads in a block"},
		{"beyond .maxntid", fn, [3]uint32{1, 1, 1}, [3]uint32{256, 1, 1}, 0, 2, 701, "at most [128 1 1] threads"},
		{"grid", fn, [3]uint32{1, 65536, 1}, [3]uint32{1, 1, 1}, 0, 2, 1, "a grid has 1 to"},
		{"dynamic shared", fn, [3]uint32{1, 1, 1}, [3]uint32{1, 1, 1}, 48<<10 - 4095, 2, 1, "at most 45056 without FunctionSetMaxDynamicShared"},
		{"few arguments", fn, [3]uint32{1, 1, 1}, [3]uint32{1, 1, 1}, 0, 1, 1, "1 arguments, the kernel has 2 parameters"},
		{"many arguments", fn, [3]uint32{1, 1, 1}, [3]uint32{1, 1, 1}, 0, 3, 1, "3 arguments"},
		{"no function", 9999, [3]uint32{1, 1, 1}, [3]uint32{1, 1, 1}, 0, 2, 400, "9999 is no function"},
	} {
		wantCode(t, c.name, s.Launch(c.fn, c.grid, c.block, c.shared, 0, []uint64{s.in, s.out, 0}[:c.args]), c.code, c.want)
	}
	if err := s.FunctionSetMaxDynamicShared(fn, 100<<10); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "more than the device has", s.FunctionSetMaxDynamicShared(fn, 163<<10), 1, "at most 166912 together")
	if err := s.Launch(fn, [3]uint32{1, 1, 1}, [3]uint32{128, 1, 1}, 100<<10, 0, []uint64{s.in, s.out}); err != nil {
		t.Error(err)
	}
}

func TestMemory(t *testing.T) {
	d := New(Options{Memory: 1 << 20, Checks: true})
	_, err := d.MemAlloc(4)
	wantCode(t, "before Open", err, 201, "not open")
	if err := d.Open(0); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "second Open", d.Open(0), 201, "open already")
	wantCode(t, "ordinal", New(Options{}).Open(1), 101, "no device 1")
	a, err := d.MemAlloc(1 << 19)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.MemAlloc(1<<19 + 1)
	wantCode(t, "out of memory", err, 2, "524289 bytes wanted, 524288 of 1048576 free")
	if free, total, err := d.MemInfo(); free != 1<<19 || total != 1<<20 || err != nil {
		t.Errorf("MemInfo: %d of %d free, %v", free, total, err)
	}
	wantCode(t, "copy past the end", d.MemcpyHtoD(a+1<<19-1, []byte{1, 2}), 1, "leave an allocation")
	wantCode(t, "copy from nowhere", d.MemcpyDtoH(make([]byte, 1), 64), 1, "null pointer")
	wantCode(t, "free inside", d.MemFree(a+512), 1, "is no allocation")
	if err := d.MemFree(a); err != nil {
		t.Error(err)
	}
	wantCode(t, "free twice", d.MemFree(a), 1, "is no allocation")
	wantCode(t, "use after free", d.MemsetD8(a, 0, 1), 1, "no allocation below it")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wantCode(t, "after Close", d.Close(), 201, "not open")
}

func TestModules(t *testing.T) {
	s := newSession(t, Options{Capability: 70, DriverVersion: 11000})
	_, err := s.ModuleLoad([]byte(".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k()\n{\n\tbrkpt;\n\tret;\n}\n"))
	wantCode(t, "unknown instruction", err, 218, "module of k:6:2: unknown instruction brkpt")
	_, err = s.ModuleLoad([]byte(addOne))
	wantCode(t, "newer device", err, 209, "PTX for sm_80, the device has compute capability 7.0")
	_, err = s.ModuleLoad([]byte(strings.Replace(addOne, "7.0", "7.1", 1)))
	wantCode(t, "newer PTX", err, 222, "PTX version 7.1, the driver knows up to 7.0")
	m, err := s.ModuleLoad([]byte(strings.Replace(addOne, "sm_80", "sm_70", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ModuleFunction(m, "nothing")
	wantCode(t, "unknown kernel", err, 500, "no kernel nothing")
	if err := s.ModuleUnload(m); err != nil {
		t.Fatal(err)
	}
	_, err = s.ModuleFunction(m, "test")
	wantCode(t, "unloaded module", err, 400, "is no module")
}

func TestCounters(t *testing.T) {
	s := newSession(t, Options{})
	body := "st.shared.u32 [cells], %me; ld.global.f32 %f0, [%in]; fma.rn.f32 %f1, %f0, %f0, %f0; st.global.f32 [%mine], %f1; setp.lt.u32 %p0, %me, 8; @%p0 add.f32 %f1, %f1, %f1;"
	if err := s.run(kernelOf(words, body), 3, 64); err != nil {
		t.Fatal(err)
	}
	c := s.Counters()[0]
	const threads = 3 * 64
	// Seven instructions begin the kernel, six and ret are its own; eight threads of each block add.
	if c.Kernel != "test" || c.Launches != 1 || c.ThreadInstructions != 13*threads+3*8 || c.FP32 != 2*threads+3*8 {
		t.Errorf("%+v", c)
	}
	// A warp reads one sector, and writes 128 bytes.
	if c.GlobalLoaded != 4*threads || c.GlobalStored != 4*threads || c.SharedBytes != 4*threads || c.GlobalSectors != 6+6*4 {
		t.Errorf("%+v", c)
	}
	if c.ByClass["load"] != 3*threads || c.ByClass["store"] != 2*threads || c.ByClass["branch"] != threads {
		t.Errorf("%+v", c.ByClass)
	}
	if c.LaunchSectors != 0 || c.SharedWavefronts != 0 {
		t.Errorf("traffic is counted, which was not asked for: %+v", c)
	}
}

func TestCountersOfTraffic(t *testing.T) {
	load := "cvt.u64.u32 %l0, %r15; mov.u64 %l1, cells; add.s64 %l0, %l0, %l1; "
	for _, c := range []struct {
		name, body                    string
		launch, block, sectors, waves uint64 // for two blocks of two warps
	}{
		{"all one word", "ld.global.f32 %f0, [%in]; st.shared.u32 [cells], %me;", 1, 2, 4, 4},
		{"each its word", "ld.global.f32 %f0, [%mine];" + load + "st.shared.f32 [%l0], %f0;", 8, 16, 16, 4},
		{"again", "ld.global.f32 %f0, [%mine]; ld.global.f32 %f0, [%mine];", 8, 16, 32, 0},
		{"loaded and stored", "ld.global.f32 %f0, [%mine]; st.global.f32 [%mine], %f0;", 16, 32, 32, 0},
		{"each its block's words", "shl.b32 %r0, %r14, 8; cvt.u64.u32 %l2, %r0; add.s64 %mine, %mine, %l2; st.global.u32 [%mine], %me;", 16, 16, 16, 0},
		{"16 bytes", "shl.b32 %r15, %me, 4;" + load + "st.shared.v4.u32 [%l0], {%me, %me, %me, %me};", 0, 0, 0, 16},
		{"every other word", "shl.b32 %r15, %me, 3;" + load + "st.shared.u32 [%l0], %me;", 0, 0, 0, 8},
		{"one bank", "shl.b32 %r15, %me, 7; and.b32 %r15, %r15, 4095;" + load + "st.shared.u32 [%l0], %me;", 0, 0, 0, 4 * 32},
		{"asynchronous", load + "cp.async.ca.shared.global [%l0], [%mine], 4;", 8, 16, 16, 4},
		{"asynchronous zeros", load + "cp.async.ca.shared.global [%l0], [%mine], 4, 0;", 0, 0, 0, 4},
		{"matrices", "shl.b32 %r15, %me, 4;" + load + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0, %r1, %r2, %r3}, [%l0];", 0, 0, 0, 16},
	} {
		var launched []Counters
		s := newSession(t, Options{Traffic: true, Launched: func(grid [3]uint32, c Counters) {
			if grid != [3]uint32{2, 1, 1} {
				t.Errorf("the grid is %v", grid)
			}
			launched = append(launched, c)
		}})
		ptx := kernelOf(words, c.body)
		for range 2 { // a launch begins afresh
			if err := s.run(ptx, 2, 64); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		for i, got := range launched {
			if got.LaunchSectors != c.launch || got.BlockSectors != c.block || got.GlobalSectors != c.sectors || got.SharedWavefronts != c.waves {
				t.Errorf("%s, launch %d: sectors %d a launch, %d a block, %d; %d wavefronts; want %d, %d, %d; %d", c.name, i,
					got.LaunchSectors, got.BlockSectors, got.GlobalSectors, got.SharedWavefronts, c.launch, c.block, c.sectors, c.waves)
			}
			if got.Launches != 1 || got.WarpInstructions*32 != got.ThreadInstructions {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
		if len(launched) != 2 {
			t.Errorf("%s: %d launches were told", c.name, len(launched))
		}
	}
}

func TestEvents(t *testing.T) {
	s := newSession(t, Options{})
	var e [2]uint64
	for i := range e {
		var err error
		if e[i], err = s.EventCreate(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.EventElapsed(e[0], e[1])
	wantCode(t, "before recording", err, 400, "not recorded")
	for _, h := range e {
		if err := s.EventRecord(h, 0); err != nil {
			t.Fatal(err)
		}
	}
	if ms, err := s.EventElapsed(e[0], e[1]); err != nil || ms < 0 {
		t.Errorf("%v ms, %v", ms, err)
	}
	if err := s.EventDestroy(e[0]); err != nil {
		t.Error(err)
	}
	wantCode(t, "destroyed event", s.EventRecord(e[0], 0), 400, "is no event")
	wantCode(t, "no stream", s.EventRecord(e[1], 77), 400, "is no stream")
}
