package ptxemu

// ParamCount is the number of parameters of a function: what a caller of the C API, which hands over
// no count, has to know.
func (d *Driver) ParamCount(fn uint64) (int, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	f := d.funcs[fn]
	if f == nil {
		return 0, newError(codeInvalidHandle, "%d is no function", fn)
	}
	return len(f.k.Params), nil
}
