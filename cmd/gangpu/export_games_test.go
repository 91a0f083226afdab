package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"gangpu/gan/train"
)

// A model of any game goes to ONNX, a file for each of its graphs, and to safetensors, which makes the same images.
func TestExportGame(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	succeed(t, "train", "acgan", "--data", animals(t), "--size", "16", "--filters", "2", "--latent", "4", "--embedding", "2", "--batch", "4",
		"--ema", "0.5", "--iterations", "2", "--device", "cpu", "--out", in("run"))
	model := filepath.Join(in("run"), "model.safetensors")
	m, err := train.Load(model)
	if err != nil {
		t.Fatal(err)
	}

	export := func(args ...string) string {
		t.Helper()
		return succeed(t, append([]string{"export", "--model", model}, args...)...)
	}
	if got := export("--out", in("a.onnx")); got != "sample as ONNX in "+in("a.onnx")+"\n" {
		t.Errorf("export says %q", got)
	}
	export("--out", in("raw.onnx"), "--raw")
	if bytes.Equal(readFile(t, in("a.onnx")), readFile(t, in("raw.onnx"))) {
		t.Error("--raw exports the averages")
	}
	if got := export("--out", in("weights.safetensors")); got != "weights in "+in("weights.safetensors")+"\n" {
		t.Errorf("export says %q", got)
	}
	if !bytes.Equal(pixelsOf(t, in("weights.safetensors")), pixelsOf(t, model)) {
		t.Error("the exported weights make other images")
	}
	if got, whole := len(readTensors(t, in("weights.safetensors")).Tensors), len(m.Uses["sample"].Inputs)-2; got != whole {
		t.Errorf("%d arrays are exported, the graph reads %d", got, whole)
	}

	m.Uses["again"] = m.Uses["sample"]
	if err := m.Save(model); err != nil {
		t.Fatal(err)
	}
	if got := export("--out", in("all"), "--format", "onnx"); got != "again as ONNX in "+filepath.Join(in("all"), "again.onnx")+
		"\nsample as ONNX in "+filepath.Join(in("all"), "sample.onnx")+"\n" {
		t.Errorf("export says %q", got)
	}
	export("--out", in("b.onnx"))
	export("--out", in("c.onnx"), "--part", "again")
	if !bytes.Equal(readFile(t, in("b.onnx")), readFile(t, in("a.onnx"))) || bytes.Equal(readFile(t, in("b.onnx")), readFile(t, in("c.onnx"))) {
		t.Error("graphs are mixed up")
	}
	for want, args := range map[string][]string{
		"--part generator: the model of the game acgan": {"--out", in("d.onnx"), "--part", "generator"},
		"a safetensors file holds the arrays of all":    {"--out", in("d.safetensors"), "--part", "sample"},
		"--onnxruntime is for --format web":             {"--out", in("d.onnx"), "--onnxruntime", dir},
		`does not end in ".onnx"`:                       {"--out", in("d.onnx"), "--format", "keras"},
	} {
		fail(t, exitUsage, want, append([]string{"export", "--model", model}, args...)...)
	}
	fail(t, exitFailed, "the generator is no chain of layers that Keras's Sequential could be", "export", "--model", model, "--out", in("a.h5"))
	succeed(t, "export", "--model", model, "--out", in("web"), "--format", "web")
	fail(t, exitFailed, "it would replace "+model, "export", "--model", model, "--out", model)
	delete(m.Uses, "sample")
	m.Uses["more"] = m.Uses["again"]
	if err := m.Save(model); err != nil {
		t.Fatal(err)
	}
	fail(t, exitUsage, "has again, more; name one by --part, or a folder for all", "export", "--model", model, "--out", in("d.onnx"))
}
