package gan

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/internal/safetensors"
)

// discsAndRings are images of two classes, in turn: a disc, or its edge alone.
func discsAndRings(count int) Images {
	images := discs(count, 12, 12)
	images.Labels = make([]uint8, count)
	for i := range images.Labels {
		images.Labels[i] = uint8(i % 2)
		if images.Labels[i] == 0 {
			continue
		}
		for p := range 12 * 12 {
			if v := &images.Pixels[i*12*12+p]; *v > 200 {
				*v = 0
			}
		}
	}
	return images
}

func tinyClassifierSettings() ClassifierSettings {
	return ClassifierSettings{Epochs: 5, Batch: 16, LearningRate: 3e-3, Shift: 1, Seed: 3}
}

func tinyClassifier(t *testing.T, threads int) (*Classifier, []ClassifierEpoch) {
	t.Helper()
	images := discsAndRings(200)
	var epochs []ClassifierEpoch
	c, err := TrainClassifier(openCPU(t, threads), tinyClassifierSettings(), images, func(e ClassifierEpoch) error {
		epochs = append(epochs, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, epochs
}

func recognize(t *testing.T, c *Classifier, s Samples, batch int) Recognition {
	t.Helper()
	r, err := NewRecognizer(openCPU(t, 0), c, batch)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	known, err := r.Recognize(s)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// A classifier learns to tell what it has not seen, to the same bits on any number of threads.
func TestTrainClassifier(t *testing.T) {
	c, epochs := tinyClassifier(t, 1)
	if len(epochs) != 5 || epochs[4].Epoch != 4 || !(epochs[4].Loss < epochs[0].Loss/2) || epochs[4].Accuracy < 0.9 {
		t.Errorf("the epochs came to %+v", epochs)
	}
	images := discsAndRings(330)
	known := recognize(t, c, images.Slice(200, 130).Samples(130), 50)
	right := 0
	for i, class := range known.Classes() {
		if class == int(images.Labels[200+i]) {
			right++
		}
	}
	if right < 128 {
		t.Errorf("%d of 130 images are classified rightly", right)
	}
	if other, _ := tinyClassifier(t, 3); !slices.Equal(other.parameters, c.parameters) {
		t.Error("on three threads the classifier is another")
	}
}

// The CUDA kernels, under all checks of the emulator, train what the CPU trains.
func TestClassifierOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes seconds for a step")
	}
	images := discsAndRings(4)
	s := tinyClassifierSettings()
	s.Epochs, s.Batch = 2, 4
	gpu := openEmulated(t, "fp32")
	got, err := TrainClassifier(gpu, s, images, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := TrainClassifier(openCPU(t, 0), s, images, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := relativeError(got.parameters, widen(want.parameters)); !(e <= 1e-4) {
		t.Errorf("the weights' relative error is %g", e)
	}
	r, err := NewRecognizer(gpu, want, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	known, err := r.Recognize(images.Samples(4))
	if err != nil {
		t.Fatal(err)
	}
	if e := relativeError(known.Features, widen(recognize(t, want, images.Samples(4), 4).Features)); !(e <= 1e-4) {
		t.Errorf("the features' relative error is %g", e)
	}
}

func TestTrainClassifierErrors(t *testing.T) {
	images := discsAndRings(4)
	labels := images.Labels
	stop := func(ClassifierEpoch) error { return filepath.ErrBadPattern }
	for _, x := range []struct {
		change   func(s *ClassifierSettings)
		labels   []uint8
		progress func(ClassifierEpoch) error
		want     string
	}{
		{func(s *ClassifierSettings) { s.Epochs = 0 }, labels, nil, "epochs is 0"},
		{func(s *ClassifierSettings) { s.Batch = 0 }, labels, nil, "batch is 0"},
		{func(s *ClassifierSettings) { s.LearningRate = math.NaN() }, labels, nil, "learning rate is NaN"},
		{func(s *ClassifierSettings) { s.Shift = -1 }, labels, nil, "shift is -1"},
		{func(*ClassifierSettings) {}, labels[:3], nil, "3 labels of 4 images"},
		{func(*ClassifierSettings) {}, []uint8{0, 0, 0, 0}, nil, "2 classes"},
		{func(*ClassifierSettings) {}, labels, stop, "epoch 1: syntax error in pattern"},
	} {
		s := tinyClassifierSettings()
		x.change(&s)
		images.Labels = x.labels
		if _, err := TrainClassifier(openCPU(t, 1), s, images, x.progress); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("error %v, want %q", err, x.want)
		}
	}
}

// What a shifted image shows is the image, moved, and nothing of its neighbours.
func TestClassifierShifts(t *testing.T) {
	const count, most = 40, 3
	images := discsAndRings(count)
	for i := range images.Pixels {
		images.Pixels[i] = byte(1 + i%251)
	}
	s := tinyClassifierSettings()
	s.Shift = most
	c := &Classifier{Network: classifierNetwork(12, 12, 2), Settings: s}
	if err := c.place(); err != nil {
		t.Fatal(err)
	}
	training := classifierTraining{Classifier: c, images: images, arrays: newArrays(openCPU(t, 1))}
	defer training.arrays.close()
	if err := training.prepare(); err != nil {
		t.Fatal(err)
	}
	var before []byte
	for range 2 {
		if err := training.shift(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(images.Pixels))
		if err := read(training.arrays, storageDataset, 0, got); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(got, before) {
			t.Error("the second epoch's shifts are the first's")
		}
		before = got
		shifts := map[[2]int]bool{}
		for i := range count {
			down, right := int(training.shifts[i])-most, int(training.shifts[count+i])-most
			shifts[[2]int{down, right}] = true
			for y := range 12 {
				for x := range 12 {
					want := byte(0)
					if fromY, fromX := y-down, x-right; fromY >= 0 && fromY < 12 && fromX >= 0 && fromX < 12 {
						want = images.Pixels[(i*12+fromY)*12+fromX]
					}
					if v := got[(i*12+y)*12+x]; v != want {
						t.Fatalf("image %d, shifted by %d, %d, has %d at %d, %d, want %d", i, down, right, v, y, x, want)
					}
				}
			}
		}
		if len(shifts) < 15 {
			t.Errorf("%d images have %d shifts", count, len(shifts))
		}
	}
}

// Features and logits are those of the float64 graph, over whole batches and what is left.
func TestRecognize(t *testing.T) {
	c, _ := tinyClassifier(t, 0)
	images := discsAndRings(23)
	got := recognize(t, c, images.Samples(23), 10)
	g, err := recognitionGraph(c.layout, tensor.Float64, 23)
	if err != nil {
		t.Fatal(err)
	}
	values := storages64{parametersOf(classifierName): widen(c.parameters), storageImages: widen(images.Samples(23).Pixels)}
	run64(t, g, values)
	for name, v := range map[string][2][]float64{
		"features": {widen(got.Features), values[storageFeatures]}, "logits": {widen(got.Logits), values[storageLogits]},
	} {
		if len(v[0]) != len(v[1]) {
			t.Fatalf("%d %s, want %d", len(v[0]), name, len(v[1]))
		}
		for i, x := range v[0] {
			if math.Abs(x-v[1][i]) > 1e-4 {
				t.Fatalf("%s %d is %v, want %v", name, i, x, v[1][i])
			}
		}
	}
	// The features are what the last layer weighs.
	parameters := c.layout.Parameters()
	kernel, bias := parameters[len(parameters)-2], parameters[len(parameters)-1]
	for i := range 23 {
		for class := range 2 {
			sum := float64(c.parameters[bias.Offset+class])
			for f, v := range got.Features[i*64 : (i+1)*64] {
				sum += float64(v) * float64(c.parameters[kernel.Offset+2*f+class])
			}
			if math.Abs(sum-float64(got.Logits[2*i+class])) > 1e-4 {
				t.Fatalf("image %d: the features give logit %v, not %v", i, sum, got.Logits[2*i+class])
			}
		}
	}
	if c.Features() != 64 || c.Classes() != 2 || len(got.Features) != 23*64 {
		t.Errorf("%d features, %d classes", c.Features(), c.Classes())
	}
	r, err := NewRecognizer(openCPU(t, 1), c, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Recognize(discs(2, 8, 8).Samples(2)); err == nil || !strings.Contains(err.Error(), "2 images of 8x8") {
		t.Errorf("images of another size: error %v", err)
	}
}

func TestClassifierFile(t *testing.T) {
	c, _ := tinyClassifier(t, 0)
	c.Notes["dataset"] = "discs"
	path := filepath.Join(t.TempDir(), "classifier.safetensors")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadClassifier(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(loaded.parameters, c.parameters) || loaded.Settings != c.Settings || loaded.Notes["dataset"] != "discs" {
		t.Errorf("read settings %+v, notes %v, or other weights", loaded.Settings, loaded.Notes)
	}
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(f *safetensors.File){
		"not a classifier": func(f *safetensors.File) { f.Metadata["format"] = modelFormat },
		"metadata network": func(f *safetensors.File) { f.Metadata["network"] = "{" },
		"not flat": func(f *safetensors.File) {
			f.Metadata["network"] = strings.Replace(f.Metadata["network"], `{"flatten":{}},`, "", 1)
		},
		"no layer": func(f *safetensors.File) {
			f.Metadata["network"] = `{"name":"classifier","input":[12,12,1],"layers":[]}`
		},
		"last layer": func(f *safetensors.File) {
			f.Metadata["network"] = strings.Replace(f.Metadata["network"], `{"units":2}`, `{"units":1}`, 1)
		},
		"epochs is 0": func(f *safetensors.File) {
			f.Metadata["settings"] = strings.Replace(f.Metadata["settings"], `"epochs":5`, `"epochs":0`, 1)
		},
		"no tensor": func(f *safetensors.File) { f.Tensors = f.Tensors[1:] },
		"11 tensors": func(f *safetensors.File) {
			f.Tensors = append(slices.Clone(f.Tensors), safetensors.Tensor{Name: "other", DType: safetensors.F32, Shape: []int{0}})
		},
	} {
		broken := &safetensors.File{Metadata: map[string]string{}, Tensors: file.Tensors}
		for k, v := range file.Metadata {
			broken.Metadata[k] = v
		}
		damage(broken)
		if _, err := DecodeClassifier(broken); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

func TestNearest(t *testing.T) {
	images := discs(4500, 6, 5)
	s := discs(4600, 6, 5).Slice(4500, 7).Samples(7)
	copy(s.Pixels[2*30:3*30], images.Slice(4321, 1).Samples(1).Pixels)
	got, err := Nearest(openCPU(t, 0), s, images)
	if err != nil {
		t.Fatal(err)
	}
	all := images.Samples(images.Count).Pixels
	for i, n := range got {
		want := math.Inf(1)
		for j := range images.Count {
			want = min(want, distance(s.Sample(i).Pixels, all[j*30:(j+1)*30]))
		}
		if math.Abs(n.Distance-want) > 1e-3 {
			t.Errorf("sample %d: image %d at %v, the nearest is at %v", i, n.Index, n.Distance, want)
		}
	}
	if got[2].Distance != 0 {
		t.Errorf("a copy is at %v", got[2].Distance)
	}
	if _, err := Nearest(openCPU(t, 1), discs(2, 5, 6).Samples(2), images); err == nil || !strings.Contains(err.Error(), "6x5") {
		t.Errorf("images of another size: error %v", err)
	}
}
