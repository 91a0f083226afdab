package gan

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/internal/safetensors"
)

// Verification is how far a device's numbers are from a reference's.
type Verification struct {
	Tensors []Deviation // in the reference's order
}

// Deviation is that of one tensor.
type Deviation struct {
	Name      string  // in the reference, without "expect/"
	Error     float64 // ||got-want|| / ||want||, or ||got|| where the reference is zero
	Tolerance float64
}

// OK reports whether the tensor agrees. An error that is not a number does not.
func (d Deviation) OK() bool { return d.Error <= d.Tolerance }

// OK reports whether all tensors agree.
func (v Verification) OK() bool {
	return !slices.ContainsFunc(v.Tensors, func(d Deviation) bool { return !d.OK() })
}

// Worst is the deviation that is furthest from its tolerance.
func (v Verification) Worst() Deviation {
	return slices.MaxFunc(v.Tensors, func(a, b Deviation) int {
		// What is not a number is the worst of all.
		switch x, y := a.Error/a.Tolerance, b.Error/b.Tolerance; {
		case x > y || math.IsNaN(x) && !math.IsNaN(y):
			return 1
		case x < y || math.IsNaN(y) && !math.IsNaN(x):
			return -1
		}
		return 0
	})
}

// Tolerances of Verify by the device's precision.
//
// In tf32 the operands of a product keep 11 bits, which moves an input of LeakyReLU by some e = 3e-4 of
// its root mean square, and so e/pi of them across zero, where the slope is 1 on one side and alpha on the
// other. For alpha = 0.3 each LeakyReLU that a gradient passes back through adds an error of
//
//	(1-alpha) sqrt(e/pi) / sqrt((1+alpha^2)/2) = 0.009
//
// and the tutorial's deepest gradient passes five. Where few images make a gradient, few elements that change
// sides make it up, and its error varies: up to 0.02 in a step of the tutorial's model, where with alpha = 1,
// which has no kink, no tensor was off by more than 6e-3.
const (
	toleranceFP32          = 1e-4
	toleranceTF32          = 1e-2
	toleranceTF32Gradients = 4e-2
)

// tolerance of a tensor of a reference on a device of that precision.
func tolerance(name, precision string) float64 {
	switch {
	case precision != "tf32":
		return toleranceFP32
	case strings.HasPrefix(name, "grad/"):
		return toleranceTF32Gradients
	}
	return toleranceTF32
}

// Verify makes the D step and then the G step of a reference file on a device and compares all
// that the file expects. The file is a safetensors file of format gangpu-reference-step/1:
// parameters under "generator/" and "discriminator/", of the tutorial's model with any sizes;
// inputs "real" [half, height, width, 1], "z_d" [half, latent] and "z_g" [batch, latent];
// results under "expect/": "fake", "d_logits" (the real half first), "d_loss", "g_loss", and for
// each parameter "grad/" and "after/", its gradient and its value after Adam's first update.
// LeakyReLU's slope and Adam's settings are in its metadata. Errors name the file.
func Verify(dev program.Device, path string) (Verification, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return Verification{}, err
	}
	v, err := verify(dev, file)
	if err != nil {
		return Verification{}, fmt.Errorf("verifying %s on %s: %w", path, dev.Info().Name, err)
	}
	return v, nil
}

func verify(dev program.Device, file *safetensors.File) (v Verification, err error) {
	r, err := readReference(file)
	if err != nil {
		return v, err
	}
	a := newArrays(dev)
	defer func() { err = errors.Join(err, a.close()) }()
	got, err := r.replay(a)
	if err != nil {
		return v, err
	}
	for i := range file.Tensors {
		t := &file.Tensors[i]
		name, expected := strings.CutPrefix(t.Name, "expect/")
		if !expected {
			continue
		}
		values, ok := got[name]
		if !ok {
			return v, fmt.Errorf("tensor %q: nothing is known to compare it with", t.Name)
		}
		want, err := t.Float64s()
		if err != nil {
			return v, err
		}
		if len(values) != len(want) {
			return v, fmt.Errorf("tensor %q has %d elements, the replay gave %d", t.Name, len(want), len(values))
		}
		v.Tensors = append(v.Tensors, Deviation{Name: name, Error: relativeError(values, want), Tolerance: tolerance(name, dev.Info().Precision)})
	}
	if len(v.Tensors) == 0 {
		return v, errors.New("the file expects nothing")
	}
	return v, nil
}

func relativeError(got []float32, want []float64) float64 {
	var difference, norm float64
	for i, w := range want {
		d := float64(got[i]) - w
		difference += d * d
		norm += w * w
	}
	if norm == 0 {
		return math.Sqrt(difference)
	}
	return math.Sqrt(difference / norm)
}

// replay makes both steps and returns all results by the names that references have for them.
func (r *referenceStep) replay(a *arrays) (map[string][]float32, error) {
	d, err := r.steps.updateD()
	if err != nil {
		return nil, err
	}
	g, err := r.steps.updateG()
	if err != nil {
		return nil, err
	}
	labels, err := r.steps.labels()
	if err != nil {
		return nil, err
	}
	if err := a.alloc(d, g, labels); err != nil {
		return nil, err
	}
	if err := errors.Join(a.once(labels), r.steps.writeRates(a)); err != nil {
		return nil, err
	}
	for _, x := range r.inputs {
		if err := write(a, x.storage, x.offset, x.values); err != nil {
			return nil, err
		}
	}
	got := map[string][]float32{}
	take := func(name, storage string, offset, n int) error {
		got[name] = make([]float32, n)
		return read(a, storage, offset, got[name])
	}
	half, pixels := r.steps.batchD/2, r.steps.pixels()
	for _, step := range []struct {
		program     *program.Program
		noise, real []float32
		layout      *Layout
	}{{d, r.noiseD, r.real, r.steps.discriminator}, {g, r.noiseG, nil, r.steps.generator}} {
		if err := r.steps.avoidKinks(a, step.noise, step.real); err != nil {
			return nil, err
		}
		if err := write(a, storageNoise, 0, step.noise); err != nil {
			return nil, err
		}
		if err := a.once(step.program); err != nil {
			return nil, err
		}
		if step.program == d {
			if err := errors.Join(take("fake", storageImages, half*pixels, half*pixels),
				take("d_logits", storageLogits, 0, r.steps.batchD),
				take("d_loss", storageMetrics, metricDLoss, 1)); err != nil {
				return nil, err
			}
		} else if err := take("g_loss", storageMetrics, metricGLoss, 1); err != nil {
			return nil, err
		}
		for _, p := range step.layout.Parameters() {
			if err := errors.Join(take("grad/"+p.Name, gradientOf(step.layout.Name), p.Offset, p.Len()),
				take("after/"+p.Name, parametersOf(step.layout.Name), p.Offset, p.Len())); err != nil {
				return nil, err
			}
		}
	}
	return got, nil
}
