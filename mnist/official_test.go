package mnist

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/internal/fetch"
)

func TestCatalogue(t *testing.T) {
	if got := strings.Join(Datasets(), " "); got != "fashion-mnist kmnist mnist" {
		t.Errorf("datasets %q", got)
	}
	sums := map[string]string{}
	for _, d := range catalogue {
		for i, f := range d.files {
			if f.name != dataNames[i] || len(f.sha256) != 64 || f.size < 1000 {
				t.Errorf("%s: %+v", d.name, f)
			}
			if other, ok := sums[f.sha256]; ok {
				t.Errorf("%s: %s has the hash of a file of %s", d.name, f.name, other)
			}
			sums[f.sha256] = d.name
		}
		for _, url := range d.mirrors {
			if !strings.HasPrefix(url, "https://") || !strings.HasSuffix(url, "/") {
				t.Errorf("%s: mirror %q", d.name, url)
			}
		}
	}
}

// TestMNIST fetches the real MNIST as a Go module and decodes it.
func TestMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("60 MB of MNIST are read only without -short")
	}
	ds, err := lookup(catalogue, "mnist")
	if err != nil {
		t.Fatal(err)
	}
	ds.mirrors = nil
	f := fetch.New()
	// Only the download may be impossible here; whatever comes after it has to work.
	if err := f.Module(t.Context(), ds.published()); err != nil {
		t.Skipf("MNIST cannot be fetched: %s: %v", ds.module, err)
	}
	known := append([]dataset{ds}, catalogue[1:]...)
	d, err := open(t.Context(), Options{Cache: t.TempDir()}, known, f)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "mnist" {
		t.Errorf("name %q", d.Name)
	}
	for _, file := range d.Files {
		if !file.Official {
			t.Errorf("%s is not official: SHA-256 %s", file.Name, file.SHA256)
		}
	}
	if d.Train.Rows != 28 || d.Train.Cols != 28 || d.Train.Count != 60000 || d.Test.Count != 10000 {
		t.Fatalf("%d and %d images of %d x %d", d.Train.Count, d.Test.Count, d.Train.Rows, d.Train.Cols)
	}
	for _, c := range []struct {
		name   string
		set    Set
		labels []byte
		counts [10]int
		sum    int // of all pixels: a mean of 33.318 and 33.791
	}{
		{"train", d.Train, []byte{5, 0, 4, 1, 9, 2, 1, 3, 1, 4},
			[10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 1567298545},
		{"test", d.Test, []byte{7, 2, 1, 0, 4, 1, 4, 9, 5, 9},
			[10]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 264923200},
	} {
		if got := c.set.Labels[:10]; string(got) != string(c.labels) {
			t.Errorf("%s: labels begin with %v, not %v", c.name, got, c.labels)
		}
		var counts [10]int
		for _, label := range c.set.Labels {
			counts[label]++
		}
		if counts != c.counts {
			t.Errorf("%s: %v images of each digit, not %v", c.name, counts, c.counts)
		}
		sum := 0
		for i := range c.set.Count {
			for _, pixel := range c.set.Image(i) {
				sum += int(pixel)
			}
		}
		if sum != c.sum {
			t.Errorf("%s: pixels add up to %d, not %d", c.name, sum, c.sum)
		}
	}

	// The same files unpacked are known as well.
	dir := t.TempDir()
	for i, set := range []Set{d.Train, d.Test} {
		for name, content := range map[string][]byte{
			partNames[2*i]:   idx(set.Images, int64(set.Count), int64(set.Rows), int64(set.Cols)),
			partNames[2*i+1]: idx(set.Labels, int64(set.Count)),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d, err = Open(context.Background(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if d.Name != "mnist" {
		t.Errorf("unpacked: name %q, %+v", d.Name, d.Files)
	}
}
