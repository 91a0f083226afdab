package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Level is a number that depends on the iteration alone: how far a network's new layers have faded in, say. It lies on the
// device, where graphs read it by [Builder.Level], and in the model file.
type Level struct {
	Name string
	// At is the level in an iteration, from 0.
	At func(iteration int) float64
}

func levelOf(name string) string { return "level/" + name }

// Level is the game's level of that name, of shape [1].
func (b *Builder) Level(name string) *nn.Node {
	if !slices.ContainsFunc(b.game.Levels, func(l Level) bool { return l.Name == name }) {
		return b.graph.Fail(fmt.Errorf("the game has no level %q", name))
	}
	return b.graph.Array(levelOf(name), arg(levelOf(name)), 1)
}

// level is a level on the device.
type level struct {
	Level
	storage string
	value   [1]float32 // on the device
}

// allocLevels makes the levels' arrays.
func (t *Trainer) allocLevels() error {
	for _, l := range t.game.Levels {
		of := &level{Level: l, storage: levelOf(l.Name)}
		t.levels = append(t.levels, of)
		if err := t.arrays.alloc(of.storage, program.Float32, 1); err != nil {
			return err
		}
	}
	return t.setLevels(t.iteration)
}

// setLevels writes the levels of an iteration to the device, if they have changed. Arrays are zeros at first.
func (t *Trainer) setLevels(iteration int) error {
	for _, l := range t.levels {
		if err := l.set(t.arrays, float32(l.At(iteration))); err != nil {
			return err
		}
	}
	return nil
}

func (l *level) set(a *arrays, v float32) error {
	if v == l.value[0] {
		return nil
	}
	l.value[0] = v
	return write(a, l.storage, 0, l.value[:])
}

// levelArrays are the levels of the last iteration.
func (t *Trainer) levelArrays() []Array {
	var all []Array
	for _, l := range t.levels {
		all = append(all, Array{Name: l.storage, Shape: []int{1}, Values: []float32{l.value[0]}})
	}
	return all
}

// restoreLevels takes the levels of a model, as its last iteration had them.
func (t *Trainer) restoreLevels(m *Model) error {
	for _, l := range t.levels {
		a, ok := m.Array(l.storage)
		if !ok || len(a.Values) != 1 {
			return fmt.Errorf("the model holds no %s to go on with", l.storage)
		}
		if err := l.set(t.arrays, a.Values[0]); err != nil {
			return err
		}
	}
	return nil
}

// At is the game as it is in an iteration: the stage that the iteration is in.
func (g Game) At(iteration int) Game {
	for g.Then != nil && iteration >= g.Until {
		g = g.Then()
	}
	return g
}

// Stages are the game and what it becomes, one after the other.
func (g Game) Stages() []Game {
	all := []Game{g}
	for g.Then != nil {
		g = g.Then()
		all = append(all, g)
	}
	return all
}

// checkStages reports what is wrong with the order of the stages, or with one of them.
func (g Game) checkStages() error {
	from, names := 0, map[string]bool{}
	for _, s := range g.Stages() {
		if s.Name != g.Name {
			return fmt.Errorf("a stage of game %s is called %s", g.Name, s.Name)
		}
		if names[s.Stage] {
			return fmt.Errorf("game %s: two stages are called %q", g.Name, s.Stage)
		}
		names[s.Stage] = true
		if s.Then != nil && s.Until <= from {
			return fmt.Errorf("game %s: a stage ends at iteration %d, and the one before it at %d", g.Name, s.Until, from)
		}
		if err := s.Validate(); err != nil {
			return err
		}
		from = s.Until
	}
	return nil
}

// nextStage replaces the game by its next stage. Arrays and averages of the networks go on where the stage has some of the
// same names and shapes; those that are new begin as in a new run. Optimizers begin anew, and so does what phases keep. The
// runs of phases are counted on: no draw comes twice.
func (t *Trainer) nextStage() error {
	before, err := t.snapshot()
	if err != nil {
		return err
	}
	columns := t.columns
	if err := t.enter(t.game.Then()); err != nil {
		return err
	}
	if !slices.Equal(t.columns, columns) {
		return fmt.Errorf("the game %s reported %v, and from iteration %d on %v", t.game.Name, columns, t.iteration, t.columns)
	}
	return t.inherit(before)
}

// enter has the trainer's device hold another stage in the place of the one that it holds.
func (t *Trainer) enter(stage Game) error {
	next, err := written(stage, t.settings, t.data)
	if err != nil {
		return err
	}
	if err := t.free(); err != nil {
		return err
	}
	next.Notes, next.HeldOut, next.start, next.ranks, next.apart, next.iteration = t.Notes, t.HeldOut, t.start, t.ranks, t.apart, t.iteration
	next.arrays = newArrays(t.arrays.dev)
	*t = *next
	if err := t.newSum(); err != nil {
		return err
	}
	return t.load()
}

// inherit gives the stage what the one before it had.
func (t *Trainer) inherit(before *Model) error {
	if err := t.initialise(); err != nil {
		return err
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			if a.prefix != "" && a.prefix != averagePrefix {
				continue
			}
			for _, q := range t.parameters[n.Name].List {
				of, ok := before.Array(a.prefix + q.Name)
				if q.State != a.state || !ok || !slices.Equal(of.Shape, q.Shape) {
					continue
				}
				if err := write(t.arrays, a.storage, q.Offset, of.Values); err != nil {
					return err
				}
			}
		}
	}
	for _, r := range t.runs {
		if n, ok := before.Counters[r.runs]; ok {
			if err := write(t.arrays, r.runs, 0, []uint32{n}); err != nil {
				return err
			}
			t.updates[r.runs] = n
		}
	}
	if len(t.columns) > 0 {
		if err := write(t.arrays, storageMetrics, 0, before.metrics); err != nil {
			return err
		}
	}
	return t.setLevels(t.iteration)
}

// free frees what the trainer holds on the device, and leaves its ranks together.
func (t *Trainer) free() error {
	for _, r := range t.runs {
		r.closeStreams()
	}
	var err error
	for _, s := range t.samplers {
		err = errors.Join(err, s.Close())
	}
	clear(t.samplers)
	if t.shower != nil {
		err = errors.Join(err, t.shower.Close())
		t.shower = nil
	}
	return errors.Join(err, t.arrays.close())
}
