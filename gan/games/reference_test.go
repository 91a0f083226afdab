// Package games_test compares steps of all games with those of another framework.
package games_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/games/acgan"
	"gangpu/gan/games/biggan"
	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/pix2pix"
	"gangpu/gan/games/progan"
	"gangpu/gan/games/srgan"
	"gangpu/gan/games/stargan"
	"gangpu/gan/games/stylegan"
	"gangpu/gan/games/stylegan2"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/games/wgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

var systems = []train.System{tutorial.System, dcgan.System, wgan.System, acgan.System, pix2pix.System, cyclegan.System, stargan.System, srgan.System, biggan.System,
	progan.System, stylegan.System, stylegan2.System}

// references are the files that bench/reference writes.
func references(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.safetensors")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d reference files: %v", len(files), err)
	}
	return files
}

func readFile(t *testing.T, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// read is the step of a file, and its game.
func read(t *testing.T, file *safetensors.File) (*train.Step, train.Game) {
	t.Helper()
	step, err := train.ReadStep(file)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(systems, func(s train.System) bool { return s.Name == step.System })
	if i < 0 {
		t.Fatalf("no system is called %q", step.System)
	}
	g, err := step.Game(systems[i])
	if err != nil {
		t.Fatal(err)
	}
	return step, g
}

func replay(t *testing.T, dev program.Device, path string) {
	t.Helper()
	step, g := read(t, readFile(t, path))
	began := time.Now()
	all, err := step.Verify(dev, g)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if !d.OK() {
			t.Errorf("%s: relative error %.2e, tolerance %.0e", d.Name, d.Error, d.Tolerance)
		}
	}
	// Every phase has its numbers, gradients and arrays in the file.
	for _, p := range g.Phases {
		for _, part := range []string{"/metric/", "/gradient/", "/after/"} {
			if !slices.ContainsFunc(all, func(d train.Deviation) bool { return strings.HasPrefix(d.Name, p.Name+part) }) {
				t.Errorf("nothing was compared that begins with %s", p.Name+part)
			}
		}
	}
	worst := train.Worst(all)
	t.Logf("%d tensors of %d phases in %.1fs; the worst is %s, %.1e", len(all), len(step.Phases), time.Since(began).Seconds(), worst.Name, worst.Error)
}

// Every game's phases give the loss, the gradients, the updated parameters and the state that JAX gives in float64.
func TestReferences(t *testing.T) {
	for _, path := range references(t) {
		t.Run(filepath.Base(path), func(t *testing.T) { replay(t, traintest.CPU(t), path) })
	}
}

func TestReferencesOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: the emulator takes ten seconds for the steps of all games")
	}
	for _, path := range references(t) {
		t.Run(filepath.Base(path), func(t *testing.T) { replay(t, traintest.Emulated(t), path) })
	}
}

// A result that is off by a thousandth is named, and so is a tensor that the game has no use for.
func TestReferencesThatDiffer(t *testing.T) {
	const gradient = "critic 2/gradient/critic/conv2d/kernel"
	file := readFile(t, "testdata/wgan-penalty.safetensors")
	change := func(name, called string, factor float64) safetensors.Tensor {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tensor.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		for i := range values {
			values[i] *= factor
		}
		changed, err := safetensors.New(called, tensor.Shape, values)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	i := slices.IndexFunc(file.Tensors, func(x safetensors.Tensor) bool { return x.Name == gradient })
	file.Tensors[i] = change(gradient, gradient, 1.001)
	step, g := read(t, file)
	all, err := step.Verify(traintest.CPU(t), g)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.OK() == (d.Name == gradient) {
			t.Errorf("%s: relative error %.2e, tolerance %.0e", d.Name, d.Error, d.Tolerance)
		}
	}
	if worst := train.Worst(all); worst.Name != gradient {
		t.Errorf("the worst is %s", worst.Name)
	}
	file.Tensors = append(file.Tensors, change(gradient, "critic/gradient/generator/dense/kernel", 1))
	step, g = read(t, file)
	if _, err := step.Verify(traintest.CPU(t), g); err == nil || !strings.Contains(err.Error(), "critic/gradient/generator/dense/kernel") {
		t.Errorf("error is %v", err)
	}
}

// What a reference prepares before a phase is on the device in that phase.
func TestReferencesThatPrepare(t *testing.T) {
	step, g := read(t, readFile(t, "testdata/tutorial.safetensors"))
	var phases []string
	step.Prepare = func(phase string, parameters map[string][]float32) error {
		phases = append(phases, phase)
		if phase == "g" {
			parameters["discriminator/dense/bias"][0]++
		}
		return nil
	}
	all, err := step.Verify(traintest.CPU(t), g)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(phases, step.Phases) {
		t.Errorf("prepared were %v of %v", phases, step.Phases)
	}
	for _, d := range all {
		if first := strings.HasPrefix(d.Name, "d/"); first != d.OK() && (first || d.Name == "g/metric/g_loss") {
			t.Errorf("%s: relative error %.2e, tolerance %.0e", d.Name, d.Error, d.Tolerance)
		}
	}
}
