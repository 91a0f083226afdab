package exchange

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/classifier"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// A model file of an early version, of a conditional GAN with an average, makes the images that its version made, and scores
// them as it did.
func TestLoadEarlyModel(t *testing.T) {
	path := filepath.Join("testdata", "early-model.safetensors")
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Noise, Images, Logits []float32 }
	b, err := os.ReadFile(filepath.Join("testdata", "early.json"))
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	classes := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}
	images := runUse(t, m, train.SampleUse, map[string][]float32{"z": want.Noise, "class": classes})
	compare(t, "images", images, want.Images)
	compare(t, "logits", runUse(t, m, tutorial.ScoreUse, map[string][]float32{"image": images, "class": classes}), want.Logits)
	settings, err := tutorial.System.Decode(m.GameSettings)
	if err != nil {
		t.Fatal(err)
	}
	if s := settings.(tutorial.Settings); s.Networks != "tutorial" || s.Latent != 3 || s.K != 1 || !s.Conditional || s.Average != 0.9 || s.Alpha != 0.3 || s.Rate != 2e-4 {
		t.Errorf("settings %+v", s)
	}
	if m.Game != "tutorial" || m.Iterations != 5 || m.Rows != 12 || m.Settings.Batch != 4 || m.Notes["dataset"] != "noise" || !m.Data.Ink || len(m.Data.Classes) != 3 || m.Device != "cpu" {
		t.Errorf("the model is %+v", m)
	}
	if !IsEarly(path) {
		t.Error("it is not called early")
	}
	// Without the average other weights make the images.
	m.DropAverages()
	if slices.Equal(runUse(t, m, train.SampleUse, map[string][]float32{"z": want.Noise, "class": classes}), images) {
		t.Error("the average makes no other images")
	}
	again := filepath.Join(t.TempDir(), "today.safetensors")
	if err := m.Save(again); err != nil {
		t.Fatal(err)
	}
	if IsEarly(again) {
		t.Error("what is saved is of an early form")
	}
	if _, err := Load(again); err != nil {
		t.Error(err)
	}
}

// A damaged file of an early version is refused by name, and so is one that does not fit together.
func TestLoadEarlyRefused(t *testing.T) {
	for want, change := range map[string]func(f *safetensors.File){
		"altered since it was written":            func(f *safetensors.File) { f.Metadata["note/dataset"] = "other" },
		`metadata model: json: unknown field "x"`: func(f *safetensors.File) { f.Metadata["model"] = `{"x":1}` },
		"metadata settings":                       func(f *safetensors.File) { f.Metadata["settings"] = "{}" },
		`metadata iterations: "-1" is no count`:   func(f *safetensors.File) { f.Metadata["iterations"] = "-1" },
		`tensor "foreign" is not the model's`:     func(f *safetensors.File) { f.Tensors[0].Name = "foreign" },
		"no tensor \"discriminator/dense/bias\"": func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == "discriminator/dense/bias" })
		},
		"discriminator/dense: 0 units": func(f *safetensors.File) {
			f.Metadata["model"] = strings.Replace(f.Metadata["model"], `{"dense":{"units":1}}`, `{"dense":{"units":0}}`, 1)
		},
		"metadata model: discriminator: layer 4": func(f *safetensors.File) {
			f.Metadata["model"] = strings.Replace(f.Metadata["model"], `{"flatten":{}}`, `{"fold":{}}`, 1)
		},
		"generator/reshape: input [12] has 12 elem": func(f *safetensors.File) {
			f.Metadata["model"] = strings.Replace(f.Metadata["model"], `"shape":[2,2,3]`, `"shape":[2,2,4]`, 1)
		},
	} {
		f, err := safetensors.Read(filepath.Join("testdata", "early-model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		before := f.Metadata["model"]
		change(f)
		if want != "altered since it was written" {
			if f.Metadata["sha256"], err = f.Checksum("sha256"); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "early.safetensors")
		if err := safetensors.Write(path, f); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q", err, want)
		}
		if strings.Contains(want, "/") && !strings.HasPrefix(want, "no tensor") && f.Metadata["model"] == before {
			t.Errorf("%s: nothing was changed", want)
		}
	}
}

// A classifier of an early version tells logits and features: here of two pixels (a, b) the features a-b and, as it is
// negative, a tenth of b-a, and of these their sum and their difference.
func TestLoadEarlyClassifier(t *testing.T) {
	f := &safetensors.File{Metadata: map[string]string{"format": earlyClassifier, "note/dataset": "two",
		"settings": `{"epochs":1,"batch":4,"learning_rate":0.01,"shift":0,"seed":7}`,
		"network":  `{"name":"classifier","input":[1,2,1],"layers":[{"flatten":{}},{"dense":{"units":2}},{"leaky_relu":{"alpha":0.1}},{"dropout":{"rate":0.2}},{"dense":{"units":2}}]}`}}
	for _, x := range []struct {
		name   string
		shape  []int
		values []float32
	}{
		{"dense/kernel", []int{2, 2}, []float32{1, -1, -1, 1}}, {"dense/bias", []int{2}, []float32{0, 0}},
		{"dense_1/kernel", []int{2, 2}, []float32{1, 1, 1, -1}}, {"dense_1/bias", []int{2}, []float32{0.5, 0}},
	} {
		tensor, err := safetensors.New("classifier/"+x.name, x.shape, x.values)
		if err != nil {
			t.Fatal(err)
		}
		f.Tensors = append(f.Tensors, tensor)
	}
	path := filepath.Join(t.TempDir(), "classifier.safetensors")
	if err := safetensors.Write(path, f); err != nil {
		t.Fatal(err)
	}
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "logits", runUse(t, m, classifier.Use, map[string][]float32{"image": {0.75, 0.25}}), []float32{0.5 + 0.5 - 0.05, 0.5 + 0.05})
	if m.Game != "classifier" || m.Notes["dataset"] != "two" || len(m.Data.Classes) != 2 || !IsEarly(path) {
		t.Errorf("the model is %+v", m)
	}
	if _, err := classifier.System.Decode(m.GameSettings); err != nil {
		t.Error(err)
	}
}
