package ptxemu

import (
	"errors"
	"math"
	"os"
	"testing"
)

// The shipped kernel reads images beyond the first 4 GiB of a dataset. What the emulator allocates without checks costs
// the host no memory until it is written.
func TestImagesBeyond32Bits(t *testing.T) {
	const pixels, count = 64 * 64 * 3, 360_000
	src, err := os.ReadFile("../ptx/images.sm_70.ptx")
	if err != nil {
		t.Fatal(err)
	}
	d := New(Options{})
	if err := d.Open(0); err != nil {
		t.Fatal(err)
	}
	mod, err := d.ModuleLoad(src)
	if err != nil {
		t.Fatal(err)
	}
	fn, err := d.ModuleFunction(mod, "images")
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.MemAlloc(pixels * count)
	if err != nil {
		t.Fatal(err)
	}
	const taken = count - 1
	if err := d.MemcpyHtoD(data+uint64(taken)*pixels+pixels-1, []byte{51}); err != nil {
		t.Fatal(err)
	}
	indices, errI := d.MemAlloc(4)
	y, errY := d.MemAlloc(4 * pixels)
	out := make([]byte, 4*pixels)
	if err := errors.Join(errI, errY, d.MemcpyHtoD(indices, le.AppendUint32(nil, taken)),
		d.Launch(fn, [3]uint32{(pixels + 1023) / 1024, 1, 1}, [3]uint32{256, 1, 1}, 0, 0, []uint64{data, indices, y, pixels}),
		d.MemcpyDtoH(out, y), d.Close()); err != nil {
		t.Fatal(err)
	}
	first, last := math.Float32frombits(le.Uint32(out)), math.Float32frombits(le.Uint32(out[4*(pixels-1):]))
	if first != 0 || last != 0.2 {
		t.Errorf("the image begins with %v and ends with %v, want 0 and 0.2", first, last)
	}
}
