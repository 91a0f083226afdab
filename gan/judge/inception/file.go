package inception

import (
	"fmt"
	"math"
	"slices"

	"gangpu/internal/safetensors"
)

// epsilon is that of the batch norms.
const epsilon = 1e-3

// file is a state dict of the network.
type file struct {
	*safetensors.File
	path string
}

// layer is a convolution with its batch norm folded in: the kernel [height, width, in, filters] and the bias [filters],
//
//	y = gamma * (conv(x) - mean) / sqrt(variance + epsilon) + beta
func (f file) layer(name string, height, width, in int) (kernel, bias []float32, filters int, err error) {
	weight, err := f.File.Tensor(name + ".conv.weight")
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%s is no Inception v3 with torchvision's names: %w", f.path, err)
	}
	if s := weight.Shape; len(s) != 4 || s[0] < 1 || !slices.Equal(s[1:], []int{in, height, width}) {
		return nil, nil, 0, fmt.Errorf("%s: tensor %q has shape %v, want [filters %d %d %d]", f.path, weight.Name, s, in, height, width)
	}
	filters = weight.Shape[0]
	values, err := f.finite(weight)
	if err != nil {
		return nil, nil, 0, err
	}
	var norm [4][]float64
	for i, of := range []string{"weight", "bias", "running_mean", "running_var"} {
		if norm[i], err = f.vector(name+".bn."+of, filters); err != nil {
			return nil, nil, 0, err
		}
	}
	for i, v := range norm[3] {
		if v < 0 {
			return nil, nil, 0, fmt.Errorf("%s: tensor %q: variance %d is %v", f.path, name+".bn.running_var", i, v)
		}
	}
	gamma, beta, mean, variance := norm[0], norm[1], norm[2], norm[3]
	kernel, bias = make([]float32, len(values)), make([]float32, filters)
	each := len(values) / filters
	taps := height * width
	for o := range filters {
		scale := gamma[o] / math.Sqrt(variance[o]+epsilon)
		bias[o] = float32(beta[o] - scale*mean[o])
		for i, v := range values[o*each:][:each] { // [in, height, width]
			kernel[(i%taps*in+i/taps)*filters+o] = float32(scale * v)
		}
	}
	return kernel, bias, filters, nil
}

// vector is a tensor of n numbers.
func (f file) vector(name string, n int) ([]float64, error) {
	t, err := f.File.Tensor(name)
	if err != nil {
		return nil, fmt.Errorf("%s is no Inception v3 with torchvision's names: %w", f.path, err)
	}
	if !slices.Equal(t.Shape, []int{n}) {
		return nil, fmt.Errorf("%s: tensor %q has shape %v, want [%d]", f.path, name, t.Shape, n)
	}
	return f.finite(t)
}

// finite are the numbers of a tensor, all of them finite: a ReLU would hide others.
func (f file) finite(t *safetensors.Tensor) ([]float64, error) {
	values, err := t.Float64s()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: tensor %q: number %d is %v", f.path, t.Name, i, v)
		}
	}
	return values, nil
}
