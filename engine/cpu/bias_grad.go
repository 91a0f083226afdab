package cpu

import "gangpu/engine/program"

func newBiasGrad(op program.BiasGrad, dy, db []float32, _ *workspace) kernel {
	return kernel{{tasks: 1, run: func(int, int) {
		clear(db)
		for r := range op.Rows {
			for c, v := range dy[r*op.Channels:][:op.Channels] {
				db[c] += v
			}
		}
	}}}
}
