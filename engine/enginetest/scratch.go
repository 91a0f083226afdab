package enginetest

import (
	"cmp"
	"fmt"
	"slices"

	"gangpu/engine/program"
)

// Scratch is how many elements of scratch memory a program has, and the lower bound of it that the order of its steps
// allows: the largest sum of the elements of values that are needed at one step, of which an operand and the result
// that overwrites it count once. Constants, which devices fill once, are needed at all steps. It is an error if two
// values that are needed at the same time overlap.
func Scratch(p *program.Program) (size, bound int, err error) {
	values, of, err := p.Values()
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.Storages {
		if s.Scratch && s.Constant == nil {
			size += s.Len
		}
	}
	last := make([]int, len(values)) // steps that need the values
	for i := range p.Steps {
		for _, k := range of[i] {
			if k >= 0 {
				last[k] = i
			}
		}
	}
	constants := 0
	isConstant := make([]bool, len(values))
	for k, v := range values {
		if _, ok := p.Steps[v.Step].Op.(program.Fill); ok {
			isConstant[k] = true
			constants += v.Len
		}
	}
	var alive []int // by their places, of values that are needed at a step
	for i := range p.Steps {
		alive = slices.DeleteFunc(alive, func(k int) bool { return last[k] < i })
		for _, k := range of[i] {
			if k >= 0 && values[k].Step == i && !slices.Contains(alive, k) {
				at, _ := slices.BinarySearchFunc(alive, k, func(a, b int) int {
					return cmp.Or(cmp.Compare(values[a].Storage, values[b].Storage), cmp.Compare(values[a].Offset, values[b].Offset))
				})
				alive = slices.Insert(alive, at, k)
			}
		}
		sum := constants
		for j, k := range alive {
			v := values[k]
			if j > 0 {
				u := values[alive[j-1]]
				if u.View == v.View && (u.Step == i && last[k] == i || v.Step == i && last[alive[j-1]] == i) {
					continue // overwritten, which p.Validate allows where it may be
				}
				if u.Storage == v.Storage && u.Offset+u.Len > v.Offset {
					return 0, 0, fmt.Errorf("at step %d, %s, the values of steps %d and %d overlap", i, p.Steps[i].Name, u.Step, v.Step)
				}
			}
			if !isConstant[k] {
				sum += v.Len
			}
		}
		bound = max(bound, sum)
	}
	return size, bound, nil
}
