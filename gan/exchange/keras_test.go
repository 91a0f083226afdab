package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/hdf5"
	"gangpu/internal/hostmemory"
)

// outputs of the small GAN in testdata, by Keras.
type outputs struct {
	Noise, Images, Probabilities []float32
}

func kerasOutputs(t *testing.T) (o outputs) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "outputs.json"))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func kerasModelFile(t *testing.T) *train.Model {
	t.Helper()
	f, err := ReadKeras(filepath.Join("testdata", "gan_mnist.h5"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= 1e-5) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestReadKeras(t *testing.T) {
	f, want := kerasModelFile(t), kerasOutputs(t)
	got := outputsOf(t, f, want.Noise)
	compare(t, "images", got["images"], want.Images)
	compare(t, "probabilities", got["probabilities"], want.Probabilities)
	var settings tutorial.Settings
	if err := json.Unmarshal(f.GameSettings, &settings); err != nil || settings.Latent != 5 || settings.Alpha != 0.3 || settings.Dropout != 0.4 {
		t.Errorf("settings %+v (%v)", settings, err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !reflect.DeepEqual(chainsOf(t, got), chainsOf(t, f)) || !reflect.DeepEqual(weightsOf(got), weightsOf(f)) {
		t.Errorf("saved and loaded, the model is %+v (%v)", got, err)
	}
}

// chainsOf are the layers of a GAN's networks.
func chainsOf(t *testing.T, m *train.Model) (all []chain) {
	t.Helper()
	for use, network := range map[string]string{train.SampleUse: generatorName, tutorial.ScoreUse: discriminatorName} {
		c, err := chainOf(m, use, network)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b chain) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// What Keras 2.0.5 saved is the same GAN: its layers are a list, LeakyReLU's alpha is a dictionary, a Reshape leaves a
// dimension open, the weights are big-endian float64.
func TestReadOldKeras(t *testing.T) {
	f, want := kerasModelFile(t), kerasOutputs(t)
	old, err := ReadKeras(filepath.Join("testdata", "keras-2.0.5.h5"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(chainsOf(t, old), chainsOf(t, f)) || string(old.GameSettings) != string(f.GameSettings) || !reflect.DeepEqual(weightsOf(old), weightsOf(f)) {
		t.Errorf("read otherwise than what newer Keras saved:\n%+v\n%+v", chainsOf(t, old), chainsOf(t, f))
	}
	got := outputsOf(t, old, want.Noise)
	compare(t, "images", got["images"], want.Images)
	compare(t, "probabilities", got["probabilities"], want.Probabilities)
}

// Tuples as tf.keras has them in its JSON.
func TestReadTuples(t *testing.T) {
	k, err := parseKeras(`{"class_name":"Conv2D","config":{"strides":{"class_name":"__tuple__","items":[1,2]}}}`)
	if err != nil || !reflect.DeepEqual(k.Config.Strides, []int{1, 2}) {
		t.Errorf("%+v, %v", k, err)
	}
}

// weightsOf are all weights of a model, by name.
func weightsOf(m *train.Model) map[string][]float32 {
	all := map[string][]float32{}
	for _, a := range m.Arrays {
		all[a.Name] = a.Values
	}
	return all
}

// archive makes a file as Keras 3 does of save("x.keras").
func archive(t *testing.T, path string, files map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadKerasArchive(t *testing.T) {
	want := kerasModelFile(t)
	root, err := hdf5.Read(filepath.Join("testdata", "gan_mnist.h5"))
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile(filepath.Join("testdata", "gan.weights.h5"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadKeras(archive(t, filepath.Join(t.TempDir(), "gan.keras"),
		map[string][]byte{"metadata.json": []byte("{}"), "config.json": []byte(root.Strings[modelConfig]), "model.weights.h5": weights}))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(chainsOf(t, got), chainsOf(t, want)) || !reflect.DeepEqual(weightsOf(got), weightsOf(want)) {
		t.Error("the archive holds another model")
	}
}

// Both of Keras's files hold the same weights, and so does what WriteKeras makes of them.
func TestKerasRoundTrip(t *testing.T) {
	f := kerasModelFile(t)
	want := weightsOf(f)
	if len(want) != 14 {
		t.Fatalf("%d weights", len(want))
	}
	dir := t.TempDir()
	whole, alone := filepath.Join(dir, "gan.h5"), filepath.Join(dir, "gan.weights.h5")
	for _, path := range []string{whole, alone} {
		if err := WriteKeras(path, f, Both); err != nil {
			t.Fatal(err)
		}
	}
	again, err := ReadKeras(whole)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(chainsOf(t, again), chainsOf(t, f)) || string(again.GameSettings) != string(f.GameSettings) {
		t.Errorf("the model is %+v, was %+v", chainsOf(t, again), chainsOf(t, f))
	}
	if !reflect.DeepEqual(weightsOf(again), want) {
		t.Error("other weights in the whole model")
	}
	for _, path := range []string{alone, filepath.Join("testdata", "gan.weights.h5")} {
		root, err := hdf5.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		tensors, err := kerasTensors(chains{Generator: chainsOf(t, f)[1], Discriminator: chainsOf(t, f)[0]}, root)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for name, values := range want {
			if got, err := tensors[name].Float32(); err != nil || !reflect.DeepEqual(got, values) {
				t.Errorf("%s: other weights in %s (%v)", path, name, err)
			}
		}
	}
	for _, name := range []string{"tutorial.weights.h5", "tutorial.h5"} {
		f := randomModel(t, tutorialGame)
		path := filepath.Join(dir, name)
		if err := WriteKeras(path, f, Both); err != nil {
			t.Fatal(err)
		}
		got, err := ReadKeras(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(weightsOf(got), weightsOf(f)) {
			t.Errorf("%s: other weights", name)
		}
		if c := chainsOf(t, got)[0]; !slices.Contains(c.Layers, layer(dropout{Rate: 0.4})) {
			t.Errorf("%s: the discriminator drops nothing out: %+v", name, c)
		}
	}
	// What no Sequential can be is refused in words.
	for want, m := range map[string]*train.Model{
		"it has the inputs z and class": randomModel(t, oddGame(5)),
		"a dense has no bias":           gameModels(t)["dcgan"],
	} {
		if err := WriteKeras(filepath.Join(dir, "refused.h5"), m, Generator); err == nil || !strings.Contains(err.Error(), "is no chain of layers that Keras's Sequential could be: "+want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// An archive that would unpack to more than there is memory for is not unpacked.
func TestReadKerasBomb(t *testing.T) {
	if _, known := hostmemory.Now(); !known {
		t.Skip("no limit on memory is known here")
	}
	for size, want := range map[uint64]string{1 << 45: "bomb.keras: model.weights.h5 would take 67108864.0 MiB of memory", 1 << 63: "a size of 9223372036854775808 bytes", 3: "model.weights.h5"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateRaw(&zip.FileHeader{Name: "model.weights.h5", Method: zip.Deflate, UncompressedSize64: size, CompressedSize64: 1})
		if err == nil {
			_, err = w.Write([]byte{0})
		}
		path := filepath.Join(t.TempDir(), "bomb.keras")
		if err := errors.Join(err, z.Close(), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeras(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes: %v, want %q", size, err, want)
		}
	}
}

func TestReadKerasRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, change func(g *hdf5.Group)) string {
		t.Helper()
		root, err := kerasRoot(kerasModelFile(t), Both, false)
		if err != nil {
			t.Fatal(err)
		}
		change(root)
		path := filepath.Join(dir, name)
		if err := hdf5.Write(path, root); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := func(from, to string) func(*hdf5.Group) {
		return func(g *hdf5.Group) {
			changed := strings.Replace(g.Strings[modelConfig], from, to, 1)
			if changed == g.Strings[modelConfig] {
				t.Errorf("nothing to change by %q", from)
			}
			g.Strings[modelConfig] = changed
		}
	}
	generator := filepath.Join(dir, "generator.h5")
	generatorWeights := filepath.Join(dir, "generator.weights.h5")
	for _, path := range []string{generator, generatorWeights} {
		if err := WriteKeras(path, kerasModelFile(t), Generator); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, want string }{
		{generator, "not the GAN of the tutorial"},
		{generatorWeights, "not the GAN of the tutorial"},
		{filepath.Join("testdata", "gan.weights.h5"), `array generator/dense/kernel: its shape is [5 12], the model wants [100 3136]`},
		{filepath.Join("testdata", "outputs.json"), "not an HDF5 file"},
		{archive(t, filepath.Join(dir, "other.keras"), map[string][]byte{"config.json": nil}), "not an archive of Keras"},
		{archive(t, filepath.Join(dir, "damaged.keras"), map[string][]byte{"config.json": nil, "model.weights.h5": []byte("x")}), "model.weights.h5: not an HDF5 file"},
		{filepath.Join(dir, "none.h5"), "none.h5"},
		{write("empty.h5", func(g *hdf5.Group) { *g = *hdf5.NewGroup() }), "not a file of weights"},
		{write("config.h5", func(g *hdf5.Group) { g.Strings[modelConfig] = "{" }), modelConfig},
		{write("tanh.h5", config(`"sigmoid"`, `"tanh"`)), `generator: layer "conv2d" of "generator": activation tanh`},
		{write("layer.h5", config(`"Reshape"`, `"Permute"`)), "a Permute, which gangpu does not have"},
		{write("padding.h5", config(`"same"`, `"valid"`)), `padding "valid"`},
		{write("strides.h5", config(`"strides":[2,2]`, `"strides":[2]`)), "strides [2]"},
		{write("bias.h5", config(`"units":12`, `"units":12,"use_bias":false`)), "no bias"},
		{write("other-key.h5", config(`"Conv2DTranspose","config":{"name":"conv2d_transpose",`, `"Conv1D","config":{"name":"c","kernel_size":3,"strides":"1",`)),
			`generator: layer "c" of "generator": a Conv1D, which gangpu does not have`},
		{write("pooling.h5", config(`"Flatten","config":{`, `"ZeroPadding2D","config":{"padding":[[1,1],[1,1]],`)), "a ZeroPadding2D, which gangpu does not have"},
		{write("no-config.h5", config(`"Flatten","config":{`, `"Wrapper","config":3,"was":{`)), "a Wrapper, which gangpu does not have"},
		{write("units-type.h5", config(`"units":12`, `"units":"12"`)), `the Dense "dense"'s units is of a type that is not read there: string`},
		{write("fraction.h5", config(`"units":12`, `"units":12.5`)), `the Dense "dense"'s units is of a type that is not read there: number 12.5`},
		{write("slope.h5", config(`"negative_slope":0.3`, `"negative_slope":{"class_name":"Constant"}`)), `'s negative_slope is of a type that is not read there: object`},
		{write("layers.h5", func(g *hdf5.Group) { g.Strings[modelConfig] = `{"class_name":"Sequential","config":{"layers":[3]}}` }), "a layer is of a type that is not read there: number"},
		{write("list.h5", func(g *hdf5.Group) { g.Strings[modelConfig] = "[]" }), "a layer is of a type that is not read there: array"},
		{write("model.h5", func(g *hdf5.Group) {
			g.Strings[modelConfig] = `{"class_name":"Model","config":{"layers":[{"inbound_nodes":[[["x",0,0,{}]]]}],"name":["m"]}}`
		}), "not the GAN of the tutorial"},
		{write("open.h5", config(`"target_shape":[2,2,3]`, `"target_shape":[-1,-1,3]`)), "target_shape [-1 -1 3]"},
		{write("odd.h5", config(`"target_shape":[2,2,3]`, `"target_shape":[-1,5,1]`)), "target_shape [-1 5 1] for an input [12]"},
		{write("functional.h5", config(`"Sequential","config":{"name":"generator"`, `"Functional","config":{"name":"generator"`)), "want a Sequential"},
		{write("units.h5", config(`"units":12`, `"units":16`)), "reshape"},
		{write("filters.h5", config(`"filters":2`, `"filters":4`)), `array generator/conv2d_transpose/kernel: its shape is [3 3 2 3], the model wants [3 3 4 3]`},
		{write("missing.h5", func(g *hdf5.Group) { delete(g.Group("model_weights/generator/generator").Groups, "dense") }), `no dataset "generator/dense/kernel"`},
		{write("fewer.h5", func(g *hdf5.Group) {
			l := g.Group("model_weights/generator").Lists
			l[weightNames] = l[weightNames][1:]
		}), `"generator" has 7 weights, the generator 8`},
		{write("infinite.h5", func(g *hdf5.Group) {
			g.Add("model_weights/generator/generator/conv2d/bias", hdf5.NewDataset([]int{1}, []float32{float32(math.Inf(1))}))
		}), `tensor "generator/conv2d/bias": element 0 is +Inf`},
	} {
		if _, err := ReadKeras(c.path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) ||
			strings.Contains(err.Error(), "unmarshal") {
			t.Errorf("%s: got %v, want the path and %q", c.path, err, c.want)
		}
	}
	if err := WriteKeras(filepath.Join(dir, "a.h5"), kerasModelFile(t), "none"); err == nil {
		t.Error("wrote a part that there is not")
	}
	if _, err := os.Stat(filepath.Join(dir, "a.h5")); !errors.Is(err, os.ErrNotExist) {
		t.Error("left a file")
	}
}
