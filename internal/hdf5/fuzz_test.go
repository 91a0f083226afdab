package hdf5

import (
	"embed"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

//go:embed testdata/*.h5
var libraryFiles embed.FS

// fuzzBases are whole files: those that h5py wrote, and one of the writer.
func fuzzBases(t testing.TB) (bases [][]byte) {
	t.Helper()
	add := func(data []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		bases = append(bases, data)
	}
	entries, err := libraryFiles.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		add(libraryFiles.ReadFile("testdata/" + e.Name()))
	}
	add(os.ReadFile(filepath.Join(kerasFiles, "keras-2.0.5.h5")))
	root := NewGroup()
	root.Strings["model_config"], root.Lists["layer_names"] = "{}", []string{"a", "bc"}
	root.Add("a/b/c", NewDataset([]int{2, 1}, []float32{1, 2}))
	root.Add("a/d", NewDataset(nil, []float32{3}))
	add(encode(root))
	return bases
}

// An edit changes a file in a place where it stays one: 6 bytes say which, how, and to what.
const editLen = 6

// apply makes the edits of a script in a copy of a file. Bytes at random end at the first checks of the reader; a
// whole file with some bytes changed, addresses exchanged and structures copied over others goes deep.
func apply(base, script []byte) []byte {
	data := append([]byte(nil), base...)
	for ; len(script) >= editLen && len(data) >= 16; script = script[editLen:] {
		at, how, value := int(le.Uint16(script))%(len(data)-8), script[2], uint64(le.Uint16(script[4:]))
		word := at &^ 7 // where addresses and structures begin
		other := int(value*8) % (len(data) - 8) &^ 7
		switch how % 10 {
		case 0:
			data[at] = byte(value)
		case 1:
			data[at] ^= 1 << (value & 7)
		case 2:
			le.PutUint16(data[at&^1:], uint16(value))
		case 3:
			le.PutUint32(data[at&^3:], uint32(value))
		case 4:
			le.PutUint64(data[word:], value)
		case 5: // an address, of anything in the file
			le.PutUint64(data[word:], uint64(other))
		case 6: // an address or length from elsewhere
			copy(data[word:word+8], data[other:])
		case 7: // a structure from elsewhere
			copy(data[word:], append([]byte(nil), data[other:min(other+int(script[3]), len(data))]...))
		case 8: // nearly the largest
			le.PutUint64(data[word:], -value)
		case 9: // the end is missing, and that is known
			data = data[:max(superblockSize, at)]
			le.PutUint64(data[40:], uint64(len(data)))
		}
	}
	return data
}

// Whatever is done to a file, Decode returns, with an error or with what can be read.
func FuzzDecode(f *testing.F) {
	bases := fuzzBases(f)
	for i := range bases {
		f.Add(uint8(i), []byte{})
		for how := range byte(10) {
			f.Add(uint8(i), []byte{byte(40 * how), byte(i), how, 64, 17, 1, 24, 2, how, 8, 0, byte(how)})
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, script []byte) {
		root, err := Decode(apply(bases[int(i)%len(bases)], script))
		if err != nil {
			return
		}
		check(t, root)
		// What is read can be written and read again, but for what the writer has no form for.
		written, err := encode(root)
		if err != nil {
			return
		}
		again, err := Decode(written)
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if len(root.Groups) != len(again.Groups) || len(root.Datasets) != len(again.Datasets) || !reflect.DeepEqual(root.Lists, again.Lists) {
			t.Errorf("read again, %+v is %+v", root, again)
		}
	})
}

// check takes the numbers of all datasets, as who reads weights does.
func check(t *testing.T, g *Group) {
	for name, d := range g.Datasets {
		values, err := d.Float32()
		if n, sizeErr := elements(d.Shape); err == nil && (sizeErr != nil || len(values) != n) {
			t.Errorf("%q of shape %v has %d numbers (%v)", name, d.Shape, len(values), sizeErr)
		}
	}
	for _, inner := range g.Groups {
		check(t, inner)
	}
}

// The files of the library are read, or refused for what they were made with.
func TestReadLibraryFiles(t *testing.T) {
	read := func(name string) (*Group, error) { return Read(filepath.Join("testdata", name)) }
	numbers, err := read("numbers.h5")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f2l", "f4l", "f8l", "f2b", "f4b", "f8b"} {
		if got, err := numbers.Dataset(name).Float32(); err != nil || !reflect.DeepEqual(got, []float32{0, 1, 2}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, want := range map[string][]float32{"scalar": {1.5}, "none": {}, "compact": {1, 1}, "deep/er/matrix": {1, 1, 1, 1, 1, 1}} {
		if got, err := numbers.Dataset(name).Float32(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := numbers.Dataset("i4l").Float32(); err == nil {
		t.Error("integers are read as numbers")
	}
	attributes, err := read("attributes.h5")
	if err != nil {
		t.Fatal(err)
	}
	if s := attributes.Strings; s["variable"] != "of a variable length" || s["fixed"] != "fixed" || len(attributes.Groups) != 4 {
		t.Errorf("%+v", attributes)
	}
	if l := attributes.Lists; !reflect.DeepEqual(l["variables"], []string{"a", "bc", ""}) || !reflect.DeepEqual(l["list"], []string{"a", "bcd"}) {
		t.Errorf("%+v", l)
	}
	if g, err := read("members.h5"); err != nil || len(g.Groups) != 9 {
		t.Errorf("%+v, %v", g, err)
	}
	for _, name := range []string{"chunks.h5", "link.h5"} {
		if _, err := read(name); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}
