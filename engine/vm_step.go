package engine

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// training is a solver that updates nodes on the device.
type training struct {
	solver   *solver
	nodes    []*gorgonia.Node
	versions map[string]*version
	ratesAt  string    // their storage
	rates    []float32 // of the next step
	written  []float32 // those that the device has
	updates  int
	resident bool // the state is on the device, and not on the host
}

// Step is RunAll and then solver.Step over the gradients of the nodes, all of it on the device: it computes what RunAll
// does but for gradients, which stay there, and updates the values of the nodes as the solver does on the host. The
// solver is one of Gorgonia's: Vanilla, Momentum, Adam or RMSProp, with its settings as they are at the first step but
// for the learning rate, which is read at each. The gradients are those that gorgonia.Grad or [WithGradients] asked
// for.
//
// The values of the nodes, the solver's state and the running statistics of batch norms are uploaded by the first step,
// as zeros where there are none, and stay on the device: from then on the host's are not read. [VM.Download] brings
// them back. A step transfers the other inputs, the results, and a few rates.
func (vm *VM) Step(by gorgonia.Solver, nodes ...*gorgonia.Node) error {
	t := vm.trained[by]
	if t == nil {
		var err error
		if t, err = newTraining(by, nodes); err != nil {
			return fmt.Errorf("engine: VM: %w", err)
		}
	} else if !slices.Equal(t.nodes, nodes) {
		return fmt.Errorf("engine: VM: a solver's steps are over other nodes than before: its state belongs to those")
	}
	v, err := vm.version(t)
	if err != nil {
		return err
	}
	vm.trained[by] = t
	if !t.resident {
		if err := t.uploadState(vm); err != nil {
			return fmt.Errorf("engine: VM: %w", err)
		}
		t.resident = true
	}
	t.updates++
	t.solver.ratesAt(t.updates, t.rates)
	if !slices.Equal(t.rates, t.written) {
		if err := program.WriteSlice(vm.memory[t.ratesAt], 0, t.rates); err != nil {
			return fmt.Errorf("engine: VM: the rates of a solver: %w", err)
		}
		t.written = append(t.written[:0], t.rates...)
	}
	if err := vm.run(v); err != nil {
		return err
	}
	for _, n := range nodes {
		vm.resident[n] = true
	}
	for i := range v.running {
		vm.running[v.running[i].op] = true
	}
	return nil
}

// Download brings what [VM.Step] left on the device back to the host: the values of the nodes, into the tensors that
// were bound to them, the solvers' states, and the running statistics of batch norms. From then on the host's count
// again: the solver may go on there, and the next step on the device uploads them.
func (vm *VM) Download() error {
	done := map[*gorgonia.Node]bool{}
	for _, t := range vm.trained {
		for _, v := range t.versions {
			for i := range v.inputs {
				in := &v.inputs[i]
				if !vm.resident[in.node] || done[in.node] {
					continue
				}
				done[in.node] = true
				if err := in.download(); err != nil {
					return fmt.Errorf("engine: VM: downloading %s: %w", describe(in.node), err)
				}
			}
			for i := range v.running {
				if r := &v.running[i]; vm.running[r.op] {
					if err := r.download(); err != nil {
						return fmt.Errorf("engine: VM: %w", err)
					}
				}
			}
		}
	}
	for _, t := range vm.trained {
		if !t.resident {
			continue
		}
		if err := t.downloadState(vm); err != nil {
			return fmt.Errorf("engine: VM: downloading %w", err)
		}
		t.resident = false
	}
	clear(vm.resident)
	clear(vm.running)
	return nil
}

func (v *vmValue) download() error {
	value := v.node.Value()
	if scalar, ok := value.(*gorgonia.F32); ok {
		if err := program.ReadSlice(v.host, v.memory, 0); err != nil {
			return err
		}
		*scalar = gorgonia.F32(v.host[0])
		return nil
	}
	data, err := elements[float32](value)
	if err != nil {
		return err
	}
	return program.ReadSlice(data, v.memory, 0)
}

func newTraining(by gorgonia.Solver, nodes []*gorgonia.Node) (*training, error) {
	s, err := solverOf(by)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("a step over no nodes")
	}
	for i, n := range nodes {
		if n == nil || !n.IsVar() || n.Dtype() != tensor.Float32 {
			return nil, fmt.Errorf("a step over node %d, which is no variable of float32", i)
		}
		if slices.Contains(nodes[:i], n) {
			return nil, fmt.Errorf("a step over %s twice", describe(n))
		}
	}
	t := &training{solver: s, nodes: slices.Clone(nodes), versions: map[string]*version{},
		rates: make([]float32, len(s.rates))}
	t.ratesAt = t.storage("rates")
	return t, nil
}

// storage is the name of an array of the training's own.
func (t *training) storage(what string) string { return fmt.Sprintf("%s of solver %p", what, t.solver) }

func (t *training) stateAt(i, state int) string {
	return t.storage(fmt.Sprintf("state %d of node %d", state, i))
}

func (t *training) gradientAt(i int) program.Arg {
	return program.Arg{Storage: t.storage(fmt.Sprintf("gradient %d", i))}
}

// gradients are the gradients of the nodes, and where they go.
func (t *training) gradients(vm *VM, to *translation) ([]Place, error) {
	of := map[*gorgonia.Node]*gorgonia.Node{}
	for _, r := range vm.results {
		if r.cost != nil {
			of[r.of] = r.cost
		}
	}
	var outputs []Place
	byCost := map[*gorgonia.Node][]int{}
	var order []*gorgonia.Node
	for i, n := range t.nodes {
		if of[n] == nil {
			var err error
			if of[n], err = costFor(vm.g, n); err != nil {
				return nil, err
			}
		}
		if byCost[of[n]] == nil {
			order = append(order, of[n])
		}
		byCost[of[n]] = append(byCost[of[n]], i)
	}
	for _, cost := range order {
		var with []*gorgonia.Node
		for _, i := range byCost[cost] {
			with = append(with, t.nodes[i])
		}
		made, err := to.gradients(cost, with)
		if err != nil {
			return nil, err
		}
		for j, i := range byCost[cost] {
			outputs = append(outputs, Place{made[j], t.gradientAt(i)})
		}
	}
	return outputs, nil
}

// update adds the updates of all nodes to a program.
func (t *training) update(p *program.Program, to *translation) error {
	for i, n := range t.nodes {
		x, err := to.node(n)
		if err != nil {
			return err
		}
		args := []program.Arg{t.gradientAt(i)}
		for r := range t.rates {
			args = append(args, program.Arg{Storage: t.ratesAt, Offset: r})
		}
		args = append(args, program.Arg{Storage: inputStorage(x)})
		for s := range t.solver.states {
			args = append(args, program.Arg{Storage: t.stateAt(i, s)})
		}
		args = append(args, args[1+len(t.rates):]...) // these are overwritten
		if err := p.Append(n.Name()+"/"+t.solver.name, t.solver.update(n.Shape()), args...); err != nil {
			return err
		}
	}
	return nil
}
