package cpu

import "gangpu/engine/program"

func newConv2D(op program.Conv2D, x, filter, bias, y []float32, _ *workspace) kernel {
	g := op.Geometry
	outH, outW := g.OutH(), g.OutW()
	return kernel{{tasks: g.Batch * outH, run: func(task, _ int) {
		b, oy := task/outH, task%outH
		for ox := range outW {
			out := y[((b*outH+oy)*outW+ox)*g.OutC:][:g.OutC]
			clear(out)
			copy(out, bias)
			for ky := range g.FilterH {
				for kx := range g.FilterW {
					iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
					if iy < 0 || iy >= g.InH || ix < 0 || ix >= g.InW {
						continue
					}
					for i, v := range x[((b*g.InH+iy)*g.InW+ix)*g.InC:][:g.InC] {
						for o, w := range filter[((ky*g.FilterW+kx)*g.InC+i)*g.OutC:][:g.OutC] {
							out[o] += v * w
						}
					}
				}
			}
			activate(op.Activation, out)
		}
	}}}
}
