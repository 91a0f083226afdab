package program

import "fmt"

// Exposed returns p with the result of each step in an external storage of its own instead of a
// scratch one, so that a step's results are there to be read after the run. It computes the same
// and takes more memory.
func (p *Program) Exposed() (*Program, error) {
	e := &Program{Name: p.Name, Storages: append([]Storage(nil), p.Storages...)}
	// latest is where the view of a scratch storage that was written last lies now.
	type moved struct{ from, to View }
	latest := map[int]moved{}
	for i, s := range p.Steps {
		args := make([]View, len(s.Args))
		for j, o := range s.Op.Operands() {
			v := s.Args[j]
			args[j] = v
			if !p.Storages[v.Storage].Scratch || o.Access == Write {
				continue
			}
			m, ok := latest[v.Storage]
			if !ok || v.Offset < m.from.Offset || v.Offset+v.Len > m.from.Offset+m.from.Len {
				return nil, fmt.Errorf("program %s: step %d, %s (%s): %s is of more than one step", p.Name, i, s.Name, s.Op.Name(), o.Name)
			}
			args[j] = View{Storage: m.to.Storage, Offset: v.Offset - m.from.Offset, Len: v.Len}
		}
		for j, o := range s.Op.Operands() {
			v := s.Args[j]
			if !p.Storages[v.Storage].Scratch || o.Access != Write {
				continue
			}
			args[j] = View{Storage: len(e.Storages), Len: v.Len}
			e.Storages = append(e.Storages, Storage{Name: fmt.Sprintf("%s of step %d", o.Name, i), DType: o.DType, Len: v.Len})
			latest[v.Storage] = moved{v, args[j]}
		}
		e.Steps = append(e.Steps, Step{Op: s.Op, Args: args, Name: s.Name})
	}
	return e, nil
}
