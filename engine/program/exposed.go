package program

import "fmt"

// Exposed returns p with each value in an external storage of its own instead of a scratch one, so that a
// step's results are there to be read after the run. It computes the same and takes more memory.
func (p *Program) Exposed() (*Program, error) {
	values, of, err := p.Values()
	if err != nil {
		return nil, err
	}
	e := &Program{Name: p.Name, Storages: append([]Storage(nil), p.Storages...)}
	for _, v := range values {
		e.Storages = append(e.Storages, Storage{Name: fmt.Sprintf("result of step %d at %d of %s", v.Step, v.Offset, p.Storages[v.Storage].Name),
			DType: p.Storages[v.Storage].DType, Len: v.Len})
	}
	for i, s := range p.Steps {
		args := append([]View(nil), s.Args...)
		for j, k := range of[i] {
			if k >= 0 {
				args[j].Storage, args[j].Offset = len(p.Storages)+k, args[j].Offset-values[k].Offset
			}
		}
		e.Steps = append(e.Steps, Step{Op: s.Op, Args: args, Name: s.Name})
	}
	return e, nil
}
