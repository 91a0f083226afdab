package gan

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
// such element out of 200,000 moves the gradients before it by 1e-3. Both are right, so Verify
// moves the bias of the element's channel by twice the width, away from zero on the exact side.
// The bias changes by a hundredth of the tolerance, and what is smooth changes as little.
type kink struct {
	bias  int // element of the network's parameters
	shift float64
}

// pass computes a network in float64 and collects its kinks.
func (l *Layout) pass(parameters, x []float64, batch int) (y []float64, kinks []kink, err error) {
	seen := map[int]bool{}
	var bias Parameter // of the layer before
	for _, layer := range l.Layers {
		if _, ok := layer.Layer.(LeakyReLU); ok && bias.Shape != nil {
			width := kinkWidth * rms(x)
			for i, v := range x {
				element := bias.Offset + i%bias.Len()
				if math.Abs(v) < width && !seen[element] {
					seen[element] = true
					kinks = append(kinks, kink{element, math.Copysign(2*width, v)})
				}
			}
		}
		bias = Parameter{}
		if n := len(layer.Parameters); n > 0 {
			bias = layer.Parameters[n-1]
		}
		if x, err = layer.forward(parameters, x, batch); err != nil {
			return nil, nil, fmt.Errorf("%s/%s: %w", l.Name, layer.Name, err)
		}
	}
	return x, kinks, nil
}

// avoidKinks moves biases on the device so that the next step, of given noise, meets no kink that
// its gradients pass: D's in a D step, which sees the real images too, and both networks' in a G
// step, where real is empty.
func (s steps) avoidKinks(a *arrays, noise, real []float32) error {
	images := widen(noise)
	for _, n := range []*Layout{s.generator, s.discriminator} {
		parameters := make([]float32, n.Len)
		if err := read(a, parametersOf(n.Name), 0, parameters); err != nil {
			return err
		}
		if n == s.discriminator {
			images = append(widen(real), images...)
		}
		y, kinks, err := n.pass(widen(parameters), images, len(images)/size(n.Input))
		if err != nil {
			return err
		}
		images = y
		if n == s.generator && len(real) > 0 {
			continue
		}
		for _, k := range kinks {
			parameters[k.bias] += float32(k.shift)
		}
		if err := write(a, parametersOf(n.Name), 0, parameters); err != nil {
			return err
		}
	}
	return nil
}

// forward computes the layer, without dropout, in float64. parameters are the whole network's.
func (layer PlacedLayer) forward(parameters, x []float64, batch int) ([]float64, error) {
	y := make([]float64, batch*size(layer.Out))
	var w [2][]float64 // kernel and bias
	for i, p := range layer.Parameters {
		w[i] = parameters[p.Offset:][:p.Len()]
	}
	n, bias := len(x), program.Epilogue{Bias: true}
	var err error
	switch l := layer.Layer.(type) {
	case Dense:
		err = program.Compute[float64](program.MatMul{M: batch, N: l.Units, K: size(layer.In), Epilogue: bias}, x, w[0], w[1], y)
	case Conv2D:
		var g program.Geometry
		if g, err = l.Geometry(layer.In); err == nil {
			g.Batch = batch
			err = program.Compute[float64](program.Conv2D{Geometry: g, Epilogue: bias}, x, w[0], w[1], y)
		}
	case Conv2DTranspose:
		g := l.Geometry(layer.In)
		g.Batch = batch
		err = program.Compute[float64](program.Conv2DTranspose{Geometry: g, Epilogue: bias}, x, w[0], w[1], y)
	case LeakyReLU:
		err = program.Compute[float64](program.LeakyReLU{N: n, Alpha: float32(l.Alpha)}, x, y)
	case Sigmoid:
		sigmoid := func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }
		err = program.Compute[float64](program.NewMap([]int{n}, sigmoid, []int{n}), x, y)
	case Dropout, Reshape, Flatten:
		return x, nil
	default:
		return nil, fmt.Errorf("no float64 computation of layer kind %s", layer.Kind())
	}
	return y, err
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
