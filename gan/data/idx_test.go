package data

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// putIDX writes n images of 4x3 pixels, whose first pixel is their number, and their labels if there are any.
func putIDX(t *testing.T, dir, set string, n int, labels []byte) {
	t.Helper()
	header := func(words ...int) []byte {
		var b []byte
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, uint32(w))
		}
		return b
	}
	pixels := make([]byte, n*12)
	for i := range n {
		pixels[i*12] = byte(i)
	}
	for name, content := range map[string][]byte{
		set + "-images-idx3-ubyte": append(header(0x803, n, 4, 3), pixels...),
		set + "-labels-idx1-ubyte": append(header(0x801, len(labels)), labels...),
	} {
		if strings.Contains(name, "labels") && labels == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// A folder of IDX files is a dataset like others; what it lacks is told of.
func TestIDXFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	putIDX(t, dir, "train", 5, []byte{0, 2, 1, 0, 2})
	d := open(t, Options{Folder: dir, Cache: t.TempDir()})
	train := d.Split("train")
	image := train.Field("image")
	if d.Name != "mine" || !d.Ink || len(d.Classes) != 3 || d.Split("test") != nil || image.Count != 5 || image.Height != 4 || image.Width != 3 || image.Channels != 1 {
		t.Errorf("%+v with %+v", d, image)
	}
	if train.Labels[1] != 2 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "without the test images: "+dir+" has no t10k-images") {
		t.Errorf("labels %v, notes %q", train.Labels, d.Notes)
	}
	pixels := make([]byte, 12)
	if err := image.Read(3, pixels); err != nil || pixels[0] != 3 {
		t.Errorf("the fourth image begins with %d (%v)", pixels[0], err)
	}
	sum := d.SHA256
	putIDX(t, dir, "t10k", 2, nil)
	d = open(t, Options{Folder: dir, Width: 6, Height: 6, Channels: 3, Cache: t.TempDir()})
	test := d.Split("test")
	if test == nil || test.Field("image").Size() != 6*6*3 || test.Labels != nil || d.SHA256 == sum || len(d.Notes) != 0 {
		t.Errorf("test images %+v, notes %q", test, d.Notes)
	}
	if _, err := Open(t.Context(), Options{Folder: dir, Layout: Pairs, Cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "is not of the layout pairs") {
		t.Errorf("error is %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "train-images-idx3-ubyte")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Folder: dir, Cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no train-images-idx3-ubyte") {
		t.Errorf("error is %v", err)
	}
}
