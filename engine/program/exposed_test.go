package program

import (
	"strings"
	"testing"
)

// chain scales x twice by way of a scratch storage that the second step overwrites, and adds x.
func chain(t *testing.T) *Program {
	t.Helper()
	p := &Program{Name: "chain", Storages: []Storage{{Name: "scratch0", Len: 8, Scratch: true}}}
	x, err := p.External("x", Float32, 4)
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.External("y", Float32, 4)
	if err != nil {
		t.Fatal(err)
	}
	in, scratch, out := View{x, 0, 4}, View{0, 2, 4}, View{y, 0, 4}
	p.Steps = []Step{
		{Op: times(4, 2), Args: []View{in, scratch}, Name: "double"},
		{Op: times(4, 3), Args: []View{scratch, scratch}, Name: "triple"},
		{Op: sumOf(4), Args: []View{scratch, in, out}, Name: "sum"},
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExposedGivesEachResultItsStorage(t *testing.T) {
	e, err := chain(t).Exposed()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	double, triple, sum := e.Steps[0].Args, e.Steps[1].Args, e.Steps[2].Args
	if double[1] == triple[1] || triple[0] != double[1] || sum[0] != triple[1] {
		t.Errorf("steps read other values than in the program:\n%v", e)
	}
	for _, v := range []View{double[1], triple[1]} {
		if s := e.Storages[v.Storage]; s.Scratch || s.Len != 4 {
			t.Errorf("a result lies in %+v", s)
		}
	}
	if s := e.Storages[sum[2].Storage]; s.Name != "y" {
		t.Errorf("the program's result lies in %+v", s)
	}
}

func TestExposedRefusesValuesOfTwoSteps(t *testing.T) {
	p := chain(t)
	p.Steps[2].Args[0].Offset = 0 // of which "triple" wrote the second half alone
	if _, err := p.Exposed(); err == nil || !strings.Contains(err.Error(), "sum (map)") {
		t.Errorf("got %v", err)
	}
}
