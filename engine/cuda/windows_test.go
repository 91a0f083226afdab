package cuda

import (
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/kernels/ptxemu"
)

// scratchProgram scales x to a value in scratch, that to one beside it, and that to one in the place of the first
// and a part of its neighbour's, and copies the last to y.
func scratchProgram() *program.Program {
	leaky := program.LeakyReLU{N: 8, Alpha: 0.5}
	return &program.Program{Name: "scratch",
		Storages: []program.Storage{{Name: "scratch0", Len: 16, Scratch: true}, {Name: "x", Len: 8}, {Name: "y", Len: 8}},
		Steps: []program.Step{
			{Op: leaky, Name: "first", Args: []program.View{{Storage: 1, Len: 8}, {Len: 8}}},
			{Op: leaky, Name: "second", Args: []program.View{{Len: 8}, {Offset: 8, Len: 8}}},
			{Op: leaky, Name: "third", Args: []program.View{{Offset: 8, Len: 8}, {Offset: 0, Len: 8}}},
			{Op: leaky, Name: "fourth", Args: []program.View{{Offset: 0, Len: 8}, {Storage: 2, Len: 8}}},
		}}
}

// The emulator tells values apart that lie in one storage: a kernel that leaves its own, or that reads what another
// has overwritten, fails although the addresses are inside the allocation.
func TestEmulatorTellsValuesApart(t *testing.T) {
	const length = 2 // argument of leaky_relu
	for _, c := range []struct {
		name  string
		plant func(l []launch)
		want  string // in the error, empty for none
	}{
		{"right", func(l []launch) {}, ""},
		{"writes more than it should", func(l []launch) { l[0].args[length]++ }, "first (x = x[0:8], y = scratch0[0:8])"},
		{"reads more than it should", func(l []launch) { l[1].args[length]++ }, "second"},
		{"reads too late", func(l []launch) { l[1], l[2] = l[2], l[1] }, "were never written"},
		{"reads what was overwritten", func(l []launch) { l[3].args[0] = l[0].args[1] }, "where something else was written"},
	} {
		d, err := Open(ptxemu.New(ptxemu.Options{Checks: true}), 0, Options{Synchronous: true})
		if err != nil {
			t.Fatal(err)
		}
		p, bindings := scratchProgram(), program.Bindings{}
		for _, s := range p.Storages[1:] {
			if bindings[s.Name], err = d.Alloc(s.Name, s.DType, s.Len); err != nil {
				t.Fatal(err)
			}
		}
		if err := program.WriteSlice(bindings["x"], 0, slices.Repeat([]float32{-16}, 8)); err != nil {
			t.Fatal(err)
		}
		loaded, err := d.Load(p, bindings)
		if err != nil {
			t.Fatal(err)
		}
		e := loaded.(*executable)
		if len(e.launches) != len(p.Steps) {
			t.Fatalf("%d launches", len(e.launches))
		}
		c.plant(e.launches)
		err = e.Run()
		if c.want == "" {
			got := make([]float32, 8)
			if err == nil {
				err = program.ReadSlice(got, bindings["y"], 0)
			}
			if err != nil || got[7] != -1 {
				t.Errorf("%s: %v, %v", c.name, got, err)
			}
			if err := e.Close(); err != nil || len(d.pool.inUse) != 2 {
				t.Errorf("%s: closing leaves %d blocks in use, want x and y: %v", c.name, len(d.pool.inUse), err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A sum that waits in the workspace is added before a step that writes where its result lies, in part, whatever the
// addresses are that kernels get.
func TestSumsAreAddedBeforeTheirPlaceIsOverwritten(t *testing.T) {
	p := pendingSums{}
	p.add(0, 2, 10, 1<<40, 1000)
	for _, c := range []struct {
		address, size uint64
		want          bool
	}{{1000, 4, true}, {996, 8, true}, {1036, 4, true}, {900, 100, false}, {1040, 4, false}, {1 << 40, 4, false}} {
		if got := p.touched(c.address, c.size); got != c.want {
			t.Errorf("%d bytes at %d: touched is %v", c.size, c.address, got)
		}
	}
	a := addresses{args: []uint64{5000, 100, 3000}, lies: []uint64{1, 2, 3}}
	for address, want := range map[uint64]uint64{5000: 1, 5007: 8, 100: 2, 2999: 2901, 3000: 3} {
		if got := a.where(address); got != want {
			t.Errorf("%d is at %d, want %d", address, got, want)
		}
	}
}
