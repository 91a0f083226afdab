package bench

import (
	"math"

	"gangpu/engine/program"
)

// convSamples is how many elements of a result are computed in float64, too.
const convSamples = 200

// error is the error of the result, relative to its norm, over a sample of its elements.
func (c *convRun) error() (float64, error) {
	result := c.values[convResult]
	if err := program.ReadSlice(result, c.memory[convResult], 0); err != nil {
		return 0, err
	}
	var of func(int) float64
	g := c.shape.geometry()
	x, w, dy := c.values[convImage], c.values[convFilter], c.values[convGradient]
	pass := c.shape.Pass
	switch {
	case pass == ConvPasses[2]:
		of = func(i int) float64 { return filterGradElement(g, x, dy, i) }
	case (pass == ConvPasses[1]) != c.shape.Transposed:
		of = func(i int) float64 { return inputGradElement(g, dy, w, i) }
	default:
		of = func(i int) float64 { return outputElement(g, x, w, i) }
	}
	// A step that divides no usual size, so that all places of an image and all channels are among the samples.
	step := len(result)/convSamples | 1
	var diff, norm float64
	for i := 0; i < len(result); i += step {
		want := of(i)
		d := float64(result[i]) - want
		diff += d * d
		norm += want * want
	}
	return math.Sqrt(diff / norm), nil
}

// outputElement is element i of the convolution of x by w, in float64.
func outputElement(g program.Geometry, x, w []float32, i int) (sum float64) {
	o, ox, oy, b := i%g.OutC, i/g.OutC%g.OutW(), i/g.OutC/g.OutW()%g.OutH(), i/g.OutC/g.OutW()/g.OutH()
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
			if iy < 0 || iy >= g.InH || ix < 0 || ix >= g.InW {
				continue
			}
			for c := range g.InC {
				sum += float64(x[((b*g.InH+iy)*g.InW+ix)*g.InC+c]) * float64(w[((ky*g.FilterW+kx)*g.InC+c)*g.OutC+o])
			}
		}
	}
	return sum
}

// inputGradElement is element i of the gradient of the convolution's input.
func inputGradElement(g program.Geometry, dy, w []float32, i int) (sum float64) {
	c, ix, iy, b := i%g.InC, i/g.InC%g.InW, i/g.InC/g.InW%g.InH, i/g.InC/g.InW/g.InH
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			y, x := iy+g.PadTop()-ky, ix+g.PadLeft()-kx
			if y < 0 || x < 0 || y%g.StrideH != 0 || x%g.StrideW != 0 || y/g.StrideH >= g.OutH() || x/g.StrideW >= g.OutW() {
				continue
			}
			for o := range g.OutC {
				sum += float64(dy[((b*g.OutH()+y/g.StrideH)*g.OutW()+x/g.StrideW)*g.OutC+o]) * float64(w[((ky*g.FilterW+kx)*g.InC+c)*g.OutC+o])
			}
		}
	}
	return sum
}

// filterGradElement is element i of the gradient of the convolution's filter.
func filterGradElement(g program.Geometry, x, dy []float32, i int) (sum float64) {
	o, c, kx, ky := i%g.OutC, i/g.OutC%g.InC, i/g.OutC/g.InC%g.FilterW, i/g.OutC/g.InC/g.FilterW
	for b := range g.Batch {
		for oy := range g.OutH() {
			for ox := range g.OutW() {
				iy, ix := oy*g.StrideH+ky-g.PadTop(), ox*g.StrideW+kx-g.PadLeft()
				if iy >= 0 && iy < g.InH && ix >= 0 && ix < g.InW {
					sum += float64(x[((b*g.InH+iy)*g.InW+ix)*g.InC+c]) * float64(dy[((b*g.OutH()+oy)*g.OutW()+ox)*g.OutC+o])
				}
			}
		}
	}
	return sum
}
