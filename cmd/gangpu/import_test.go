package main

import (
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/train"
)

// A StyleGAN2 that PyTorch trained is a model like others.
func TestImportStyleGAN2(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	from := func(name string) string {
		return filepath.Join("..", "..", "gan", "exchange", "testdata", "stylegan2-"+name+".safetensors")
	}
	for _, name := range []string{"ada", "rosinality"} {
		said := succeed(t, "import", "--stylegan2", from(name), "--out", in(name))
		if !strings.HasPrefix(said, "generator with ") || !strings.HasSuffix(said, " in "+in(name)+", without an optimizer's state\n") {
			t.Errorf("import says %q", said)
		}
		succeed(t, "generate", "--device", "cpu", "--model", in(name), "-n", "2", "--truncation", "0.7", "--out", in("grid.png"))
		succeed(t, "generate", "--device", "cpu", "--model", in(name), "-n", "2", "--mix", "2", "--out", in("mixed.png"))
		succeed(t, "generate", "--device", "cpu", "--model", in(name), "-n", "2", "--interpolate", "2", "--out", in("walk.png"))
		succeed(t, "project", in("grid.png"), "--device", "cpu", "--model", in(name), "--steps", "1", "--out", in("both.png"))
	}
	if said := succeed(t, "summary", "--model", in("ada")); !strings.Contains(said, "game stylegan2, ") || !strings.Contains(said, `"filters":128,"most_filters":14`) {
		t.Errorf("summary says %q", said)
	}
	succeed(t, "export", "--model", in("ada"), "--format", "onnx", "--out", in("onnx"))
	// All arrays of a run that begins with it are its own, and so are the settings.
	said := succeed(t, "train", "stylegan2", "--from", in("rosinality"), "--data", animals(t), "--size", "16", "--batch", "4", "--iterations", "1",
		"--device", "cpu", "--out", in("run"))
	if !strings.Contains(said, " arrays taken\n") {
		t.Errorf("train says %q", said)
	}
	m, err := train.Load(filepath.Join(in("run"), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(m.GameSettings), `"filters":96,"most_filters":10`) {
		t.Errorf("the settings are %s", m.GameSettings)
	}

	fail(t, exitUsage, "--keras and --stylegan2: want one of them", "import", "--keras", "a.h5", "--stylegan2", from("ada"), "--out", in("a"))
	fail(t, exitUsage, "--out is missing", "import", "--stylegan2", from("ada"))
	fail(t, exitFailed, "none.safetensors", "import", "--stylegan2", "none.safetensors", "--out", in("a"))
	fail(t, exitFailed, "neither NVIDIA's tensor", "import", "--stylegan2", in("ada"), "--out", in("a"))
	fail(t, exitFailed, "it would replace "+in("ada")+", which is read", "import", "--stylegan2", in("ada"), "--out", in("ada"))
}
