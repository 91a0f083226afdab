package engine

import (
	"fmt"

	"gangpu/engine/program"
)

// emit writes the program down. All scratch values lie in one storage, of so many elements, so that programs which are
// joined share it.
func emit(name string, steps []*step, scratch int) *program.Program {
	p := &program.Program{Name: name}
	if scratch > 0 {
		p.Storages = []program.Storage{{Name: "scratch", Len: scratch, Scratch: true}}
	}
	external, constants := map[string]int{}, map[*value]int{}
	for _, s := range steps {
		out := program.Step{Op: s.op, Name: s.name}
		operands := s.op.Operands()
		for j, v := range s.args {
			view := program.View{Len: v.len}
			if v.isScratch() {
				view.Offset = v.block.offset
			} else if v.constant != nil {
				i, ok := constants[v]
				if !ok {
					i = len(p.Storages)
					constants[v] = i
					p.Storages = append(p.Storages, program.Storage{
						Name: fmt.Sprintf("constant%d", len(constants)-1), Len: v.len, Scratch: true, Constant: v.constant})
				}
				view.Storage = i
			} else {
				i, ok := external[v.at.Storage]
				if !ok {
					i = len(p.Storages)
					external[v.at.Storage] = i
					p.Storages = append(p.Storages, program.Storage{Name: v.at.Storage})
				}
				p.Storages[i].Len = max(p.Storages[i].Len, v.at.Offset+v.len)
				view.Storage, view.Offset = i, v.at.Offset
			}
			if j < len(s.args)-1 {
				out.Args = append(out.Args, view)
				continue
			}
			for _, r := range operands[j:] { // of several results a node has one after the other
				view.Len = r.Len
				out.Args = append(out.Args, view)
				view.Offset += r.Len
			}
		}
		p.Steps = append(p.Steps, out)
	}
	return p
}
