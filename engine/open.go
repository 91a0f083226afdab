package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gangpu/engine/cpu"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
)

// DeviceOptions say how to open a device.
type DeviceOptions struct {
	Precision  string // "fp32" or "tf32"; "" for the device's own default
	Threads    int    // of the CPU; 0 for all cores
	RequireGPU bool   // without a GPU, an error instead of the CPU

	// Synchronous makes a GPU wait after every kernel, so that an error names the kernel that it happened in. Slow.
	Synchronous bool
}

// OpenDevice opens a device by the name that a user gives it: "cpu", a GPU as "0" or "cuda:0", or
// "auto", which is the first GPU if there is one.
//
// Where there is no GPU at all the CPU stands in for it, and notice says why in one line; it is
// empty otherwise. A GPU that is not there beside others that are, or that fails to open, is an
// error.
func OpenDevice(name string, o DeviceOptions) (dev program.Device, notice string, err error) {
	if name == "cpu" {
		if o.RequireGPU {
			return nil, "", errors.New("a GPU is required, and the device asked for is cpu")
		}
		dev, err = openCPU(o)
		return dev, "", err
	}
	ordinal := 0
	if name != "auto" {
		ordinal, err = strconv.Atoi(strings.TrimPrefix(name, "cuda:"))
		if err != nil || ordinal < 0 {
			return nil, "", fmt.Errorf("unknown device %q: want auto, cpu, or a GPU as 0 or cuda:0", name)
		}
	}
	dev, err = openGPU(ordinal, o)
	if none := (*cuda.NoDeviceError)(nil); errors.As(err, &none) {
		if o.RequireGPU {
			return nil, "", fmt.Errorf("a GPU is required: %w", err)
		}
		dev, err = openCPU(o)
		return dev, fmt.Sprintf("no GPU: %s; using the CPU", none.Reason), err
	}
	return dev, "", err
}

func openCPU(o DeviceOptions) (program.Device, error) {
	if o.Precision != "" && o.Precision != "fp32" {
		return nil, fmt.Errorf("the CPU computes in fp32, not in %s", o.Precision)
	}
	// A nil *cpu.Device in an interface would not be nil.
	dev, err := cpu.Open(cpu.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	return dev, nil
}

func openGPU(ordinal int, o DeviceOptions) (program.Device, error) {
	driver, err := gpuDriver()
	if err != nil {
		return nil, err
	}
	dev, err := cuda.Open(driver, ordinal, cuda.Options{
		Precision:   o.Precision,
		Synchronous: o.Synchronous,
	})
	if err != nil {
		return nil, err
	}
	return dev, nil
}

// GPUs lists the machine's GPUs, those too that cannot be used. Without any, the error is a
// *cuda.NoDeviceError that says why.
func GPUs() (cards []cuda.Card, driverVersion int, err error) {
	driver, err := gpuDriver()
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	if cards, err = cuda.Cards(driver); err != nil {
		return nil, 0, err
	}
	driverVersion, err = driver.DriverVersion()
	return cards, driverVersion, err
}
