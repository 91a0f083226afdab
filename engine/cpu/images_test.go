package cpu

import (
	"strings"
	"testing"

	"gangpu/engine/program"
)

func TestImagesOutOfRange(t *testing.T) {
	d := openDevice(t, 2)
	op := program.Images{Batch: 3, Pixels: 4, Count: 5}
	p := &program.Program{Name: "sampling"}
	if err := p.Append("batch", op, program.Arg{Storage: "pixels"}, program.Arg{Storage: "indices"}, program.Arg{Storage: "y"}); err != nil {
		t.Fatal(err)
	}
	bindings := program.Bindings{}
	for _, s := range p.Storages {
		m, err := d.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			t.Fatal(err)
		}
		bindings[s.Name] = m
	}
	e, err := d.Load(p, bindings)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		indices []uint32
		want    string
	}{
		{[]uint32{0, 5, 4}, "step 0, batch (images): index 5 of image 1 is out of range"},
		{[]uint32{0, 4, 4}, ""},
		{[]uint32{0, 1, 0xffffffff}, "index 4294967295 of image 2 is out of range"},
	} {
		if err := program.WriteSlice(bindings["indices"], 0, c.indices); err != nil {
			t.Fatal(err)
		}
		err := e.Run()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("indices %v: error %v, want %q", c.indices, err, c.want)
		}
	}
}
