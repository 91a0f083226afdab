package ptxemu

import (
	"fmt"
	"slices"
	"strings"
)

// newestPTX is the PTX version that drivers of a CUDA version understand.
func newestPTX(driver int) [2]int {
	major, minor := driver/1000, driver%1000/10
	switch {
	case major >= 13:
		return [2]int{9, minor}
	case major == 12:
		return [2]int{8, minor}
	case major == 11:
		return [2]int{7, minor}
	}
	return [2]int{6, 3 + minor}
}

// ModuleLoad parses and decodes PTX and places its variables in device memory. The error of PTX that is refused
// names line, column and opcode.
func (d *Driver) ModuleLoad(ptx []byte) (uint64, error) {
	mod, parseErr := Parse(moduleName(ptx), ptx)
	err := d.enter()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		return 0, err
	case parseErr != nil:
		return 0, newError(codeInvalidPTX, "the PTX is refused: %v", parseErr)
	}
	if newest := newestPTX(d.opt.DriverVersion); slices.Compare(mod.Version[:], newest[:]) > 0 {
		return 0, newError(codeUnsupportedPTX, "PTX version %d.%d, the driver knows up to %d.%d", mod.Version[0], mod.Version[1], newest[0], newest[1])
	}
	if mod.Target > d.opt.Capability {
		return 0, newError(codeNoBinary, "PTX for sm_%d, the device has compute capability %d.%d",
			mod.Target, d.opt.Capability/10, d.opt.Capability%10)
	}
	lm := &loadedModule{mod: mod}
	addresses, err := d.placeVariables(lm)
	if err != nil {
		return 0, err
	}
	for _, k := range mod.Kernels {
		fn := &loadedFunction{k: k, dynamic: uint32(max(0, defaultSharedLimit-k.StaticShared))}
		fn.constants = make([]lanes, len(k.constants))
		for i, v := range k.constants {
			fn.constants[i].splat(v)
		}
		for _, r := range k.relocs {
			fn.constants[r.constant].splat(addresses[r.v])
		}
		h := d.handle()
		d.funcs[h] = fn
		lm.funcs = append(lm.funcs, h)
	}
	h := d.handle()
	d.modules[h] = lm
	return h, nil
}

// moduleName is the name of the first kernel: messages about a module without a file name need some name.
func moduleName(ptx []byte) string {
	if _, rest, ok := strings.Cut(string(ptx), ".entry "); ok {
		if name, _, ok := strings.Cut(rest, "("); ok && len(name) < 80 {
			return "module of " + strings.TrimSpace(name)
		}
	}
	return "module"
}

func (d *Driver) placeVariables(lm *loadedModule) (map[*variable]uint64, error) {
	addresses := map[*variable]uint64{}
	placed := map[*variable]*allocation{}
	for _, v := range lm.mod.variables {
		if v.space == spaceShared {
			continue
		}
		if v.extern {
			return nil, newError(codeInvalidPTX, "%v: extern variable %s is defined nowhere", v.pos, v.name)
		}
		a, err := d.mem.alloc(uint64(max(v.bytes, 1)), "the variable "+v.name)
		if err != nil {
			return nil, err
		}
		copy(a.data, v.init)
		a.noteHostWrite(0, a.size) // without an initial value it is zero
		a.readOnly = v.space == spaceConst
		addresses[v], placed[v] = a.base, a
		lm.allocs = append(lm.allocs, a)
	}
	for v, a := range placed {
		for _, r := range v.relocs {
			to := lm.mod.globals[r.symbol]
			if to == nil || to.space == spaceShared {
				return nil, newError(codeInvalidPTX, "%v: %s is no variable of the module", r.pos, r.symbol)
			}
			le.PutUint64(a.data[r.offset:], addresses[to])
		}
	}
	return addresses, nil
}

// ModuleUnload frees a module, its functions and its variables.
func (d *Driver) ModuleUnload(module uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	lm := d.modules[module]
	if lm == nil {
		return newError(codeInvalidHandle, "%d is no module", module)
	}
	for _, a := range lm.allocs {
		if err := d.mem.free(a.base); err != nil {
			return err
		}
	}
	for _, h := range lm.funcs {
		delete(d.funcs, h)
	}
	delete(d.modules, module)
	return nil
}

// ModuleFunction returns the handle of a kernel.
func (d *Driver) ModuleFunction(module uint64, name string) (uint64, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	lm := d.modules[module]
	if lm == nil {
		return 0, newError(codeInvalidHandle, "%d is no module", module)
	}
	for _, h := range lm.funcs {
		if d.funcs[h].k.Name == name {
			return h, nil
		}
	}
	return 0, newError(codeNotFound, "%s has no kernel %s", lm.mod.Name, name)
}

// FunctionSetMaxDynamicShared allows launches with that much dynamic shared memory.
func (d *Driver) FunctionSetMaxDynamicShared(fn uint64, bytes uint32) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	f := d.funcs[fn]
	if f == nil {
		return newError(codeInvalidHandle, "%d is no function", fn)
	}
	if f.k.StaticShared+int(bytes) > d.opt.SharedPerBlock {
		return newError(codeInvalidValue, "kernel %s: %d bytes of dynamic and %d of static shared memory, at most %d together", f.k.Name,
			bytes, f.k.StaticShared, d.opt.SharedPerBlock)
	}
	f.dynamic = bytes
	return nil
}

// Launch runs a kernel to its end, or records it on a capturing stream. args has a slot a parameter.
func (d *Driver) Launch(fn uint64, grid, block [3]uint32, sharedBytes uint32, stream uint64, args []uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	s, err := d.stream(stream)
	if err != nil {
		return err
	}
	if err := d.checkLaunch(fn, grid, block, sharedBytes, args); err != nil {
		return err
	}
	if s != nil && s.capture != nil {
		s.capture.launches = append(s.capture.launches, recorded{fn, grid, block, sharedBytes, slices.Clone(args)})
		return nil
	}
	return d.run(fn, grid, block, sharedBytes, args)
}

// checkLaunch finds what CUDA refuses before anything runs.
func (d *Driver) checkLaunch(fn uint64, grid, block [3]uint32, sharedBytes uint32, args []uint64) error {
	f := d.funcs[fn]
	if f == nil {
		return newError(codeInvalidHandle, "%d is no function", fn)
	}
	k := f.k
	refuse := func(code int, format string, a ...any) error {
		return newError(code, "launch of %s, grid %v, block %v: %s", k.Name, grid, block, fmt.Sprintf(format, a...))
	}
	threads := uint64(1)
	for i := range 3 {
		if grid[i] == 0 || grid[i] > maxGrid[i] {
			return refuse(codeInvalidValue, "a grid has 1 to %v blocks", maxGrid)
		}
		if block[i] == 0 || block[i] > maxBlock[i] {
			return refuse(codeInvalidValue, "a block has 1 to %v threads", maxBlock)
		}
		threads *= uint64(block[i])
	}
	switch {
	case threads > maxThreadsPerBlock:
		return refuse(codeInvalidValue, "%d threads in a block, at most %d", threads, maxThreadsPerBlock)
	case k.ExactThreads && block != k.MaxThreads:
		return refuse(codeInvalidValue, "the kernel was compiled for blocks of %v", k.MaxThreads)
	case k.MaxThreads[0] > 0 && threads > uint64(k.MaxThreads[0])*uint64(k.MaxThreads[1])*uint64(k.MaxThreads[2]):
		return refuse(codeOutOfResources, "the kernel was compiled for at most %v threads", k.MaxThreads)
	case sharedBytes > f.dynamic:
		return refuse(codeInvalidValue, "%d bytes of dynamic shared memory (and %d static), at most %d without FunctionSetMaxDynamicShared",
			sharedBytes, k.StaticShared, f.dynamic)
	case k.StaticShared > defaultSharedLimit:
		return refuse(codeInvalidValue, "%d bytes of static shared memory, at most %d", k.StaticShared, defaultSharedLimit)
	case len(args) != len(k.Params):
		return refuse(codeInvalidValue, "%d arguments, the kernel has %d parameters", len(args), len(k.Params))
	}
	for _, p := range k.Params {
		if p.Bytes > 8 {
			return refuse(codeInvalidValue, "parameter %s has %d bytes, a slot has 8", p.Name, p.Bytes)
		}
	}
	return nil
}

func (d *Driver) run(fn uint64, grid, block [3]uint32, sharedBytes uint32, args []uint64) error {
	f := d.funcs[fn]
	d.launches++
	l := &launch{k: f.k, grid: grid, block: block, sharedBytes: f.k.StaticShared + int(sharedBytes), mem: d.mem, checks: d.opt.Checks,
		noProducts: d.opt.NoProducts, budget: d.opt.Budget, stamp: d.launches << 32, constants: f.constants,
		locks: &d.locks, idle: &f.idle, params: make([]byte, f.k.paramBytes)}
	for i, p := range f.k.Params {
		var slot [8]byte
		le.PutUint64(slot[:], args[i])
		copy(l.params[p.Offset:], slot[:p.Bytes])
	}
	if d.opt.Traffic {
		l.traffic = &d.traffic
	}
	err := l.execute(d.opt.Workers)
	c := d.counts[f.k.Name]
	if c == nil {
		c = &counts{}
		d.counts[f.k.Name] = c
	}
	l.total.launches = 1
	c.add(&l.total)
	if d.opt.Launched != nil {
		d.opt.Launched(grid, l.total.export(f.k.Name))
	}
	if err != nil {
		d.broken = err
		return fmt.Errorf("launch of %s, grid %v, block %v: %w", f.k.Name, grid, block, err)
	}
	return nil
}
