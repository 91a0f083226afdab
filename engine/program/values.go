package program

import (
	"cmp"
	"fmt"
	"slices"
)

// Value is what one step writes to a scratch storage: a result, or several that lie one behind the other and are read
// as one. Values lie in the same elements if their times do not overlap.
type Value struct {
	View
	Step int // that writes it
}

// Values lists the values of a program's scratch storages, but for constants, in the order in which they are written. of has for each
// argument of each step the number of its value, -1 for an argument in another storage. It is an error if a
// step reads elements that are not results of one step of which nothing has been overwritten.
func (p *Program) Values() (values []Value, of [][]int, err error) {
	t := valueTracker{intact: make([][]int, len(p.Storages))}
	of = make([][]int, len(p.Steps))
	for i, s := range p.Steps {
		operands := s.Op.Operands()
		of[i] = make([]int, len(operands))
		for j, o := range operands {
			v := s.Args[j]
			if of[i][j] = -1; !p.Storages[v.Storage].written() || o.Access == Write {
				continue
			}
			if of[i][j] = t.read(v); of[i][j] < 0 {
				return nil, nil, fmt.Errorf("program %s: step %d, %s (%s): %s is not of one step: elements [%d, %d) of storage %q",
					p.Name, i, s.Name, s.Op.Name(), o.Name, v.Offset, v.Offset+v.Len, p.Storages[v.Storage].Name)
			}
		}
		for j, o := range operands {
			if v := s.Args[j]; p.Storages[v.Storage].written() && o.Access == Write {
				of[i][j] = t.write(v, i)
			}
		}
	}
	values, number := t.values()
	for _, args := range of {
		for j, k := range args {
			if k >= 0 {
				args[j] = number[k]
			}
		}
	}
	return values, of, nil
}

// valueTracker follows the results in scratch, step by step.
type valueTracker struct {
	results []Value
	joined  []bool  // with the result before, by a read of both
	intact  [][]int // for each storage, results of which nothing was overwritten, by their offsets
}

// read returns the first of the results that are read, -1 if the elements are not results of one step.
func (t *valueTracker) read(v View) int {
	intact := t.intact[v.Storage]
	at, found := slices.BinarySearchFunc(intact, v.Offset, func(k, offset int) int { return cmp.Compare(t.results[k].Offset, offset) })
	if !found {
		at--
	}
	if at < 0 {
		return -1
	}
	first := intact[at]
	last := t.results[first]
	for k := first + 1; last.Offset+last.Len < v.Offset+v.Len; k++ {
		if at++; at == len(intact) || intact[at] != k || t.results[k].Step != last.Step || t.results[k].Offset != last.Offset+last.Len {
			return -1
		}
		last, t.joined[k] = t.results[k], true
	}
	return first
}

// write puts a result of a step in the place of all that it overlaps, and returns its number.
func (t *valueTracker) write(v View, step int) int {
	k := len(t.results)
	t.results, t.joined = append(t.results, Value{v, step}), append(t.joined, false)
	intact := t.intact[v.Storage]
	first, _ := slices.BinarySearchFunc(intact, v.Offset+1, func(k, end int) int {
		return cmp.Compare(t.results[k].Offset+t.results[k].Len, end)
	})
	end, _ := slices.BinarySearchFunc(intact, v.Offset+v.Len, func(k, offset int) int { return cmp.Compare(t.results[k].Offset, offset) })
	t.intact[v.Storage] = slices.Replace(intact, first, end, k)
	return k
}

// values makes one of results that are read as one, and returns the number of each result's value.
func (t *valueTracker) values() (values []Value, number []int) {
	for k, r := range t.results {
		if t.joined[k] {
			values[len(values)-1].Len += r.Len
		} else {
			values = append(values, r)
		}
		number = append(number, len(values)-1)
	}
	return values, number
}
