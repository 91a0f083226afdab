package cuda

import (
	"fmt"

	"gangpu/engine/program"
)

// memory is an array on the device.
type memory struct {
	device *Device
	name   string
	dtype  program.DType
	len    int
	ptr    uint64
	freed  bool
}

func (m *memory) DType() program.DType { return m.dtype }
func (m *memory) Len() int             { return m.len }

func (m *memory) check(what string, offset, n int) error {
	size := m.len * m.dtype.Size()
	switch {
	case m.device.closed:
		return fmt.Errorf("%s %s: %w", what, m.name, errClosed)
	case m.freed:
		return fmt.Errorf("%s %s, which was freed", what, m.name)
	case offset < 0 || n > size-offset:
		return fmt.Errorf("%s bytes [%d, %d) of %s, which has %d", what, offset, offset+n, m.name, size)
	}
	return nil
}

func (m *memory) Write(offset int, src []byte) error {
	if err := m.check("writing", offset, len(src)); err != nil {
		return err
	}
	// The copy is not of our stream: what was launched may still read the array.
	if err := m.device.Sync(); err != nil {
		return err
	}
	if err := m.device.driver.MemcpyHtoD(m.ptr+uint64(offset), src); err != nil {
		return m.device.fault(fmt.Errorf("writing %d bytes to %s: %w", len(src), m.name, err))
	}
	return nil
}

func (m *memory) Read(dst []byte, offset int) error {
	if err := m.check("reading", offset, len(dst)); err != nil {
		return err
	}
	if err := m.device.Sync(); err != nil {
		return err
	}
	if err := m.device.driver.MemcpyDtoH(dst, m.ptr+uint64(offset)); err != nil {
		return m.device.fault(fmt.Errorf("reading %d bytes of %s: %w", len(dst), m.name, err))
	}
	return nil
}

func (m *memory) Free() error {
	if m.freed || m.device.closed {
		return nil
	}
	if m.device.failure != nil {
		m.freed = true // what has failed is told by what uses the device; its memory goes with the context
		return nil
	}
	if err := m.device.Sync(); err != nil {
		return err
	}
	m.freed = true
	m.device.pool.release(m.ptr)
	return nil
}
