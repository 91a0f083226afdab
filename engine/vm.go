package engine

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// VM runs a graph on a device, of operations of this package and of Gorgonia's own. It is a gorgonia.VM: it stands in
// for gorgonia.NewTapeMachine, with the values of nodes on the host before and after a run, so that node.Value,
// node.Grad, gorgonia.Read and Gorgonia's solvers work. [VM.Step] trains with weights that stay on the device.
// docs/gorgonia.md says what it knows, and what differs.
//
// Values are those of Gorgonia's machine. Gradients are the derivatives of these values, made by the engine's rules
// where gorgonia.Grad was asked for them.
type VM struct {
	dev     program.Device
	g       *gorgonia.ExprGraph
	seed    uint64
	results []result
	modes   []reflect.Value // of the operations that can train or not

	memory   map[string]program.Memory
	versions map[string]*version // by the modes
	current  *version            // of the last run
	key      []byte
	trained  map[gorgonia.Solver]*training
	resident map[*gorgonia.Node]bool // inputs whose values the device has, and not the host
	running  map[*gorgonia.BatchNormOp]bool
	closed   bool
}

var _ gorgonia.VM = (*VM)(nil)

// result is what a run computes: the value of a node, or the derivative of a cost with respect to it.
type result struct {
	node    *gorgonia.Node // whose value it becomes
	cost    *gorgonia.Node // of a derivative that WithGradients asked for, else nil
	of      *gorgonia.Node // the same
	reads   []*gorgonia.Value
	isGrad  bool
	storage string
}

// VMOption is an option of [NewVM].
type VMOption func(*vmOptions)

type vmOptions struct {
	outputs   []*gorgonia.Node
	gradients []result
	seed      uint64
	eval      bool
}

// WithOutputs has a VM compute these nodes and nothing else. Without it, it computes all roots of the graph, all costs
// and all that gorgonia.Read reads, and all gradients that gorgonia.Grad was asked for, but not those that
// differentiation made besides.
func WithOutputs(nodes ...*gorgonia.Node) VMOption {
	return func(o *vmOptions) { o.outputs = nodes }
}

// WithGradients has a VM differentiate a cost with respect to nodes, in the place of gorgonia.Grad: node.Grad gives the
// results. It differentiates what gorgonia.Grad cannot (GlobalAveragePool2D), and several costs of one graph.
func WithGradients(cost *gorgonia.Node, with ...*gorgonia.Node) VMOption {
	return func(o *vmOptions) {
		for _, n := range with {
			o.gradients = append(o.gradients, result{cost: cost, of: n, isGrad: true})
		}
	}
}

// WithSeed is the seed of dropouts' masks, 0 without it: the same seed draws the same masks.
func WithSeed(seed uint64) VMOption { return func(o *vmOptions) { o.seed = seed } }

// WithEvalMode is gorgonia.EvalMode: BatchNorm normalises by its running statistics, and Dropout does nothing, until
// their SetTraining says otherwise.
func WithEvalMode() VMOption { return func(o *vmOptions) { o.eval = true } }

// NewVM compiles g for dev, which the caller closes after the VM. Nodes added to g later are not
// part of it. As gorgonia.NewTapeMachine does, it has BatchNorm and Dropout train, which sets running statistics back,
// unless there is [WithEvalMode].
func NewVM(g *gorgonia.ExprGraph, dev program.Device, options ...VMOption) (*VM, error) {
	var o vmOptions
	for _, option := range options {
		option(&o)
	}
	vm := &VM{dev: dev, g: g, seed: o.seed, memory: map[string]program.Memory{}, versions: map[string]*version{},
		trained: map[gorgonia.Solver]*training{}, resident: map[*gorgonia.Node]bool{},
		running: map[*gorgonia.BatchNormOp]bool{}}
	if err := vm.want(o); err != nil {
		return nil, err
	}
	for _, n := range g.AllNodes() {
		if n.Op() == nil {
			continue
		}
		mode, err := modeOf(n.Op())
		if err != nil {
			return nil, err
		}
		if mode.IsValid() {
			vm.modes = append(vm.modes, mode)
		}
		if op, ok := n.Op().(gorgonia.TrainModeOp); ok {
			if err := op.SetTraining(!o.eval); err != nil {
				return nil, fmt.Errorf("engine: VM: %s: %w", describe(n), err)
			}
		}
	}
	v, err := vm.version(nil)
	if err != nil {
		return nil, errors.Join(err, vm.Close())
	}
	vm.current = v
	return vm, nil
}

// want says what a run computes.
func (vm *VM) want(o vmOptions) error {
	outputs := o.outputs
	if outputs == nil {
		outputs = defaultOutputs(vm.g)
		gradients, err := misshapenGradients(vm.g)
		if err != nil {
			return err
		}
		o.gradients = append(gradients, o.gradients...)
	}
	for _, n := range outputs {
		if n == nil {
			return errors.New("engine: VM: an output is nil")
		}
		var read []*gorgonia.Value
		if n.Op() != nil && typeOf(n.Op()) == "readOp" {
			into, err := targetOf(n.Op())
			if err != nil {
				return err
			}
			n, read = operandsOf(n)[0], []*gorgonia.Value{into}
		}
		if i := slices.IndexFunc(vm.results, func(r result) bool { return r.node == n }); i >= 0 {
			vm.results[i].reads = append(vm.results[i].reads, read...)
			continue
		}
		vm.results = append(vm.results, result{node: n, reads: read, isGrad: len(n.DerivOf()) > 0})
	}
	holders := gorgonia.NewGraph()
	for i, r := range o.gradients {
		if r.of == nil || r.cost == nil {
			return errors.New("engine: VM: a gradient of nil, or with respect to it")
		}
		if r.node = r.of.Deriv(); r.node == nil || isConstant(r.node) || misshapen(r.of) { // node.Grad reads its value
			r.node = holder(holders, r.of, i)
			gorgonia.SetDerivOf(r.node, r.of)
		}
		vm.results = slices.DeleteFunc(vm.results, func(other result) bool { return other.node == r.node })
		vm.results = append(vm.results, r)
	}
	for i := range vm.results {
		vm.results[i].storage = fmt.Sprintf("output %d", i)
	}
	return nil
}

// misshapen reports a variable whose derivative Gorgonia gave another shape, as it does to the factors of OuterProd: it
// takes one for the other.
func misshapen(n *gorgonia.Node) bool {
	return n.IsVar() && n.Deriv() != nil && !isConstant(n.Deriv()) && !n.Deriv().Shape().Eq(n.Shape())
}

// misshapenGradients asks for the derivatives of such variables.
func misshapenGradients(g *gorgonia.ExprGraph) ([]result, error) {
	var all []result
	for _, n := range g.AllNodes() {
		if misshapen(n) {
			c, err := costFor(g, n)
			if err != nil {
				return nil, err
			}
			all = append(all, result{cost: c, of: n, isGrad: true})
		}
	}
	return all, nil
}

// holder is a node for the value of a derivative that no node of the graph computes.
func holder(g *gorgonia.ExprGraph, of *gorgonia.Node, i int) *gorgonia.Node {
	name := gorgonia.WithName(fmt.Sprintf("gradient %d", i))
	if of.Dims() == 0 {
		return gorgonia.NewScalar(g, of.Dtype(), name)
	}
	return gorgonia.NewTensor(g, of.Dtype(), of.Dims(), gorgonia.WithShape(of.Shape()...), name)
}

// defaultOutputs are the nodes that no other needs, but for gradients that no one asked for, and costs, what is read,
// and the gradients of inputs.
func defaultOutputs(g *gorgonia.ExprGraph) []*gorgonia.Node {
	needed := map[*gorgonia.Node]bool{}
	for _, n := range g.AllNodes() {
		for _, operand := range operandsOf(n) {
			needed[operand] = true
		}
	}
	costs := costsOf(g)
	var outputs []*gorgonia.Node
	for _, n := range g.AllNodes() {
		if n.IsVar() || isConstant(n) {
			continue
		}
		o, ours := n.Op().(*operation)
		deadGradient := (ours && o.label.isGrad || madeByGrad(n)) && len(n.DerivOf()) == 0
		if slices.ContainsFunc(n.DerivOf(), misshapen) {
			continue
		}
		ofInput := slices.ContainsFunc(n.DerivOf(), (*gorgonia.Node).IsVar)
		isCost := slices.ContainsFunc(costs, func(c cost) bool { return c.node == n })
		if ofInput || isCost || !needed[n] && !deadGradient && (ours || len(n.DerivOf()) == 0) {
			outputs = append(outputs, n)
		}
	}
	return outputs
}

// Program is what the last run ran, or the next one will if there was none.
func (vm *VM) Program() *program.Program { return vm.current.program }

// RunAll computes the outputs from the current values of the inputs. The values that it gives to the output nodes are
// the same ones each time, with new contents. Inputs that the device has since [VM.Step] are not read from the host.
// Whether BatchNorm and Dropout train is looked up at each run; BatchNorm's running means and variances are those of
// its Stats before the run and after it.
func (vm *VM) RunAll() error {
	v, err := vm.version(nil)
	if err != nil {
		return err
	}
	return vm.run(v)
}

// run uploads what the host has, runs, and publishes.
func (vm *VM) run(v *version) error {
	vm.current = v
	for i := range v.inputs {
		if in := &v.inputs[i]; !vm.resident[in.node] {
			if err := in.upload(); err != nil {
				return fmt.Errorf("engine: VM: input %s: %w", describe(in.node), err)
			}
		}
	}
	for i := range v.running {
		if r := &v.running[i]; !vm.running[r.op] || r.begins {
			if err := r.upload(); err != nil {
				return fmt.Errorf("engine: VM: %w", err)
			}
			r.begins = false
		}
	}
	if err := v.exe.Run(); err != nil {
		return fmt.Errorf("engine: VM: %w", err)
	}
	for i := range v.outputs {
		if err := v.outputs[i].publish(); err != nil {
			return fmt.Errorf("engine: VM: output %s: %w", describe(v.outputs[i].node), err)
		}
	}
	for i := range v.running {
		if r := &v.running[i]; r.trains && !vm.running[r.op] {
			if err := r.download(); err != nil {
				return fmt.Errorf("engine: VM: %w", err)
			}
		}
	}
	return nil
}

// version is the program for the modes that the graph's operations are in, and for a solver's step if there is one,
// compiled when it is first needed.
func (vm *VM) version(of *training) (*version, error) {
	if vm.closed {
		return nil, errors.New("engine: VM: closed")
	}
	versions := vm.versions
	if of != nil {
		versions = of.versions
	}
	vm.key = vm.key[:0]
	for _, mode := range vm.modes {
		trains := byte('0')
		if mode.Bool() {
			trains = '1'
		}
		vm.key = append(vm.key, trains)
	}
	v := versions[string(vm.key)]
	if v == nil {
		var err error
		if v, err = vm.compile(of); err != nil {
			return nil, err
		}
		versions[string(vm.key)] = v
	}
	if v != vm.current { // an operation that begins to train was set back by Gorgonia
		for i := range v.running {
			v.running[i].begins = v.running[i].trains && vm.current != nil && !vm.current.trains(v.running[i].op)
		}
	}
	return v, nil
}

// Reset is there for gorgonia.VM: a run leaves nothing that the next one would have to undo.
func (vm *VM) Reset() {}

// Close frees what the VM holds on the device. Values that it gave to nodes stay valid.
func (vm *VM) Close() error {
	var errs []error
	all := []map[string]*version{vm.versions}
	for _, t := range vm.trained {
		all = append(all, t.versions)
	}
	for _, versions := range all {
		for _, v := range versions {
			errs = append(errs, v.exe.Close())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vm.memory)) {
		errs = append(errs, vm.memory[name].Free())
	}
	vm.memory, vm.versions, vm.trained, vm.closed = nil, nil, nil, true
	return errors.Join(errs...)
}
