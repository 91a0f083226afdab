//go:build gpu && linux && (amd64 || arm64)

package softdriver_test

import (
	"errors"
	"strings"
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver"
	"gangpu/engine/cuda/cudriver/softdriver"
	"gangpu/engine/enginetest"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
	"gangpu/kernels/ptxemu"
	"gangpu/kernels/ptxemu/ptxtest"
)

func install(t *testing.T) *cudriver.Driver {
	t.Helper()
	if err := softdriver.Install(ptxemu.New(ptxemu.Options{Checks: true, Memory: 1 << 30})); err != nil {
		t.Fatal(err)
	}
	driver, err := cudriver.New()
	if err != nil {
		t.Fatal(err)
	}
	return driver
}

// The conformance suite through gorgonia.org/cu and the C interface of the CUDA driver.
func TestConformance(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) program.Device {
		dev, err := cuda.Open(install(t), 0, cuda.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return dev
	}, selftest.Size{Cases: 3, Work: 1 << 14})
}

// Results and their explanations come through as the driver gives them.
func TestErrors(t *testing.T) {
	driver := install(t)
	if err := driver.Open(0); err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	_, refused := driver.ModuleLoad([]byte(".version 6.3\n.target sm_70\n.address_size 64\nnonsense\n"))
	_, full := driver.MemAlloc(1 << 40)
	for _, c := range []struct {
		name string
		err  error
		code int
		text string
	}{
		{"PTX that is none", refused, 218, "nonsense"},
		{"memory that is not there", full, 2, "cuMemAlloc"},
		{"an address that was not allocated", driver.MemcpyHtoD(64, make([]byte, 4)), 1, "cuMemcpyHtoD"},
	} {
		var e *cudriver.Error
		if !errors.As(c.err, &e) || e.Code() != c.code || !strings.Contains(c.err.Error(), c.text) {
			t.Errorf("%s: error %v, want code %d and %q", c.name, c.err, c.code, c.text)
		}
	}
}

// Bytes that lie beside pointers in their object may be copied.
func TestCopyToFieldOfStruct(t *testing.T) {
	driver := install(t)
	if err := driver.Open(0); err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	ptr, err := driver.MemAlloc(8)
	if err != nil {
		t.Fatal(err)
	}
	object := &struct {
		pointer *int
		bytes   [8]byte
	}{pointer: new(int), bytes: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	want := object.bytes
	if err := driver.MemcpyHtoD(ptr, object.bytes[:]); err != nil {
		t.Fatal(err)
	}
	object.bytes = [8]byte{}
	if err := driver.MemcpyDtoH(object.bytes[:], ptr); err != nil || object.bytes != want {
		t.Errorf("read back %v, %v, want %v", object.bytes, err, want)
	}
}

// The instruction tests through the C interface.
func TestInstructions(t *testing.T) {
	driver := install(t)
	if err := driver.Open(0); err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	tests, err := ptxtest.Tests()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		if err := test.Run(driver); err != nil {
			t.Errorf("%s: %v", test.Name, err)
		}
	}
}
