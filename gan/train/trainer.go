package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/data"
	"gangpu/gan/nn"
	"gangpu/internal/hostmemory"
)

// Trainer trains a game on a device. Its methods are for one goroutine at a time.
type Trainer struct {
	// Notes are written with the model: version, dataset, whatever a reader of the file may ask.
	Notes map[string]string

	game       Game
	settings   Settings
	apart      bool
	data       Data
	parameters map[string]*nn.Parameters
	phases     []*phase
	columns    []Column
	uses       map[string]*use
	streams    streams
	iteration  int // made so far
	arrays     *arrays
	runs       []*running         // of the phases
	rates      map[string]float64 // on the device
	updates    map[string]uint32  // made, as on the device
	metrics    []float32
	samplers   map[int]*Sampler // by batch
}

// running is a phase on the device.
type running struct {
	*phase
	draws   []program.Executable // by shard
	body    program.Executable
	merges  []merge
	update  program.Executable
	rate    []rate
	streams []*stream
	batches []*data.Batch // of the streams, for the run that is made
}

// merge adds results of an earlier part of the tree to those at hand, or keeps those at hand for a later one.
type merge struct{ add, keep program.Executable }

// rate is where the learning rate of a network's optimizer lies.
type rate struct{ storage, updates string }

// New prepares to train a game from the start, its parameters drawn by the seed.
func New(dev program.Device, g Game, s Settings, d Data) (*Trainer, error) {
	t, err := newTrainer(dev, g, s, d)
	if err != nil {
		return nil, err
	}
	if err := t.initialise(); err != nil {
		return nil, errors.Join(fmt.Errorf("initialising the parameters: %w", err), t.Close())
	}
	return t, nil
}

// Networks are the parameters of a game's networks, by name, without a device.
func Networks(g Game, d Data) (map[string]*nn.Parameters, error) {
	if err := errors.Join(g.validate(), d.validate()); err != nil {
		return nil, err
	}
	parameters := map[string]*nn.Parameters{}
	for _, n := range g.Networks {
		parameters[n.Name] = nn.NewParameters(n.Name)
	}
	for _, p := range g.Phases {
		if _, err := compilePhase(g, p, d, parameters, 1); err != nil {
			return nil, fmt.Errorf("game %s: %w", g.Name, err)
		}
	}
	return parameters, nil
}

func newTrainer(dev program.Device, g Game, s Settings, d Data) (*Trainer, error) {
	return newTrainerOf(dev, g, s, d, false)
}

// newTrainerOf makes a trainer. If apart is true, the phases' bodies and updates are programs of their own, and nothing
// is drawn.
func newTrainerOf(dev program.Device, g Game, s Settings, d Data, apart bool) (*Trainer, error) {
	t, err := written(g, s, d)
	if err != nil {
		return nil, err
	}
	t.arrays, t.apart = newArrays(dev), apart
	if err := t.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing to train %s on %s: %w", g.Name, dev.Info().Name, err), t.Close())
	}
	return t, nil
}

// written is a trainer that has no device yet: all phases are written down and compiled.
func written(g Game, s Settings, d Data) (*Trainer, error) {
	if err := errors.Join(g.validate(), s.Validate(), d.validate()); err != nil {
		return nil, err
	}
	t := &Trainer{Notes: map[string]string{}, game: g, settings: s, data: d, parameters: map[string]*nn.Parameters{}, streams: streams{},
		rates: map[string]float64{}, updates: map[string]uint32{}, samplers: map[int]*Sampler{}}
	if err := t.write(); err != nil {
		return nil, fmt.Errorf("game %s: %w", g.Name, err)
	}
	return t, nil
}

// write writes all phases down.
func (t *Trainer) write() error {
	for _, n := range t.game.Networks {
		t.parameters[n.Name] = nn.NewParameters(n.Name)
	}
	for _, p := range t.game.Phases {
		parts := t.settings.Shards * max(p.Fraction, 1)
		if t.settings.Batch%parts != 0 {
			return fmt.Errorf("phase %s cuts a batch of %d into %d parts: want one that divides by that", p.Name, t.settings.Batch, parts)
		}
		c, err := compilePhase(t.game, p, t.data, t.parameters, t.settings.Batch/parts)
		if err != nil {
			return err
		}
		c.first = len(t.columns)
		t.phases, t.columns = append(t.phases, c), append(t.columns, c.Builder.columns...)
	}
	for i, c := range t.columns {
		if slices.ContainsFunc(t.columns[:i], func(d Column) bool { return d.Name == c.Name }) {
			return fmt.Errorf("two numbers are reported as %q", c.Name)
		}
	}
	t.metrics = make([]float32, len(t.columns))
	var err error
	if t.uses, err = uses(t.game, t.data, t.parameters); err != nil {
		return err
	}
	for _, p := range t.phases {
		if err := p.compile(t.streams, t.settings); err != nil {
			return err
		}
	}
	return nil
}

// load brings everything to the device.
func (t *Trainer) load() error {
	a := t.arrays
	for _, n := range t.game.Networks {
		for _, array := range t.arraysOf(n) {
			if err := a.alloc(array.storage, program.Float32, array.len); err != nil {
				return err
			}
		}
	}
	if err := a.alloc(storageMetrics, program.Float32, max(len(t.columns), 1)); err != nil {
		return err
	}
	for _, table := range t.data.Tables {
		for _, f := range table.Fields {
			if !slices.ContainsFunc(t.phases, func(p *phase) bool {
				return slices.ContainsFunc(p.fields, func(g Field) bool { return g.Name == f.Name })
			}) || table.streamed(f) {
				continue
			}
			if err := a.alloc(datasetOf(f.Name), program.Uint8, len(f.Bytes)); err != nil {
				return err
			}
			if err := write(a, datasetOf(f.Name), 0, f.Bytes); err != nil {
				return err
			}
		}
	}
	var programs []*program.Program // draws and inputs of one name have one array for all phases
	for _, p := range t.phases {
		programs = append(append(programs, p.draws...), p.body, p.update)
	}
	if err := a.allocFor(programs...); err != nil {
		return err
	}
	for _, p := range t.phases {
		r, err := t.loadPhase(p)
		if err != nil {
			return err
		}
		t.runs = append(t.runs, r)
	}
	return t.checkHost()
}

func (t *Trainer) loadPhase(p *phase) (*running, error) {
	a, r := t.arrays, &running{phase: p}
	for _, c := range p.classes {
		identity := make([]byte, c.classes*c.classes)
		for i := range c.classes {
			identity[i*c.classes+i] = 255
		}
		if err := a.alloc(identityOf(c.classes), program.Uint8, len(identity)); err != nil {
			return nil, err
		}
		if err := write(a, identityOf(c.classes), 0, identity); err != nil {
			return nil, err
		}
	}
	if t.settings.Shards == 1 && !t.apart {
		whole, err := program.Join("phase "+p.Name, p.draws[0], p.body, p.update)
		if err != nil {
			return nil, err
		}
		if r.update, err = a.load(whole); err != nil {
			return nil, err
		}
	} else if err := t.loadShards(r); err != nil {
		return nil, err
	}
	r.newStreams()
	id := optimizerName(p.Optimizer)
	for _, name := range p.Trains {
		r.rate = append(r.rate, rate{rateOf(id, name), updatesOf(id, name)})
	}
	return r, nil
}

func (t *Trainer) loadShards(r *running) (err error) {
	for _, d := range r.phase.draws {
		e, err := t.arrays.load(d)
		if err != nil {
			return err
		}
		r.draws = append(r.draws, e)
	}
	if r.body, err = t.arrays.load(r.phase.body); err != nil {
		return err
	}
	if r.update, err = t.arrays.load(r.phase.update); err != nil {
		return err
	}
	all := []int{r.results.len}
	for level := 1; level < t.settings.Shards; level *= 2 {
		partial := fmt.Sprintf("partial/%s/%d", r.Name, level)
		sum := program.NewMap(all, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }, all, all)
		same := program.NewMap(all, func(x ...expr.Expr) expr.Expr { return x[0] }, all)
		add, keep := &program.Program{Name: r.Name + " add"}, &program.Program{Name: r.Name + " keep"}
		if err := errors.Join(add.Append("add", sum, arg(partial), arg(r.storage), arg(r.storage)),
			keep.Append("keep", same, arg(r.storage), arg(partial)), t.arrays.allocFor(add, keep)); err != nil {
			return err
		}
		var m merge
		if m.add, err = t.arrays.load(add); err != nil {
			return err
		}
		if m.keep, err = t.arrays.load(keep); err != nil {
			return err
		}
		r.merges = append(r.merges, m)
	}
	return nil
}

// runPhase makes one update of a phase.
func (t *Trainer) runPhase(r *running) error {
	if t.settings.Shards == 1 {
		if err := t.bringNext(r, 0); err != nil {
			return err
		}
		return r.update.Run() // all is in one program
	}
	for shard := range t.settings.Shards {
		if err := t.bringNext(r, shard); err != nil {
			return err
		}
		if err := errors.Join(r.draws[shard].Run(), r.body.Run()); err != nil {
			return err
		}
		// As a binary counter carries: after an odd number of parts of a level, the next one is added to the one kept.
		for level, part := 0, shard; level < len(r.merges); level, part = level+1, part/2 {
			if part%2 == 0 {
				if err := r.merges[level].keep.Run(); err != nil {
					return err
				}
				break
			}
			if err := r.merges[level].add.Run(); err != nil {
				return err
			}
		}
	}
	return r.update.Run()
}

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
			all = append(all, stateArray{"average/", averageOf(storage), state, length})
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
		all = append(all, runsOf(r.Name))
		for _, q := range r.rate {
			if !slices.Contains(all, q.updates) {
				all = append(all, q.updates)
			}
		}
	}
	return all
}

func (t *Trainer) initialise() error {
	for _, n := range t.game.Networks {
		p := t.parameters[n.Name]
		for _, state := range []bool{false, true} {
			if p.Len(state) == 0 {
				continue
			}
			values := make([]float32, p.Len(state))
			for _, q := range p.List {
				if q.State != state {
					continue
				}
				stream, err := t.streams.of("initial/" + q.Name)
				if err != nil {
					return err
				}
				copy(values[q.Offset:], q.Values(t.settings.Seed, stream))
			}
			storage := nn.ParametersOf(n.Name)
			if state {
				storage = nn.StateOf(n.Name)
			}
			if err := write(t.arrays, storage, 0, values); err != nil {
				return err
			}
			// What samples are made of before the first update.
			if n.Average > 0 {
				if err := write(t.arrays, averageOf(storage), 0, values); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkHost finds that the state could not be saved for want of memory while nothing is lost.
func (t *Trainer) checkHost() error {
	elements := uint64(0)
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			elements += uint64(a.len)
		}
	}
	// As numbers, and as the bytes of the file.
	return hostmemory.Check("the copies of the networks that saving makes", 2*4*elements)
}

// Game is the one that is trained.
func (t *Trainer) Game() Game { return t.game }

// Settings are those that the trainer was made with.
func (t *Trainer) Settings() Settings { return t.settings }

// Parameters are those of a network, nil if the game has none of that name.
func (t *Trainer) Parameters(network string) *nn.Parameters { return t.parameters[network] }

// IterationsPerEpoch is how many whole batches the data have, at least 1.
func (t *Trainer) IterationsPerEpoch() int { return max(t.data.Rows()/t.settings.Batch, 1) }

// Iterations is the number of iterations made since the run began, resumed or not.
func (t *Trainer) Iterations() int { return t.iteration }

// Columns are the numbers that an iteration reports.
func (t *Trainer) Columns() []Column { return slices.Clone(t.columns) }

// Step makes the next iteration: all phases that are due, in their order. It may return before the device is done.
func (t *Trainer) Step() error {
	for _, r := range t.runs {
		for range r.runs(t.iteration) {
			if err := t.setRate(r); err != nil {
				return err
			}
			if err := t.runPhase(r); err != nil {
				return fmt.Errorf("iteration %d: phase %s: %w", t.iteration+1, r.Name, err)
			}
			for _, q := range r.rate {
				t.updates[q.updates]++
			}
			t.updates[runsOf(r.Name)]++
		}
	}
	t.iteration++
	return nil
}

// setRate writes the learning rates of a phase to the device, if they have changed.
func (t *Trainer) setRate(r *running) error {
	for _, q := range r.rate {
		v := r.Optimizer.schedule().At(int(t.updates[q.updates]))
		if old, ok := t.rates[q.storage]; ok && old == v {
			continue
		}
		parts := program.LearningRate(v) // of which some optimizers read the first
		if err := write(t.arrays, q.storage, 0, parts[:t.arrays.bindings[q.storage].Len()]); err != nil {
			return err
		}
		t.rates[q.storage] = v
	}
	return nil
}

// Metrics waits for the last iteration and returns its numbers, those of the columns: of a phase that did not run
// in it, those of its last run. The slice is the trainer's. One that is not finite is a *DivergedError, beside the
// numbers.
func (t *Trainer) Metrics() ([]float32, error) {
	if t.iteration == 0 {
		return nil, errors.New("no iteration was made yet")
	}
	if len(t.columns) == 0 {
		return nil, t.arrays.dev.Sync()
	}
	if err := read(t.arrays, storageMetrics, 0, t.metrics); err != nil {
		return nil, err
	}
	for i, v := range t.metrics {
		if !isFinite(v) {
			return t.metrics, &DivergedError{Iteration: t.iteration, What: t.columns[i].Name, Value: v}
		}
	}
	return t.metrics, nil
}

// DivergedError says that a number of an iteration, a parameter or an optimizer's state is not finite.
type DivergedError struct {
	Iteration int    // counted from 1
	What      string // "d_loss", or "element 3 of generator/dense/kernel"
	Value     float32
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("iteration %d: %s is %v: training has diverged", e.Iteration, e.What, e.Value)
}

// Diverged tells a run that nothing is to be kept of what came.
func (e *DivergedError) Diverged() {}

func isFinite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Close frees what the trainer holds on the device.
func (t *Trainer) Close() error {
	var err error
	for _, r := range t.runs {
		r.closeStreams()
	}
	for _, s := range t.samplers {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, t.arrays.close())
}

// Snapshot reads all that a resumed run needs from the device.
func (t *Trainer) Snapshot() (*Model, error) {
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
	return m, nil
}

// CheckFinite reports a number of a snapshot that is not finite as a *DivergedError. It may show in no metric: Adam
// divides by a second moment that overflowed, and the parameter stands still.
func (t *Trainer) CheckFinite(m *Model) error {
	for _, a := range m.Arrays {
		for i, v := range a.Values {
			if !isFinite(v) {
				return &DivergedError{Iteration: t.iteration, What: fmt.Sprintf("element %d of %s", i, a.Name), Value: v}
			}
		}
	}
	return nil
}

// Resume prepares to go on from where a model was saved, on the same data: the same bits come out as had it not been
// interrupted, on the same kind of device. The game is that of the model.
func Resume(dev program.Device, g Game, m *Model, d Data) (*Trainer, error) {
	if m.Game != g.Name {
		return nil, fmt.Errorf("the model is of the game %s, not of %s", m.Game, g.Name)
	}
	if m.Rows != d.Rows() {
		return nil, fmt.Errorf("the model was trained on %d rows, these are %d", m.Rows, d.Rows())
	}
	t, err := newTrainer(dev, g, m.Settings, d)
	if err != nil {
		return nil, err
	}
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
			if a.prefix != "" && a.prefix != "average/" {
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
	return nil
}
