// Package ptxtest checks single PTX instructions against references written in Go, on any driver: package
// ptxemu's emulator, or a real GPU.
//
// Each file of testdata holds a kernel test(in, out) for one block of [Threads] threads. A thread reads its record
// of four 8-byte words, a to d, and stores as many 8-byte results as the file's header lists. The header's
// "inputs" names the values that the records hold. The results are compared with the reference of their name,
// bit by bit unless the reference allows an error.
package ptxtest

import (
	"embed"
	"encoding/binary"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed testdata/*.ptx
var files embed.FS

// Threads is the size of the one block that runs each test.
const Threads = 128

// recordWords is the number of 8-byte words that a thread reads.
const recordWords = 4

// untouched fills the results before the kernel runs.
const untouched = 0xaaaaaaaaaaaaaaaa

// Driver is what the tests need of a CUDA driver whose context is current; package engine/cuda's has it all.
type Driver interface {
	MemAlloc(bytes uint64) (ptr uint64, err error)
	MemFree(ptr uint64) error
	MemcpyHtoD(dst uint64, src []byte) error
	MemcpyDtoH(dst []byte, src uint64) error
	MemsetD8(dst uint64, value byte, n uint64) error
	ModuleLoad(ptx []byte) (module uint64, err error)
	ModuleUnload(module uint64) error
	ModuleFunction(module uint64, name string) (fn uint64, err error)
	Launch(fn uint64, grid, block [3]uint32, sharedBytes uint32, stream uint64, args []uint64) error
	StreamSynchronize(stream uint64) error
}

// Test is one file: an instruction, or a few of one kind.
type Test struct {
	Name    string // of the file, without .ptx
	PTX     []byte
	Target  int      // compute capability that it needs: 70, 75 or 80
	Results []string // names of the results of a thread, in order
	Inputs  string   // kind of values in the records
}

var targetLine = regexp.MustCompile(`(?m)^\.target sm_(\d+)`)

// Tests lists the tests by name.
func Tests() ([]Test, error) {
	entries, err := files.ReadDir("testdata")
	if err != nil {
		return nil, err
	}
	var tests []Test
	for _, e := range entries {
		src, err := files.ReadFile(path.Join("testdata", e.Name()))
		if err != nil {
			return nil, err
		}
		t := Test{Name: strings.TrimSuffix(e.Name(), ".ptx"), PTX: src}
		for line := range strings.Lines(string(src)) {
			line = strings.TrimRight(line, "\n")
			if kind, ok := strings.CutPrefix(line, "// inputs: "); ok {
				t.Inputs = kind
				break
			}
			if name, ok := strings.CutPrefix(line, "//\t"); ok {
				t.Results = append(t.Results, name)
			}
		}
		m := targetLine.FindSubmatch(src)
		if m == nil || t.Inputs == "" || len(t.Results) == 0 {
			return nil, fmt.Errorf("%s: no target, inputs or results in its header", e.Name())
		}
		t.Target, _ = strconv.Atoi(string(m[1]))
		tests = append(tests, t)
	}
	return tests, nil
}

// Run runs the test on a driver and returns an error that names each kind of result that differs.
func (t *Test) Run(d Driver) error {
	in, err := records(t.Inputs)
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	out, err := t.launch(d, in)
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	var failures []string
	for i, name := range t.Results {
		ref, ok := references[name]
		if !ok {
			return fmt.Errorf("%s: no reference of the result %q", t.Name, name)
		}
		wrong := 0
		var first string
		for thread := range in {
			got, want := out[thread*len(t.Results)+i], ref.want(in, thread)
			if ref.equal(got, want) {
				continue
			}
			if wrong++; wrong == 1 {
				first = fmt.Sprintf("thread %d of %#x: got %#x, want %#x", thread, in[thread], got, want)
			}
		}
		if wrong > 0 {
			failures = append(failures, fmt.Sprintf("%s: %d of %d threads are wrong, %s", name, wrong, len(in), first))
		}
	}
	if failures != nil {
		return fmt.Errorf("%s:\n\t%s", t.Name, strings.Join(failures, "\n\t"))
	}
	return nil
}

func (t *Test) launch(d Driver, in []record) (results []uint64, err error) {
	mod, err := d.ModuleLoad(t.PTX)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := d.ModuleUnload(mod); err == nil {
			err = e
		}
	}()
	fn, err := d.ModuleFunction(mod, "test")
	if err != nil {
		return nil, err
	}
	src := make([]byte, 0, 8*recordWords*len(in))
	for _, r := range in {
		for _, v := range r {
			src = binary.LittleEndian.AppendUint64(src, v)
		}
	}
	dst := make([]byte, 8*len(in)*len(t.Results))
	from, err := d.MemAlloc(uint64(len(src)))
	if err != nil {
		return nil, err
	}
	to, err := d.MemAlloc(uint64(len(dst)))
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, p := range []uint64{from, to} {
			if e := d.MemFree(p); err == nil {
				err = e
			}
		}
	}()
	if err := d.MemcpyHtoD(from, src); err != nil {
		return nil, err
	}
	if err := d.MemsetD8(to, untouched&0xff, uint64(len(dst))); err != nil {
		return nil, err
	}
	if err := d.Launch(fn, [3]uint32{1, 1, 1}, [3]uint32{Threads, 1, 1}, 0, 0, []uint64{from, to}); err != nil {
		return nil, err
	}
	if err := d.StreamSynchronize(0); err != nil {
		return nil, err
	}
	if err := d.MemcpyDtoH(dst, to); err != nil {
		return nil, err
	}
	results = make([]uint64, len(dst)/8)
	for i := range results {
		results[i] = binary.LittleEndian.Uint64(dst[8*i:])
	}
	return results, nil
}
