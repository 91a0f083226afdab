package bench

import "gangpu/engine/program"

// count sums up the steps of a program.
func count(p *program.Program) (flops, bytes float64) {
	for _, s := range p.Steps {
		flops += program.FLOPs(s.Op)
		bytes += program.Bytes(s.Op)
	}
	return flops, bytes
}
