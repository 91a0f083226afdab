package inception

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/engine/cpu"
	"gangpu/engine/cuda"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
	"gangpu/kernels/ptxemu"
)

// The network and what is to come of it were written by testdata/reference.py.
const small = "testdata/network.safetensors"

func read(t *testing.T, path string) *safetensors.File {
	t.Helper()
	f, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// values are those of a tensor, and the shape.
func values[T safetensors.Number](t *testing.T, f *safetensors.File, name string) ([]T, []int) {
	t.Helper()
	of, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := safetensors.Values[T](of)
	if err != nil {
		t.Fatal(err)
	}
	return v, of.Shape
}

// Features are PyTorch's: of images in colour, and of grey ones, which become larger along one axis and smaller along the
// other.
func TestFeatures(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	expected := read(t, "testdata/expected.safetensors")
	for _, name := range []string{"generated", "grey"} {
		images, shape := values[uint8](t, expected, "images/"+name)
		want, _ := values[float32](t, expected, "features/"+name)
		n, err := Open(small, shape[1:])
		if err != nil {
			t.Fatal(err)
		}
		e, err := n.On(dev)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Extract(train.Floats(images))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(got) != shape[0]*e.Features {
			t.Fatalf("%s: %d features of %v, want %d", name, len(got), shape, len(want))
		}
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); !(d < 5e-5) {
				t.Fatalf("%s: feature %d of image %d is %v, want %v", name, i%e.Features, i/e.Features, got[i], want[i])
			}
		}
		if _, err := e.Extract(train.Floats(images[1:])); err == nil || !strings.Contains(err.Error(), "are no images of") {
			t.Errorf("part of an image: error %v", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A CUDA device has all operations: it takes the network, which is far too slow to be run on the emulator here.
func TestLoadsOnCUDA(t *testing.T) {
	dev, err := cuda.Open(ptxemu.New(ptxemu.Options{}), 0, cuda.Options{Name: "emulated", Precision: "fp32"})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	n, err := Open(small, []int{14, 10, 3})
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.On(dev)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// A file that is no such network is told of by its name and the tensor's.
func TestFaults(t *testing.T) {
	changed := func(change func(f *safetensors.File)) string {
		f := read(t, small)
		change(f)
		path := filepath.Join(t.TempDir(), "network.safetensors")
		if err := safetensors.Write(path, f); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replace := func(name string, with safetensors.Tensor, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return changed(func(f *safetensors.File) {
			for i := range f.Tensors {
				if f.Tensors[i].Name == name {
					f.Tensors[i] = with
				}
			}
		})
	}
	kernel, variance := "Mixed_6b.branch7x7_2.conv.weight", "Mixed_7c.branch_pool.bn.running_var"
	turned, err := safetensors.New(kernel, []int{8, 8, 7, 1}, make([]float32, 8*8*7))
	transposed := replace(kernel, turned, err)
	short, err := safetensors.New(variance, []int{3}, make([]float32, 3))
	cut := replace(variance, short, err)
	whole, err := safetensors.New(variance, []int{12}, make([]int64, 12))
	integers := replace(variance, whole, err)
	below := make([]float32, 12)
	below[5] = -1
	negative, err := safetensors.New(variance, []int{12}, below)
	noVariance := replace(variance, negative, err)
	none := make([]float32, 8*8*7)
	none[3] = float32(math.NaN())
	broken, err := safetensors.New(kernel, []int{8, 8, 1, 7}, none)
	noNumber := replace(kernel, broken, err)
	other, err := safetensors.New("fc.weight", []int{2}, []float32{1, 2})
	without := replace(variance, other, err)
	for _, c := range []struct {
		path  string
		wants []string
	}{
		{transposed, []string{kernel, "has shape [8 8 7 1], want [filters 8 1 7]"}},
		{cut, []string{variance, "has shape [3], want [12]"}},
		{integers, []string{variance, "I64"}},
		{noVariance, []string{variance, "variance 5 is -1"}},
		{noNumber, []string{kernel, "number 3 is NaN"}},
		{without, []string{"no tensor", variance, "is no Inception v3"}},
		{"testdata/expected.safetensors", []string{"no tensor", "Conv2d_1a_3x3.conv.weight", "is no Inception v3"}},
		{"testdata/reference.py", []string{"not a safetensors file"}},
		{"testdata/missing", []string{"no such file"}},
	} {
		_, err := Open(c.path, []int{8, 8, 3})
		for _, want := range append(c.wants, c.path) {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %v, want %q", c.path, err, want)
			}
		}
	}
	// What has no part in the features is ignored.
	more := changed(func(f *safetensors.File) { f.Tensors = append(f.Tensors, other) })
	if _, err := Open(more, []int{8, 8, 3}); err != nil {
		t.Error(err)
	}
	if _, err := Open(small, []int{8, 8, 4}); err == nil || !strings.Contains(err.Error(), "1 or 3 channels") {
		t.Errorf("images of 4 channels: error %v", err)
	}
}
