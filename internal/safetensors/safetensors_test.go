package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func tensor[T Number](t *testing.T, name string, shape []int, v []T) Tensor {
	t.Helper()
	x, err := New(name, shape, v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func example(t *testing.T) *File {
	return &File{
		Metadata: map[string]string{"format": "test", "a \"quoted\"": "<héllo>"},
		Tensors: []Tensor{
			tensor(t, "d", []int{2}, []float64{math.Pi, -math.MaxFloat64}),
			tensor(t, "i", []int{1, 2}, []int64{math.MinInt64, 7}),
			tensor(t, "u", []int{}, []uint64{math.MaxUint64}),
			tensor(t, "w/kernel", []int{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 1e-45}),
			tensor(t, "step", []int{1}, []uint32{math.MaxUint32}),
			tensor(t, "nothing", []int{0, 5}, []float32{}),
			tensor(t, "pixels", []int{3}, []uint8{0, 128, 255}),
		},
	}
}

func encode(t *testing.T, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(data []byte) (*File, error) { return Decode(bytes.NewReader(data), int64(len(data))) }

func TestRoundTrip(t *testing.T) {
	want := example(t)
	path := filepath.Join(t.TempDir(), "f.safetensors")
	if err := Write(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	w, err := got.Tensor("w/kernel")
	if err != nil {
		t.Fatal(err)
	}
	v, err := Values[float32](w)
	if err != nil || v[2] != 3.5 || !math.IsInf(float64(v[4]), 1) || v[5] != 1e-45 {
		t.Errorf("values %v (%v)", v, err)
	}
	if _, err := Values[uint32](w); err == nil || !strings.Contains(err.Error(), `"w/kernel" is F32, want U32`) {
		t.Errorf("reading floats as integers: %v", err)
	}
	if _, err := got.Tensor("absent"); err == nil || !strings.Contains(err.Error(), `"absent"`) {
		t.Errorf("absent tensor: %v", err)
	}
	d, err := got.Tensors[0].Float64s()
	if err != nil || d[0] != math.Pi {
		t.Errorf("float64 values %v (%v)", d, err)
	}
}

// Others read the file by its bytes, so the test writes them out.
func TestEncodedBytes(t *testing.T) {
	f := &File{Metadata: map[string]string{"b": "2", "a": "1"}, Tensors: []Tensor{
		tensor(t, "narrow", []int{2}, []uint8{1, 2}), tensor(t, "wide", []int{1}, []float32{1})}}
	header := `{"__metadata__":{"a":"1","b":"2"},"wide":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},` +
		`"narrow":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(want, header...)
	want = append(want, 0, 0, 0x80, 0x3f, 1, 2)
	for range 3 {
		if got := encode(t, f); !bytes.Equal(got, want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}

// The checksum is of the content, in any order of the tensors: other libraries have their own.
func TestChecksum(t *testing.T) {
	a, b := tensor(t, "a", []int{2}, []float32{1, 2}), tensor(t, "b", []int{1}, []float32{3})
	sum := func(f *File) string {
		s, err := f.Checksum("sum")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	f := &File{Metadata: map[string]string{"k": "v"}, Tensors: []Tensor{a, b}}
	want := sum(f)
	h := sha256.Sum256(encode(t, f))
	if want != hex.EncodeToString(h[:]) {
		t.Errorf("sum %s, that of the file is %x", want, h)
	}
	f.Metadata["sum"] = want
	f.Tensors = []Tensor{b, a}
	if got := sum(f); got != want {
		t.Errorf("in another order, with its own sum: %s, want %s", got, want)
	}
	a.Shape = []int{2, 1}
	for what, other := range map[string]*File{
		"metadata": {Metadata: map[string]string{"k": "w"}, Tensors: f.Tensors},
		"a shape":  {Metadata: f.Metadata, Tensors: []Tensor{a, b}},
		"a name":   {Metadata: f.Metadata, Tensors: []Tensor{f.Tensors[1], tensor(t, "c", []int{1}, []float32{3})}},
		"a value":  {Metadata: f.Metadata, Tensors: []Tensor{f.Tensors[1], tensor(t, "b", []int{1}, []float32{4})}},
	} {
		if sum(other) == want {
			t.Errorf("another %s has the same sum", what)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	ok := tensor(t, "w", []int{2}, []float32{1, 2})
	short, unknown, reserved := ok, ok, ok
	short.Data = short.Data[:7]
	unknown.DType = "F128"
	reserved.Name = "__metadata__"
	for name, tensors := range map[string][]Tensor{
		"twice": {ok, ok}, "short": {short}, "unknown type": {unknown}, "reserved name": {reserved},
	} {
		err := (&File{Tensors: tensors}).Encode(new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), tensors[0].Name) {
			t.Errorf("%s: %v, want an error that names the tensor", name, err)
		}
	}
	if _, err := New("w", []int{3}, []float32{1, 2}); err == nil {
		t.Error("2 values of shape [3] were accepted")
	}
}

func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestDamaged(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "too few"},
		"huge header":       {binary.LittleEndian.AppendUint64(nil, MaxHeader+1), "100000001 bytes"},
		"negative length":   {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "not a safetensors file"},
		"header cut":        {raw(`{`+a+`}`, 8)[:20], "truncated"},
		"header empty":      {raw(``, 0), "not a JSON object"},
		"header a list":     {raw(`[]`, 0), "not a JSON object"},
		"header not closed": {raw(`{`+a, 8), "header"},
		"header and more":   {raw(`{}{}`, 0), "more than"},
		"not UTF-8":         {raw("{\"\xff\":1}", 0), "UTF-8"},
		"data cut":          {raw(`{`+a+`}`, 7), `tensor "a": truncated`},
		"data beyond":       {raw(`{`+a+`}`, 9), "1 trailing bytes"},
		"name twice":        {raw(`{`+a+`,`+a+`}`, 8), `"a" twice`},
		"key twice":         {raw(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"dtype" twice`},
		"key in capitals":   {raw(`{"a":{"Dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"Dtype"`},
		"no shape":          {raw(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, 8), `tensor "a": dtype, shape or data_offsets is missing`},
		"shape null":        {raw(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}`, 4), `tensor "a": null`},
		"dimension null":    {raw(`{"a":{"dtype":"F32","shape":[null],"data_offsets":[0,0]}}`, 0), `tensor "a": null`},
		"shape negative":    {raw(`{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}`, 8), `tensor "a"`},
		"shape fractional":  {raw(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}`, 8), `tensor "a"`},
		"shape overflows":   {raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), `tensor "a": shape`},
		"dimension huge":    {raw(`{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,0]}}`, 0), `tensor "a": shape`},
		"unknown type":      {raw(`{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}`, 8), `unknown type "F31"`},
		"three offsets":     {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), "3 data_offsets"},
		"offsets reversed":  {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), `tensor "a": offsets`},
		"offsets too short": {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), `tensor "a": offsets`},
		"offsets overflow":  {raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[18446744073709551615,18446744073709551615]}}`, 0), `tensor "a": truncated`},
		"overlap":           {raw(`{`+a+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), `tensor "b": its data at byte 4 overlaps`},
		"hole":              {raw(`{`+a+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}`, 20), `tensor "b": 4 unused bytes`},
		"metadata number":   {raw(`{"__metadata__":{"k":1}}`, 0), "header"},
		"metadata null":     {raw(`{"__metadata__":{"k":null}}`, 0), "null"},
		"metadata a list":   {raw(`{"__metadata__":[]}`, 0), "object"},
	} {
		path := filepath.Join(t.TempDir(), "damaged.safetensors")
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error with the path and %q", name, err, c.want)
		}
	}
}

func TestReadNoFile(t *testing.T) {
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("read a folder")
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

// Whatever the bytes, Decode returns; what it accepts, Encode writes and Decode reads again.
func FuzzDecode(f *testing.F) {
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"}}`, 8))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}`, 9))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}`, 0))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := decode(data)
		if err != nil {
			return
		}
		second, err := decode(encode(t, first))
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if len(second.Tensors) != len(first.Tensors) || !reflect.DeepEqual(second.Metadata, first.Metadata) {
			t.Fatalf("got %+v, want %+v", second, first)
		}
		for _, want := range first.Tensors {
			got, err := second.Tensor(want.Name)
			if err != nil || !reflect.DeepEqual(*got, want) {
				t.Fatalf("got %+v (%v), want %+v", got, err, want)
			}
		}
	})
}

// A file written by the format's own library, where it is to be had.
func TestReferenceFile(t *testing.T) {
	path := os.Getenv("GANGPU_REFERENCE")
	if path == "" {
		t.Skip("GANGPU_REFERENCE names no reference file")
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata["format"]; got != "gangpu-reference-step/1" {
		t.Errorf("format %q", got)
	}
	k, err := f.Tensor("generator/dense/kernel")
	if err != nil || len(k.Shape) != 2 || k.DType != F32 || k.Len()*4 != len(k.Data) {
		t.Errorf("generator/dense/kernel: %v of %s (%v)", k.Shape, k.DType, err)
	}
}
