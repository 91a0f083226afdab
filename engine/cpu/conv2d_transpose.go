package cpu

import "gangpu/engine/program"

func newConv2DTranspose(op program.Conv2DTranspose, x, filter, bias, y []float32, _ *workspace) kernel {
	g := op.Geometry
	outH, outW := g.OutH(), g.OutW()
	return kernel{{tasks: g.Batch * g.InH, run: func(task, _ int) {
		b, iy := task/g.InH, task%g.InH
		for ix := range g.InW {
			out := y[((b*g.InH+iy)*g.InW+ix)*g.InC:][:g.InC]
			clear(out)
			copy(out, bias)
			for ky := range g.FilterH {
				for kx := range g.FilterW {
					sy, sx := iy+g.PadTop()-ky, ix+g.PadLeft()-kx
					oy, ox := sy/g.StrideH, sx/g.StrideW
					if sy < 0 || sy%g.StrideH != 0 || oy >= outH || sx < 0 || sx%g.StrideW != 0 || ox >= outW {
						continue
					}
					in := x[((b*outH+oy)*outW+ox)*g.OutC:][:g.OutC]
					for i := range out {
						w := filter[((ky*g.FilterW+kx)*g.InC+i)*g.OutC:][:g.OutC]
						for o, v := range in {
							out[i] += v * w[o]
						}
					}
				}
			}
			activate(op.Activation, out)
		}
	}}}
}
