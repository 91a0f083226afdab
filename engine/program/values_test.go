package program

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	p := chain(t)
	values, of, err := p.Values()
	if err != nil {
		t.Fatal(err)
	}
	if want := []Value{{View{0, 2, 4}, 0}, {View{0, 2, 4}, 1}}; !reflect.DeepEqual(values, want) {
		t.Errorf("values %v, want %v", values, want)
	}
	if want := [][]int{{-1, 0}, {0, 1}, {1, -1, -1}}; !reflect.DeepEqual(of, want) {
		t.Errorf("arguments are of values %v, want %v", of, want)
	}
}

// Results of one step that lie one behind the other are one value, to be read as a whole.
func TestValueOfSeveralResults(t *testing.T) {
	two := Reduce{Kind: Sum, Kept: []int{4}, In: []Source{{4, Dense([]int{4})}}, Code: "in 0 -> 0 0"}
	p := &Program{Name: "test", Storages: []Storage{{Name: "scratch", Len: 8, Scratch: true}, {Name: "x", Len: 8}},
		Steps: []Step{
			{Op: two, Name: "sums", Args: []View{{1, 0, 4}, {0, 0, 4}, {0, 4, 4}}},
			{Op: copyOf(8), Name: "copy", Args: []View{{0, 0, 8}, {1, 0, 8}}},
		}}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	alone := *p // What is read alone is a value of its own, and the other may be overwritten before.
	alone.Steps = []Step{p.Steps[0],
		{Op: copyOf(4), Name: "over the first", Args: []View{{1, 0, 4}, {0, 0, 4}}},
		{Op: copyOf(4), Name: "the second", Args: []View{{0, 4, 4}, {1, 0, 4}}},
	}
	want := [][]int{{-1, 0, 1}, {-1, 2}, {1, -1}}
	if _, of, err := alone.Values(); err != nil || !reflect.DeepEqual(of, want) {
		t.Errorf("arguments are of values %v, want %v; %v", of, want, err)
	}
	p.Steps[0].Args[1], p.Steps[0].Args[2] = p.Steps[0].Args[2], p.Steps[0].Args[1]
	if err := p.Validate(); err == nil {
		t.Error("results in another order are read as one")
	}
}

// Of programs of copies between random places in scratch, an array that remembers which step has written each of
// its elements tells which ones are right, and what each step reads.
func TestValuesOfRandomPrograms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	refused := 0
	for range 300 {
		const size = 40
		p := &Program{Name: "test", Storages: []Storage{{Name: "scratch", Len: size, Scratch: true}, {Name: "x", Len: size}}}
		writer := slices.Repeat([]int{-1}, size)
		var written []View
		right := true
		var want [][]int
		for i := range 12 {
			n := 1 + rng.IntN(8)
			from, to := View{1, 0, n}, View{0, rng.IntN(size - n), n}
			value := -1
			if len(written) > 0 && rng.IntN(3) > 0 {
				if from = written[rng.IntN(len(written))]; rng.IntN(20) == 0 {
					from.Offset = rng.IntN(size - from.Len)
				}
				to.Len = from.Len
				if value = writer[from.Offset]; value < 0 || from.Offset+from.Len > written[value].Offset+written[value].Len {
					right = false
				}
				for _, w := range writer[from.Offset:][:from.Len] {
					right = right && w == value
				}
				if right { // more than the elements read must be there
					for _, w := range writer[written[value].Offset:][:written[value].Len] {
						right = right && w == value
					}
				}
				if to.Offset = rng.IntN(size - to.Len); to != from && to.Offset < from.Offset+from.Len && from.Offset < to.Offset+to.Len {
					to = from
				}
			}
			for e := range to.Len {
				writer[to.Offset+e] = i
			}
			written = append(written, to)
			want = append(want, []int{value, i})
			p.Steps = append(p.Steps, Step{Op: copyOf(from.Len), Args: []View{from, to}, Name: "copy"})
		}
		err := p.Validate()
		if right != (err == nil) {
			t.Fatalf("%v\nis right: %v, and the error is %v", p, right, err)
		}
		if !right {
			refused++
			if !strings.Contains(err.Error(), "x0 is not of one step") {
				t.Fatal(err)
			}
			continue
		}
		if _, of, err := p.Values(); err != nil || !reflect.DeepEqual(of, want) {
			t.Fatalf("%v\narguments are of values %v, want %v; %v", p, of, want, err)
		}
	}
	if refused < 50 || refused > 250 {
		t.Errorf("%d of 300 programs are refused", refused)
	}
}

// Scratch may be longer than an array may be.
func TestScratchHoldsManyArrays(t *testing.T) {
	p := step(Fill{N: 4}, []int{1 << 33}, View{0, 1 << 32, 4})
	p.Storages[0].Scratch = true
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	p = step(Fill{N: 1 << 31}, []int{1 << 33}, View{0, 0, 1 << 31})
	p.Storages[0].Scratch = true
	if err := p.Validate(); !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "layer (fill): y: array too long: 2147483648 elements") {
		t.Errorf("an array that is too long: %v", err)
	}
}
