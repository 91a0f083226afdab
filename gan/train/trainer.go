package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Trainer trains a game on a device. Its methods are for one goroutine at a time.
type Trainer struct {
	// Notes are written with the model: version, dataset, whatever a reader of the file may ask.
	Notes map[string]string
	// HeldOut are the examples, all in memory, that a game's Show is shown of.
	HeldOut Data

	start      Game // the first stage
	game       Game // the stage that the iteration is in
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
	levels     []*level
	metrics    []float32
	samplers   map[int]*Sampler // by batch
	shown      []Shown          // of the game's Show
	shower     *Runner
	ranks      *ranks // nil for one that is alone
}

// New prepares to train a game from the start, its parameters drawn by the seed.
func New(dev program.Device, g Game, s Settings, d Data) (*Trainer, error) {
	return NewRank(Ranks{}, dev, g, s, d)
}

// NewRank is New of one of several ranks. All are made of the same game, settings and data, each on its device.
func NewRank(r Ranks, dev program.Device, g Game, s Settings, d Data) (*Trainer, error) {
	t, err := newTrainer(r, dev, g, s, d)
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
	if err := errors.Join(g.Validate(), d.validate()); err != nil {
		return nil, err
	}
	d = g.draws(d)
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

func newTrainer(r Ranks, dev program.Device, g Game, s Settings, d Data) (*Trainer, error) {
	return newTrainerOf(r, dev, g, s, d, false)
}

// newTrainerOf makes a trainer. If apart is true, the phases' bodies and updates are programs of their own, and nothing
// is drawn.
func newTrainerOf(r Ranks, dev program.Device, g Game, s Settings, d Data, apart bool) (*Trainer, error) {
	t, err := written(g, s, d)
	if err != nil {
		return nil, err
	}
	t.arrays, t.apart = newArrays(dev), apart
	if err := t.join(r); err != nil {
		return nil, errors.Join(err, t.arrays.close())
	}
	if err := t.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing to train %s on %s: %w", g.Name, dev.Info().Name, err), t.Close())
	}
	return t, nil
}

// written is a trainer that has no device yet: all phases are written down and compiled.
func written(g Game, s Settings, d Data) (*Trainer, error) {
	if err := errors.Join(Check(g, s), d.validate()); err != nil {
		return nil, err
	}
	d = g.draws(d)
	t := &Trainer{Notes: map[string]string{}, start: g, game: g, settings: s, data: d, parameters: map[string]*nn.Parameters{}, streams: streams{},
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
		c, err := compilePhase(t.game, p, t.data, t.parameters, t.settings.Batch/p.parts(t.settings))
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
	if t.uses, t.shown, err = uses(t.game, t.data, t.parameters); err != nil {
		return err
	}
	for _, p := range t.phases {
		if err := p.compile(t.streams, t.settings); err != nil {
			return err
		}
	}
	return nil
}

// Game is the one that is trained.
func (t *Trainer) Game() Game { return t.game }

// Settings are those that the trainer was made with.
func (t *Trainer) Settings() Settings { return t.settings }

// Reads reports whether a phase reads the field of that name.
func (t *Trainer) Reads(field string) bool {
	return slices.ContainsFunc(t.phases, func(p *phase) bool {
		return slices.ContainsFunc(p.fields, func(f Field) bool { return f.Name == field })
	})
}

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
	if err := t.ranks.begin(commandStep, t.iteration); err != nil {
		return fmt.Errorf("iteration %d: %w", t.iteration+1, err)
	}
	err := t.step()
	t.ranks.end(err)
	return err
}

// step is Step of any rank.
func (t *Trainer) step() error {
	if t.ranks != nil && t.ranks.compared < 0 {
		if err := t.compare(); err != nil {
			return err
		}
	}
	if err := t.setLevels(t.iteration); err != nil {
		return err
	}
	for _, r := range t.runs {
		for range r.due(t.iteration) {
			if err := t.updatePhase(r); err != nil {
				return fmt.Errorf("iteration %d: phase %s: %w", t.iteration+1, r.Name, err)
			}
		}
	}
	t.iteration++
	if t.ranks != nil && t.ranks.Progress != nil {
		t.ranks.Progress(t.iteration)
	}
	if t.game.Then != nil && t.iteration >= t.game.Until {
		if err := t.nextStage(); err != nil {
			return fmt.Errorf("after iteration %d: %w", t.iteration, err)
		}
	}
	if t.ranks != nil && t.iteration%compareEvery == 0 {
		return t.compare()
	}
	return nil
}

// updatePhase makes one update of a phase, and counts it.
func (t *Trainer) updatePhase(r *running) error {
	if err := t.setRate(r); err != nil {
		return err
	}
	if err := t.setAveraged(r); err != nil {
		return err
	}
	if err := t.runPhase(r); err != nil {
		return err
	}
	for _, q := range r.rate {
		t.updates[q.updates]++
	}
	t.updates[r.runs]++
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
		return nil, fmt.Errorf("iteration %d: %w", t.iteration, err)
	}
	for i, v := range t.metrics {
		if !isFinite(v) {
			return t.metrics, &DivergedError{Iteration: t.iteration, PerEpoch: t.IterationsPerEpoch(), What: t.columns[i].Name, Value: v}
		}
	}
	return t.metrics, nil
}

// Close frees what the trainer holds on the device.
func (t *Trainer) Close() error {
	return errors.Join(t.ranks.part(), t.free())
}
