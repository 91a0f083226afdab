package cuda

import (
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/kernels"
	"gangpu/kernels/ptxgen"
)

// Kernels of maps and reductions are written when a program is loaded: all of a program's that the device has not
// compiled yet are one module.

var (
	_ = runs((*planner).mapOf)
	_ = runs((*planner).reduce)
	_ = runs((*planner).mapSum)
)

func (p *planner) mapOf(op program.Map) error {
	l, err := ptxgen.Map(op, aligned(p.args))
	if err != nil {
		return err
	}
	return p.launchWritten(l, p.args...)
}

// reduce plans a reduction.
func (p *planner) reduce(op program.Reduce) error {
	r, err := ptxgen.PlanReduce(op)
	if err != nil {
		return err
	}
	return p.inParts(r, op.Kind, p.args[:len(op.In)], p.args[len(op.In):])
}

// mapSum plans a map with sums beside it: a reduction whose launch writes the map's results, too.
func (p *planner) mapSum(op program.MapSum) error {
	r, err := ptxgen.PlanMapSum(op)
	if err != nil {
		return err
	}
	sums := len(p.args) - op.Sums
	return p.inParts(r, program.Sum, p.args[:sums], p.args[sums:])
}

// inParts plans a reduction, in parts where its results alone are too few to fill a GPU.
func (p *planner) inParts(r *ptxgen.Reduction, kind program.ReduceKind, args, results []uint64) error {
	if r.Splits == 1 {
		return p.launchReduction(r, args, results)
	}
	n := r.Splits * r.Results
	parts := p.scratch(slices.Repeat([]int{n}, len(results))...)
	if err := p.launchReduction(r, args, parts); err != nil {
		return err
	}
	if kind == program.Sum {
		for k, y := range results {
			p.addLater(parts[k], r.Splits, r.Results, y)
		}
		return nil
	}
	merge, err := r.Merge()
	if err != nil {
		return err
	}
	return p.launchReduction(merge, parts, results)
}

func (p *planner) launchReduction(r *ptxgen.Reduction, before, results []uint64) error {
	args := slices.Concat(before, results)
	l, err := r.Launch(aligned(args))
	if err != nil {
		return err
	}
	return p.launchWritten(l, args...)
}

// aligned says which addresses are multiples of 16.
func aligned(addresses []uint64) []bool {
	all := make([]bool, len(addresses))
	for i, a := range addresses {
		all[i] = a%16 == 0
	}
	return all
}

// launchWritten plans a kernel that is compiled when all of the program is planned.
func (p *planner) launchWritten(l *ptxgen.Launch, addresses ...uint64) error {
	k := l.Kernel
	if got := len(addresses) + len(l.Scalars); got != len(k.Params) {
		return fmt.Errorf("kernel %s takes %d arguments, got %d", k.Name, len(k.Params), got)
	}
	args := slices.Clone(addresses)
	for _, s := range l.Scalars {
		args = append(args, uint64(s))
	}
	if !slices.ContainsFunc(p.written, func(w *ptxgen.Kernel) bool { return w.Name == k.Name }) {
		p.written = append(p.written, k)
	}
	p.launches = append(p.launches, launch{kernel: k.Name, grid: l.Grid, block: [3]uint32{ptxgen.Threads, 1, 1}, args: args})
	return nil
}

// compileWritten has the kernels compiled that the device does not have, and gives the launches their functions.
func (d *Device) compileWritten(written []*ptxgen.Kernel, launches ...[]launch) error {
	fresh := slices.DeleteFunc(slices.Clone(written), func(k *ptxgen.Kernel) bool {
		_, ok := d.functions[k.Name]
		return ok
	})
	if len(fresh) > 0 {
		name := fmt.Sprintf("%s and %d more kernels", fresh[0].Name, len(fresh)-1)
		module, err := d.loadModule(name, ptxgen.Module(fresh))
		if err != nil {
			return err
		}
		for _, k := range fresh {
			handle, err := d.driver.ModuleFunction(module, k.Name)
			if err != nil {
				return d.fault(fmt.Errorf("looking up kernel %s: %w", k.Name, err))
			}
			d.functions[k.Name] = function{&kernels.Kernel{Name: k.Name, Module: name, Params: k.Params, Threads: ptxgen.Threads}, handle}
		}
	}
	for _, list := range launches {
		for i := range list {
			if list[i].function == 0 {
				list[i].function = d.functions[list[i].kernel].handle
			}
		}
	}
	return nil
}
