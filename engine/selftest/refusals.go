package selftest

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// unknownOp is an operation that no device knows.
type unknownOp struct{ program.Fill }

func (unknownOp) Name() string { return "unknown_op" }

// foreignMemory is an array of no device.
type foreignMemory struct{ program.Memory }

func (foreignMemory) DType() program.DType { return program.Float32 }
func (foreignMemory) Len() int             { return 4 }

// What Load refuses, with an error that names the program and what is wrong with it.
var refusalChecks = []Check{
	{"Unbound", func(dev program.Device) error {
		_, err := dev.Load(fillProgram(4), nil)
		return refused(err, "fill program", "y")
	}},
	{"BoundToNil", func(dev program.Device) error {
		_, err := dev.Load(fillProgram(4), program.Bindings{"y": nil})
		return refused(err, "fill program", "y")
	}},
	{"OtherDevicesMemory", func(dev program.Device) error {
		_, err := dev.Load(fillProgram(4), program.Bindings{"y": foreignMemory{}})
		return refused(err, "fill program", "y")
	}},
	{"TooLong", func(dev program.Device) error {
		_, err := dev.Load(fillProgram(1<<31), program.Bindings{"y": foreignMemory{}})
		return refused(err, "fill program", `storage "y": array too long: 2147483648 elements`)
	}},
	{"WrongType", func(dev program.Device) error {
		m, err := dev.Alloc("counters", program.Uint32, 4)
		if err != nil {
			return err
		}
		_, err = dev.Load(fillProgram(4), program.Bindings{"y": m})
		return refused(err, "fill program", "y", "uint32", "float32")
	}},
	{"TooShort", func(dev program.Device) error {
		m, err := dev.Alloc("short", program.Float32, 3)
		if err != nil {
			return err
		}
		_, err = dev.Load(fillProgram(4), program.Bindings{"y": m})
		return refused(err, "fill program", "y", "3", "4")
	}},
	{"Freed", func(dev program.Device) error {
		m, err := dev.Alloc("gone", program.Float32, 4)
		if err != nil {
			return err
		}
		if err := m.Free(); err != nil {
			return err
		}
		_, err = dev.Load(fillProgram(4), program.Bindings{"y": m})
		return refused(err, "fill program", "y")
	}},
	{"LongerIsNone", func(dev program.Device) error {
		m, err := dev.Alloc("long", program.Float32, 6)
		if err != nil {
			return err
		}
		e, err := dev.Load(fillProgram(4), program.Bindings{"y": m, "of no use": m})
		if err != nil {
			return fmt.Errorf("an array longer than its storage: %w", err)
		}
		got := make([]float32, 6)
		if err := errors.Join(e.Run(), program.ReadSlice(got, m, 0)); err != nil {
			return err
		}
		if [6]float32(got) != [6]float32{1, 1, 1, 1, 0, 0} {
			return fmt.Errorf("four ones in an array of six: %v", got)
		}
		return e.Close()
	}},
	{"UnknownOperation", func(dev program.Device) error {
		p := fillProgram(4)
		p.Steps[0].Op = unknownOp{program.Fill{N: 4}}
		m, err := dev.Alloc("y", program.Float32, 4)
		if err != nil {
			return err
		}
		_, err = dev.Load(p, program.Bindings{"y": m})
		return refused(err, "fill program", "ones", "unknown_op")
	}},
	{"InvalidProgram", func(dev program.Device) error {
		m, err := dev.Alloc("y", program.Float32, 4)
		if err != nil {
			return err
		}
		p := fillProgram(4)
		p.Steps[0].Args[0].Offset = 1
		_, err = dev.Load(p, program.Bindings{"y": m})
		return refused(err, "fill program", "ones", "y")
	}},
}
