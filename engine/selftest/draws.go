package selftest

import (
	"fmt"

	"gangpu/engine/program"
)

// partsOfDraws cuts draws into parts of many lengths, each of which begins elsewhere in a block of
// random words, and compares their bits with those of the whole.
func partsOfDraws(dev program.Device) error {
	cuts := []int{0, 1, 3, 6, 7, 12, 17, 34, 1063, 2092, 3121, 4150, 4152, 4156}
	n := cuts[len(cuts)-1]
	for _, first := range []int{0, 2, 3, 1<<34 - n} {
		d := program.Draw{Seed: 1 << 40, Stream: 3, First: first}
		for _, draw := range []func(n int, d program.Draw) program.Op{
			func(n int, d program.Draw) program.Op { return program.Uniform{N: n, Draw: d, Low: -1, High: 2} },
			func(n int, d program.Draw) program.Op { return program.Normal{N: n, Draw: d, Mean: 0.5, Stddev: 2} },
			func(n int, d program.Draw) program.Op { return program.DropoutMask{N: n, Draw: d, Rate: 0.4} },
			func(n int, d program.Draw) program.Op { return program.Indices{N: n, Draw: d, Limit: 1000} },
		} {
			if err := compareParts(dev, d, cuts, draw); err != nil {
				return fmt.Errorf("%s: %w", draw(n, d).Name(), err)
			}
		}
	}
	return nil
}

// compareParts compares the bits of the draw of elements [cuts[0], cuts[last]) with those of its parts.
func compareParts(dev program.Device, d program.Draw, cuts []int, draw func(n int, d program.Draw) program.Op) error {
	p := &program.Program{Name: "a draw and its parts"}
	step := program.Arg{Storage: "step"}
	if err := p.Append("whole", draw(cuts[len(cuts)-1], d), step, program.Arg{Storage: "whole"}); err != nil {
		return err
	}
	for i, from := range cuts[:len(cuts)-1] {
		part := d
		part.First += from
		if err := p.Append("part", draw(cuts[i+1]-from, part), step, program.Arg{Storage: "parts", Offset: from}); err != nil {
			return err
		}
	}
	content := poisoned(p)
	content[0].([]uint32)[0] = 7
	s, err := load(dev, p, content)
	if err != nil {
		return err
	}
	got, err := s.run()
	if err != nil {
		return err
	}
	whole := &program.Program{Storages: []program.Storage{p.Storages[2]}}
	if err := sameBits(whole, arrays{got[2]}, arrays{got[1]}, nil); err != nil {
		return fmt.Errorf("drawn in parts from element %d on: %w", d.First, err)
	}
	return s.close()
}
