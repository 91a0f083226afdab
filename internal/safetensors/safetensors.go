// Package safetensors reads and writes the safetensors format: named tensors and a map of
// strings in one file.
//
//	8 bytes   n, the header's length, little-endian
//	n bytes   JSON: {"__metadata__": {string: string}, NAME: {"dtype", "shape", "data_offsets": [begin, end]}, ...}
//	the rest  the tensors' elements, row-major and little-endian, without gaps
//
// Reading is strict: a file that breaks a rule of the format is an error that names the tensor
// and what is wrong with it, found before memory is asked for.
package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// MaxHeader is the longest header, in bytes, that the format allows.
const MaxHeader = 100_000_000

// File is the content of a safetensors file.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor // in the order of their data
}

// Tensor is one array.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty for a scalar
	Data  []byte // the elements, row-major, little-endian
}

// Len is the number of elements, the product of the shape; it is -1 if that or the bytes that
// it takes cannot be counted.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > math.MaxInt/8/d {
			return -1
		}
		n *= d
	}
	return n
}

// Tensor returns the tensor called name, or an error that names it.
func (f *File) Tensor(name string) (*Tensor, error) {
	i := slices.IndexFunc(f.Tensors, func(t Tensor) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("no tensor %q", name)
	}
	return &f.Tensors[i], nil
}

// Checksum is the SHA-256, in hexadecimal, of what the file says: its tensors, in whatever order,
// and its metadata but for that key, where the checksum itself may be kept.
func (f *File) Checksum(except string) (string, error) {
	content := File{Metadata: maps.Clone(f.Metadata), Tensors: slices.Clone(f.Tensors)}
	delete(content.Metadata, except)
	slices.SortFunc(content.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	if err := content.Encode(h); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Number is an element type that a tensor's data can be converted from and to.
type Number interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

func dtypeOf[T Number]() DType {
	switch any(*new(T)).(type) {
	case uint8:
		return U8
	case int8:
		return I8
	case uint16:
		return U16
	case int16:
		return I16
	case uint32:
		return U32
	case int32:
		return I32
	case uint64:
		return U64
	case int64:
		return I64
	case float32:
		return F32
	}
	return F64
}

// New makes a tensor of the type and values of v.
func New[T Number](name string, shape []int, v []T) (Tensor, error) {
	t := Tensor{Name: name, DType: dtypeOf[T](), Shape: slices.Clone(shape)}
	if t.Len() != len(v) {
		return Tensor{}, fmt.Errorf("tensor %q of shape %v: got %d values", name, shape, len(v))
	}
	var err error
	if t.Data, err = binary.Append(make([]byte, 0, len(v)*t.DType.Size()), binary.LittleEndian, v); err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	return t, nil
}

// Values returns the elements of a tensor of exactly T's type.
func Values[T Number](t *Tensor) ([]T, error) {
	if want := dtypeOf[T](); t.DType != want {
		return nil, fmt.Errorf("tensor %q is %s, want %s", t.Name, t.DType, want)
	}
	v := make([]T, len(t.Data)/t.DType.Size())
	if _, err := binary.Decode(t.Data, binary.LittleEndian, v); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return v, nil
}

// Float64s returns the elements of a tensor of F32 or F64.
func (t *Tensor) Float64s() ([]float64, error) {
	if t.DType == F64 {
		return Values[float64](t)
	}
	v, err := Values[float32](t)
	if err != nil {
		return nil, err
	}
	wide := make([]float64, len(v))
	for i, x := range v {
		wide[i] = float64(x)
	}
	return wide, nil
}
