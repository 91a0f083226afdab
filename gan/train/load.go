package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/data"
)

// running is a phase on the device.
type running struct {
	*phase
	draws   []program.Executable // by shard
	brings  []program.Executable // by shard, if the phase keeps arrays
	keeps   []program.Executable
	body    program.Executable
	merges  []merge
	update  program.Executable
	rate    []rate
	parts   [2]float32 // of the rate that is written
	runs    string     // the storage of the count of runs
	streams []*stream
	batches []*data.Batch // of the streams, for the run that is made
}

// merge adds results of an earlier part of the tree to those at hand, or keeps those at hand for a later one.
type merge struct {
	add, keep program.Executable
	programs  [2]*program.Program // of keep and add
}

// rate is where the learning rate of a network's optimizer lies.
type rate struct{ storage, updates string }

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
	if err := t.allocLevels(); err != nil {
		return err
	}
	if err := a.alloc(storageMetrics, program.Float32, max(len(t.columns), 1)); err != nil {
		return err
	}
	for _, table := range t.data.Tables {
		for _, f := range table.Fields {
			if f.Pictures != nil || !slices.ContainsFunc(t.phases, func(p *phase) bool {
				return slices.ContainsFunc(p.fields, func(g Field) bool { return g.Name == f.Name })
			}) {
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
		programs = append(programs, p.programs()...)
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
	a, r := t.arrays, &running{phase: p, runs: runsOf(p.Name)}
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
		whole, err := p.whole()
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

// whole is a phase of one shard as one program.
func (p *phase) whole() (*program.Program, error) {
	return program.Join("phase "+p.Name, p.programs()...)
}

func (t *Trainer) loadShards(r *running) (err error) {
	first, own := t.own()
	for _, d := range r.phase.draws[first:][:own] {
		e, err := t.arrays.load(d)
		if err != nil {
			return err
		}
		r.draws = append(r.draws, e)
	}
	for i := first; i < first+own && i < len(r.phase.keeps); i++ {
		bring, err := t.arrays.load(r.phase.brings[i])
		if err != nil {
			return err
		}
		keep, err := t.arrays.load(r.phase.keeps[i])
		if err != nil {
			return err
		}
		r.brings, r.keeps = append(r.brings, bring), append(r.keeps, keep)
	}
	if r.body == nil {
		if r.body, err = t.arrays.load(r.phase.body); err != nil {
			return err
		}
		if r.update, err = t.arrays.load(r.phase.update); err != nil {
			return err
		}
	}
	all := []int{r.results.len}
	for level := 1; level < own; level *= 2 {
		partial := fmt.Sprintf("partial/%s/%d", r.Name, level)
		sum := program.NewMap(all, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }, all, all)
		same := program.NewMap(all, func(x ...expr.Expr) expr.Expr { return x[0] }, all)
		add, keep := &program.Program{Name: r.Name + " add"}, &program.Program{Name: r.Name + " keep"}
		if err := errors.Join(add.Append("add", sum, arg(partial), arg(r.storage), arg(r.storage)),
			keep.Append("keep", same, arg(r.storage), arg(partial)), t.arrays.allocFor(add, keep)); err != nil {
			return err
		}
		m := merge{programs: [2]*program.Program{keep, add}}
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
	err := t.runShards(r)
	if t.ranks != nil {
		err = t.add(r, err)
	}
	if err != nil {
		return err
	}
	return r.update.Run()
}

// runShards adds the results of the trainer's shards.
func (t *Trainer) runShards(r *running) error {
	_, own := t.own()
	for shard := range own {
		if err := t.bringNext(r, shard); err != nil {
			return err
		}
		if err := r.draws[shard].Run(); err != nil {
			return err
		}
		if err := r.runBody(shard); err != nil {
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
	return nil
}

// runBody computes the results of one of the trainer's shards, of inputs that are at hand.
func (r *running) runBody(shard int) error {
	if len(r.keeps) == 0 {
		return r.body.Run()
	}
	return errors.Join(r.brings[shard].Run(), r.body.Run(), r.keeps[shard].Run())
}

// setRate writes the learning rates of a phase to the device, if they have changed.
func (t *Trainer) setRate(r *running) error {
	for _, q := range r.rate {
		v := r.Optimizer.schedule().At(int(t.updates[q.updates]))
		if old, ok := t.rates[q.storage]; ok && old == v {
			continue
		}
		r.parts = program.LearningRate(v) // of which some optimizers read the first
		if err := write(t.arrays, q.storage, 0, r.parts[:t.arrays.bindings[q.storage].Len()]); err != nil {
			return err
		}
		t.rates[q.storage] = v
	}
	return nil
}

// setAveraged has the averages that are not from the start on begin anew until they are due: the first update of an average
// is a copy. How many updates are in one follows from the phase's runs, so that no model file holds it.
func (t *Trainer) setAveraged(r *running) error {
	for _, n := range t.game.Networks {
		if n.AverageFrom == 0 || !r.averages(n) {
			continue
		}
		count, storage := uint32(max(int64(t.updates[r.runs])-int64(n.AverageFrom), 0)), averagedOf(n.Name)
		if t.updates[storage] != count {
			if err := write(t.arrays, storage, 0, []uint32{count}); err != nil {
				return err
			}
		}
		t.updates[storage] = count + 1 // as the run leaves it
	}
	return nil
}
