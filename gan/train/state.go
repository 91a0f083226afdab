package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
	"gangpu/internal/hostmemory"
)

// averagePrefix is what the names of averages of arrays begin with, before the arrays' own.
const averagePrefix = "average/"

// stateArray is an array of a network that a model file holds.
type stateArray struct {
	prefix  string // of its tensors' names, before a parameter's
	storage string
	state   bool // laid out as the network's state, not as its parameters
	len     int
}

// arraysOf are a network's arrays, those of the optimizers that train it and its average.
func (t *Trainer) arraysOf(n Network) []stateArray {
	var all []stateArray
	for _, state := range []bool{false, true} {
		length := t.parameters[n.Name].Len(state)
		if length == 0 {
			continue
		}
		storage := nn.ParametersOf(n.Name)
		if state {
			storage = nn.StateOf(n.Name)
		}
		all = append(all, stateArray{"", storage, state, length})
		if n.Average > 0 {
			all = append(all, stateArray{averagePrefix, averageOf(storage), state, length})
		}
		if state {
			continue
		}
		for _, p := range t.game.Phases {
			if !slices.Contains(p.Trains, n.Name) {
				continue
			}
			for _, slot := range p.Optimizer.slots() {
				if !slices.ContainsFunc(all, func(a stateArray) bool { return a.storage == slotOf(slot, n.Name) }) {
					all = append(all, stateArray{slot + "/", slotOf(slot, n.Name), false, length})
				}
			}
		}
	}
	return all
}

// counters are the storages of all counts of updates and runs.
func (t *Trainer) counters() []string {
	var all []string
	for _, r := range t.runs {
		all = append(all, r.runs)
		for _, q := range r.rate {
			if !slices.Contains(all, q.updates) {
				all = append(all, q.updates)
			}
		}
	}
	return all
}

// initialise draws the parameters, and writes each by itself: all at once would take their size again.
func (t *Trainer) initialise() error {
	for _, n := range t.game.Networks {
		for _, p := range t.parameters[n.Name].List {
			initial, err := t.initialOf(n, p)
			if err != nil {
				return err
			}
			storages := []string{nn.ParametersOf(n.Name)}
			if p.State {
				storages[0] = nn.StateOf(n.Name)
			}
			if n.Average > 0 { // what samples are made of before the first update
				storages = append(storages, averageOf(storages[0]))
			}
			for _, storage := range storages {
				if err := write(t.arrays, storage, p.Offset, initial); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// initialOf is what a parameter of a network begins with.
func (t *Trainer) initialOf(n Network, p nn.Parameter) ([]float32, error) {
	if n.Initial == nil {
		stream, err := t.streams.of("initial/" + p.Name)
		if err != nil {
			return nil, err
		}
		return p.Values(t.settings.Seed, stream), nil
	}
	values, err := n.Initial(p)
	if err == nil && len(values) != p.Len() {
		err = fmt.Errorf("%d values for a shape of %v", len(values), p.Shape)
	}
	if err != nil {
		return nil, fmt.Errorf("the initial values of %s: %w", p.Name, err)
	}
	return values, nil
}

// checkHost finds that the state could not be saved for want of memory while nothing is lost.
func (t *Trainer) checkHost() error {
	elements := uint64(0)
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			elements += uint64(a.len)
		}
	}
	for _, a := range t.keptArrays() {
		elements += uint64(size(a.Shape))
	}
	// As numbers, and as the bytes of the file.
	return hostmemory.Check("the copies of the networks that saving makes", 2*4*elements)
}

// DivergedError says that a number of an iteration, a parameter or an optimizer's state is not finite.
type DivergedError struct {
	Iteration int    // of the run, counted from 1
	PerEpoch  int    // iterations of an epoch
	What      string // "d_loss", or "element 3 of generator/dense/kernel"
	Value     float32
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("training diverged: %s is %v in %s", e.What, e.Value, position(e.Iteration, e.PerEpoch))
}

// position is where an iteration of the run is, counted from 1.
func position(iteration, perEpoch int) string {
	return fmt.Sprintf("epoch %d, iteration %d", (iteration-1)/perEpoch+1, (iteration-1)%perEpoch+1)
}

// Diverged tells a run that nothing is to be kept of what came.
func (e *DivergedError) Diverged() {}

func isFinite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Snapshot reads all that a resumed run needs from the device.
func (t *Trainer) Snapshot() (*Model, error) {
	if t.ranks != nil {
		if err := t.ranks.begin(commandSnapshot, 0); err != nil {
			return nil, err
		}
		err := t.beforeSnapshot()
		t.ranks.end(err)
		if err != nil {
			return nil, err
		}
	}
	return t.snapshot()
}

// snapshot is Snapshot of what lies on this rank's device.
func (t *Trainer) snapshot() (*Model, error) {
	settings, err := json.Marshal(t.game.Settings)
	if err != nil {
		return nil, fmt.Errorf("the game's settings: %w", err)
	}
	low, high := t.game.colours()
	m := &Model{Game: t.game.Name, GameSettings: settings, Settings: t.settings, Data: t.data.Description, Rows: t.data.Rows(),
		Iterations: t.iteration, Device: t.arrays.dev.Info().Name, Notes: maps.Clone(t.Notes), Uses: map[string]*nn.Saved{},
		Low: low, High: high, Columns: t.columns, Counters: map[string]uint32{}}
	for name, u := range t.uses {
		m.Uses[name] = u.saved
	}
	m.metrics = make([]float32, len(t.columns))
	if len(t.columns) > 0 {
		if err := read(t.arrays, storageMetrics, 0, m.metrics); err != nil {
			return nil, err
		}
	}
	for _, c := range t.counters() {
		var n [1]uint32
		if err := read(t.arrays, c, 0, n[:]); err != nil {
			return nil, err
		}
		m.Counters[c] = n[0]
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			values := make([]float32, a.len)
			if err := read(t.arrays, a.storage, 0, values); err != nil {
				return nil, err
			}
			for _, q := range t.parameters[n.Name].List {
				if q.State == a.state {
					m.Arrays = append(m.Arrays, Array{a.prefix + q.Name, q.Shape, values[q.Offset:][:q.Len():q.Len()]})
				}
			}
		}
	}
	for _, a := range t.keptArrays() {
		a.Values = make([]float32, size(a.Shape))
		if err := read(t.arrays, a.Name, 0, a.Values); err != nil {
			return nil, err
		}
		m.Arrays = append(m.Arrays, a)
	}
	m.Arrays = append(m.Arrays, t.levelArrays()...)
	return m, nil
}

// CheckFinite reports a number of a snapshot that is not finite as a *DivergedError. It may show in no metric: Adam
// divides by a second moment that overflowed, and the parameter stands still.
func (t *Trainer) CheckFinite(m *Model) error {
	for _, a := range m.Arrays {
		for i, v := range a.Values {
			if !isFinite(v) {
				return &DivergedError{Iteration: t.iteration, PerEpoch: t.IterationsPerEpoch(), What: fmt.Sprintf("element %d of %s", i, a.Name), Value: v}
			}
		}
	}
	return nil
}

// Resume prepares to go on from where a model was saved, on the same data: the same bits come out as had it not been
// interrupted, on the same kind of device. The game is that of the model.
func Resume(dev program.Device, g Game, m *Model, d Data) (*Trainer, error) {
	return ResumeRank(Ranks{}, dev, g, m, d)
}

// ResumeRank is Resume of one of several ranks, perhaps of another number than before.
func ResumeRank(r Ranks, dev program.Device, g Game, m *Model, d Data) (*Trainer, error) {
	if m.Game != g.Name {
		return nil, fmt.Errorf("the model is of the game %s, not of %s", m.Game, g.Name)
	}
	if m.Rows != d.Rows() {
		return nil, fmt.Errorf("the model was trained on %d rows, these are %d", m.Rows, d.Rows())
	}
	t, err := newTrainer(r, dev, g.At(m.Iterations), m.Settings, d)
	if err != nil {
		return nil, err
	}
	t.start = g
	if err := t.restore(m); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Take gives a trainer that has made no iteration the parameters and states of a model, as far as it has some of the same
// names and shapes, and returns how many it took, and how many of the game's it had none for. To take none is an error.
func (t *Trainer) Take(m *Model) (taken, left int, err error) {
	if t.iteration > 0 {
		return 0, 0, errors.New("the networks of another model in the middle of a run")
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			if a.prefix != "" && a.prefix != averagePrefix {
				continue
			}
			values := make([]float32, a.len)
			if err := read(t.arrays, a.storage, 0, values); err != nil {
				return taken, left, err
			}
			for _, q := range t.parameters[n.Name].List {
				if q.State != a.state {
					continue
				}
				of, ok := m.Used(q.Name)
				switch {
				case ok && slices.Equal(of.Shape, q.Shape):
					copy(values[q.Offset:], of.Values)
					if a.prefix == "" {
						taken++
					}
				case a.prefix == "":
					left++
				}
			}
			if err := write(t.arrays, a.storage, 0, values); err != nil {
				return taken, left, err
			}
		}
	}
	if taken == 0 {
		return 0, left, fmt.Errorf("the model of the game %s has no array of the name and shape of one of the game %s", m.Game, t.game.Name)
	}
	return taken, left, nil
}

// restore gives the trainer the state of a model.
func (t *Trainer) restore(m *Model) error {
	t.iteration, t.Notes = m.Iterations, maps.Clone(m.Notes)
	if t.Notes == nil {
		t.Notes = map[string]string{}
	}
	clear(t.rates)
	if len(m.metrics) != len(t.columns) {
		return fmt.Errorf("the model reports %d numbers, the game %d", len(m.metrics), len(t.columns))
	}
	if len(m.metrics) > 0 {
		if err := write(t.arrays, storageMetrics, 0, m.metrics); err != nil {
			return err
		}
	}
	for _, c := range t.counters() {
		n, ok := m.Counters[c]
		if !ok {
			return fmt.Errorf("the model holds no count of %s to go on with", c)
		}
		if err := write(t.arrays, c, 0, []uint32{n}); err != nil {
			return err
		}
		t.updates[c] = n
	}
	arrays := map[string]Array{}
	for _, a := range m.Arrays {
		arrays[a.Name] = a
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			values := make([]float32, a.len)
			for _, q := range t.parameters[n.Name].List {
				if q.State != a.state {
					continue
				}
				of, ok := arrays[a.prefix+q.Name]
				if !ok {
					return fmt.Errorf("the model holds no %s to go on with", a.prefix+q.Name)
				}
				if !slices.Equal(of.Shape, q.Shape) {
					return fmt.Errorf("%s has shape %v, the game wants %v", of.Name, of.Shape, q.Shape)
				}
				copy(values[q.Offset:], of.Values)
			}
			if err := write(t.arrays, a.storage, 0, values); err != nil {
				return err
			}
		}
	}
	if err := t.restoreLevels(m); err != nil {
		return err
	}
	for _, a := range t.keptArrays() {
		of, ok := arrays[a.Name]
		if !ok || !slices.Equal(of.Shape, a.Shape) {
			return fmt.Errorf("the model holds no %s of shape %v to go on with", a.Name, a.Shape)
		}
		if err := write(t.arrays, a.Name, 0, of.Values); err != nil {
			return err
		}
	}
	return nil
}
