package cpu

import (
	"fmt"

	"gangpu/engine/program"
)

// Images takes an image a task. An index out of range fails the run and reads nothing.
var _ = runs(func(op program.Images, a arguments, ws *workspace) (kernel, error) {
	pixels, indices, y := a.u8(0), a.u32(1), a.f32(2)
	var value [256]float32
	for i := range value {
		value[i] = float32(i) / 255
	}
	return kernel{{tasks: op.Batch, run: func(b, _ int) {
		index := int(indices[b])
		if index >= op.Count {
			ws.fail(fmt.Errorf("index %d of image %d is out of range of a dataset of %d images", index, b, op.Count))
			return
		}
		y := y[b*op.Pixels:][:op.Pixels]
		for i, p := range pixels[index*op.Pixels:][:op.Pixels] {
			y[i] = value[p]
		}
	}}}, nil
})
