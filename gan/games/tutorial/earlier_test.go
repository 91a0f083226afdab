package tutorial_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

func verify(dev program.Device, file *safetensors.File) ([]train.Deviation, error) {
	step, err := tutorial.ReadEarlier(file)
	if err != nil {
		return nil, err
	}
	return step.Verify(dev)
}

// agree reports what does not agree, and returns the worst.
func agree(t *testing.T, all []train.Deviation, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 + 2*14; len(all) != want {
		t.Errorf("%d tensors compared, want %d", len(all), want)
	}
	for _, d := range all {
		if !d.OK() || d.Tolerance != 1e-4 {
			t.Errorf("%s: relative error %g, tolerance %g", d.Name, d.Error, d.Tolerance)
		}
	}
	worst := train.Worst(all)
	if worst.Error == 0 {
		t.Error("nothing was rounded")
	}
	t.Logf("worst: %s, %g", worst.Name, worst.Error)
}

func TestEarlierReference(t *testing.T) {
	path := os.Getenv("GANGPU_REFERENCE")
	if path == "" {
		t.Skip("GANGPU_REFERENCE names no reference file of the tutorial's model")
	}
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := verify(traintest.CPU(t), file)
	agree(t, all, err)
}

// odd is a reference of other sizes than the tutorial's in every respect, with batches of 6 and 5, that Gorgonia's own
// machine computed in float64 and Adam's formula, written out.
func odd(t *testing.T) *safetensors.File {
	t.Helper()
	file, err := safetensors.Read("testdata/earlier.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEarlierOfOtherSizes(t *testing.T) {
	all, err := verify(traintest.CPU(t), odd(t))
	agree(t, all, err)
	for i, want := range []string{"fake", "d_logits", "d_loss"} {
		if all[i].Name != want {
			t.Errorf("tensor %d is %s, want %s", i, all[i].Name, want)
		}
	}
	all, err = verify(traintest.Emulated(t), odd(t))
	agree(t, all, err)
}

func TestEarlierFindsDeviations(t *testing.T) {
	dev := traintest.CPU(t)
	for _, name := range []string{"expect/fake", "expect/d_logits", "expect/d_loss", "expect/grad/generator/dense/kernel", "expect/after/discriminator/conv2d/kernel"} {
		for _, factor := range []float64{1.001, math.NaN()} {
			file := odd(t)
			x, err := file.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			v, err := x.Float64s()
			if err != nil {
				t.Fatal(err)
			}
			for i := range v {
				v[i] *= factor
			}
			if *x, err = safetensors.New(x.Name, x.Shape, v); err != nil {
				t.Fatal(err)
			}
			all, err := verify(dev, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range all {
				if d.OK() == ("expect/"+d.Name == name) {
					t.Errorf("%s times %v: %+v", name, factor, d)
				}
			}
			if worst := train.Worst(all); "expect/"+worst.Name != name {
				t.Errorf("%s times %v: the worst is %+v", name, factor, worst)
			}
		}
	}
}

func TestEarlierErrors(t *testing.T) {
	dev := traintest.CPU(t)
	tensor := func(f *safetensors.File, name string) *safetensors.Tensor {
		x, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for want, damage := range map[string]func(f *safetensors.File){
		`its format is ""`:            func(f *safetensors.File) { delete(f.Metadata, "format") },
		"metadata beta1":              func(f *safetensors.File) { f.Metadata["beta1"] = "half" },
		"metadata dropout: 0.4":       func(f *safetensors.File) { f.Metadata["dropout"] = "0.4" },
		`half_batch is "4"`:           func(f *safetensors.File) { f.Metadata["half_batch"] = "4" },
		`no tensor "z_g"`:             func(f *safetensors.File) { tensor(f, "z_g").Name = "z" },
		`"generator/conv2d/bias" has`: func(f *safetensors.File) { tensor(f, "generator/conv2d/bias").Shape = []int{1, 1} },
		"want a square filter": func(f *safetensors.File) {
			x := tensor(f, "generator/conv2d/kernel")
			x.Shape = []int{1, 25, x.Shape[2], x.Shape[3]}
		},
		"discriminator: the dense layer takes 47": func(f *safetensors.File) {
			x := tensor(f, "discriminator/dense/kernel")
			x.Shape, x.Data = []int{47, 1}, x.Data[:47*8]
		},
		`"expect/h_loss": nothing is known`: func(f *safetensors.File) { tensor(f, "expect/g_loss").Name = "expect/h_loss" },
		`d_logits" has shape [5 1]`: func(f *safetensors.File) {
			x := tensor(f, "expect/d_logits")
			x.Shape, x.Data = []int{5, 1}, x.Data[:5*8]
		},
	} {
		file := odd(t)
		damage(file)
		if _, err := verify(dev, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
