package engine

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// VM runs a graph on a device. It is a gorgonia.VM: it stands in for gorgonia.NewTapeMachine, with
// the values of nodes on the host before and after a run, so that node.Value, node.Grad and
// Gorgonia's solvers work. What trains without the host in between uses [Compile].
type VM struct {
	program         *program.Program
	exe             program.Executable
	inputs, outputs []vmValue
	memory          []program.Memory
}

var _ gorgonia.VM = (*VM)(nil)

// vmValue is a node with its array on the device.
type vmValue struct {
	node   *gorgonia.Node
	memory program.Memory
	host   []float32 // of an output: the elements of value, or what a scalar value is made of
	value  gorgonia.Value
}

// VMOption is an option of [NewVM].
type VMOption func(*vmOptions)

type vmOptions struct{ outputs []*gorgonia.Node }

// WithOutputs has a VM compute these nodes and nothing else. Without it, it computes all roots of
// the graph and all gradients that gorgonia.Grad was asked for, but not those that differentiation
// made besides.
func WithOutputs(nodes ...*gorgonia.Node) VMOption {
	return func(o *vmOptions) { o.outputs = nodes }
}

// NewVM compiles g for dev, which the caller closes after the VM. Nodes added to g later are not
// part of it.
func NewVM(g *gorgonia.ExprGraph, dev program.Device, options ...VMOption) (*VM, error) {
	var o vmOptions
	for _, option := range options {
		option(&o)
	}
	if o.outputs == nil {
		o.outputs = defaultOutputs(g)
	}
	vm := &VM{}
	if err := vm.load(g, dev, o.outputs); err != nil {
		return nil, errors.Join(err, vm.Close())
	}
	return vm, nil
}

// defaultOutputs are the nodes that no other needs, but for gradients that no one asked for, and
// the gradients of inputs.
func defaultOutputs(g *gorgonia.ExprGraph) []*gorgonia.Node {
	needed := map[*gorgonia.Node]bool{}
	for _, n := range g.AllNodes() {
		for _, operand := range operandsOf(n) {
			needed[operand] = true
		}
	}
	var outputs []*gorgonia.Node
	for _, n := range g.AllNodes() {
		if n.IsVar() || isConstant(n) {
			continue
		}
		o, ours := n.Op().(*operation)
		deadGradient := ours && o.label.isGrad && len(n.DerivOf()) == 0
		ofInput := slices.ContainsFunc(n.DerivOf(), (*gorgonia.Node).IsVar)
		if ofInput || !needed[n] && !deadGradient {
			outputs = append(outputs, n)
		}
	}
	return outputs
}

func (vm *VM) load(g *gorgonia.ExprGraph, dev program.Device, nodes []*gorgonia.Node) error {
	const inputPrefix = "input "
	var inputs, outputs []Place
	for _, n := range g.AllNodes() {
		if n.IsVar() && !unnamed(n) {
			inputs = append(inputs, Place{n, program.Arg{Storage: inputPrefix + n.Name()}})
		}
	}
	for i, n := range nodes {
		if !slices.Contains(nodes[:i], n) {
			outputs = append(outputs, Place{n, program.Arg{Storage: fmt.Sprintf("output %d", i)}})
		}
	}
	p, err := Compile("VM", outputs, inputs...)
	if err != nil {
		return err
	}
	vm.program = p
	bindings := program.Bindings{}
	for _, s := range p.Storages {
		if s.Scratch {
			continue
		}
		m, err := dev.Alloc(s.Name, s.DType, s.Len)
		if err != nil {
			return fmt.Errorf("engine: VM: %w", err)
		}
		vm.memory = append(vm.memory, m)
		bindings[s.Name] = m
	}
	for _, in := range inputs {
		if m, live := bindings[in.At.Storage]; live {
			vm.inputs = append(vm.inputs, vmValue{node: in.Node, memory: m})
		}
	}
	for _, out := range outputs {
		host := make([]float32, out.Node.Shape().TotalSize())
		vm.outputs = append(vm.outputs, vmValue{node: out.Node, memory: bindings[out.At.Storage],
			host: host, value: newValue(out.Node.Shape(), host)})
	}
	vm.exe, err = dev.Load(p, bindings)
	if err != nil {
		return fmt.Errorf("engine: VM: loading the program: %w", err)
	}
	return nil
}

// Program is what the VM runs.
func (vm *VM) Program() *program.Program { return vm.program }

// RunAll computes the outputs from the current values of the inputs. The values that it gives to
// the output nodes are the same ones each time, with new contents.
func (vm *VM) RunAll() error {
	if vm.exe == nil {
		return errors.New("engine: VM: closed")
	}
	for _, in := range vm.inputs {
		if err := in.upload(); err != nil {
			return fmt.Errorf("engine: VM: input %s: %w", describe(in.node), err)
		}
	}
	if err := vm.exe.Run(); err != nil {
		return fmt.Errorf("engine: VM: %w", err)
	}
	for _, out := range vm.outputs {
		if err := out.publish(); err != nil {
			return fmt.Errorf("engine: VM: output %s: %w", describe(out.node), err)
		}
	}
	return nil
}

func (v *vmValue) upload() error {
	value := v.node.Value()
	if value == nil {
		return errors.New("no value is bound to it (gorgonia.Let)")
	}
	data, err := elements[float32](value)
	if err != nil {
		return err
	}
	if want := v.node.Shape(); !want.Eq(value.Shape()) {
		return fmt.Errorf("its value has shape %v", value.Shape())
	}
	return program.WriteSlice(v.memory, 0, data)
}

func (v *vmValue) publish() error {
	if err := program.ReadSlice(v.host, v.memory, 0); err != nil {
		return err
	}
	if scalar, ok := v.value.(*gorgonia.F32); ok {
		*scalar = gorgonia.F32(v.host[0])
	}
	return gorgonia.UnsafeLet(v.node, v.value)
}

// Reset is there for gorgonia.VM: a run leaves nothing that the next one would have to undo.
func (vm *VM) Reset() {}

// Close frees what the VM holds on the device. Values that it gave to nodes stay valid.
func (vm *VM) Close() error {
	var errs []error
	if vm.exe != nil {
		errs = append(errs, vm.exe.Close())
		vm.exe = nil
	}
	for _, m := range vm.memory {
		errs = append(errs, m.Free())
	}
	vm.memory = nil
	return errors.Join(errs...)
}
