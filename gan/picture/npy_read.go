package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"gangpu/internal/hostmemory"
)

// ReadNPY reads an array in NumPy's format: float32 or float64 in the order of C, little-endian. Its shape has one dimension or more.
func ReadNPY(path string) (shape []int, values []float32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("reading %s: not a regular file", path)
	}
	if err := hostmemory.Check("reading "+path, 2*uint64(info.Size())); err != nil {
		return nil, nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if shape, values, err = parseNPY(content); err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return shape, values, nil
}

var npyHeader = regexp.MustCompile(`^\{ *'descr': *'([^']*)', *'fortran_order': *(True|False), *'shape': *\(([0-9, ]*)\),? *\} *\n?$`)

func parseNPY(content []byte) (shape []int, values []float32, err error) {
	const magic = "\x93NUMPY"
	if len(content) < 12 || string(content[:6]) != magic {
		return nil, nil, errors.New("it is no array in NumPy's format")
	}
	at, length := 10, int(binary.LittleEndian.Uint16(content[8:])) // of version 1
	if content[6] > 1 {
		at, length = 12, int(binary.LittleEndian.Uint32(content[8:]))
	}
	if length > len(content)-at {
		return nil, nil, errors.New("it ends within its header")
	}
	match := npyHeader.FindSubmatch(content[at : at+length])
	if match == nil {
		return nil, nil, fmt.Errorf("its header is %.200q", content[at:at+length])
	}
	content = content[at+length:]
	size := map[string]int{"<f4": 4, "<f8": 8}[string(match[1])]
	switch {
	case size == 0:
		return nil, nil, fmt.Errorf("its numbers are %s, want <f4 or <f8: float32 or float64", match[1])
	case string(match[2]) == "True":
		return nil, nil, errors.New("it is in Fortran's order: numpy.ascontiguousarray makes one in that of C")
	}
	n := 1
	for text := range strings.SplitSeq(string(match[3]), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		d, err := strconv.Atoi(text)
		if err != nil || d < 1 || n > len(content)/d {
			return nil, nil, fmt.Errorf("its shape (%s) does not fit its %d bytes", match[3], len(content))
		}
		shape, n = append(shape, d), n*d
	}
	if len(shape) == 0 || n*size != len(content) {
		return nil, nil, fmt.Errorf("its shape (%s) does not fit its %d bytes", match[3], len(content))
	}
	values = make([]float32, n)
	for i := range values {
		if size == 4 {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))
		} else {
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:])))
		}
	}
	return shape, values, nil
}
