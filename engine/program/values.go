package program

import (
	"cmp"
	"fmt"
	"slices"
)

// Value is what one step writes to a scratch storage: its result, or several that lie one behind the other.
// Values lie in the same elements if their times do not overlap.
type Value struct {
	View
	Step int // that writes it
}

// Values lists the values of a program's scratch storages in the order in which they are written. of has for each
// argument of each step the number of its value, -1 for an argument in an external storage. It is an error if a
// step reads elements that are not, as a whole, of one value of which nothing has been overwritten.
func (p *Program) Values() (values []Value, of [][]int, err error) {
	intact := make([][]int, len(p.Storages)) // values that nothing has overwritten, by their offsets
	of = make([][]int, len(p.Steps))
	for i, s := range p.Steps {
		operands := s.Op.Operands()
		of[i] = make([]int, len(operands))
		for j, o := range operands {
			v := s.Args[j]
			if of[i][j] = -1; !p.Storages[v.Storage].Scratch || o.Access == Write {
				continue
			}
			k := lastAt(values, intact[v.Storage], v.Offset)
			if k < 0 || v.Offset+v.Len > values[k].Offset+values[k].Len {
				return nil, nil, fmt.Errorf("program %s: step %d, %s (%s): %s is not of one step: elements [%d, %d) of storage %q",
					p.Name, i, s.Name, s.Op.Name(), o.Name, v.Offset, v.Offset+v.Len, p.Storages[v.Storage].Name)
			}
			of[i][j] = k
		}
		for j, o := range operands {
			v := s.Args[j]
			if !p.Storages[v.Storage].Scratch || o.Access != Write {
				continue
			}
			if j > 0 && of[i][j-1] >= 0 && operands[j-1].Access == Write {
				last := &values[of[i][j-1]]
				if v.Storage == last.Storage && v.Offset == last.Offset+last.Len {
					of[i][j], last.Len = of[i][j-1], last.Len+v.Len
					intact[v.Storage] = overwrite(values, intact[v.Storage], of[i][j])
					continue
				}
			}
			of[i][j] = len(values)
			values = append(values, Value{v, i})
			intact[v.Storage] = overwrite(values, intact[v.Storage], of[i][j])
		}
	}
	return values, of, nil
}

// lastAt is the last of some values, sorted by their offsets, that begins at an offset or before, -1 for none.
func lastAt(values []Value, sorted []int, offset int) int {
	i, found := slices.BinarySearchFunc(sorted, offset, func(k, offset int) int { return cmp.Compare(values[k].Offset, offset) })
	if !found {
		i--
	}
	if i < 0 {
		return -1
	}
	return sorted[i]
}

// overwrite puts value k in the place of those that overlap it. The values are disjoint and sorted by their offsets.
func overwrite(values []Value, sorted []int, k int) []int {
	v := values[k]
	first, _ := slices.BinarySearchFunc(sorted, v.Offset, func(k, offset int) int {
		return cmp.Compare(values[k].Offset+values[k].Len, offset+1) // the first that ends behind the offset
	})
	end, _ := slices.BinarySearchFunc(sorted, v.Offset+v.Len, func(k, offset int) int { return cmp.Compare(values[k].Offset, offset) })
	return slices.Replace(sorted, first, end, k)
}
