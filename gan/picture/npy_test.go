package picture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is written is read again, and so is what numpy.save writes; what does not fit is refused.
func TestReadNPY(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.npy")
	if err := SaveNPY(file, []int{2, 3}, []float32{1, -2, 3.5, 0, 5, 1e-30}); err != nil {
		t.Fatal(err)
	}
	shape, values, err := ReadNPY(file)
	if err != nil || !slices.Equal(shape, []int{2, 3}) || !slices.Equal(values, []float32{1, -2, 3.5, 0, 5, 1e-30}) {
		t.Errorf("%v %v (%v)", shape, values, err)
	}

	header := "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
	numpy := func(version byte, header string, data string) string {
		header += strings.Repeat(" ", 117-len(header)) + "\n"
		length := "\x76\x00"
		if version > 1 {
			length = "\x76\x00\x00\x00"
		}
		return "\x93NUMPY" + string(rune(version)) + "\x00" + length + header + data
	}
	const two = "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x04\xc0" // 1 and -2.5
	for content, want := range map[string]string{
		numpy(1, header, two): "", numpy(2, header, two): "",
		numpy(1, header, two[1:]):                                                     "does not fit its 15 bytes",
		numpy(1, strings.Replace(header, "<f8", ">f8", 1), two):                       "its numbers are >f8",
		numpy(1, strings.Replace(header, "False", "True", 1), two):                    "in Fortran's order",
		numpy(1, strings.Replace(header, "(2,)", "()", 1), two):                       "its shape () does not fit",
		numpy(1, strings.Replace(header, "(2,)", "(9223372036854775807, 9)", 1), two): "does not fit",
		numpy(1, "{'descr': [('x', '<f4')]}", two):                                    "its header is",
		numpy(1, header, two)[:40]:                                                    "ends within its header",
		"PNG":                                                                         "no array in NumPy's format",
	} {
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		shape, values, err := ReadNPY(file)
		if want == "" {
			if err != nil || !slices.Equal(shape, []int{2}) || !slices.Equal(values, []float32{1, -2.5}) {
				t.Errorf("%v %v (%v)", shape, values, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
