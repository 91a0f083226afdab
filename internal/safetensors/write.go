package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"gangpu/internal/atomicfile"
)

// Write makes or replaces the file at path, whole or not at all. Errors name it.
func Write(path string, f *File) error {
	return atomicfile.Write(path, func(w io.Writer) error { return f.Encode(w) })
}

// Encode writes f to w. Equal files give equal bytes: the metadata is sorted, and the tensors
// keep their order but for those of wider types coming first, which aligns all data.
func (f *File) Encode(w io.Writer) error {
	tensors := slices.Clone(f.Tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int { return b.DType.Size() - a.DType.Size() })
	header, err := encodeHeader(f.Metadata, tensors)
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		if err := member(&b, metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	at := 0
	for _, t := range tensors {
		size := t.DType.Size()
		switch n := t.Len(); {
		case seen[t.Name]:
			return nil, fmt.Errorf("tensor %q: the name is taken", t.Name)
		case size == 0:
			return nil, fmt.Errorf("tensor %q: unknown type %q", t.Name, t.DType)
		case n < 0 || n*size != len(t.Data):
			return nil, fmt.Errorf("tensor %q: %d bytes for %v of %s", t.Name, len(t.Data), t.Shape, t.DType)
		}
		seen[t.Name] = true
		shape := t.Shape
		if shape == nil {
			shape = []int{} // null is no shape
		}
		if err := member(&b, t.Name, struct {
			DType   DType  `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType, shape, [2]int{at, at + len(t.Data)}}); err != nil {
			return nil, err
		}
		at += len(t.Data)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > MaxHeader {
		return nil, fmt.Errorf("the header has %d bytes, at most %d are allowed", b.Len(), MaxHeader)
	}
	return b.Bytes(), nil
}

// member appends "key":value to a JSON object.
func member(b *bytes.Buffer, key string, value any) error {
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	k, err := json.Marshal(key)
	if err != nil {
		return err
	}
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	b.Write(k)
	b.WriteByte(':')
	b.Write(v)
	return nil
}
