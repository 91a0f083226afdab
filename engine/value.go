package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// elements is the data of v in row-major order, shared with it unless v is a scalar.
func elements[E program.Float](v gorgonia.Value) ([]E, error) {
	switch v := v.(type) {
	case *gorgonia.F32:
		return []E{E(*v)}, nil
	case *gorgonia.F64:
		return []E{E(*v)}, nil
	case *tensor.Dense:
		if v.RequiresIterator() || v.DataOrder().IsColMajor() {
			return nil, fmt.Errorf("a view of shape %v is not contiguous in row-major order; clone it", v.Shape())
		}
		switch data := v.Data().(type) {
		case []E:
			return data, nil
		case E:
			return []E{data}, nil
		}
	}
	return nil, fmt.Errorf("a %T of type %v, want a dense tensor or scalar of %T", v, v.Dtype(), *new(E))
}

// newValue is data as Gorgonia expects the value of a node of that shape: a scalar must not be a
// tensor.
func newValue[E program.Float](shape tensor.Shape, data []E) gorgonia.Value {
	if shape.Dims() > 0 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	}
	if f, ok := any(data[0]).(float32); ok {
		return gorgonia.NewF32(f)
	}
	return gorgonia.NewF64(float64(data[0]))
}
