package cuda

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"gangpu/engine/program"
	"gangpu/kernels"
	"gangpu/kernels/ptxgen"
)

// planner collects the launches of a program.
type planner struct {
	device    *Device
	addresses        // of the step in hand, in the order of the operands
	workspace uint64 // address of memory that steps may use
	need      uint64 // bytes of it
	pending   pendingSums
	table     uint64        // address of an array for sums
	sums      []kernels.Sum // of all launches of split_sums
	launches  []launch
	constants []launch         // of steps that are run once, before all others
	written   []*ptxgen.Kernel // that the launches need, in the order in which they are first planned
}

// plans are how operations are planned, by type. Each operation's file adds its own.
var plans = map[reflect.Type]func(p *planner, op program.Op) error{}

// runs adds the plan of operations of type O.
func runs[O program.Op](plan func(p *planner, op O) error) struct{} {
	plans[reflect.TypeFor[O]()] = func(p *planner, op program.Op) error { return plan(p, op.(O)) }
	return struct{}{}
}

// step plans an operation. The launches' arguments follow the kernels' parameters, which package
// kernels lists.
func (p *planner) step(op program.Op, of addresses) error {
	p.addresses = of
	for i, o := range op.Operands() {
		if p.pending.touched(of.lies[i], uint64(o.Len*o.DType.Size())) {
			if err := p.addPending(); err != nil {
				return err
			}
		}
	}
	plan, ok := plans[reflect.TypeOf(op)]
	if !ok {
		return errors.New("there is no CUDA kernel for it")
	}
	return plan(p, op)
}

// epilogue is a program.Epilogue for split_sum and the kernels of products.
type epilogue struct {
	bias, mask, gate uint64 // addresses, or 0
	activation       program.Activation
}

var noEpilogue epilogue

// parts is free workspace for the parts of a sum.
func (p *planner) parts(splits, n int) uint64 { return p.scratch(splits * n)[0] }

// scratch is free workspace for arrays of so many floats each.
func (p *planner) scratch(lengths ...int) []uint64 {
	arrays, end := make([]uint64, len(lengths)), p.pending.used
	for i, n := range lengths {
		arrays[i] = p.workspace + end
		end += align(partBytes(1, n))
	}
	p.need = max(p.need, end)
	return arrays
}

// splitSum adds the parts of a sum of n results, whose rows have so many columns: later, with others,
// if it has no epilogue.
func (p *planner) splitSum(splits, n, columns int, e epilogue, y uint64) error {
	part := p.parts(splits, n)
	if e == noEpilogue {
		p.addLater(part, splits, n, y)
		return nil
	}
	return p.addParts(part, splits, n, columns, e, y)
}

// addLater adds the parts of a sum, which is in the result of the step in hand at the address y, when a step
// needs it.
func (p *planner) addLater(part uint64, splits, n int, y uint64) {
	p.pending.add(part, splits, n, y, p.where(y))
}

// addParts adds the parts of a sum at once.
func (p *planner) addParts(part uint64, splits, n, columns int, e epilogue, y uint64) error {
	return p.launch("split_sum", kernels.SplitSumGrid(n), part, e.bias, e.mask, e.gate, y,
		n, splits, columns, uint32(e.activation.Kind), e.activation.Alpha)
}

// addPending adds the parts of the sums that wait for it.
func (p *planner) addPending() error {
	if len(p.pending.sums) == 0 {
		return nil
	}
	grid := kernels.SplitSumsGrid(p.pending.sums)
	table := p.table + sumBytes*uint64(len(p.sums))
	p.sums = append(p.sums, p.pending.sums...)
	n := len(p.pending.sums)
	p.pending = pendingSums{}
	return p.launch("split_sums", grid, table, n)
}

// launch plans a kernel. An argument is an address or another uint64, an int or uint32 for a u32
// parameter, or a float of the parameter's width.
func (p *planner) launch(kernel string, grid kernels.Grid, args ...any) error {
	f, err := p.device.function(kernel)
	if err != nil {
		return err
	}
	if len(args) != len(f.Params) {
		return fmt.Errorf("kernel %s takes %d arguments, got %d", kernel, len(f.Params), len(args))
	}
	slots := make([]uint64, len(args))
	for i, arg := range args {
		if slots[i], err = slot(f.Params[i], arg); err != nil {
			return fmt.Errorf("kernel %s: %w", kernel, err)
		}
	}
	p.launches = append(p.launches, launch{
		kernel: kernel, function: f.handle, grid: grid, block: [3]uint32{f.Threads, 1, 1}, args: slots,
	})
	return nil
}

// slot is an argument as the 8 bytes that a launch takes.
func slot(param kernels.Param, arg any) (uint64, error) {
	switch v := arg.(type) {
	case uint64:
		if param.Type == kernels.Pointer || param.Type == kernels.U64 {
			return v, nil
		}
	case int:
		if param.Type == kernels.U32 && v >= 0 && v <= math.MaxUint32 {
			return uint64(v), nil
		}
	case uint32:
		if param.Type == kernels.U32 {
			return uint64(v), nil
		}
	case float32:
		if param.Type == kernels.F32 {
			return uint64(math.Float32bits(v)), nil
		}
	case float64:
		if param.Type == kernels.F64 {
			return math.Float64bits(v), nil
		}
	}
	return 0, fmt.Errorf("parameter %s is %s, got %v (%T)", param.Name, param.Type, arg, arg)
}
