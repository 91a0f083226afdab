package cpu

import "gangpu/engine/program"

func newConv2DFilterGrad(op program.Conv2DFilterGrad, x, dy, dfilter []float32, _ *workspace) kernel {
	g := op.Geometry
	outH, outW := g.OutH(), g.OutW()
	return kernel{{tasks: g.FilterH * g.FilterW, run: func(task, _ int) {
		ky, kx := task/g.FilterW, task%g.FilterW
		dw := dfilter[task*g.InC*g.OutC:][:g.InC*g.OutC]
		clear(dw)
		for b := range g.Batch {
			for oy := range outH {
				for ox := range outW {
					iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
					if iy < 0 || iy >= g.InH || ix < 0 || ix >= g.InW {
						continue
					}
					for i, v := range x[((b*g.InH+iy)*g.InW+ix)*g.InC:][:g.InC] {
						row := dw[i*g.OutC:][:g.OutC]
						for o, d := range dy[((b*outH+oy)*outW+ox)*g.OutC:][:g.OutC] {
							row[o] += v * d
						}
					}
				}
			}
		}
	}}}
}
