package tutorial

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// EarlierFormat is the format of the reference files that the tutorial's game had before there were others.
const EarlierFormat = "gangpu-reference-step/1"

// Earlier is a reference file of the earlier form: a D step and then a G step, whose parameters lie under "generator/"
// and "discriminator/", of networks that are built like the tutorial's with any sizes; inputs "real" [half, height,
// width, 1], "z_d" [half, latent] and "z_g" [batch, latent]; and results under "expect/": "fake", "d_logits" (the real
// half first), "d_loss", "g_loss", and for each parameter "grad/" and "after/", its gradient and its value after Adam's
// first update. LeakyReLU's slope and Adam's settings are in its metadata.
type Earlier struct {
	step     *train.Step
	game     train.Game
	networks [2]chain          // generator and discriminator
	names    map[string]string // of the results, as the file has them, by those of the step
	order    []string          // of the results, by the step's names
	alpha    float64
	// Inputs as float64 computes with them.
	real, noiseD, noiseG []float64
	half, batch          int
	height, width        int
}

// toleranceEarlier is what these files have to agree to in fp32.
const toleranceEarlier = 1e-4

// Verify makes both steps on a device, and compares all that the file expects. Deviations are in the file's order, and
// have its names without "expect/".
func (e *Earlier) Verify(dev program.Device) ([]train.Deviation, error) {
	all, err := e.step.Verify(dev, e.game)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b train.Deviation) int { return slices.Index(e.order, a.Name) - slices.Index(e.order, b.Name) })
	for i := range all {
		all[i].Name = strings.TrimPrefix(e.names[all[i].Name], "expect/")
		all[i].Tolerance = max(all[i].Tolerance, toleranceEarlier)
	}
	return all, nil
}

// ReadEarlier makes a step of the tutorial's game of a file of the earlier form.
func ReadEarlier(file *safetensors.File) (*Earlier, error) {
	if got := file.Metadata["format"]; got != EarlierFormat {
		return nil, fmt.Errorf("not a reference: its format is %q, want %q", got, EarlierFormat)
	}
	s := Defaults()
	s.K = 1
	for key, v := range map[string]*float64{"leaky_alpha": &s.Alpha, "learning_rate": &s.Rate,
		"beta1": &s.Beta1, "beta2": &s.Beta2, "epsilon": &s.Epsilon, "dropout": &s.Dropout} {
		var err error
		if *v, err = strconv.ParseFloat(file.Metadata[key], 64); err != nil {
			return nil, fmt.Errorf("metadata %s: %q is no number", key, file.Metadata[key])
		}
	}
	if s.Dropout != 0 {
		return nil, fmt.Errorf("metadata dropout: %v, but masks are not in these files", s.Dropout)
	}
	e := &Earlier{alpha: s.Alpha, names: map[string]string{}}
	in, err := e.readInputs(file, &s)
	if err != nil {
		return nil, err
	}
	if e.networks, err = earlierNetworks(file, in); err != nil {
		return nil, err
	}
	if e.game, err = New(s, in); err != nil {
		return nil, err
	}
	for i, n := range e.networks {
		e.game.Networks[i].Net = n.network(s.Alpha)
	}
	whole := e.half * e.batch // a batch that both steps take a part of
	e.game.Phases[0].Fraction, e.game.Phases[1].Fraction = e.batch, e.half
	e.keepValues(s)
	renamed, err := e.rename(file)
	if err != nil {
		return nil, err
	}
	if err := describe(renamed, s, in, train.Settings{Batch: whole, Shards: 1}); err != nil {
		return nil, err
	}
	if e.step, err = train.ReadStep(renamed); err != nil {
		return nil, err
	}
	e.step.Prepare = e.avoidKinks
	return e, nil
}

// readInputs reads the batches, whose shapes say what the settings do not.
func (e *Earlier) readInputs(file *safetensors.File, s *Settings) (in train.Input, err error) {
	var real, noiseD, noiseG []int
	for _, x := range []struct {
		name   string
		dims   int
		values *[]float64
		shape  *[]int
	}{{"real", 4, &e.real, &real}, {"z_d", 2, &e.noiseD, &noiseD}, {"z_g", 2, &e.noiseG, &noiseG}} {
		if *x.values, *x.shape, err = floats(file, x.name, x.dims); err != nil {
			return in, err
		}
	}
	e.half, e.batch, s.Latent = noiseD[0], noiseG[0], noiseD[1]
	e.height, e.width = real[1], real[2]
	switch {
	case file.Metadata["half_batch"] != strconv.Itoa(e.half) || real[0] != e.half:
		return in, fmt.Errorf("half_batch is %q in the metadata, but real is %v and z_d %v", file.Metadata["half_batch"], real, noiseD)
	case noiseD[1] != noiseG[1]:
		return in, fmt.Errorf("z_d is %v but z_g %v", noiseD, noiseG)
	case e.half < 1 || e.batch < 1:
		return in, fmt.Errorf("z_d is %v and z_g %v: empty batches", noiseD, noiseG)
	}
	return train.Input{Height: real[1], Width: real[2], Channels: real[3]}, nil
}

// floats returns a tensor of F32 or F64, rounded to float32 as devices have it.
func floats(file *safetensors.File, name string, dims int) ([]float64, []int, error) {
	t, err := file.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	if len(t.Shape) != dims {
		return nil, nil, fmt.Errorf("tensor %q has shape %v, want %d dimensions", name, t.Shape, dims)
	}
	values, err := t.Float64s()
	for i, v := range values {
		values[i] = float64(float32(v))
	}
	return values, t.Shape, err
}

// keepValues has the D step keep its fakes and logits. They are the loss's own nodes: a graph has an operation on the
// same operands once.
func (e *Earlier) keepValues(s Settings) {
	loss := e.game.Phases[0].Loss
	e.game.Phases[0].Loss = func(b *train.Builder) *nn.Node {
		y := loss(b)
		fake := b.Apply("generator", b.Noise("z", s.Latent))
		b.Value("fake", fake)
		b.Value("d_logits", b.Apply("discriminator", nn.Stack(b.Data("image"), nn.Detach(fake))))
		return y
	}
}

// rename is the file's tensors by the names that a step has for them.
func (e *Earlier) rename(file *safetensors.File) (*safetensors.File, error) {
	step := map[string]string{"real": "d/input/image", "z_d": "d/input/z", "z_g": "g/input/z", "expect/fake": "d/value/fake",
		"expect/d_logits": "d/value/d_logits", "expect/d_loss": "d/metric/d_loss", "expect/g_loss": "g/metric/g_loss"}
	for i, phase := range []string{"g", "d"} {
		for _, p := range e.networks[i].parameters() {
			t, err := file.Tensor(p.name)
			if err != nil {
				return nil, err
			}
			if !slices.Equal(t.Shape, p.shape) {
				return nil, fmt.Errorf("tensor %q has shape %v, want %v", t.Name, t.Shape, p.shape)
			}
			step[p.name] = "before/" + p.name
			step["expect/grad/"+p.name] = phase + "/gradient/" + p.name
			step["expect/after/"+p.name] = phase + "/after/" + p.name
		}
	}
	renamed := &safetensors.File{Metadata: map[string]string{}}
	for _, t := range file.Tensors {
		name, known := step[t.Name]
		if strings.HasPrefix(t.Name, "expect/") {
			if !known {
				return nil, fmt.Errorf("tensor %q: nothing is known to compare it with", t.Name)
			}
			e.names[name] = t.Name
			e.order = append(e.order, name)
		}
		if known {
			t.Name = name
			renamed.Tensors = append(renamed.Tensors, t)
		}
	}
	if len(e.order) == 0 {
		return nil, errors.New("the file expects nothing")
	}
	return renamed, nil
}

// describe writes a step's metadata.
func describe(file *safetensors.File, s Settings, in train.Input, t train.Settings) error {
	file.Metadata["format"], file.Metadata["system"] = train.StepFormat, System.Name
	for key, v := range map[string]any{"settings": s, "train": t, "input": in, "phases": []string{"d", "g"}} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		file.Metadata[key] = string(text)
	}
	return nil
}
