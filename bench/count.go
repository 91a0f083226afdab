package bench

import "gangpu/engine/program"

// FLOPs counts the arithmetic of an operation: two for each multiply-add of a convolution whose
// tap lies inside the image, or of a product, by the direct algorithm. What else an operation
// computes is less than a hundredth of a training step and is counted by its bytes alone.
func FLOPs(op program.Op) float64 {
	switch op := op.(type) {
	case program.Conv2D:
		return 2 * float64(op.MACs())
	case program.Conv2DTranspose:
		return 2 * float64(op.MACs())
	case program.Conv2DInputGrad:
		return 2 * float64(op.MACs())
	case program.Conv2DFilterGrad:
		return 2 * float64(op.MACs())
	case program.MatMul:
		return 2 * float64(op.Products()) * float64(op.M) * float64(op.N) * float64(op.K)
	}
	return 0
}

// Bytes counts the traffic that an operation cannot avoid: each operand moved once, twice if it
// is read and written. Of a dataset, only the images that are taken.
func Bytes(op program.Op) float64 {
	n := 0
	for _, o := range op.Operands() {
		size := o.Len * o.DType.Size()
		if g, ok := op.(program.Images); ok && o.Name == "pixels" {
			size = g.Batch * g.Pixels * o.DType.Size()
		}
		if o.Access == program.ReadWrite {
			size *= 2
		}
		n += size
	}
	return float64(n)
}

// count sums up the steps of a program.
func count(p *program.Program) (flops, bytes float64) {
	for _, s := range p.Steps {
		flops += FLOPs(s.Op)
		bytes += Bytes(s.Op)
	}
	return flops, bytes
}
