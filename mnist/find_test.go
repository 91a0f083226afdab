package mnist

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// put makes a file, and the folders that it is in.
func put(t *testing.T, content []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The layouts that archives and other programs make of the four files are read as they are.
func TestOpenLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		files     [4]string
		dir, want string // of the options, of the data
		name      string
	}{
		"torchvision": {[4]string{"MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte", "MNIST/raw/t10k-images-idx3-ubyte",
			"MNIST/raw/t10k-labels-idx1-ubyte"}, ".", "MNIST/raw", "x"},
		"torchvision's inner folder": {[4]string{"MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte", "MNIST/raw/t10k-images-idx3-ubyte",
			"MNIST/raw/t10k-labels-idx1-ubyte"}, "MNIST", "MNIST/raw", "MNIST"},
		"one folder down": {[4]string{"d/train-images-idx3-ubyte", "d/train-labels-idx1-ubyte", "d/t10k-images-idx3-ubyte", "d/t10k-labels-idx1-ubyte"},
			".", "d", "x"},
		"folders of their own": {[4]string{"train-images-idx3-ubyte/train-images-idx3-ubyte", "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
			"t10k-images-idx3-ubyte/t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte.gz/t10k-labels-idx1-ubyte"}, ".", ".", "x"},
		"EMNIST": {[4]string{"emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-train-labels-idx1-ubyte.gz", "emnist-letters-test-images-idx3-ubyte.gz",
			"emnist-letters-test-labels-idx1-ubyte.gz"}, ".", ".", "emnist-letters"},
		"test for t10k": {[4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"}, ".", ".", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "x")
			for i, content := range small() {
				put(t, content, root, c.files[i])
			}
			d, err := Open(context.Background(), Options{Dir: filepath.Join(root, c.dir)})
			if err != nil {
				t.Fatal(err)
			}
			checkSmall(t, d)
			if d.Dir != filepath.Join(root, c.want) || d.Name != c.name {
				t.Errorf("%s in %s, want %s in %s", d.Name, d.Dir, c.name, filepath.Join(root, c.want))
			}
		})
	}
}

// Where several datasets are, the one that is named is read, and none by guessing.
func TestOpenOneOfSeveral(t *testing.T) {
	root := t.TempDir()
	for i, content := range small() {
		for _, split := range []string{"digits", "letters"} {
			put(t, content, root, "EMNIST", "raw", "emnist-"+split+"-"+partNames[i])
		}
		for _, name := range []string{"KMNIST", "FashionMNIST"} {
			put(t, content, root, "torchvision", name, "raw", partNames[i])
		}
	}
	raw := filepath.Join(root, "EMNIST", "raw")
	_, err := Open(context.Background(), Options{Dir: raw})
	wantError(t, err, "several datasets", filepath.Join(raw, "emnist-digits"), filepath.Join(raw, "emnist-letters"))
	_, err = Open(context.Background(), Options{Dir: filepath.Join(root, "EMNIST")})
	wantError(t, err, "several datasets", filepath.Join(raw, "emnist-digits"))
	d, err := Open(context.Background(), Options{Dir: filepath.Join(raw, "emnist-letters")})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	if d.Dir != filepath.Join(raw, "emnist-letters") || d.Name != "emnist-letters" {
		t.Errorf("%s in %s", d.Name, d.Dir)
	}
	torchvision := filepath.Join(root, "torchvision")
	_, err = Open(context.Background(), Options{Dir: torchvision})
	wantError(t, err, "several datasets", filepath.Join(torchvision, "KMNIST", "raw"), filepath.Join(torchvision, "FashionMNIST", "raw"))
	if d, err = Open(context.Background(), Options{Dir: torchvision, Dataset: "fashion-mnist"}); err != nil || d.Dir != filepath.Join(torchvision, "FashionMNIST", "raw") {
		t.Errorf("%+v, %v", d, err)
	}
}

// The error of a folder without the files tells what it has.
func TestOpenOtherFiles(t *testing.T) {
	open := func(dir string) error {
		_, err := Open(context.Background(), Options{Dir: dir})
		return err
	}
	empty := t.TempDir()
	wantError(t, open(empty), "no train-images-idx3-ubyte[.gz]", "it is empty")

	pictured := t.TempDir()
	for _, file := range []string{"0/a.png", "0/b.PNG", "1/c.png", "notes.txt"} {
		put(t, nil, pictured, file)
	}
	err := open(pictured)
	wantError(t, err, "no train-images-idx3-ubyte[.gz]", "3 files *.png, notes.txt, 2 folders")
	others := (*OtherFilesError)(nil)
	if !errors.As(err, &others) || others.Path != pictured ||
		!slices.Equal(others.Examples, []string{filepath.Join(pictured, "0", "a.png"), filepath.Join(pictured, "notes.txt")}) {
		t.Errorf("%+v", others)
	}

	file := filepath.Join(empty, "train-images-idx3-ubyte.gz")
	put(t, nil, file)
	wantError(t, open(file), "is not a folder: want that of the file, "+empty)
	archive := filepath.Join(empty, "x.zip")
	put(t, nil, archive)
	err = open(archive)
	wantError(t, err, "is not a folder")
	if others = nil; !errors.As(err, &others) || !slices.Equal(others.Examples, []string{archive}) {
		t.Errorf("%+v", others)
	}

	linked := t.TempDir()
	for i, content := range small() {
		put(t, content, linked, partNames[i])
	}
	link := filepath.Join(linked, partNames[TestLabels])
	if os.Remove(link) != nil || os.Symlink("/gone/labels", link) != nil {
		t.Skip("no links here")
	}
	wantError(t, open(linked), link+" is a link to /gone/labels, which is not there")
	dangling := filepath.Join(linked, "folder")
	if err := os.Symlink("/gone", dangling); err != nil {
		t.Fatal(err)
	}
	wantError(t, open(dangling), dangling+" is a link to /gone, which is not there")
}

// What the caller can do without may be missing, or damaged; what is needed may not.
func TestOpenOptional(t *testing.T) {
	dir := t.TempDir()
	put(t, small()[0], dir, partNames[TrainImages])
	put(t, small()[1][:9], dir, partNames[TrainLabels])
	put(t, small()[3], dir, partNames[TestLabels])
	all := []Part{TrainLabels, TestImages, TestLabels}
	d, err := Open(context.Background(), Options{Dir: dir, Optional: all})
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Count != 5 || d.Train.Labels != nil || d.Test.Count != 0 || d.Test.Labels != nil || len(d.Files) != 1 {
		t.Errorf("got %+v", d)
	}
	for part, want := range map[Part]string{TrainLabels: "truncated", TestImages: "has no t10k-images-idx3-ubyte", TestLabels: "images are missing"} {
		wantError(t, d.Missing[part], want)
	}
	_, err = Open(context.Background(), Options{Dir: dir, Optional: all[1:]})
	wantError(t, err, partNames[TrainLabels], "truncated")
	_, err = Open(context.Background(), Options{Dir: dir, Optional: all[:1]})
	wantError(t, err, "no t10k-images-idx3-ubyte[.gz]")
}
