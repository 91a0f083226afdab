package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/exchange"
)

// pixelsOf are what a model makes of some noise, as raw float32.
func pixelsOf(t *testing.T, model string, more ...string) []byte {
	t.Helper()
	npy := filepath.Join(t.TempDir(), "pixels.npy")
	succeed(t, append([]string{"generate", "--device", "cpu", "--model", model, "-n", "2", "--npy", npy}, more...)...)
	return readFile(t, npy)
}

func TestExport(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct{ want, out string }{
		{"generator and discriminator for Keras in ", "gan_mnist.h5"},
		{"generator and discriminator for Keras in ", "gan.weights.h5"},
		{"sample as ONNX in ", "generator.onnx"},
		{"weights in ", "weights.safetensors"},
	} {
		if got := succeed(t, "export", "--model", model, "--out", in(c.out)); got != c.want+in(c.out)+"\n" {
			t.Errorf("export to %s says %q", c.out, got)
		}
	}
	succeed(t, "export", "--model", model, "--out", in("d.onnx"), "--part", "score")
	succeed(t, "export", "--model", model, "--out", in("d.h5"), "--part", "discriminator")
	succeed(t, "export", "--model", model, "--out", in("onnx"), "--format", "onnx")
	succeed(t, "export", "--model", model, "--out", in("web"), "--format", "web")
	if !bytes.Contains(readFile(t, in("web"), "index.html"), []byte("A generator, in your browser")) {
		t.Error("no page of the generator")
	}
	if bytes.Equal(readFile(t, in("d.onnx")), readFile(t, in("generator.onnx"))) ||
		!bytes.Equal(readFile(t, in("d.onnx")), readFile(t, in("onnx"), "score.onnx")) ||
		!bytes.Equal(readFile(t, in("generator.onnx")), readFile(t, in("onnx"), "sample.onnx")) {
		t.Error("ONNX files of the networks are mixed up")
	}

	want := pixelsOf(t, model)
	if !bytes.Equal(pixelsOf(t, in("weights.safetensors")), want) {
		t.Error("the exported weights make other images")
	}
	for _, tensor := range readTensors(t, in("weights.safetensors")).Tensors {
		if strings.HasPrefix(tensor.Name, "adam/") {
			t.Errorf("weights.safetensors holds %s", tensor.Name)
		}
	}
	for _, name := range []string{"gan_mnist.h5", "gan.weights.h5"} {
		imported := in(name + ".safetensors")
		if got := succeed(t, "import", "--keras", in(name), "--out", imported); !strings.HasPrefix(got, "generator with ") ||
			!strings.HasSuffix(got, " in "+imported+", without an optimizer's state\n") {
			t.Errorf("import of %s says %q", name, got)
		}
		if !bytes.Equal(pixelsOf(t, imported), want) {
			t.Errorf("%s: exported and imported, the model makes other images", name)
		}
	}
}

// A model with a moving average is exported by that, and by the last weights on demand.
func TestExportAverage(t *testing.T) {
	model := filepath.Join(trained(t, "--ema", "0.9"), "model.safetensors")
	file := filepath.Join(t.TempDir(), "weights.safetensors")
	succeed(t, "export", "--model", model, "--out", file)
	if !bytes.Equal(pixelsOf(t, file), pixelsOf(t, model)) {
		t.Error("the moving average was not exported")
	}
	succeed(t, "export", "--model", model, "--out", file, "--raw")
	if !bytes.Equal(pixelsOf(t, file), pixelsOf(t, model, "--raw")) {
		t.Error("--raw exports other weights than the last")
	}
}

func TestExportRefused(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	t.Chdir(dir)
	before := readFile(t, model)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--model is missing", []string{"--out", "a.h5"}},
		{exitUsage, "--out is missing", []string{"--model", model}},
		{exitUsage, "--out a: its ending tells no format", []string{"--model", model, "--out", "a"}},
		{exitUsage, `does not end in ".onnx"`, []string{"--model", model, "--out", "a.onnx", "--format", "keras"}},
		{exitUsage, `unknown format "tf"`, []string{"--model", model, "--out", "a.onnx", "--format", "tf"}},
		{exitUsage, `unknown part "all"`, []string{"--model", model, "--out", "a.h5", "--part", "all"}},
		{exitUsage, "--part both: the model of the game tutorial has sample, score", []string{"--model", model, "--out", "a.onnx", "--part", "both"}},
		{exitUsage, "--part generator: a safetensors file holds the arrays of all", []string{"--model", model, "--out", "a.safetensors", "--part", "generator"}},
		{exitUsage, "--onnxruntime is for --format web", []string{"--model", model, "--out", "a.onnx", "--onnxruntime", dir}},
		{exitUsage, "a web page runs the graph that makes images", []string{"--model", model, "--out", "a", "--format", "web", "--part", "score"}},
		{exitFailed, "ONNX Runtime Web, the folder dist of the npm package", []string{"--model", model, "--out", "a", "--format", "web", "--onnxruntime", dir}},
		{exitFailed, "it would replace " + model + ", which is read", []string{"--model", model, "--out", model}},
		{exitFailed, "none.safetensors", []string{"--model", "none.safetensors", "--out", "a.h5"}},
		{exitFailed, "no/a.h5", []string{"--model", model, "--out", filepath.FromSlash("no/a.h5")}},
		{exitFailed, "not a model of a game", []string{"--model", writeForeign(t), "--out", "a.h5"}},
	} {
		fail(t, c.code, c.want, append([]string{"export"}, c.args...)...)
	}
	if err := exchange.WriteKeras("generator.h5", readModel(t, model), exchange.Generator); err != nil {
		t.Fatal(err)
	}
	fail(t, exitUsage, "--keras is missing", "import", "--out", "a.safetensors")
	fail(t, exitUsage, "--out is missing", "import", "--keras", "generator.h5")
	fail(t, exitFailed, "generator.h5: not the GAN of the tutorial", "import", "--keras", "generator.h5", "--out", "a.safetensors")
	fail(t, exitFailed, "not an HDF5 file", "import", "--keras", model, "--out", "a.safetensors")
	if got := folder(t, dir); len(got) != 1 {
		t.Errorf("the folder holds %d files", len(got))
	}
	if !bytes.Equal(readFile(t, model), before) {
		t.Error("the model was changed")
	}
}

// The tutorial's layers in other sizes, as the real Keras saved them.
func TestImportKerasFile(t *testing.T) {
	model := filepath.Join(t.TempDir(), "model.safetensors")
	succeed(t, "import", "--keras", filepath.Join("..", "..", "gan", "exchange", "testdata", "gan_mnist.h5"), "--out", model)
	grid := filepath.Join(t.TempDir(), "grid.png")
	succeed(t, "generate", "--device", "cpu", "--model", model, "-n", "1", "--out", grid)
	if info, err := os.Stat(grid); err != nil || info.Size() == 0 {
		t.Errorf("no picture: %v", err)
	}
}

// A run that begins with a model's weights has them before its first step, and those of no seed.
func TestTrainFromWeights(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	keras, imported := filepath.Join(dir, "gan.h5"), filepath.Join(dir, "imported.safetensors")
	succeed(t, "export", "--model", model, "--out", keras)
	succeed(t, "import", "--keras", keras, "--out", imported)
	begin := func(name string, more ...string) []byte {
		t.Helper()
		out := filepath.Join(dir, name)
		said := succeed(t, trainArgs(out, append([]string{"--iterations", "1", "--lr", "1e-30"}, more...)...)...)
		if strings.Contains(said, " arrays taken") != (len(more) > 0) {
			t.Errorf("train says %q", said)
		}
		return pixelsOf(t, filepath.Join(out, "model.safetensors"))
	}
	want := pixelsOf(t, model)
	if !bytes.Equal(begin("from", "--from", imported), want) || !bytes.Equal(begin("averaged", "--from", imported, "--ema", "0.9"), want) {
		t.Error("the run did not begin with the weights")
	}
	if bytes.Equal(begin("drawn"), want) {
		t.Error("drawn weights are the same")
	}
	fail(t, exitUsage, "--from begins a new run", "train", "--device", "cpu", "--resume", filepath.Join(dir, "from"), "--from", imported)
	fail(t, exitFailed, "none.safetensors", trainArgs("a", "--from", "none.safetensors")...)
	small := filepath.Join(dir, "small.safetensors")
	succeed(t, "import", "--keras", filepath.Join("..", "..", "gan", "exchange", "testdata", "gan_mnist.h5"), "--out", small)
	// Of a model of other sizes the arrays are taken that fit.
	if said := succeed(t, trainArgs(filepath.Join(dir, "a"), "--from", small, "--iterations", "1")...); !strings.Contains(said, "2 arrays taken, 12 of the game drawn") {
		t.Errorf("train says %q", said)
	}
}

// What old Keras saved makes the same images as what newer Keras saved of the same GAN.
func TestImportOldKeras(t *testing.T) {
	dir := t.TempDir()
	var images [][]byte
	for _, name := range []string{"gan_mnist.h5", "keras-2.0.5.h5"} {
		model := filepath.Join(dir, name+".safetensors")
		succeed(t, "import", "--keras", filepath.Join("..", "..", "gan", "exchange", "testdata", name), "--out", model)
		images = append(images, pixelsOf(t, model))
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Error("the images differ")
	}
}
