package engine

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
)

// FIR is a filter of images that may resample them, by one window down and across. Zeros are put behind each pixel until there
// are Up for one; Before zeros come before the first one and After behind the last; of the sums over the window every Down-th
// is kept.
type FIR struct {
	Weights []float64 `json:"weights"` // their sum counts as 1
	// Up and Down are at least 1.
	Up   int `json:"up"`
	Down int `json:"down"`
	// Before and After may be negative, which cuts pixels off.
	Before int `json:"before"`
	After  int `json:"after"`
}

// Out is the number of pixels that come of so many, below 1 if there are too few.
func (f FIR) Out(pixels int) int {
	return (pixels*f.Up + f.Before + f.After - len(f.Weights) + f.Down) / f.Down
}

// Taps are the weights along an axis, which keep an image's brightness.
func (f FIR) Taps() []float64 {
	total := 0.0
	for _, w := range f.Weights {
		total += w
	}
	taps := make([]float64, len(f.Weights))
	for i, w := range f.Weights {
		taps[i] = w / total * float64(f.Up)
	}
	return taps
}

// Validate reports a filter that there is not.
func (f FIR) Validate() error {
	total := 0.0
	for _, w := range f.Weights {
		total += w
	}
	switch {
	case len(f.Weights) == 0 || len(f.Weights) > maxSources-2 || total == 0:
		return fmt.Errorf("no window %v", f.Weights)
	case f.Up < 1 || f.Down < 1:
		return fmt.Errorf("up by %d and down by %d, want 1 or more", f.Up, f.Down)
	}
	return nil
}

// ApplyFIR filters images x [batch, height, width, channels]:
//
//	z = x with Up-1 zeros behind each pixel, Before and After zeros around it
//	y[i] = sum over k of weights[k]*z[i*Down+k]
//
// along the height, and then along the width. The windows [1 2 1] and [1 3 3 1] are those of StyleGAN (Karras et al., 2019 and
// 2020).
func ApplyFIR(x *gorgonia.Node, f FIR) (*gorgonia.Node, error) {
	const op = "fir"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	if err := f.Validate(); err != nil {
		return nil, opError(op, err, x)
	}
	if f.Out(x.Shape()[1]) < 1 || f.Out(x.Shape()[2]) < 1 {
		return nil, opError(op, errors.New("a window that is larger than the image"), x)
	}
	l := after(x, op)
	var err error
	for axis := 1; axis <= 2 && err == nil; axis++ {
		x, err = f.along(l, x, axis)
	}
	return x, err
}

// along filters along an axis.
func (f FIR) along(l label, x *gorgonia.Node, axis int) (*gorgonia.Node, error) {
	shape := x.Shape().Clone()
	shape[axis] = f.Out(shape[axis])
	e := expr.Const(0)
	var sources []source
	for k, w := range f.Taps() {
		index := axes(x, count(len(shape)), len(shape))
		a := &index.Axes[axis]
		a.Offset, a.Coef[axis], a.Div = k-f.Before, f.Down, f.Up
		e = e.Add(expr.Input(k).Mul(expr.Const(w)))
		sources = append(sources, source{x, index})
	}
	return mapSources(l, e, shape, sources)
}
