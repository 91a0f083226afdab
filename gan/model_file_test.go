package gan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

func TestModelFileRoundTrip(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	trainer.Notes = map[string]string{"version": "1.2", "dataset": "discs"}
	iterate(t, trainer, 3)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := trainer.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := snapshot(t, trainer); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Save(path); err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(path); err != nil || !slices.Equal(first, second) {
		t.Errorf("saving what was loaded made another file (%v)", err)
	}
	values, shape, err := got.Parameter("generator/conv2d_transpose_1/bias")
	if err != nil || !slices.Equal(shape, []int{4}) || len(values) != 4 {
		t.Errorf("parameter %v of shape %v (%v)", values, shape, err)
	}
	if _, _, err := got.Parameter("generator/lstm/bias"); err == nil {
		t.Error("got a parameter that is not there")
	}
}

func TestDamagedModelFile(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	f := snapshot(t, trainer)
	tensor := func(f *safetensors.File, name string) *safetensors.Tensor {
		x, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for want, damage := range map[string]func(f *safetensors.File){
		`not a gangpu model: its format is "pt"`: func(f *safetensors.File) { f.Metadata["format"] = "pt" },
		"metadata model":                         func(f *safetensors.File) { f.Metadata["model"] = "{" },
		`unknown kind "lstm"`: func(f *safetensors.File) {
			f.Metadata["model"] = strings.Replace(f.Metadata["model"], "flatten", "lstm", 1)
		},
		"metadata settings: batch is 3": func(f *safetensors.File) {
			f.Metadata["settings"] = strings.Replace(f.Metadata["settings"], `"batch":16`, `"batch":3`, 1)
		},
		`metadata settings: json: unknown field`: func(f *safetensors.File) { f.Metadata["settings"] = `{"speed":1}` },
		`metadata iterations: "-1"`:              func(f *safetensors.File) { f.Metadata["iterations"] = "-1" },
		`metadata generator/steps: ""`:           func(f *safetensors.File) { delete(f.Metadata, "generator/steps") },
		`"generator/conv2d/bias" has shape [1 1], the model wants [1]`: func(f *safetensors.File) {
			tensor(f, "generator/conv2d/bias").Shape = []int{1, 1}
		},
		`no tensor "discriminator/dense/kernel"`: func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(x safetensors.Tensor) bool { return x.Name == "discriminator/dense/kernel" })
		},
		`no tensor "adam/v/generator/dense/bias"`: func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(x safetensors.Tensor) bool { return x.Name == "adam/v/generator/dense/bias" })
		},
		`not the model's, such as "extra"`: func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "extra", DType: safetensors.F32, Shape: []int{0}})
		},
		`"generator/dense/kernel" is I32`: func(f *safetensors.File) { tensor(f, "generator/dense/kernel").DType = safetensors.I32 },
		`"discriminator/conv2d/bias": element 0 is NaN`: func(f *safetensors.File) {
			x := tensor(f, "discriminator/conv2d/bias")
			v := make([]float32, 8)
			v[0] = float32(math.NaN())
			*x, _ = safetensors.New(x.Name, x.Shape, v)
		},
	} {
		file, err := f.encode()
		if err != nil {
			t.Fatal(err)
		}
		damage(file)
		if err := seal(file); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := safetensors.Write(path, file); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q and the path", err, want)
		}
	}
}

// A file is refused if it is cut anywhere, or a bit of it is another.
func TestAlteredModelFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	f := snapshot(t, tinyTrainer(t, openCPU(t, 0), tinySettings()))
	f.Distance = new(float64)
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := 8 + int(binary.LittleEndian.Uint64(data))
	check := func(what string, at int, b []byte) {
		t.Helper()
		file, err := safetensors.Decode(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			_, err = decodeModel(file)
		}
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%s %d of %d: got %v, want an error of a line", what, at, len(data), err)
		}
	}
	for at := 0; at < len(data); at += 7 {
		if at > header {
			at += 400
			check("cut at byte", at, data[:min(at, len(data)-1)])
		}
		if at < len(data) {
			data[at] ^= 1 << (at % 8)
			check("flipped a bit of byte", at, data)
			data[at] ^= 1 << (at % 8)
		}
	}
	check("added a byte to", len(data), append(slices.Clone(data), 0))

	// A metadatum that no check of its own guards, and a weight that is finite still.
	for want, alter := range map[string]func(f *safetensors.File){
		"altered since":    func(f *safetensors.File) { f.Metadata["note/version"] = "2" },
		"altered since it": func(f *safetensors.File) { f.Tensors[0].Data[0] ^= 1 },
		"say \"\"":         func(f *safetensors.File) { delete(f.Metadata, sumKey) },
	} {
		file, err := f.encode()
		if err != nil {
			t.Fatal(err)
		}
		alter(file)
		if _, err := decodeModel(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := os.WriteFile(path, data[:len(data)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "truncated") || !strings.Contains(err.Error(), path) {
		t.Errorf("a truncated file: %v", err)
	}
}

// A file of weights alone, as of a model that did not come from training, makes images, but cannot
// be trained on.
func TestModelFileWithoutOptimizer(t *testing.T) {
	dev := openCPU(t, 0)
	trainer := tinyTrainer(t, dev, tinySettings())
	file, err := snapshot(t, trainer).encode()
	if err != nil {
		t.Fatal(err)
	}
	file.Tensors = slices.DeleteFunc(file.Tensors, func(x safetensors.Tensor) bool { return strings.HasPrefix(x.Name, "adam/") })
	delete(file.Metadata, "metrics")
	file.Metadata["format"] = modelFormatNoSum
	delete(file.Metadata, sumKey)
	f, err := decodeModel(file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Resumable() {
		t.Error("it calls itself resumable")
	}
	if _, err := ResumeTrainer(dev, f, discs(64, 8, 8)); err == nil {
		t.Error("it was resumed")
	}
	s, err := NewSampler(dev, f, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Generate(make([]float32, 2*s.Latent())); err != nil {
		t.Error(err)
	}
}

// Settings are part of the format: a name that changes makes old files unreadable.
func TestSettingsJSON(t *testing.T) {
	got, err := json.Marshal(DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"height":28,"width":28,"latent":100,"batch":256,"epochs":100,"k":2,"alternation":"every-k","loss":"non-saturating",` +
		`"alpha":0.3,"dropout":0.4,"learning_rate":0.0002,"beta1":0.5,"beta2":0.999,"epsilon":1e-7,"seed":1}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
