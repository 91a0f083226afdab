package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// dataset reads a dataset by its layout message (IV.A.2.i).
func (r *reader) dataset(messages []headerMessage, layout []byte) (*Dataset, error) {
	d := &Dataset{Type: "unknown"}
	size := 0
	for _, m := range messages {
		var err error
		switch m.kind {
		case messageDataspace:
			d.Shape, err = shapeOf(m.data)
		case messageDatatype:
			var t datatype
			if t, err = datatypeOf(m.data); err == nil {
				d.Type, d.order, size = t.name, t.order, t.size
			}
		}
		if err != nil {
			return nil, err
		}
	}
	n, err := elements(d.Shape)
	if err != nil {
		return nil, err
	}
	want := uint64(n) * uint64(size)
	const compact, contiguous = 0, 1
	switch {
	case len(layout) < 4 || layout[0] != 3:
		return nil, errLatest
	case layout[1] == compact:
		d.data = layout[4:]
	case layout[1] == contiguous && len(layout) >= 18:
		at, length := le.Uint64(layout[2:]), le.Uint64(layout[10:])
		if at == undefined {
			if want > 0 {
				return nil, errors.New("a dataset that was never written")
			}
			break
		}
		if d.data, err = r.bytes(at, length, "data"); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("a dataset in chunks, which is not supported: write it without chunks and compression")
	}
	if uint64(len(d.data)) < want {
		return nil, fmt.Errorf("damaged: %d bytes for shape %v of %s", len(d.data), d.Shape, d.Type)
	}
	d.data = d.data[:want]
	return d, nil
}

// elements is the number of elements of an array of that shape.
func elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= d
	}
	return n, nil
}

// shapeOf reads a dataspace message (IV.A.2.b).
func shapeOf(b []byte) ([]int, error) {
	if len(b) < 8 || b[0] != 1 && b[0] != 2 {
		return nil, errors.New("damaged: a dataspace message")
	}
	rank, null := int(b[1]), b[0] == 2 && b[3] == 2
	if null {
		return []int{0}, nil
	}
	if b = b[map[byte]int{1: 8, 2: 4}[b[0]]:]; len(b) < 8*rank {
		return nil, errors.New("damaged: a dataspace message is too short")
	}
	shape := make([]int, rank)
	for i := range shape {
		d := le.Uint64(b[8*i:])
		if d > math.MaxInt32 {
			return nil, fmt.Errorf("a dimension of %d is too large", d)
		}
		shape[i] = int(d)
	}
	return shape, nil
}

type datatype struct {
	class byte
	size  int
	name  string
	order binary.ByteOrder // of IEEE numbers
	text  bool             // strings, of a fixed or variable length
	space bool             // padded by spaces instead of zeros
}

// datatypeOf reads a datatype message (IV.A.2.d).
func datatypeOf(b []byte) (datatype, error) {
	if len(b) < 8 {
		return datatype{}, errors.New("damaged: a datatype message is too short")
	}
	t := datatype{class: b[0] & 15, size: int(le.Uint32(b[4:]) & math.MaxInt32)}
	const variableString, spacePadded = 1, 2
	switch t.class {
	case classInteger:
		t.name = fmt.Sprintf("int%d", 8*t.size)
	case classFloat:
		t.name = fmt.Sprintf("float%d", 8*t.size)
		want := ieee[t.size]
		if len(b) < len(want) || want == nil || b[1]&^1 != want[1] || !bytes.Equal(b[2:len(want)], want[2:]) {
			t.name += " that is not IEEE's"
			break
		}
		t.order = binary.LittleEndian
		if b[1]&1 != 0 {
			t.order = binary.BigEndian
		}
	case classString:
		t.name, t.text, t.space = "string", true, b[1]&15 == spacePadded
	case classVariableLength:
		t.name, t.text = "variable length", b[1]&15 == variableString
	default:
		t.name = fmt.Sprintf("class %d", t.class)
	}
	return t, nil
}

// attribute adds an attribute (IV.A.2.m) to g if it consists of strings. Version 1 pads its parts
// to multiples of 8 bytes; version 3 tells the encoding of its name.
func (r *reader) attribute(g *Group, b []byte) error {
	damaged := errors.New("damaged: an attribute message")
	if len(b) < 9 || b[0] < 1 || b[0] > 3 {
		return damaged
	}
	if b[0] > 1 && b[1] != 0 {
		return errors.New("an attribute of a shared type, which is not supported")
	}
	version, rest := b[0], b[8:]
	if version == 3 {
		rest = rest[1:]
	}
	var parts [3][]byte // name, datatype, dataspace
	for i := range parts {
		size := int(le.Uint16(b[2+2*i:]))
		stored := size
		if version == 1 {
			stored = (size + 7) &^ 7
		}
		if stored > len(rest) {
			return damaged
		}
		parts[i], rest = rest[:size], rest[stored:]
	}
	name := strings.TrimRight(string(parts[0]), "\x00")
	t, err := datatypeOf(parts[1])
	if err != nil {
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	if !t.text {
		return nil
	}
	shape, err := shapeOf(slices.Concat(parts[2], make([]byte, 8))) // a scalar of version 2 has 4 bytes
	if err != nil {
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	n, err := elements(shape)
	if err != nil || t.size == 0 || n > len(rest)/t.size {
		return damaged
	}
	values := make([]string, n)
	for i := range values {
		if values[i], err = r.text(t, rest[i*t.size:][:t.size]); err != nil {
			return fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	if len(shape) == 0 {
		g.Strings[name] = values[0]
	} else {
		g.Lists[name] = values
	}
	return nil
}

// text is a string as an attribute stores it. One of variable length lies in a global heap (III.E):
// the attribute has its length, the address of a collection and its index there.
func (r *reader) text(t datatype, b []byte) (string, error) {
	if t.class == classString {
		s := untilZero(b)
		if t.space {
			s = strings.TrimRight(s, " ")
		}
		return s, nil
	}
	if len(b) < 16 {
		return "", errors.New("damaged: a reference into a global heap")
	}
	length, at, index := uint64(le.Uint32(b)), le.Uint64(b[4:]), le.Uint32(b[12:])
	if length == 0 {
		return "", nil
	}
	const prefix = 16 // of a collection, and of an object in it
	header, err := r.signed(at, prefix, "GCOL", "global heap")
	if err != nil {
		return "", err
	}
	heap, err := r.bytes(at, le.Uint64(header[8:]), "global heap")
	if err != nil {
		return "", err
	}
	for p := uint64(prefix); p+prefix <= uint64(len(heap)); {
		found, size := le.Uint16(heap[p:]), le.Uint64(heap[p+8:])
		p += prefix
		if found == 0 || size > uint64(len(heap))-p {
			break
		}
		if uint32(found) == index && length <= size {
			return untilZero(heap[p:][:length]), nil
		}
		p += (size + 7) &^ 7
	}
	return "", fmt.Errorf("damaged: the global heap at byte %d has no object %d of %d bytes", at, index, length)
}

// untilZero is a string as C has it, which the library is written in.
func untilZero(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
