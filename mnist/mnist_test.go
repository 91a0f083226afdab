package mnist

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// idx returns an IDX file of unsigned bytes.
func idx(elements []byte, dims ...int64) []byte {
	file := []byte{0, 0, 8, byte(len(dims))}
	for _, dim := range dims {
		file = binary.BigEndian.AppendUint32(file, uint32(dim))
	}
	return append(file, elements...)
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// ramp returns n bytes, no two neighbours equal, that begin with start.
func ramp(n int, start byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = start + byte(7*i)
	}
	return b
}

// small returns the four files, in the order of their parts, of 5 training and 3 test images of 4 x 3 pixels.
func small() [4][]byte {
	return [4][]byte{
		idx(ramp(5*4*3, 1), 5, 4, 3),
		idx([]byte{5, 0, 4, 1, 9}, 5),
		idx(ramp(3*4*3, 2), 3, 4, 3),
		idx([]byte{7, 2, 1}, 3),
	}
}

// dataNames are the names of the official files, in the order of their parts.
var dataNames = [4]string{
	"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
}

func write(t *testing.T, dir string, names [4]string, contents [4][]byte) {
	t.Helper()
	for i, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), contents[i], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func checkSmall(t *testing.T, d *Data) {
	t.Helper()
	files := small()
	if d.Train.Count != 5 || d.Train.Rows != 4 || d.Train.Cols != 3 || d.Test.Count != 3 || d.Test.Rows != 4 || d.Test.Cols != 3 {
		t.Fatalf("shapes: train %d x %d x %d, test %d x %d x %d", d.Train.Count, d.Train.Rows, d.Train.Cols,
			d.Test.Count, d.Test.Rows, d.Test.Cols)
	}
	for i, got := range [4][]byte{d.Train.Images, d.Train.Labels, d.Test.Images, d.Test.Labels} {
		header := 16
		if i%2 == 1 {
			header = 8
		}
		if !bytes.Equal(got, files[i][header:]) {
			t.Errorf("%s: elements %v, want %v", dataNames[i], got, files[i][header:])
		}
	}
	if got, want := d.Train.Image(4), files[0][16+4*12:16+5*12]; !bytes.Equal(got, want) || cap(got) != 12 {
		t.Errorf("image 4: %v (cap %d), want %v (cap 12)", got, cap(got), want)
	}
}

func TestOpenDir(t *testing.T) {
	plain, packed := small(), small()
	for i := range packed {
		packed[i] = gzipped(packed[i])
	}
	for name, c := range map[string]struct {
		names    [4]string
		contents [4][]byte
	}{
		"gzipped": {dataNames, packed},
		"plain": {[4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
			"t10k-labels-idx1-ubyte"}, plain},
		"dots": {[4]string{"train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz",
			"t10k-labels.idx1-ubyte"}, [4][]byte{plain[0], packed[1], packed[2], plain[3]}},
		"names that lie": {[4]string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
			"t10k-labels-idx1-ubyte.gz"}, [4][]byte{plain[0], packed[1], packed[2], plain[3]}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "my digits")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, dir, c.names, c.contents)
			called := false
			d, err := Open(context.Background(), Options{Dir: dir, Progress: func(Progress) { called = true }})
			if err != nil {
				t.Fatal(err)
			}
			checkSmall(t, d)
			if d.Name != "my digits" || d.Dir != dir || called {
				t.Errorf("name %q, folder %q, progress called: %v", d.Name, d.Dir, called)
			}
			for i, f := range d.Files {
				if f.Name != c.names[i] || f.Path != filepath.Join(dir, c.names[i]) || len(f.SHA256) != 64 || f.Official {
					t.Errorf("file %d: %+v", i, f)
				}
			}
		})
	}
}

// Some archives unpack train-images.idx3-ubyte next to a folder train-images-idx3-ubyte.
func TestOpenDirSkipsFolders(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, [4]string{"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte",
		"t10k-labels.idx1-ubyte"}, small())
	if err := os.Mkdir(filepath.Join(dir, "train-images-idx3-ubyte"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
}

func TestOpenDirErrors(t *testing.T) {
	replace := func(i int, content []byte) [4][]byte {
		files := small()
		files[i] = content
		return files
	}
	for name, c := range map[string]struct {
		files [4][]byte
		want  []string
	}{
		"labels that do not match": {replace(1, idx([]byte{1, 2, 3, 4}, 4)), []string{dataNames[1], "4 labels for the 5 images"}},
		"sizes that differ":        {replace(2, idx(ramp(3*4*4, 0), 3, 4, 4)), []string{dataNames[2], "4 x 4", "4 x 3"}},
		"images as labels":         {replace(3, small()[2]), []string{dataNames[3], "3 dimensions; labels are in 1"}},
		"truncated":                {replace(0, small()[0][:70]), []string{dataNames[0], "truncated"}},
		"empty":                    {replace(2, nil), []string{dataNames[2], "empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, dataNames, c.files)
			_, err := Open(context.Background(), Options{Dir: dir})
			wantError(t, err, append(c.want, dir)...)
		})
	}
	t.Run("no folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "nowhere")
		_, err := Open(context.Background(), Options{Dir: dir})
		wantError(t, err, dir)
	})
	t.Run("a file for a folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(dir, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), Options{Dir: dir})
		wantError(t, err, dir, "not a folder")
	})
	t.Run("missing files", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, dataNames, small())
		os.Remove(filepath.Join(dir, dataNames[1]))
		os.Remove(filepath.Join(dir, dataNames[2]))
		_, err := Open(context.Background(), Options{Dir: dir})
		wantError(t, err, dir, "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte")
		if strings.Contains(err.Error(), "train-images") {
			t.Errorf("a file that is there is called missing: %v", err)
		}
	})
	t.Run("unknown dataset", func(t *testing.T) {
		_, err := Open(context.Background(), Options{Dataset: "emnist"})
		wantError(t, err, `"emnist"`, "fashion-mnist, kmnist, mnist")
	})
	t.Run("cancelled", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, dataNames, small())
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := Open(ctx, Options{Dir: dir})
		wantError(t, err, dir, "canceled")
	})
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that mentions %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not mention %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}
