package tutorial

import (
	"fmt"
	"math"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// kinkWidth is how near to zero, in units of its layer's root mean square, an input of LeakyReLU
// must be for float32 to miss its sign.
const kinkWidth = 1e-6

// A kink is an input of LeakyReLU within rounding of zero. There the function has no derivative:
// float64 takes one side and float32, in whatever order a device sums, either of them, and one
// such element out of 200,000 moves the gradients before it by 1e-3. Both are right, so the bias of the element's channel
// is moved by twice the width, away from zero on the exact side.
// The bias changes by a hundredth of the tolerance, and what is smooth changes as little. Files of games have inputs that
// were drawn away from kinks; those of the earlier form were not.
type kink struct {
	bias    string // the array
	element int
	shift   float64
}

// avoidKinks moves biases before a phase so that it meets no kink that its gradients pass: D's in a D step, which sees
// the real images too, and both networks' in a G step.
func (e *Earlier) avoidKinks(phase string, parameters map[string][]float32) error {
	x, batch := e.noiseG, e.batch
	if phase == "d" {
		x, batch = e.noiseD, e.half
	}
	for _, c := range e.networks {
		if c.name == "discriminator" && phase == "d" {
			x, batch = append(append([]float64{}, e.real...), x...), 2*e.half
		}
		y, kinks, err := c.pass(parameters, x, batch, [3]int{e.height, e.width, 1}, e.alpha)
		if err != nil {
			return err
		}
		x = y
		if c.name == "generator" && phase == "d" {
			continue
		}
		for _, k := range kinks {
			parameters[k.bias][k.element] += float32(k.shift)
		}
	}
	return nil
}

// pass computes a network of images of that shape, or of rows of noise, in float64, and collects its kinks.
func (c chain) pass(parameters map[string][]float32, x []float64, batch int, image [3]int, alpha float64) (y []float64, kinks []kink, err error) {
	seen := map[kink]bool{}
	for _, l := range c.layers {
		if x, image, err = l.forward(parameters, x, batch, image); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.name, err)
		}
		if !l.leaky {
			continue
		}
		width := kinkWidth * rms(x)
		for i, v := range x {
			at := kink{bias: l.name + "/bias", element: i % l.filters()}
			if math.Abs(v) < width && !seen[at] {
				seen[at] = true
				at.shift = math.Copysign(2*width, v)
				kinks = append(kinks, at)
			}
		}
		y := make([]float64, len(x))
		if err := program.Compute[float64](program.LeakyReLU{N: len(x), Alpha: float32(alpha)}, x, y); err != nil {
			return nil, nil, err
		}
		x = y
	}
	if c.sigmoid {
		n := []int{len(x)}
		y := make([]float64, len(x))
		sigmoid := func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }
		if err := program.Compute[float64](program.NewMap(n, sigmoid, n), x, y); err != nil {
			return nil, nil, err
		}
		x = y
	}
	return x, kinks, nil
}

// forward computes the layer in float64: its result, and the shape of its images.
func (l link) forward(parameters map[string][]float32, x []float64, batch int, image [3]int) (y []float64, out [3]int, err error) {
	kernel, b := widen(parameters[l.name+"/kernel"]), widen(parameters[l.name+"/bias"])
	bias := program.Epilogue{Bias: true}
	g := program.Geometry{Batch: batch, InH: image[0], InW: image[1], InC: image[2], OutC: l.filters(), StrideH: l.stride, StrideW: l.stride,
		Padding: program.Same, FilterH: l.kernel[0], FilterW: l.kernel[1]}
	switch l.kind {
	case "dense":
		out = [3]int{1, 1, l.filters()}
		if l.reshape != nil {
			out = [3]int(l.reshape)
		}
		y = make([]float64, batch*l.filters())
		err = program.Compute[float64](program.MatMul{M: batch, N: l.filters(), K: l.kernel[0], Epilogue: bias}, x, kernel, b, y)
	case "conv2d":
		y, out = make([]float64, g.OutLen()), [3]int{g.OutH(), g.OutW(), g.OutC}
		err = program.Compute[float64](program.Conv2D{Geometry: g, Epilogue: bias}, x, kernel, b, y)
	case "conv2d_transpose": // the geometry is that of the convolution whose input gradient this is
		g.InH, g.InW, g.InC, g.OutC = image[0]*l.stride, image[1]*l.stride, l.filters(), image[2]
		y, out = make([]float64, g.InLen()), [3]int{g.InH, g.InW, g.InC}
		err = program.Compute[float64](program.Conv2DTranspose{Geometry: g, Epilogue: bias}, x, kernel, b, y)
	}
	return y, out, err
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}
