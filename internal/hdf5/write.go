package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"gangpu/internal/atomicfile"
)

// Write makes or replaces the file at path, whole or not at all. Errors name it. Equal groups give
// equal bytes.
func Write(path string, root *Group) error {
	data, err := encode(root)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

var le = binary.LittleEndian

// writer appends what a file consists of. An object is added after all that it points to.
type writer struct {
	data []byte
}

// add appends b and returns its address.
func (w *writer) add(b []byte) uint64 {
	at := uint64(len(w.data))
	w.data = padded(append(w.data, b...))
	return at
}

// padded fills up to a multiple of 8 bytes.
func padded(b []byte) []byte { return append(b, make([]byte, -len(b)&7)...) }

// encode lays out a file: the superblock (II.A, version 0), then everything else.
func encode(root *Group) ([]byte, error) {
	w := &writer{data: make([]byte, superblockSize)}
	at, err := w.group(root)
	if err != nil {
		return nil, err
	}
	b := append(w.data[:0:0], signature...)
	b = append(b, 0, 0, 0, 0, 0, 8, 8, 0) // versions; 8 bytes an offset and a length
	b = le.AppendUint16(b, leafK)
	b = le.AppendUint16(b, internalK)
	b = le.AppendUint32(b, 0)
	for _, address := range []uint64{0, undefined, uint64(len(w.data)), undefined} { // base, free space, end, driver
		b = le.AppendUint64(b, address)
	}
	copy(w.data, appendEntry(b, 0, at))
	return w.data, nil
}

// appendEntry adds a symbol table entry (III.C) that caches nothing.
func appendEntry(b []byte, name, header uint64) []byte {
	b = le.AppendUint64(b, name)
	b = le.AppendUint64(b, header)
	return append(b, make([]byte, symbolEntry-16)...)
}

// group adds a group with all that is below it and returns the address of its object header.
func (w *writer) group(g *Group) (uint64, error) {
	headers := map[string]uint64{}
	for _, name := range slices.Sorted(maps.Keys(g.Groups)) {
		at, err := w.group(g.Groups[name])
		if err != nil {
			return 0, fmt.Errorf("%s/%w", name, err)
		}
		headers[name] = at
	}
	for _, name := range slices.Sorted(maps.Keys(g.Datasets)) {
		at, err := w.dataset(g.Datasets[name])
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		headers[name] = at
	}
	if n, most := len(headers), 2*leafK*2*internalK; n > most {
		return 0, fmt.Errorf("a group of %d members, at most %d are supported", n, most)
	}
	tree, heap := w.symbolTable(headers)
	messages := [][]byte{message(messageSymbolTable, le.AppendUint64(le.AppendUint64(nil, tree), heap))}
	for _, name := range slices.Sorted(maps.Keys(g.Strings)) {
		value := g.Strings[name]
		messages = append(messages, attribute(name, len(value), dataspace(nil), []byte(value)))
	}
	for _, name := range slices.Sorted(maps.Keys(g.Lists)) {
		size := 1
		for _, value := range g.Lists[name] {
			size = max(size, len(value))
		}
		var data []byte
		for _, value := range g.Lists[name] {
			data = append(append(data, value...), make([]byte, size-len(value))...)
		}
		messages = append(messages, attribute(name, size, dataspace([]int{len(g.Lists[name])}), data))
	}
	return w.object(messages)
}

// symbolTable adds what finds a group's members by name: a local heap of the names (III.D),
// symbol table nodes of entries sorted by name (III.B), and one node of a B-tree over these
// (III.A.1), whose keys are the last names of its children. Nodes take their full size.
func (w *writer) symbolTable(headers map[string]uint64) (tree, heap uint64) {
	names := make([]byte, 8) // the name of length 0
	node := append([]byte("TREE"), 0, 0)
	node = le.AppendUint16(node, uint16((len(headers)+2*leafK-1)/(2*leafK)))
	node = le.AppendUint64(node, undefined) // left and right
	node = le.AppendUint64(node, undefined)
	node = le.AppendUint64(node, 0) // the key before the first child
	for some := range slices.Chunk(slices.Sorted(maps.Keys(headers)), 2*leafK) {
		leaf := append([]byte("SNOD"), 1, 0)
		leaf = le.AppendUint16(leaf, uint16(len(some)))
		var last uint64
		for _, name := range some {
			last = uint64(len(names))
			names = padded(append(append(names, name...), 0))
			leaf = appendEntry(leaf, last, headers[name])
		}
		leaf = append(leaf, make([]byte, nodePrefix+2*leafK*symbolEntry-len(leaf))...)
		node = le.AppendUint64(node, w.add(leaf))
		node = le.AppendUint64(node, last)
	}
	node = append(node, make([]byte, treePrefix+(4*internalK+1)*8-len(node))...)
	tree = w.add(node)

	const noFreeSpace = 1
	b := append([]byte("HEAP"), 0, 0, 0, 0)
	b = le.AppendUint64(b, uint64(len(names)))
	b = le.AppendUint64(b, noFreeSpace)
	b = le.AppendUint64(b, w.add(names))
	return tree, w.add(b)
}

// dataset adds a dataset with its data in one piece and returns the address of its object header.
func (w *writer) dataset(d *Dataset) (uint64, error) {
	if d.Type != float32Type || d.order == binary.BigEndian {
		return 0, fmt.Errorf("elements of type %s, want little-endian %s", d.Type, float32Type)
	}
	if n, err := elements(d.Shape); err != nil || 4*n != len(d.data) {
		return 0, fmt.Errorf("%d bytes for shape %v of %s", len(d.data), d.Shape, d.Type)
	}
	// Version 3, contiguous (IV.A.2.i).
	layout := le.AppendUint64(le.AppendUint64([]byte{3, 1}, w.add(d.data)), uint64(len(d.data)))
	return w.object([][]byte{
		message(messageDataspace, dataspace(d.Shape)),
		message(messageDatatype, float32LE),
		// Version 2: space allocated late, written if set, the default of 0 bytes (IV.A.2.f).
		message(messageFillValue, []byte{2, 2, 2, 1, 0, 0, 0, 0}),
		message(messageLayout, layout),
	})
}

// object adds an object header (IV.A.1.a) of the messages.
func (w *writer) object(messages [][]byte) (uint64, error) {
	b := le.AppendUint16([]byte{1, 0}, uint16(len(messages)))
	b = le.AppendUint32(b, 1) // references
	size := 0
	for _, m := range messages {
		if len(m)-messagePrefix > maxMessage {
			return 0, fmt.Errorf("an attribute of %d bytes, at most %d can be stored", len(m)-messagePrefix, maxMessage)
		}
		size += len(m)
	}
	b = padded(le.AppendUint32(b, uint32(size)))
	return w.add(append(b, slices.Concat(messages...)...)), nil
}

func message(kind uint16, data []byte) []byte {
	data = padded(slices.Clone(data))
	b := le.AppendUint16(le.AppendUint16(nil, kind), uint16(len(data)))
	return append(append(b, 0, 0, 0, 0), data...)
}

// dataspace is a message of version 1 (IV.A.2.b).
func dataspace(shape []int) []byte {
	b := []byte{1, byte(len(shape)), 0, 0, 0, 0, 0, 0}
	for _, d := range shape {
		b = le.AppendUint64(b, uint64(d))
	}
	return b
}

// attribute is a message of version 1 (IV.A.2.m) of strings of size bytes, padded by zeros.
func attribute(name string, size int, space, data []byte) []byte {
	datatype := le.AppendUint32([]byte{1<<4 | classString, 1, 0, 0}, uint32(max(size, 1)))
	if size == 0 {
		data = []byte{0}
	}
	b := []byte{1, 0}
	for _, n := range []int{len(name) + 1, len(datatype), len(space)} {
		b = le.AppendUint16(b, uint16(n))
	}
	for _, part := range [][]byte{append([]byte(name), 0), datatype, space} {
		b = append(b, padded(part)...)
	}
	return message(messageAttribute, append(b, data...))
}
