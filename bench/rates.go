package bench

import (
	"errors"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// floor measures what the device can do and says how long the work would take at that.
func (u *run) floor(w *Work) (*Floor, error) {
	product, err := u.productRate()
	if err != nil {
		return nil, err
	}
	copied, err := u.copyRate()
	if err != nil {
		return nil, err
	}
	return &Floor{FLOPRate: product, ByteRate: copied, Seconds: max(w.FLOPs/product, w.Bytes/copied)}, nil
}

// productRate is the rate of a matrix product large enough to last a while.
func (u *run) productRate() (float64, error) {
	for n := 1024; ; n *= 2 {
		op := program.MatMul{M: n, N: n, K: n}
		seconds, err := u.probe(op)
		if err != nil {
			return 0, err
		}
		if seconds > shortest.Seconds() || n == 8192 {
			return program.FLOPs(op) / seconds, nil
		}
	}
}

// copyRate is the rate of a copy between arrays too large for any cache, read and written bytes
// counted.
func (u *run) copyRate() (float64, error) {
	n := []int{64 << 20}
	op := program.NewMap(n, func(x ...expr.Expr) expr.Expr { return x[0] }, n)
	seconds, err := u.probe(op)
	return program.Bytes(op) / seconds, err
}

// probe is the time of an operation on arrays of ones, in seconds: the shortest of several, since
// what else the machine does must not lower a floor.
func (u *run) probe(op program.Op) (seconds float64, err error) {
	p, ones := &program.Program{Name: "probe"}, &program.Program{Name: "ones"}
	var args []program.Arg
	for _, o := range op.Operands() {
		arg := program.Arg{Storage: o.Name}
		args = append(args, arg)
		if err := ones.Append(o.Name, program.Fill{N: o.Len, Value: 1}, arg); err != nil {
			return 0, err
		}
	}
	if err := p.Append("probe", op, args...); err != nil {
		return 0, err
	}
	bindings := program.Bindings{}
	defer func() {
		for _, m := range bindings {
			err = errors.Join(err, m.Free())
		}
	}()
	for _, s := range p.Storages {
		if bindings[s.Name], err = u.dev.Alloc(s.Name, s.DType, s.Len); err != nil {
			delete(bindings, s.Name)
			return 0, err
		}
	}
	if _, err := u.shortestRun(ones, bindings, 1); err != nil {
		return 0, err
	}
	return u.shortestRun(p, bindings, 6)
}

// shortestRun loads a program and runs it a few times.
func (u *run) shortestRun(p *program.Program, bindings program.Bindings, times int) (seconds float64, err error) {
	e, err := u.dev.Load(p, bindings)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for i := range times {
		taken, err := u.timed(1, e.Run)
		if err != nil {
			return 0, err
		}
		if i == 0 || taken < seconds {
			seconds = taken
		}
	}
	return seconds, nil
}
