package cuda

import (
	"fmt"
	"time"

	"gangpu/kernels"
)

// function is a kernel that the driver has compiled.
type function struct {
	*kernels.Kernel
	handle uint64
}

// function returns a kernel by name, and has its module compiled when it is first asked for.
func (d *Device) function(name string) (function, error) {
	if f, ok := d.functions[name]; ok {
		return f, nil
	}
	k, err := kernels.Lookup(name)
	if err != nil {
		return function{}, err
	}
	module, ok := d.modules[k.Module]
	if !ok {
		ptx, err := kernels.PTX(k.Module, d.card.capability(), d.info.Precision == "tf32")
		if err != nil {
			return function{}, err
		}
		if module, err = d.loadModule(k.Module, ptx); err != nil {
			return function{}, err
		}
	}
	handle, err := d.driver.ModuleFunction(module, name)
	if err != nil {
		return function{}, d.fault(fmt.Errorf("looking up kernel %s: %w", name, err))
	}
	f := function{k, handle}
	d.functions[name] = f
	return f, nil
}

// loadModule has the driver assemble a module, and counts it.
func (d *Device) loadModule(name string, ptx []byte) (module uint64, err error) {
	start := time.Now()
	if module, err = d.driver.ModuleLoad(ptx); err != nil {
		return 0, d.refused(name, err)
	}
	d.info.LoadTime += time.Since(start)
	d.info.Modules++
	d.modules[name] = module
	return module, nil
}

// refused explains why the driver does not take a module's PTX.
func (d *Device) refused(module string, err error) error {
	switch result(err) {
	case resultUnsupportedPTX, resultInvalidPTX, resultNoBinaryForGPU:
		return fmt.Errorf("%s: the driver (for CUDA %s) refuses the PTX of module %s for compute capability %d.%d: %w",
			d.info.Name, versionString(d.version), module, d.card.Major, d.card.Minor, err)
	}
	return d.fault(fmt.Errorf("compiling the PTX of module %s: %w", module, err))
}
