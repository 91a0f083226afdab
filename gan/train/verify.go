package train

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/internal/safetensors"
)

// StepFormat is the format of a reference file: one iteration of a game, computed by another framework in float64.
// docs/reference-files.md describes it.
const StepFormat = "gangpu-step/1"

// Step is a reference file.
type Step struct {
	System   string          // by which the game is made
	Settings json.RawMessage // of the game
	Train    Settings
	Input    Input
	// Iteration, from 0, is the one that is made: of a game of stages, it says which.
	Iteration int
	Phases    []string // in the order in which they were computed
	// Prepare, if set, may change parameters on the device before each phase, by name: how [Step.Verify] keeps away from
	// points at which rounding decides.
	Prepare func(phase string, parameters map[string][]float32) error
	file    *safetensors.File
}

// ReadStep is the reference of a file that was read already.
func ReadStep(file *safetensors.File) (*Step, error) {
	if got := file.Metadata["format"]; got != StepFormat {
		return nil, fmt.Errorf("not a reference: its format is %q, want %q", got, StepFormat)
	}
	s := &Step{System: file.Metadata["system"], Settings: json.RawMessage(file.Metadata["settings"]), file: file}
	for name, into := range map[string]any{"train": &s.Train, "input": &s.Input, "phases": &s.Phases} {
		if err := strictly(file.Metadata[name], into); err != nil {
			return nil, fmt.Errorf("metadata %s: %w", name, err)
		}
	}
	if text, ok := file.Metadata["iteration"]; ok {
		if err := strictly(text, &s.Iteration); err != nil || s.Iteration < 0 {
			return nil, fmt.Errorf("metadata iteration is %q, want a number from 0 on", text)
		}
	}
	if s.Train.Shards != 1 {
		return nil, fmt.Errorf("the reference has %d shards, want 1", s.Train.Shards)
	}
	return s, s.Train.Validate()
}

// Game is the reference's game, of its system.
func (s *Step) Game(of System) (Game, error) {
	settings, err := of.Decode(s.Settings)
	if err != nil {
		return Game{}, err
	}
	return of.New(settings, s.Input)
}

// Deviation is that of one tensor of a reference.
type Deviation struct {
	Name      string  // "d/gradient/discriminator/conv2d/kernel"
	Error     float64 // ||got-want|| / ||want||, or ||got|| where the reference is zero
	Tolerance float64
}

// OK reports whether the tensor agrees. An error that is not a number does not.
func (d Deviation) OK() bool { return d.Error <= d.Tolerance }

// Worst is the deviation that is furthest from its tolerance. One that is not a number is the worst of all.
func Worst(all []Deviation) Deviation {
	excess := func(d Deviation) float64 {
		if math.IsNaN(d.Error) {
			return math.Inf(1)
		}
		return d.Error / d.Tolerance
	}
	return slices.MaxFunc(all, func(a, b Deviation) int { return cmp.Compare(excess(a), excess(b)) })
}

// Tolerances of a phase by the device's precision, and of one that divides by what it computes. In tf32 the operands of
// a product keep 11 bits, which moves some inputs of a ReLU across its kink: the gradients differ most.
const (
	toleranceFP32          = 1e-5
	toleranceFP32Norms     = 1e-4
	toleranceTF32          = 1e-2
	toleranceTF32Gradients = 4e-2
)

// Verify makes the phases of a reference on a device, of its inputs, and compares all that it has results of.
func (s *Step) Verify(dev program.Device, g Game) (_ []Deviation, err error) {
	t, err := s.trainer(dev, g.At(s.Iteration))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	used := map[string]bool{}
	if err := errors.Join(s.restore(t, used), t.setLevels(s.Iteration)); err != nil {
		return nil, err
	}
	var all []Deviation
	runs := map[string]int{}
	for _, name := range s.Phases {
		at := name
		if runs[name]++; runs[name] > 1 {
			at = fmt.Sprintf("%s %d", name, runs[name])
		}
		i := slices.IndexFunc(t.runs, func(r *running) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the game %s has no phase %q", g.Name, name)
		}
		d, err := s.replay(t, t.runs[i], at, used)
		if err != nil {
			return nil, fmt.Errorf("phase %s: %w", at, err)
		}
		all = append(all, d...)
	}
	for _, tensor := range s.file.Tensors {
		if !used[tensor.Name] {
			return nil, fmt.Errorf("the reference's tensor %q is nothing that the game has", tensor.Name)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the reference has no results to compare with")
	}
	return all, nil
}

// trainer is one whose phases take given inputs.
func (s *Step) trainer(dev program.Device, g Game) (*Trainer, error) {
	names := s.Input.Fields
	if names == nil {
		names = []string{"image"}
	}
	var fields []Field
	for _, name := range names {
		f := Field{Name: name, Shape: []int{s.Input.Height, s.Input.Width, s.Input.Channels}, Low: g.Low, High: g.High}
		f.Bytes = make([]byte, f.size())
		fields = append(fields, f)
	}
	if n := s.Input.Classes; n > 0 {
		fields = append(fields, Field{Name: "class", Shape: []int{n}, Bytes: make([]byte, n)})
	}
	if n := s.Input.Attributes; n > 0 {
		fields = append(fields, Field{Name: "attributes", Shape: []int{n}, Bytes: make([]byte, n)})
	}
	return newTrainerOf(Ranks{}, dev, g, s.Train, Data{Tables: []Table{{Rows: 1, Fields: fields}}}, true)
}

// restore gives the trainer the state before the phases: parameters and states; what else there is begins at zero.
func (s *Step) restore(t *Trainer, used map[string]bool) error {
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			values := make([]float32, a.len)
			for _, q := range t.parameters[n.Name].List {
				if q.State != a.state {
					continue
				}
				name := "before/" + a.prefix + q.Name
				if a.prefix == "average/" {
					name = "before/" + q.Name
				}
				v, err := s.values(name, q.Shape)
				if err != nil && a.prefix != "" && a.prefix != "average/" {
					continue // an optimizer's state is zero unless the reference says otherwise
				}
				if err != nil {
					return err
				}
				used[name] = true
				copy(values[q.Offset:], v)
			}
			if err := write(t.arrays, a.storage, 0, values); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Step) values(name string, shape []int) ([]float32, error) {
	tensor, err := s.file.Tensor(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(tensor.Shape, shape) {
		return nil, fmt.Errorf("tensor %q has shape %v, want %v", name, tensor.Shape, shape)
	}
	v, err := tensor.Float64s()
	if err != nil {
		return nil, err
	}
	y := make([]float32, len(v))
	for i := range v {
		y[i] = float32(v[i])
	}
	return y, nil
}

// replay makes one phase, whose tensors' names begin with at, and compares its results.
func (s *Step) replay(t *Trainer, r *running, at string, used map[string]bool) ([]Deviation, error) {
	for _, in := range r.graph.Inputs() {
		if strings.HasPrefix(in.At.Storage, "input/") || strings.HasPrefix(in.At.Storage, "draw/") {
			name := at + "/input/" + in.Node.Name()
			v, err := s.values(name, in.Node.Shape())
			if err != nil {
				return nil, err
			}
			used[name] = true
			if err := writeInput(t.arrays, in.At.Storage, v); err != nil {
				return nil, err
			}
		}
	}
	if err := s.prepare(t, r.Name); err != nil {
		return nil, err
	}
	if err := r.runBody(0); err != nil {
		return nil, err
	}
	c := comparison{s: s, phase: at, used: used, tolerance: toleranceFP32, gradients: toleranceFP32}
	if r.graph.Normalises() {
		c.tolerance, c.gradients = toleranceFP32Norms, toleranceFP32Norms
	}
	if t.arrays.dev.Info().Precision == "tf32" {
		c.tolerance, c.gradients = toleranceTF32, toleranceTF32Gradients
	}
	results := make([]float32, r.results.len)
	if err := read(t.arrays, r.storage, 0, results); err != nil {
		return nil, err
	}
	for i, column := range r.Builder.columns {
		c.compare("metric/"+column.Name, nil, results[r.results.metrics+i:][:1], c.tolerance)
	}
	for _, v := range r.watched {
		c.compare("value/"+v.name, v.node.Shape(), results[v.at:][:size(v.node.Shape())], c.tolerance)
	}
	for _, name := range r.Trains {
		for _, q := range r.gradient[name].of {
			c.compare("gradient/"+q.Name, q.Shape, results[r.results.gradients[name]+q.Offset:][:q.Len()], c.gradients)
		}
	}
	if err := t.setRate(r); err != nil {
		return nil, err
	}
	if err := r.update.Run(); err != nil {
		return nil, err
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			values := make([]float32, a.len)
			if err := read(t.arrays, a.storage, 0, values); err != nil {
				return nil, err
			}
			tolerance := c.tolerance
			if a.prefix != "" && a.prefix != "average/" {
				tolerance = c.gradients // an optimizer's state is made of gradients
			}
			for _, q := range t.parameters[n.Name].List {
				if q.State == a.state {
					c.compare("after/"+a.prefix+q.Name, q.Shape, values[q.Offset:][:q.Len()], tolerance)
				}
			}
		}
	}
	return c.all, c.err
}

// comparison collects the deviations of a phase's results from those that the reference has.
type comparison struct {
	s         *Step
	phase     string
	used      map[string]bool
	tolerance float64
	gradients float64 // the tolerance of gradients, and of optimizers' state
	all       []Deviation
	err       error
}

func (c *comparison) compare(result string, shape []int, got []float32, tolerance float64) {
	name := c.phase + "/" + result
	tensor, err := c.s.file.Tensor(name)
	if err != nil || c.err != nil {
		return // the reference need not have all
	}
	want, err := tensor.Float64s()
	if err != nil || !slices.Equal(tensor.Shape, shape) && len(shape) > 0 || len(want) != len(got) {
		c.err = errors.Join(fmt.Errorf("tensor %q has shape %v, want %v", name, tensor.Shape, shape), err)
		return
	}
	c.used[name] = true
	var difference, norm float64
	for i, w := range want {
		d := float64(got[i]) - w
		difference, norm = difference+d*d, norm+w*w
	}
	d := Deviation{Name: name, Error: math.Sqrt(difference), Tolerance: tolerance}
	if norm > 0 {
		d.Error /= math.Sqrt(norm)
	}
	c.all = append(c.all, d)
}
