package train

import (
	"fmt"
	"slices"

	"gangpu/engine/program"
)

// PhasePrograms are what a phase's update runs on the device, for those who measure it.
type PhasePrograms struct {
	Name     string
	Share    float64 // updates of an average iteration: 0.5 of a phase that runs every second one
	Programs []PhaseProgram
}

// PhaseProgram is one of the programs of a phase's update. Its first steps fill the inputs, its last ones apply the
// results; either may be none.
type PhaseProgram struct {
	Program    *program.Program
	Executable program.Executable // of the trainer, which closes it; it has the learning rates of the last update
	Runs       int                // in an update, alike for each shard; of a rank, its own ones
	Draws      int                // how many steps fill the inputs
	Update     int                // the first step that applies the results
}

// Cycle is after how many iterations the phases take the same turns again.
func (t *Trainer) Cycle() int {
	cycle := 1
	for _, p := range t.phases {
		every := max(p.Every, 1)
		a, b := cycle, every
		for b > 0 {
			a, b = b, a%b
		}
		cycle *= every / a
	}
	return cycle
}

// PhasePrograms are those of all phases, as they are loaded on the trainer's device. The shares are of the next
// iterations.
func (t *Trainer) PhasePrograms() ([]PhasePrograms, error) {
	cycle := t.Cycle()
	var all []PhasePrograms
	for _, r := range t.runs {
		p := PhasePrograms{Name: r.Name}
		for i := range cycle {
			p.Share += float64(r.due(t.iteration+i)) / float64(cycle)
		}
		if t.settings.Shards == 1 && !t.apart {
			whole, err := r.whole()
			if err != nil {
				return nil, err
			}
			draws := len(r.phase.draws[0].Steps)
			for _, b := range r.phase.brings {
				draws += len(b.Steps)
			}
			p.Programs = []PhaseProgram{{whole, r.update, 1, draws, draws + len(r.phase.body.Steps)}}
			all = append(all, p)
			continue
		}
		_, shards := t.own()
		add := func(q *program.Program, e program.Executable, runs, draws, update int) {
			p.Programs = append(p.Programs, PhaseProgram{q, e, runs, draws, update})
		}
		draws := r.phase.draws[0]
		add(draws, r.draws[0], shards, len(draws.Steps), len(draws.Steps))
		if len(r.keeps) > 0 {
			add(r.phase.brings[0], r.brings[0], shards, len(r.phase.brings[0].Steps), len(r.phase.brings[0].Steps))
		}
		add(r.phase.body, r.body, shards, 0, len(r.phase.body.Steps))
		for i, m := range r.merges { // of the results of a level, every second one is kept, and the next one added to it
			for j, e := range []program.Executable{m.keep, m.add} {
				add(m.programs[j], e, shards>>(i+1), 0, 0)
			}
		}
		add(r.phase.update, r.update, 1, 0, 0)
		if len(r.keeps) > 0 {
			add(r.phase.keeps[0], r.keeps[0], shards, 0, 0)
		}
		all = append(all, p)
	}
	return all, nil
}

// Update makes one update of a phase outside the iterations, which are not counted: what it costs alone. It may return
// before the device is done.
func (t *Trainer) Update(phase string) error {
	for i, r := range t.runs {
		if r.Name == phase {
			if err := t.ranks.begin(commandUpdate, i); err != nil {
				return err
			}
			err := t.updatePhase(r)
			t.ranks.end(err)
			return err
		}
	}
	return fmt.Errorf("the game %s has no phase %q", t.game.Name, phase)
}

// DeviceBytes is the memory that the trainer holds on its device: data, parameters, optimizers, activations, and
// whatever the device's kernels work in.
func (t *Trainer) DeviceBytes() int {
	n := 0
	for _, m := range t.arrays.bindings {
		n += m.Len() * m.DType().Size()
	}
	for _, r := range t.runs {
		for _, e := range r.executables() {
			n += e.ScratchBytes()
		}
	}
	return n
}

// executables are all of a phase's.
func (r *running) executables() []program.Executable {
	all := slices.Concat([]program.Executable{r.update}, r.draws, r.brings, r.keeps)
	if r.body != nil {
		all = append(all, r.body)
	}
	for _, m := range r.merges {
		all = append(all, m.add, m.keep)
	}
	return all
}
