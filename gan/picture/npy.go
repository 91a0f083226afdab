package picture

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"gangpu/internal/atomicfile"
)

// SaveNPY makes or replaces the file at path with an array in NumPy's format: float32 of a shape of two or more dimensions.
func SaveNPY(path string, shape []int, values []float32) error {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != len(values) {
		return fmt.Errorf("writing %s: %d numbers do not fit the shape %v", path, len(values), shape)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return writeNPY(w, shape, values) })
}

// writeNPY writes version 1.0 of the format: a magic string, the length of a
// header that is a Python dictionary, padded so that the data begin at a multiple of 64 bytes.
func writeNPY(w io.Writer, shape []int, values []float32) error {
	const before = 10 // magic, version and length
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dims)
	header += strings.Repeat(" ", (64-(before+len(header)+1)%64)%64) + "\n"
	if _, err := io.WriteString(w, "\x93NUMPY\x01\x00"); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint16(len(header))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, header); err != nil {
		return err
	}
	// A part at a time: binary.Write copies what it writes.
	for part := range slices.Chunk(values, 1<<16) {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}
