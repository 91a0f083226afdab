package program

import (
	"strings"
	"testing"
)

// A constant is as long as it says, belongs to the executable, and is not written.
func TestConstantStorages(t *testing.T) {
	with := func(s Storage, args ...View) *Program {
		return &Program{Name: "p", Storages: []Storage{s, {Name: "x", Len: 3}},
			Steps: []Step{{Op: LeakyReLU{N: 3, Alpha: 0.1}, Name: "step", Args: args}}}
	}
	three := []float32{1, 2, 3}
	constant := Storage{Name: "c", Len: 3, Scratch: true, Constant: three}
	c, x := View{0, 0, 3}, View{1, 0, 3}
	if err := with(constant, c, x).Validate(); err != nil {
		t.Errorf("reading a constant: %v", err)
	}
	for name, p := range map[string]*Program{
		"written":     with(constant, x, c),
		"in place":    with(constant, c, c),
		"too short":   with(Storage{Name: "c", Len: 4, Scratch: true, Constant: three}, c, x),
		"external":    with(Storage{Name: "c", Len: 3, Constant: three}, c, x),
		"of integers": with(Storage{Name: "c", Len: 3, DType: Uint32, Scratch: true, Constant: three}, x, x),
	} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "constant") {
			t.Errorf("%s: %v, want an error that names the constant", name, err)
		}
	}
}
