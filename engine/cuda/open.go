package cuda

import (
	"errors"
	"fmt"
	"strings"

	"gangpu/engine/program"
)

// Card describes a GPU to a person.
type Card struct {
	Ordinal    int
	Name       string
	Major      int // compute capability
	Minor      int
	Processors int    // streaming multiprocessors
	Memory     uint64 // bytes
	Problem    string // why it cannot be used; empty if it can
}

// Requirements of the PTX that package kernels ships.
const (
	minComputeCapability = 70
	minDriverVersion     = 10000 // PTX 6.3
	tf32Capability       = 80
	tf32DriverVersion    = 11000 // PTX 7.0
)

// NoDeviceError says that there is no GPU at all, and why.
type NoDeviceError struct{ Reason string }

func (e *NoDeviceError) Error() string { return e.Reason }

// Cards lists a driver's GPUs. It returns a *NoDeviceError if there are none.
func Cards(d Driver) ([]Card, error) {
	n, err := d.DeviceCount()
	if err != nil {
		return nil, &NoDeviceError{fmt.Sprintf("the NVIDIA driver does not answer: %v", err)}
	}
	if n == 0 {
		return nil, &NoDeviceError{"the NVIDIA driver finds no GPU"}
	}
	version, err := d.DriverVersion()
	if err != nil {
		return nil, fmt.Errorf("asking the CUDA driver for its version: %w", err)
	}
	if version < minDriverVersion {
		return nil, &NoDeviceError{fmt.Sprintf("the NVIDIA driver supports CUDA %s, gangpu's kernels need %s",
			versionString(version), versionString(minDriverVersion))}
	}
	cards := make([]Card, n)
	for i := range cards {
		if cards[i], err = card(d, i); err != nil {
			return nil, fmt.Errorf("asking about GPU %d: %w", i, err)
		}
	}
	return cards, nil
}

// CUdevice_attribute numbers.
const (
	attributeMaxSharedPerBlock      = 8
	attributeMultiprocessors        = 16
	attributeMajor                  = 75
	attributeMinor                  = 76
	attributeMaxSharedPerBlockOptin = 97
)

func card(d Driver, ordinal int) (Card, error) {
	c := Card{Ordinal: ordinal}
	var errs [5]error
	c.Name, errs[0] = d.DeviceName(ordinal)
	c.Major, errs[1] = d.DeviceAttribute(ordinal, attributeMajor)
	c.Minor, errs[2] = d.DeviceAttribute(ordinal, attributeMinor)
	c.Processors, errs[3] = d.DeviceAttribute(ordinal, attributeMultiprocessors)
	c.Memory, errs[4] = d.TotalMem(ordinal)
	if err := errors.Join(errs[:]...); err != nil {
		return c, err
	}
	if c.capability() < minComputeCapability {
		c.Problem = fmt.Sprintf("compute capability %d.%d, gangpu's kernels need 7.0", c.Major, c.Minor)
	}
	return c, nil
}

func (c Card) capability() int { return 10*c.Major + c.Minor }

// String is the card in a line: "NVIDIA H100, compute capability 9.0, 79.1 GiB".
func (c Card) String() string {
	return fmt.Sprintf("%s, compute capability %d.%d, %.1f GiB", c.Name, c.Major, c.Minor, float64(c.Memory)/(1<<30))
}

func versionString(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// Options say how to use a GPU.
type Options struct {
	Name      string // in Info and errors; "cuda:N" if empty
	Precision string // "fp32", "tf32", or "" for tf32 where the card has it
	// Synchronous waits after every launch, so that a fault is reported with the kernel that it
	// happened in. Slow.
	Synchronous bool
}

// Open opens a GPU of the driver, which the device owns from then on, also if Open fails. If
// there is no GPU at all the error is a *NoDeviceError; an ordinal that does not exist beside
// others that do is another error, which lists them.
func Open(driver Driver, ordinal int, o Options) (*Device, error) {
	dev, err := open(driver, ordinal, o)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	return dev, nil
}

func open(driver Driver, ordinal int, o Options) (*Device, error) {
	cards, err := Cards(driver)
	if err != nil {
		return nil, err
	}
	if ordinal < 0 || ordinal >= len(cards) {
		var have []string
		for _, c := range cards {
			have = append(have, fmt.Sprintf("%d (%s)", c.Ordinal, c.Name))
		}
		return nil, fmt.Errorf("there is no GPU %d: there is %s", ordinal, strings.Join(have, ", "))
	}
	c := cards[ordinal]
	if c.Problem != "" {
		return nil, fmt.Errorf("GPU %d (%s) cannot be used: %s", ordinal, c.Name, c.Problem)
	}
	name := o.Name
	if name == "" {
		name = fmt.Sprintf("cuda:%d", ordinal)
	}
	version, err := driver.DriverVersion()
	if err != nil {
		return nil, fmt.Errorf("%s: asking the CUDA driver for its version: %w", name, err)
	}
	hasTF32 := c.capability() >= tf32Capability && version >= tf32DriverVersion
	switch {
	case o.Precision == "" && hasTF32:
		o.Precision = "tf32"
	case o.Precision == "":
		o.Precision = "fp32"
	case o.Precision == "tf32" && !hasTF32:
		return nil, fmt.Errorf("%s (%s) has no tf32: it takes compute capability 8.0 and CUDA %s", name, c, versionString(tf32DriverVersion))
	case o.Precision != "fp32" && o.Precision != "tf32":
		return nil, fmt.Errorf("unknown precision %q: want fp32 or tf32", o.Precision)
	}
	if err := driver.Open(ordinal); err != nil {
		return nil, fmt.Errorf("opening %s (%s): %w", name, c, err)
	}
	stream, err := driver.StreamCreate()
	if err != nil {
		return nil, fmt.Errorf("%s: making a stream: %w", name, err)
	}
	d := &Device{
		driver:      driver,
		card:        c,
		version:     version,
		synchronous: o.Synchronous,
		stream:      stream,
		modules:     map[string]uint64{},
		functions:   map[string]function{},
	}
	d.info = program.Info{
		Name:        name,
		Description: fmt.Sprintf("%s, driver for CUDA %s", c, versionString(version)),
		Precision:   o.Precision,
		Memory:      c.Memory,
	}
	d.pool.driver = driver
	return d, nil
}
