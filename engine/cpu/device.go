// Package cpu is the device that runs programs on the processor: worker goroutines on all cores,
// and kernels in assembly for amd64 (AVX-512, or AVX2 with FMA) with plain-Go twins for other
// processors and for builds with the tag noasm.
package cpu

import (
	"fmt"
	"runtime"

	"gangpu/engine/program"
	"gangpu/internal/hostmemory"
)

// Options say how a device uses the processor.
type Options struct {
	Threads int // workers; 0 for one a core that Go may use (GOMAXPROCS)
}

// Device is the processor. Results do not depend on its number of threads, to the bit.
type Device struct {
	pool   *pool
	budget *budget
}

// Open starts a device.
func Open(o Options) (*Device, error) {
	threads := o.Threads
	if threads < 0 {
		return nil, fmt.Errorf("cpu: %d threads, want at least 1, or 0 for all cores", threads)
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Device{pool: newPool(threads), budget: newBudget()}, nil
}

// Info names the processor, the number of threads and the instruction set in use.
func (d *Device) Info() program.Info {
	threads := "no threads"
	if d.pool != nil {
		threads = fmt.Sprintf("%d threads", d.pool.threads)
		if d.pool.threads == 1 {
			threads = "1 thread"
		}
	}
	return program.Info{
		Name:        "cpu",
		Description: fmt.Sprintf("%s, %s, %s", processor(), threads, unit.name),
		Precision:   "fp32",
		Memory:      hostmemory.Total(),
	}
}

// Alloc makes an array of zeros. More than there is memory for is a *program.OutOfMemoryError.
func (d *Device) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	switch {
	case d.pool == nil:
		return nil, fmt.Errorf("cpu: allocating %s: %w", name, errClosed)
	case t > program.Uint32:
		return nil, fmt.Errorf("cpu: allocating %s: unknown type %v", name, t)
	case n < 0:
		return nil, fmt.Errorf("cpu: allocating %s: %d elements", name, n)
	}
	if err := d.budget.take(name, n, t.Size()); err != nil {
		return nil, err
	}
	m := newMemory(name, t, n)
	m.budget = d.budget
	return m, nil
}

// Sync has nothing to wait for: Run returns when all is done.
func (d *Device) Sync() error { return nil }

// Close ends the workers.
func (d *Device) Close() error {
	if d.pool != nil {
		d.pool.close()
		d.pool = nil
	}
	return nil
}

// arguments are those of a step, in the order of its operation's operands.
type arguments [][]byte

func (a arguments) f32(i int) []float32 { return elements[float32](a[i]) }
func (a arguments) u32(i int) []uint32  { return elements[uint32](a[i]) }
func (a arguments) floats(first, end int) (all [][]float32) {
	for i := first; i < end; i++ {
		all = append(all, a.f32(i))
	}
	return all
}
func (a arguments) u8(i int) []uint8 { return a[i] }

// epilogue takes the arguments that follow the two of a convolution or product apart.
func (a arguments) epilogue(op program.Epilogue) (e epilogue, result []float32) {
	rest := a[2:]
	take := func(there bool) (s []float32) {
		if there {
			s, rest = rest.f32(0), rest[1:]
		}
		return s
	}
	return epilogue{op.Activation, take(op.Bias), take(op.Mask), take(op.Gate)}, take(true)
}

// newKernel binds op to its arguments and chooses how to run it.
func newKernel(op program.Op, a arguments, ws *workspace) (kernel, error) {
	switch op := op.(type) {
	case program.MatMul:
		e, c := a.epilogue(op.Epilogue)
		return newMatMul(op, a.f32(0), a.f32(1), e, c, ws), nil
	case program.Conv2D:
		e, y := a.epilogue(op.Epilogue)
		return newConv2D(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
	case program.Conv2DTranspose:
		e, y := a.epilogue(op.Epilogue)
		return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
	case program.Conv2DInputGrad:
		e, dx := a.epilogue(op.Epilogue)
		return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, dx, ws), nil
	case program.Conv2DFilterGrad:
		return newConv2DFilterGrad(op, a.f32(0), a.f32(1), a.f32(2), ws), nil
	case program.Map:
		return newMap(op, a, ws)
	case program.Reduce:
		return newReduce(op, a, ws)
	case program.LeakyReLU:
		return newLeakyReLU(op, a.f32(0), a.f32(1)), nil
	case program.LeakyReLUGrad:
		return newLeakyReLUGrad(op, a.f32(0), a.f32(1), a.f32(2)), nil
	case program.Fill:
		return newFill(op, a.f32(0)), nil
	case program.Uniform:
		return newUniform(op, a.u32(0), a.f32(1)), nil
	case program.Normal:
		return newNormal(op, a.u32(0), a.f32(1)), nil
	case program.DropoutMask:
		return newDropoutMask(op, a.u32(0), a.f32(1)), nil
	case program.Indices:
		return newIndices(op, a.u32(0), a.u32(1)), nil
	case program.Images:
		return newImages(op, a.u8(0), a.u32(1), a.f32(2), ws), nil
	case program.Adam:
		return newAdam(op, a.f32(0), a.u32(1), a.f32(2), a.f32(3), a.f32(4), a.f32(5)), nil
	case program.EMA:
		return newEMA(op, a.f32(0), a.u32(1), a.f32(2)), nil
	case program.Increment:
		return newIncrement(op, a.u32(0)), nil
	}
	return nil, fmt.Errorf("the CPU device does not know this operation (%T)", op)
}
