package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"gangpu/internal/hostmemory"
)

// metadataKey is the header's entry that is no tensor.
const metadataKey = "__metadata__"

// Read reads the file at path. Errors name it.
func Read(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("reading %s: not a regular file", path)
	}
	if err := hostmemory.Check("reading "+path, 2*uint64(info.Size())); err != nil {
		return nil, err
	}
	f, err := Decode(r, info.Size())
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return f, nil
}

// Decode reads a file of size bytes from r.
func Decode(r io.Reader, size int64) (*File, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("not a safetensors file: %d bytes are too few", size)
	}
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, fmt.Errorf("reading the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > MaxHeader {
		return nil, fmt.Errorf("not a safetensors file: a header of %d bytes, at most %d are allowed", n, MaxHeader)
	}
	rest := size - int64(len(prefix))
	if int64(n) > rest {
		return nil, fmt.Errorf("truncated: a header of %d bytes, but only %d follow", n, rest)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	f, spans, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := f.layOut(spans, uint64(rest)-n); err != nil {
		return nil, err
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		t.Data = make([]byte, t.Len()*t.DType.Size())
		if _, err := io.ReadFull(r, t.Data); err != nil {
			return nil, fmt.Errorf("tensor %q: reading its data: %w", t.Name, err)
		}
	}
	return f, nil
}

// span is where a tensor's data lies, in bytes after the header.
type span struct{ begin, end uint64 }

// layOut sorts the tensors by their data and reports the first whose place is wrong: together
// they must cover size bytes exactly once.
func (f *File) layOut(spans map[string]span, size uint64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		x, y := spans[a.Name], spans[b.Name]
		return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end))
	})
	var at uint64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		s := spans[t.Name]
		n := t.Len()
		switch {
		case n < 0:
			return fmt.Errorf("tensor %q: shape %v is too large", t.Name, t.Shape)
		case s.end < s.begin || s.end-s.begin != uint64(n)*uint64(t.DType.Size()):
			return fmt.Errorf("tensor %q: offsets [%d, %d) do not hold %d elements of %s", t.Name, s.begin, s.end, n, t.DType)
		case s.end > size:
			return fmt.Errorf("tensor %q: truncated: its data ends at byte %d of %d", t.Name, s.end, size)
		case s.begin < at:
			return fmt.Errorf("tensor %q: its data at byte %d overlaps the tensor before it", t.Name, s.begin)
		case s.begin > at:
			return fmt.Errorf("tensor %q: %d unused bytes before its data", t.Name, s.begin-at)
		}
		at = s.end
	}
	if at != size {
		return fmt.Errorf("%d trailing bytes after the last tensor", size-at)
	}
	return nil
}

func parseHeader(header []byte) (*File, map[string]span, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("not a JSON object")
	}
	if !utf8.Valid(header) {
		return nil, nil, errors.New("not UTF-8")
	}
	f := &File{Metadata: map[string]string{}}
	spans := map[string]span{}
	d := json.NewDecoder(bytes.NewReader(header))
	err := object(d, func(key string) error {
		if key == metadataKey {
			return object(d, func(key string) error {
				v, err := value[string](d)
				f.Metadata[key] = v
				return err
			})
		}
		t, s, err := parseTensor(d, key)
		f.Tensors = append(f.Tensors, t)
		spans[key] = s
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("more than a JSON object")
	}
	return f, spans, nil
}

func parseTensor(d *json.Decoder, name string) (Tensor, span, error) {
	t := Tensor{Name: name}
	var s span
	seen := 0
	err := object(d, func(key string) (err error) {
		seen++
		switch key {
		case "dtype":
			t.DType, err = value[DType](d)
			if err == nil && t.DType.Size() == 0 {
				err = fmt.Errorf("unknown type %q", t.DType)
			}
		case "shape":
			var shape []uint64
			shape, err = value[[]uint64](d)
			t.Shape = make([]int, len(shape))
			for i, v := range shape {
				t.Shape[i] = int(v) // negative if too large, which Len reports
			}
		case "data_offsets":
			var o []uint64
			o, err = value[[]uint64](d)
			if err == nil && len(o) != 2 {
				return fmt.Errorf("%d data_offsets, want 2", len(o))
			}
			if err == nil {
				s = span{o[0], o[1]}
			}
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		return err
	})
	if err == nil && seen != 3 {
		err = errors.New("dtype, shape or data_offsets is missing")
	}
	if err != nil {
		return t, s, fmt.Errorf("tensor %q: %w", name, err)
	}
	return t, s, nil
}

// object reads a JSON object from d, calling member at each value. encoding/json itself would
// let the last of several equal keys win and fold the case of others.
func object(d *json.Decoder, member func(key string) error) error {
	open, err := d.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("%v where an object was expected", open)
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key := token.(string) // a decoder gives nothing else before a colon
		if seen[key] {
			return fmt.Errorf("key %q twice", key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// value reads a JSON value that may not be, or be a list that holds, null.
func value[T any](d *json.Decoder) (T, error) {
	var v T
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return v, err
	}
	if bytes.HasPrefix(raw, []byte("null")) || raw[0] == '[' && bytes.Contains(raw, []byte("null")) {
		return v, errors.New("null where a value was expected")
	}
	return v, json.Unmarshal(raw, &v)
}
