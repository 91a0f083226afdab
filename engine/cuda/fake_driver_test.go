package cuda

import (
	"errors"
	"fmt"
	"slices"
)

// fakeDriver keeps account of what a device asks for and runs no kernel. Its failAt-th call from
// then on fails, if that is not 0, and if dead, so does every later one.
type fakeDriver struct {
	cards    []fakeCard
	version  int
	memory   uint64 // bytes of a card
	noGraphs bool
	busy     bool // what was enqueued never ends

	calls, failAt int
	failCode      int
	dead          bool

	next      uint64
	blocks    map[uint64][]byte
	modules   map[uint64]bool
	streams   map[uint64]bool
	events    map[uint64]bool
	graphs    map[uint64]int // launches in it
	capturing bool
	captured  int
	launches  []string
	names     map[uint64]string
	open      bool
}

type fakeCard struct {
	name         string
	major, minor int
}

type fakeError int

func (e fakeError) Error() string { return fmt.Sprintf("fake CUDA error %d", int(e)) }
func (e fakeError) Code() int     { return int(e) }

func newFakeDriver() *fakeDriver {
	return &fakeDriver{
		cards: []fakeCard{{"Fake A", 8, 0}, {"Fake B", 5, 2}}, version: 12040, memory: 1 << 30, next: 1,
		blocks: map[uint64][]byte{}, modules: map[uint64]bool{}, streams: map[uint64]bool{}, events: map[uint64]bool{},
		graphs: map[uint64]int{}, names: map[uint64]string{},
	}
}

func (d *fakeDriver) call() error {
	d.calls++
	if d.failAt != 0 && (d.calls == d.failAt || d.dead && d.calls > d.failAt) {
		return fakeError(d.failCode)
	}
	return nil
}

func (d *fakeDriver) handle() uint64 {
	d.next += 1 << 20
	return d.next
}

// leaks lists what was made and not given back.
func (d *fakeDriver) leaks() []string {
	var l []string
	for _, m := range []struct {
		what string
		n    int
	}{{"blocks of memory", len(d.blocks)}, {"modules", len(d.modules)}, {"streams", len(d.streams)},
		{"events", len(d.events)}, {"graphs", len(d.graphs)}} {
		if m.n > 0 {
			l = append(l, fmt.Sprintf("%d %s", m.n, m.what))
		}
	}
	if d.open {
		l = append(l, "the context")
	}
	return l
}

func (d *fakeDriver) DriverVersion() (int, error)                      { return d.version, d.call() }
func (d *fakeDriver) DeviceCount() (int, error)                        { return len(d.cards), d.call() }
func (d *fakeDriver) DeviceName(ordinal int) (string, error)           { return d.cards[ordinal].name, d.call() }
func (d *fakeDriver) TotalMem(int) (uint64, error)                     { return d.memory, d.call() }
func (d *fakeDriver) FunctionSetMaxDynamicShared(uint64, uint32) error { return d.call() }

func (d *fakeDriver) DeviceAttribute(ordinal, attribute int) (int, error) {
	switch attribute {
	case attributeMajor:
		return d.cards[ordinal].major, d.call()
	case attributeMinor:
		return d.cards[ordinal].minor, d.call()
	}
	return 1, d.call()
}

func (d *fakeDriver) Open(int) error {
	if err := d.call(); err != nil {
		return err
	}
	d.open = true
	return nil
}

// Close destroys the context, and as the real one does, all that was made in it.
func (d *fakeDriver) Close() error {
	d.open = false
	return nil
}

func (d *fakeDriver) free() uint64 {
	free := d.memory
	for _, b := range d.blocks {
		free -= uint64(len(b))
	}
	return free
}

func (d *fakeDriver) MemInfo() (free, total uint64, err error) { return d.free(), d.memory, d.call() }

func (d *fakeDriver) MemAlloc(bytes uint64) (uint64, error) {
	if err := d.call(); err != nil {
		return 0, err
	}
	if bytes > d.free() {
		return 0, fakeError(resultOutOfMemory)
	}
	p := d.handle() << 20
	d.blocks[p] = make([]byte, bytes)
	return p, nil
}

func (d *fakeDriver) MemFree(ptr uint64) error {
	if err := d.call(); err != nil {
		return err
	}
	if _, ok := d.blocks[ptr]; !ok {
		return fakeError(1)
	}
	delete(d.blocks, ptr)
	return nil
}

// at is device memory from an address to the end of its block.
func (d *fakeDriver) at(ptr uint64) []byte {
	for base, b := range d.blocks {
		if ptr >= base && ptr-base < uint64(len(b)) {
			return b[ptr-base:]
		}
	}
	return nil
}

func (d *fakeDriver) MemcpyHtoD(dst uint64, src []byte) error {
	if err := d.call(); err != nil {
		return err
	}
	if copy(d.at(dst), src) < len(src) {
		return fakeError(resultIllegalAddress)
	}
	return nil
}

func (d *fakeDriver) MemcpyDtoH(dst []byte, src uint64) error {
	if err := d.call(); err != nil {
		return err
	}
	if copy(dst, d.at(src)) < len(dst) {
		return fakeError(resultIllegalAddress)
	}
	return nil
}

func (d *fakeDriver) MemsetD8(dst uint64, value byte, n uint64) error {
	return d.MemcpyHtoD(dst, slices.Repeat([]byte{value}, int(n)))
}

func (d *fakeDriver) ModuleLoad([]byte) (uint64, error) {
	if err := d.call(); err != nil {
		return 0, err
	}
	m := d.handle()
	d.modules[m] = true
	return m, nil
}

func (d *fakeDriver) ModuleUnload(module uint64) error {
	delete(d.modules, module)
	return d.call()
}

func (d *fakeDriver) ModuleFunction(_ uint64, name string) (uint64, error) {
	f := d.handle()
	d.names[f] = name
	return f, d.call()
}

func (d *fakeDriver) Launch(fn uint64, grid, block [3]uint32, _ uint32, _ uint64, args []uint64) error {
	if err := d.call(); err != nil {
		return err
	}
	if d.capturing {
		d.captured++
		return nil
	}
	d.launches = append(d.launches, d.names[fn])
	return nil
}

func (d *fakeDriver) StreamCreate() (uint64, error) {
	if err := d.call(); err != nil {
		return 0, err
	}
	s := d.handle()
	d.streams[s] = true
	return s, nil
}

func (d *fakeDriver) StreamDestroy(stream uint64) error {
	delete(d.streams, stream)
	return d.call()
}

func (d *fakeDriver) Within(f func() error) error             { return f() }
func (d *fakeDriver) StreamSynchronize(uint64) error          { return d.call() }
func (d *fakeDriver) StreamQuery(uint64) (done bool, _ error) { return !d.busy, d.call() }

func (d *fakeDriver) EventCreate() (uint64, error) {
	if err := d.call(); err != nil {
		return 0, err
	}
	e := d.handle()
	d.events[e] = true
	return e, nil
}

func (d *fakeDriver) EventDestroy(event uint64) error {
	delete(d.events, event)
	return d.call()
}

func (d *fakeDriver) EventRecord(uint64, uint64) error             { return d.call() }
func (d *fakeDriver) EventElapsed(uint64, uint64) (float32, error) { return 0.5, d.call() }

func (d *fakeDriver) CaptureBegin(uint64) error {
	if d.noGraphs {
		return errors.ErrUnsupported
	}
	d.capturing, d.captured = true, 0
	return d.call()
}

func (d *fakeDriver) CaptureEnd(uint64) (uint64, error) {
	d.capturing = false
	if err := d.call(); err != nil {
		return 0, err
	}
	g := d.handle()
	d.graphs[g] = d.captured
	return g, nil
}

func (d *fakeDriver) GraphLaunch(graph, _ uint64) error {
	d.launches = append(d.launches, fmt.Sprintf("graph of %d", d.graphs[graph]))
	return d.call()
}

func (d *fakeDriver) GraphDestroy(graph uint64) error {
	delete(d.graphs, graph)
	return d.call()
}
