package main

import (
	"errors"
	"fmt"
	"os"

	"gangpu/engine"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/kernels/ptxemu"

	"github.com/urfave/cli/v2"
)

// Environment variables for trying and debugging what runs on GPUs.
const (
	// Another library instead of the driver's libcuda.so.1; "off" for none, or "emulated" for package ptxemu behind the
	// driver's own C interface: all that runs on a machine with a GPU but for the hardware.
	libraryVariable = "GANGPU_LIBCUDA"
	// "1" waits after every kernel.
	synchronousVariable = "GANGPU_CUDA_SYNC"
)

// openDevice opens the device that the flags ask for, and says so if it is another.
func openDevice(c *cli.Context) (program.Device, error) {
	return openDeviceAs(c, c.String("device"), c.Int("threads"))
}

// openDeviceAs opens a device of this name and so many threads, in the place of what the flags say.
func openDeviceAs(c *cli.Context, name string, threads int) (program.Device, error) {
	dev, notice, err := openNamed(name, engine.DeviceOptions{
		Precision:  c.String("precision"),
		Threads:    threads,
		RequireGPU: c.Bool("require-gpu"),
	})
	if err != nil {
		return nil, blame(c, err, "device", "precision", "threads", "require-gpu")
	}
	if notice != "" {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: %s\n", notice)
	}
	return dev, nil
}

// emulated is the name of the emulator as a device.
const emulated = "emulated"

// openNamed is engine.OpenDevice with one more device, "emulated": the GPU's kernels on the CPU, with all checks of
// package ptxemu, and some thousand times slower than either.
func openNamed(name string, o engine.DeviceOptions) (dev program.Device, notice string, err error) {
	if name == emulated {
		dev, err := cuda.Open(ptxemu.New(ptxemu.Options{Checks: true}), 0, cuda.Options{Name: name, Precision: o.Precision})
		if err != nil {
			return nil, "", err
		}
		return dev, "", nil
	}
	if err := chooseDriver(os.Getenv(libraryVariable)); err != nil {
		return nil, "", err
	}
	o.Synchronous = os.Getenv(synchronousVariable) == "1"
	return engine.OpenDevice(name, o)
}

// adviseSynchronous adds to an error of a program how to learn in which kernel it happened.
func adviseSynchronous(err error) error {
	if e := (*cuda.ProgramError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%w; %s=1 tells which kernel", err, synchronousVariable)
	}
	return err
}
