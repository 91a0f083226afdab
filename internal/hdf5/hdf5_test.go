package hdf5

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Files that h5py wrote for Keras.
const kerasFiles = "../../gan/exchange/testdata"

func TestReadKerasFile(t *testing.T) {
	root, err := Read(filepath.Join(kerasFiles, "gan_mnist.h5"))
	if err != nil {
		t.Fatal(err)
	}
	if c := root.Strings["model_config"]; !strings.HasPrefix(c, `{"class_name": "Sequential"`) || !strings.HasSuffix(c, "}") {
		t.Errorf("model_config is %q", c)
	}
	weights := root.Group("model_weights")
	if got := weights.Lists["layer_names"]; !slices.Equal(got, []string{"sequential_1", "sequential"}) {
		t.Errorf("layer_names are %q", got)
	}
	names := weights.Group("sequential").Lists["weight_names"]
	if len(names) != 6 || names[0] != "sequential/conv2d/kernel" || names[5] != "sequential/dense/bias" {
		t.Errorf("weight_names are %q", names)
	}
	d := weights.Dataset("sequential/sequential/conv2d_1/kernel")
	if values, err := d.Float32(); err != nil || !slices.Equal(d.Shape, []int{3, 3, 2, 3}) || len(values) != 54 {
		t.Errorf("a kernel of shape %v and %d values (%v)", d.Shape, len(values), err)
	}
	counter := root.Dataset("optimizer_weights/adam_1/iteration")
	if counter == nil || counter.Type != "int32" || len(counter.Shape) != 0 {
		t.Errorf("Adam's counter is %+v", counter)
	} else if _, err := counter.Float32(); err == nil {
		t.Error("read an int32 as float32")
	}
	if weights.Group("none/conv2d") != nil || weights.Dataset("none/kernel") != nil || weights.Dataset("sequential") != nil {
		t.Error("found what is not there")
	}
	// Both files, of other structure and with more in a group than one node holds, have the same values.
	other, err := Read(filepath.Join(kerasFiles, "gan.weights.h5"))
	if err != nil {
		t.Fatal(err)
	}
	if same := other.Dataset("layers/sequential_1/layers/conv2d_1/vars/0"); same == nil || !slices.Equal(same.data, d.data) {
		t.Error("save and save_weights differ")
	}
	if n := len(other.Group("optimizer/vars").Datasets); n != 18 {
		t.Errorf("%d variables of Adam, want 18", n)
	}
}

// What Write writes, Read reads; h5py reads it too, see exchange/peers.
func TestRoundTrip(t *testing.T) {
	root := NewGroup()
	root.Strings["empty"], root.Strings["name"] = "", "of the root"
	root.Lists["names"], root.Lists["one"], root.Lists["none"] = []string{"a", "", "longer"}, []string{"b"}, []string{}
	root.Add("scalar", NewDataset(nil, []float32{3}))
	root.Add("nothing", NewDataset([]int{0, 2}, nil))
	for i := range 100 { // over several nodes
		root.Add(fmt.Sprintf("many/below/%d", i), NewDataset([]int{1, 2}, []float32{float32(i), -0.5}))
	}
	path := filepath.Join(t.TempDir(), "a.h5")
	if err := Write(path, root); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	root.Datasets["scalar"].Shape, root.Datasets["nothing"].data = []int{}, []byte{}
	if !reflect.DeepEqual(got, root) {
		t.Errorf("got %+v, want %+v", got, root)
	}
}

// Groups of more members than Write takes have trees of several levels.
func TestReadDeepTree(t *testing.T) {
	root := NewGroup()
	root.Add("a", NewDataset([]int{2}, []float32{1, 2}))
	data, err := encode(root)
	if err != nil {
		t.Fatal(err)
	}
	table := le.Uint64(data[64:]) + objectPrefix + messagePrefix // the address of the root's tree
	node := append([]byte("TREE"), 0, 1, 1, 0)                   // level 1, one child
	node = le.AppendUint64(le.AppendUint64(node, undefined), undefined)
	for _, v := range []uint64{0, le.Uint64(data[table:]), 8} {
		node = le.AppendUint64(node, v)
	}
	le.PutUint64(data[table:], uint64(len(data)))
	got, err := Decode(append(data, node...))
	if err != nil || !reflect.DeepEqual(got, root) {
		t.Errorf("got %+v (%v), want %+v", got, err, root)
	}
}

func TestWriteRefused(t *testing.T) {
	many := NewGroup()
	for i := range 257 {
		many.Add(fmt.Sprint("group/", i), NewDataset(nil, []float32{1}))
	}
	long := NewGroup()
	long.Strings["long"] = strings.Repeat("x", 1<<16)
	odd := NewGroup()
	odd.Datasets["odd"] = &Dataset{Shape: []int{2}, Type: float32Type, data: make([]byte, 4)}
	other := NewGroup()
	other.Datasets["other"] = &Dataset{Type: "int32", data: make([]byte, 4)}
	for want, g := range map[string]*Group{"group/a group of 257 members": many, "an attribute of": long, "odd: 4 bytes for shape [2]": odd, "other: elements of type int32": other} {
		path := filepath.Join(t.TempDir(), "a.h5")
		if err := Write(path, g); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want the path and %q", err, want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: left a file", want)
		}
	}
}

func TestReadDamaged(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(kerasFiles, "gan_mnist.h5"))
	if err != nil {
		t.Fatal(err)
	}
	altered := func(at int, b ...byte) []byte {
		c := slices.Clone(whole)
		copy(c[at:], b)
		return c
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "not an HDF5 file"},
		"another format":    {[]byte(strings.Repeat("PK", 100)), "not an HDF5 file"},
		"truncated":         {whole[:len(whole)-1], "truncated: 53247 of 53248 bytes"},
		"latest superblock": {altered(8, 3), "latest format"},
		"short offsets":     {altered(13, 4), "4-byte offsets"},
		"root outside":      {altered(64, 0xff, 0xff, 0xff), "damaged: object header"},
		"root no object":    {altered(64, 0), "damaged: no object header"},
	} {
		path := filepath.Join(t.TempDir(), "damaged.h5")
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want the path and %q", name, err, c.want)
		}
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("read a folder")
	}
	// A byte changed anywhere is an error or another value, never a panic or a loop.
	for at := 0; at < len(whole); at += 13 {
		b := whole[at]
		whole[at] ^= 0xff
		_, _ = Decode(whole)
		whole[at] = b
	}
}

// Numbers of each size and order, as the library stores them.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		kind string
		size int
		big  byte
		data string
		want []float32
	}{
		{"float32", 4, 0, "\x00\x00\x80\x3f\x00\x00\x00\xc0", []float32{1, -2}},
		{"float32", 4, 1, "\x3f\x80\x00\x00\xc0\x00\x00\x00", []float32{1, -2}},
		{"float64", 8, 0, "\x00\x00\x00\x00\x00\x00\xf0\x3f\x9a\x99\x99\x99\x99\x99\xb9\x3f", []float32{1, 0.1}},
		{"float64", 8, 1, "\x3f\xf0\x00\x00\x00\x00\x00\x00\x7f\xe0\x00\x00\x00\x00\x00\x00", []float32{1, float32(math.Inf(1))}},
		{"float16", 2, 0, "\x00\x3c\x01\x80", []float32{1, -1.0 / (1 << 24)}},
		{"float16", 2, 1, "\x7b\xff\xfc\x00", []float32{65504, float32(math.Inf(-1))}},
	} {
		message := slices.Clone(ieee[c.size])
		message[1] |= c.big
		kind, err := datatypeOf(message)
		if err != nil || kind.name != c.kind || kind.size != c.size {
			t.Errorf("%v: %+v, %v", c, kind, err)
			continue
		}
		d := Dataset{Shape: []int{2}, Type: kind.name, data: []byte(c.data), order: kind.order}
		if got, err := d.Float32(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c, got, err)
		}
		message[12]++ // the exponent lies elsewhere
		if kind, err := datatypeOf(message); err != nil || kind.order != nil {
			t.Errorf("%v, with the exponent elsewhere: %+v, %v", c, kind, err)
		}
	}
}
