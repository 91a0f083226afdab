package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Use is something that trained networks are used for: a graph without training.
type Use struct {
	Name  string
	Build func(b *Builder) []*nn.Node
}

// SampleUse is the name of the use that makes images, in [0, 1]: the game's Sample.
const SampleUse = "sample"

// use is a use of the game: how its graph is written for a batch, and as it is saved.
type use struct {
	name  string
	write func(batch int) (*nn.Graph, []*nn.Node, error)
	saved *nn.Saved
}

// uses finds what the game's networks can be used for, and what it shows.
func uses(g Game, d Data, parameters map[string]*nn.Parameters) (map[string]*use, []Shown, error) {
	all := slices.Clone(g.Uses)
	if g.Sample != nil {
		all = append(all, Use{SampleUse, g.sample})
	}
	var shown []Shown
	if g.Show != nil {
		all = append(all, Use{ShowUse, func(b *Builder) []*nn.Node {
			y := g.show(b)
			shown = b.shown
			return y
		}})
	}
	found := map[string]*use{}
	for _, of := range all {
		u := &use{name: of.Name, write: func(batch int) (*nn.Graph, []*nn.Node, error) {
			b := newBuilder(g, d, parameters, Phase{}, of.Name, batch, false)
			y := of.Build(b)
			for _, n := range y {
				if b.graph.Err() == nil && (n == nil || n.Batch() != batch) {
					b.graph.Fail(errors.New("a result is no batch"))
				}
			}
			if b.graph.Err() == nil && len(y) == 0 {
				b.graph.Fail(errors.New("there is no result"))
			}
			return b.graph, y, b.graph.Err()
		}}
		graph, y, err := u.write(1)
		if err != nil {
			return nil, nil, err
		}
		if u.saved, err = graph.Save(y...); err != nil {
			return nil, nil, err
		}
		found[of.Name] = u
	}
	for i := range shown {
		shown[i].Image = nil
	}
	return found, shown, nil
}

// sample is the game's Sample, in [0, 1].
func (g Game) sample(b *Builder) []*nn.Node {
	y := g.Sample(b)
	if b.graph.Err() == nil && (y == nil || len(y.Shape()) != 4) {
		return []*nn.Node{b.graph.Fail(errors.New("samples are no images [batch, height, width, channels]"))}
	}
	return []*nn.Node{b.Colours(y)}
}

// Runner runs a use of networks on a device, a batch at a time: a smaller one than was asked for where the device has no
// room for that, or an array of it would be too long.
type Runner struct {
	// Truncation is the largest magnitude of normal numbers that are drawn; 0 is none: see [Runner.AddNoise].
	Truncation float64

	arrays *arrays
	run    program.Executable
	inputs []nn.SavedInput
	shapes [][]int // of the results of an example
	batch  int
	padded map[string][]float32
}

func resultOf(i int) string { return fmt.Sprintf("result/%d", i) }

// newRunner prepares a graph to run on a device, where its parameters lie in arrays that are bound.
func newRunner(dev program.Device, g *nn.Graph, y []*nn.Node, saved *nn.Saved, batch int, bound program.Bindings) (*Runner, error) {
	r := &Runner{arrays: newArrays(dev), batch: batch, padded: map[string][]float32{}}
	var outputs []nn.Output
	for i, n := range y {
		outputs = append(outputs, nn.Output{Node: n, At: arg(resultOf(i))})
		r.shapes = append(r.shapes, n.Shape()[1:])
	}
	for _, in := range saved.Inputs {
		if in.Role != nn.Array {
			r.inputs = append(r.inputs, in)
		}
	}
	p, err := g.Compile(outputs...)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.arrays.bindings, bound)
	if err := r.arrays.allocFor(p); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if r.run, err = r.arrays.load(p); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// NewRunner prepares to use the networks of a model, without its game's code.
func NewRunner(dev program.Device, m *Model, use string, batch int) (*Runner, error) {
	saved, ok := m.Uses[use]
	if !ok {
		return nil, fmt.Errorf("the model of the game %s has no graph %q: it has %v", m.Game, use, slices.Sorted(maps.Keys(m.Uses)))
	}
	return fitting(batch, func(batch int) (*Runner, error) { return runnerOf(dev, m, use, saved, batch, true) })
}

// fitting prepares a runner by the largest of a batch, its half, and so on, that is not too large.
func fitting(batch int, prepare func(batch int) (*Runner, error)) (*Runner, error) {
	for {
		r, err := prepare(batch)
		if batch < 2 || tooLarge(err) == "" {
			return r, err
		}
		batch /= 2
	}
}

// tooLarge says why a program that was not loaded may be in a smaller form; nothing if that is no remedy.
func tooLarge(err error) string {
	full := (*program.OutOfMemoryError)(nil)
	switch {
	case errors.Is(err, program.ErrTooLong):
		return fmt.Sprintf("an array of it has more elements than the %d that kernels can count", program.MaxLen)
	case errors.As(err, &full):
		return full.Error()
	}
	return ""
}

// runnerOf prepares to use the networks of a model by a graph, whose results may have to be those of a batch.
func runnerOf(dev program.Device, m *Model, use string, saved *nn.Saved, batch int, batched bool) (*Runner, error) {
	return runnerOn(dev, m, use, saved, batch, batched, func(_ *nn.Graph, y []*nn.Node) []*nn.Node { return y })
}

// runnerOn is runnerOf with results that are computed in the graph from those that are saved.
func runnerOn(dev program.Device, m *Model, use string, saved *nn.Saved, batch int, batched bool,
	then func(g *nn.Graph, y []*nn.Node) []*nn.Node) (*Runner, error) {
	g := nn.NewGraph(use, dtype)
	y, placed, err := saved.Build(g, batch)
	if err == nil {
		y = then(g, y)
		err = g.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("the model's graph %s: %w", use, err)
	}
	for _, n := range y {
		if batched && (len(n.Shape()) == 0 || n.Batch() != batch) {
			return nil, fmt.Errorf("the model's graph %s has a result of shape %v", use, n.Shape())
		}
	}
	end := 0
	for _, p := range placed {
		end = max(end, p.Offset+size(p.Shape))
	}
	values := make([]float32, end)
	for _, p := range placed {
		a, ok := m.Used(p.Name)
		if !ok || !slices.Equal(a.Shape, p.Shape) {
			return nil, fmt.Errorf("the model's graph %s reads %s of shape %v, which the model does not hold", use, p.Name, p.Shape)
		}
		copy(values[p.Offset:], a.Values)
	}
	r, err := newRunner(dev, g, y, saved, batch, nil)
	if err != nil || end == 0 {
		return r, err
	}
	if err := write(r.arrays, nn.ArraysStorage, 0, values); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Runner prepares to use the networks that are trained: they, or their averages, are read where they lie. The caller closes
// it, before the trainer.
func (t *Trainer) Runner(name string, batch int) (*Runner, error) {
	u, ok := t.uses[name]
	if !ok {
		return nil, fmt.Errorf("the game %s has no graph %q", t.game.Name, name)
	}
	bound := program.Bindings{}
	for _, n := range t.game.Networks {
		for _, storage := range []string{nn.ParametersOf(n.Name), nn.StateOf(n.Name)} {
			from := storage
			if n.Average > 0 {
				from = averageOf(storage)
			}
			if m := t.arrays.bindings[from]; m != nil {
				bound[storage] = m
			}
		}
	}
	for _, l := range t.game.Levels {
		bound[levelOf(l.Name)] = t.arrays.bindings[levelOf(l.Name)]
	}
	return fitting(batch, func(batch int) (*Runner, error) {
		g, y, err := u.write(batch)
		if err != nil {
			return nil, err
		}
		return newRunner(t.arrays.dev, g, y, u.saved, batch, bound)
	})
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Inputs are what the use reads of each example: noise, which a Sampler draws, and what must be given, as images or
// classes.
func (r *Runner) Inputs() []nn.SavedInput { return slices.Clone(r.inputs) }

// Shapes are those of the results of an example.
func (r *Runner) Shapes() [][]int { return slices.Clone(r.shapes) }

// Run computes the results of n examples, whose inputs are given by name, [n, ...].
func (r *Runner) Run(inputs map[string][]float32, n int) ([][]float32, error) {
	for _, in := range r.inputs {
		if got := len(inputs[in.Name]); got != n*size(in.Shape) {
			return nil, fmt.Errorf("input %s has %d numbers, %d examples of %v have %d", in.Name, got, n, in.Shape, n*size(in.Shape))
		}
	}
	results := make([][]float32, len(r.shapes))
	for i, s := range r.shapes {
		results[i] = make([]float32, n*size(s))
	}
	for first := 0; first < n; first += r.batch {
		count := min(r.batch, n-first)
		for _, in := range r.inputs {
			each := size(in.Shape)
			rows := inputs[in.Name][first*each : (first+count)*each]
			if count < r.batch {
				whole := r.padded[in.Name]
				if whole == nil {
					whole = make([]float32, r.batch*each)
					r.padded[in.Name] = whole
				}
				clear(whole[copy(whole, rows):])
				rows = whole
			}
			at := "input/" + in.Name
			if in.Role == nn.Noise {
				at = "draw/" + in.Name
			}
			if err := writeInput(r.arrays, at, rows); err != nil {
				return nil, err
			}
		}
		if err := r.run.Run(); err != nil {
			return nil, err
		}
		for i, s := range r.shapes {
			each := size(s)
			if err := read(r.arrays, resultOf(i), 0, results[i][first*each:(first+count)*each]); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

// Close frees what the runner holds on the device.
func (r *Runner) Close() error { return r.arrays.close() }
