package cuda

import (
	"fmt"

	"gangpu/engine/program"
)

// function is a kernel that the driver has compiled.
type function struct{ handle uint64 }

// planner collects the launches of one step.
type planner struct {
	device    *Device
	args      []uint64 // device addresses, in the order of the operation's operands
	workspace uint64   // address of memory that the step may use
	need      uint64   // bytes of it
	launches  []launch
}

func (p *planner) step(op program.Op) error {
	return fmt.Errorf("no kernel for %s", op.Name())
}
