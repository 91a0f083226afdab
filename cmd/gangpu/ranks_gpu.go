package main

import (
	"fmt"
	"io"
	"os"

	"gangpu/engine/collective/nccl"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
)

// Another library instead of libnccl.so.2; "off" for none: GPUs of several ranks exchange gradients through the host then.
const ncclVariable = "GANGPU_LIBNCCL"

// chooseNCCL has the library bound that ncclVariable names.
func chooseNCCL() {
	switch library := os.Getenv(ncclVariable); library {
	case "":
	case "off":
		nccl.Use("")
	default:
		nccl.Use(library)
	}
}

// ncclLine tells of the machine's NCCL in a line.
func ncclLine() string {
	chooseNCCL()
	version, err := nccl.Version()
	if err != nil {
		return fmt.Sprintf("%v: GPUs of several ranks exchange gradients through the host", err)
	}
	return fmt.Sprintf("NCCL %s: GPUs of several ranks exchange gradients by it", version)
}

// onGPU reports whether a device is a GPU, or what stands behind the driver's interface.
func onGPU(dev program.Device) bool {
	_, ok := dev.(*cuda.Device)
	return ok && dev.Info().Name != emulated
}

// linkGPU has the ranks' GPUs exchange gradients by NCCL. Where some cannot, all go through the host, and w is told why.
func (r *ranks) linkGPU(w io.Writer, dev program.Device) error {
	if !onGPU(dev) {
		return nil
	}
	why, err := nccl.Link(r, dev.(*cuda.Device), r.limit)
	if err != nil {
		return fmt.Errorf("linking the ranks' GPUs by NCCL: %w", err)
	}
	if why != "" {
		fmt.Fprintf(w, "gangpu: gradients go through the host, as NCCL cannot be used: %s\n", why)
		return nil
	}
	version, err := nccl.Version()
	r.links = ", GPUs by NCCL " + version
	return err
}
