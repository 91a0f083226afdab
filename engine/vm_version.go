package engine

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// version is a graph as a program on the device, for the modes in which its operations are.
type version struct {
	program *program.Program
	exe     program.Executable
	inputs  []vmValue
	outputs []vmValue
	running []vmStatistics
}

// vmValue is a node with its array on the device.
type vmValue struct {
	node   *gorgonia.Node
	shape  tensor.Shape
	memory program.Memory
	reads  []*gorgonia.Value
	host   []float32 // of an output: the elements of value, or what a scalar or a value of another type is made of
	value  gorgonia.Value
}

// vmStatistics are the running mean and variance of a batch norm on the device.
type vmStatistics struct {
	op             *gorgonia.BatchNormOp
	trains, begins bool
	memory         [2]program.Memory
}

func (v *version) trains(op *gorgonia.BatchNormOp) bool {
	for _, r := range v.running {
		if r.op == op {
			return r.trains
		}
	}
	return false
}

func inputStorage(n *gorgonia.Node) string { return "input " + n.Name() }
func meanStorage(id int64) string          { return fmt.Sprintf("running mean %d", id) }
func varianceStorage(id int64) string      { return fmt.Sprintf("running variance %d", id) }

const stepStorage = "step of random numbers"

// compile makes the version for the modes of now.
func (vm *VM) compile(of *training) (*version, error) {
	t := translate(vm.g)
	var results []result
	for _, r := range vm.results {
		if of == nil || !r.isGrad {
			results = append(results, r)
		}
	}
	outputs, err := vm.translate(t, results)
	if err != nil {
		return nil, err
	}
	if of != nil {
		gradients, err := of.gradients(vm, t)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, gradients...)
	}
	var inputs []Place
	for _, in := range t.inputs {
		inputs = append(inputs, Place{in.to, program.Arg{Storage: inputStorage(in.to)}})
	}
	draws, after := &program.Program{Name: "draws"}, &program.Program{Name: "after"}
	for _, d := range t.draws {
		at := program.Arg{Storage: inputStorage(d.node)}
		inputs = append(inputs, Place{d.node, at})
		op := d.op(d.node.Shape().TotalSize(), program.Draw{Seed: vm.seed, Stream: uint32(d.id)})
		if err := draws.Append("draw", op, program.Arg{Storage: stepStorage}, at); err != nil {
			return nil, err
		}
	}
	if len(t.draws) > 0 {
		if err := draws.Append("step", program.Increment{N: 1, Delta: 1}, program.Arg{Storage: stepStorage}); err != nil {
			return nil, err
		}
	}
	for _, s := range t.statistics {
		inputs = append(inputs, Place{s.mean, program.Arg{Storage: meanStorage(s.id)}},
			Place{s.variance, program.Arg{Storage: varianceStorage(s.id)}})
		for _, next := range []struct {
			node *gorgonia.Node
			to   string
		}{{s.toMean, meanStorage(s.id)}, {s.toVariance, varianceStorage(s.id)}} {
			if next.node == nil {
				continue
			}
			from := program.Arg{Storage: "next " + next.to}
			outputs = append(outputs, Place{next.node, from})
			n := next.node.Shape().TotalSize()
			if err := after.Append("running", copyOf(n), from, program.Arg{Storage: next.to}); err != nil {
				return nil, err
			}
		}
	}
	if of != nil {
		if err := of.update(after, t); err != nil {
			return nil, err
		}
	}
	body, err := Compile("VM", outputs, inputs...)
	if err != nil {
		return nil, err
	}
	p := body
	if len(draws.Steps)+len(after.Steps) > 0 {
		if p, err = program.Join("VM", draws, body, after); err != nil {
			return nil, err
		}
	}
	return vm.load(p, t, results)
}

// translate is where the results lie.
func (vm *VM) translate(t *translation, results []result) ([]Place, error) {
	var nodes []*gorgonia.Node
	for _, r := range results {
		if r.cost == nil {
			nodes = append(nodes, r.node)
		}
	}
	values, err := t.all(nodes)
	if err != nil {
		return nil, err
	}
	of := map[*gorgonia.Node][]*gorgonia.Node{}
	for _, r := range results {
		if r.cost != nil {
			of[r.cost] = append(of[r.cost], r.of)
		}
	}
	gradients := map[*gorgonia.Node]gorgonia.Nodes{}
	var outputs []Place
	for _, r := range results {
		at := program.Arg{Storage: r.storage}
		if r.cost == nil {
			outputs, values = append(outputs, Place{values[0], at}), values[1:]
			continue
		}
		if gradients[r.cost] == nil {
			if gradients[r.cost], err = t.gradients(r.cost, of[r.cost]); err != nil {
				return nil, err
			}
		}
		outputs = append(outputs, Place{gradients[r.cost][0], at})
		gradients[r.cost] = gradients[r.cost][1:]
	}
	return outputs, nil
}

// load allocates the storages of a program that are not there yet, and loads it.
func (vm *VM) load(p *program.Program, t *translation, results []result) (*version, error) {
	v := &version{program: p}
	bindings := program.Bindings{}
	for _, s := range p.Storages {
		if s.Scratch {
			continue
		}
		if vm.memory[s.Name] == nil {
			m, err := vm.dev.Alloc(s.Name, s.DType, s.Len)
			if err != nil {
				return nil, fmt.Errorf("engine: VM: %w", err)
			}
			vm.memory[s.Name] = m
		}
		bindings[s.Name] = vm.memory[s.Name]
	}
	for _, in := range t.inputs {
		if m, live := bindings[inputStorage(in.to)]; live {
			shape := in.from.Shape()
			v.inputs = append(v.inputs, vmValue{node: in.from, shape: shape, memory: m, host: make([]float32, shape.TotalSize())})
		}
	}
	for _, r := range results {
		host := make([]float32, r.node.Shape().TotalSize())
		value := newValue(r.node.Shape(), host)
		if r.node.Dtype() == tensor.Bool {
			value = newBools(r.node.Shape())
		}
		v.outputs = append(v.outputs,
			vmValue{node: r.node, memory: bindings[r.storage], reads: r.reads, host: host, value: value})
	}
	for _, s := range t.statistics {
		mean, live := bindings[meanStorage(s.id)]
		if live {
			v.running = append(v.running, vmStatistics{op: s.op, trains: s.toMean != nil,
				memory: [2]program.Memory{mean, bindings[varianceStorage(s.id)]}})
		}
	}
	var err error
	if v.exe, err = vm.dev.Load(p, bindings); err != nil {
		return nil, fmt.Errorf("engine: VM: loading the program: %w", err)
	}
	return v, nil
}

func (v *vmValue) upload() error {
	value := v.node.Value()
	if value == nil {
		return errors.New("no value is bound to it (gorgonia.Let)")
	}
	if !v.shape.Eq(value.Shape()) {
		return fmt.Errorf("its value has shape %v", value.Shape())
	}
	if d, ok := value.(*tensor.Dense); ok && d.Dtype() == tensor.Float32 && !d.RequiresIterator() && !d.DataOrder().IsColMajor() {
		return program.WriteSlice(v.memory, 0, d.Float32s()) // as elements has it, without the allocation that Data makes
	}
	if of, ok := value.Data().([]int); ok {
		for i, n := range of {
			v.host[i] = float32(n)
		}
		return program.WriteSlice(v.memory, 0, v.host)
	}
	data, err := elements[float32](value)
	if err != nil {
		return err
	}
	return program.WriteSlice(v.memory, 0, data)
}

func (v *vmValue) publish() error {
	if err := program.ReadSlice(v.host, v.memory, 0); err != nil {
		return err
	}
	switch value := v.value.(type) {
	case *gorgonia.F32:
		*value = gorgonia.F32(v.host[0])
	case *gorgonia.B:
		*value = gorgonia.B(v.host[0] != 0)
	case *tensor.Dense:
		if is, ok := value.Data().([]bool); ok {
			for i, f := range v.host {
				is[i] = f != 0
			}
		}
	}
	for _, into := range v.reads {
		*into = v.value
	}
	if v.node.IsVar() && len(v.node.DerivOf()) == 0 || v.node.Value() == v.value { // an input that is read keeps its value
		return nil
	}
	return gorgonia.UnsafeLet(v.node, v.value)
}

// newBools is the value of a comparison whose result is of type bool.
func newBools(shape tensor.Shape) gorgonia.Value {
	if shape.Dims() == 0 {
		return gorgonia.NewB(false)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Bool))
}

// stats are the elements of a batch norm's running mean and variance on the host.
func (s *vmStatistics) stats() (of [2][]float32, err error) {
	mean, variance := s.op.Stats()
	for i, v := range []tensor.Tensor{mean, variance} {
		data, ok := v.Data().([]float32)
		if !ok {
			return of, fmt.Errorf("the statistics of a batch norm are of type %v, and devices compute in float32", v.Dtype())
		}
		of[i] = data
	}
	return of, nil
}

func (s *vmStatistics) upload() error {
	of, err := s.stats()
	for i := 0; i < len(of) && err == nil; i++ {
		err = program.WriteSlice(s.memory[i], 0, of[i])
	}
	return err
}

func (s *vmStatistics) download() error {
	of, err := s.stats()
	for i := 0; i < len(of) && err == nil; i++ {
		err = program.ReadSlice(of[i], s.memory[i], 0)
	}
	return err
}
