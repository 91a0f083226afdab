// Package hdf5 reads and writes the part of HDF5 that files of weights are made of: groups,
// datasets of IEEE numbers, written as float32, and attributes of strings, laid out as the HDF5 library itself does unless
// asked for its latest format: version 0 of the superblock, version 1 of object headers, groups by
// symbol tables, contiguous data. Files that h5py writes by default are of this kind.
//
// Comments name the sections of the "HDF5 File Format Specification Version 3.0", The HDF Group,
// 2019, https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html.
package hdf5

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Group is a group with all that is below it.
type Group struct {
	Strings  map[string]string   // attributes that are one string
	Lists    map[string][]string // attributes that are a list of strings
	Groups   map[string]*Group
	Datasets map[string]*Dataset
}

// Dataset is an array of numbers.
type Dataset struct {
	Shape []int  // none for a single number
	Type  string // of its elements: "float16", "float32" or "float64"; of others a word to name them by

	data  []byte
	order binary.ByteOrder // of elements that are numbers to be read, nil for others
}

// NewGroup makes an empty one.
func NewGroup() *Group {
	return &Group{Strings: map[string]string{}, Lists: map[string][]string{},
		Groups: map[string]*Group{}, Datasets: map[string]*Dataset{}}
}

// NewDataset makes one of float32.
func NewDataset(shape []int, values []float32) *Dataset {
	d := &Dataset{Shape: slices.Clone(shape), Type: float32Type, order: binary.LittleEndian, data: make([]byte, 0, 4*len(values))}
	for _, v := range values {
		d.data = binary.LittleEndian.AppendUint32(d.data, math.Float32bits(v))
	}
	return d
}

// Float32 returns the elements, row by row, those of 64 bits rounded. Elements of another type are an error.
func (d *Dataset) Float32() ([]float32, error) {
	if d.order == nil {
		return nil, fmt.Errorf("elements of type %s, want %s", d.Type, float32Type)
	}
	n, err := elements(d.Shape)
	if err != nil {
		return nil, err
	}
	values := make([]float32, n)
	for i := range values {
		switch d.Type {
		case "float16":
			values[i] = half(d.order.Uint16(d.data[2*i:]))
		case float32Type:
			values[i] = math.Float32frombits(d.order.Uint32(d.data[4*i:]))
		default:
			values[i] = float32(math.Float64frombits(d.order.Uint64(d.data[8*i:])))
		}
	}
	return values, nil
}

// half is the number of IEEE's 16 bits: a sign, 5 of exponent with a bias of 15, 10 of mantissa.
func half(b uint16) float32 {
	exponent, mantissa := int(b>>10&31), float64(b&1023)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(mantissa, -24)
	case 31:
		if v = math.Inf(1); mantissa != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+mantissa, exponent-25)
	}
	if b>>15 != 0 {
		v = -v
	}
	return float32(v)
}

// Group finds a group below g by its path, "layers/dense"; nil if there is none.
func (g *Group) Group(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if g = g.Groups[name]; g == nil {
			return nil
		}
	}
	return g
}

// Dataset finds a dataset below g by its path; nil if there is none.
func (g *Group) Dataset(path string) *Dataset {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		if g = g.Group(path[:i]); g == nil {
			return nil
		}
		path = path[i+1:]
	}
	return g.Datasets[path]
}

// Add puts a dataset at a path below g, in groups that it makes where they are not there.
func (g *Group) Add(path string, d *Dataset) {
	names := strings.Split(path, "/")
	for _, name := range names[:len(names)-1] {
		if g.Groups[name] == nil {
			g.Groups[name] = NewGroup()
		}
		g = g.Groups[name]
	}
	g.Datasets[names[len(names)-1]] = d
}
