package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gangpu/engine/program"
)

// Origin is where in a run a number first stopped being finite.
type Origin struct {
	Iteration int    // of the run, counted from 1
	PerEpoch  int    // iterations of an epoch
	Step      string // of the program: "phase g, generator/conv2d/filter_grad"
	Tensor    string // the result's name in its operation
	Element   int
	Value     float32
}

func (o *Origin) String() string {
	return fmt.Sprintf("%s: %s: element %d of %s is %v", position(o.Iteration, o.PerEpoch), o.Step, o.Element, o.Tensor, o.Value)
}

// FindOrigin says where in a run that diverged a number first was not finite; nil if it does not happen again. A metric
// shows it late, when nothing finite is left to see where it began: so the trainer goes back to a model saved before, or
// to the run's beginning if from is nil, makes the same iterations again, and repeats the one that breaks an array with
// every result in sight. It is of no use afterwards.
func (t *Trainer) FindOrigin(from *Model) (*Origin, error) {
	last := t.iteration
	if t.ranks != nil {
		if err := t.leave(); err != nil {
			return nil, err
		}
	}
	if err := t.goBack(from); err != nil {
		return nil, fmt.Errorf("going back to see where numbers stopped being finite: %w", err)
	}
	for t.iteration < last {
		before, err := t.Snapshot()
		if err != nil {
			return nil, err
		}
		if err := t.Step(); err != nil {
			return nil, err
		}
		after, err := t.Snapshot()
		if err != nil {
			return nil, err
		}
		_, metrics := t.Metrics()
		var diverged *DivergedError
		if metrics != nil && !errors.As(metrics, &diverged) {
			return nil, metrics
		}
		if diverged == nil && t.CheckFinite(after) == nil {
			continue
		}
		if err := t.goBack(before); err != nil {
			return nil, err
		}
		return t.repeatInSight()
	}
	return nil, nil
}

// goBack gives the trainer the state of a model, or that of a new run.
func (t *Trainer) goBack(to *Model) error {
	iteration := 0
	if to != nil {
		iteration = to.Iterations
	}
	if of := t.start.At(iteration); of.Stage != t.game.Stage {
		if err := t.enter(of); err != nil {
			return err
		}
	}
	if to != nil {
		return t.restore(to)
	}
	t.iteration = 0
	clear(t.rates)
	for _, c := range t.counters() {
		t.updates[c] = 0
		if err := write(t.arrays, c, 0, []uint32{0}); err != nil {
			return err
		}
	}
	for _, n := range t.game.Networks {
		for _, a := range t.arraysOf(n) {
			if err := write(t.arrays, a.storage, 0, make([]float32, a.len)); err != nil {
				return err
			}
		}
	}
	for _, a := range t.keptArrays() {
		if err := write(t.arrays, a.Name, 0, make([]float32, size(a.Shape))); err != nil {
			return err
		}
	}
	return t.initialise()
}

// repeatInSight makes the next iteration and looks through the results of all operations, in their order.
func (t *Trainer) repeatInSight() (*Origin, error) {
	for _, r := range t.runs {
		for range r.due(t.iteration) {
			if err := t.setRate(r); err != nil {
				return nil, err
			}
			for shard := range t.settings.Shards {
				if err := t.bringNext(r, shard); err != nil {
					return nil, err
				}
				programs := r.phase.programs()
				if t.settings.Shards > 1 {
					programs = []*program.Program{r.phase.draws[shard], r.phase.body}
					if len(r.phase.brings) > 0 {
						programs = slices.Insert(programs, 1, r.phase.brings[shard])
					}
				}
				for _, p := range programs {
					if o, err := t.look(p); o != nil || err != nil {
						return o, err
					}
				}
			}
			if t.settings.Shards > 1 {
				// No shard's results showed it: the sum or the update did, or a later run.
				if err := t.runPhase(r); err != nil {
					return nil, err
				}
			}
			for _, q := range r.rate {
				t.updates[q.updates]++
			}
			t.updates[r.runs]++
		}
	}
	return nil, fmt.Errorf("iteration %d: the iteration that broke the networks did not do so again, operation by operation", t.iteration+1)
}

// bringNext writes what is streamed to the next run of a phase to the device, of one of the trainer's shards.
func (t *Trainer) bringNext(r *running, shard int) error {
	if shard == 0 {
		r.batches = r.batches[:0]
		for _, s := range r.streams {
			b, err := t.next(r, s)
			if err != nil {
				return err
			}
			r.batches = append(r.batches, b)
		}
	}
	return t.bring(r, r.batches, shard)
}

// look runs a program and returns its first result that is not finite, or nil.
func (t *Trainer) look(p *program.Program) (_ *Origin, err error) {
	exposed, err := p.Exposed()
	if err != nil {
		return nil, err
	}
	a := newArrays(t.arrays.dev)
	maps.Copy(a.bindings, t.arrays.bindings)
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.allocFor(exposed); err != nil {
		return nil, err
	}
	run, err := a.load(exposed)
	if err != nil {
		return nil, err
	}
	if err := run.Run(); err != nil {
		return nil, err
	}
	for _, s := range exposed.Steps {
		for i, operand := range s.Op.Operands() {
			if operand.Access == program.Read || operand.DType != program.Float32 {
				continue
			}
			values := make([]float32, operand.Len)
			if err := read(a, exposed.Storages[s.Args[i].Storage].Name, s.Args[i].Offset, values); err != nil {
				return nil, err
			}
			for element, v := range values {
				if !isFinite(v) {
					return &Origin{Iteration: t.iteration + 1, PerEpoch: t.IterationsPerEpoch(), Step: p.Name + ", " + s.Name, Tensor: operand.Name, Element: element, Value: v}, nil
				}
			}
		}
	}
	return nil, nil
}
