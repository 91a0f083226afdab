package gan

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Origin is where in a run a number first stopped being finite.
type Origin struct {
	Epoch, Iteration int    // as in Metrics
	Step             string // of training, then within it: "generator step, generator/conv2d/filter_grad"
	Tensor           string // the result's name in its operation
	Element          int
	Value            float32
}

func (o *Origin) String() string {
	return fmt.Sprintf("%s: %s: element %d of %s is %v", position(o.Epoch, o.Iteration), o.Step, o.Element, o.Tensor, o.Value)
}

// FindOrigin says where in a run that diverged a number first was not finite; nil if it does not
// happen again. A loss shows it late, when nothing finite is left to see where it began: so the
// trainer goes back to a file saved before, or to the run's beginning if from is nil, makes the same
// iterations again, and repeats the one that breaks a weight with every result in sight. It is of no
// use afterwards.
func (t *Trainer) FindOrigin(from *ModelFile) (*Origin, error) {
	last := t.iteration
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
		broken, err := t.broken()
		if err != nil {
			return nil, err
		}
		if broken {
			if err := t.goBack(before); err != nil {
				return nil, err
			}
			return t.repeatInSight()
		}
	}
	return nil, nil
}

// goBack gives the trainer the state of a file, or that of a new run.
func (t *Trainer) goBack(to *ModelFile) error {
	if to != nil {
		t.iteration = to.Iterations
		return to.upload(t.arrays, t.layouts)
	}
	t.iteration = 0
	zero := &ModelFile{}
	for _, n := range zero.networks(t.layouts) {
		for _, part := range n.parts() {
			*part.values = make([]float32, n.layout.Len)
		}
	}
	if err := zero.upload(t.arrays, t.layouts); err != nil {
		return err
	}
	return t.initialise()
}

// broken reports whether the iteration just made left a loss or a weight that is not finite.
func (t *Trainer) broken() (bool, error) {
	after, err := t.Snapshot()
	if err != nil {
		return false, err
	}
	return finite("metrics", after.metrics[:]) != nil || after.checkFinite(t.layouts) != nil, nil
}

// repeatInSight makes the next iteration and looks through the results of all operations, in their
// order.
func (t *Trainer) repeatInSight() (*Origin, error) {
	d, g, err := t.TrainingSteps()
	if err != nil {
		return nil, err
	}
	programs := []*program.Program{g.Program}
	for range t.settings.discriminatorSteps(t.Iteration()) {
		programs = append([]*program.Program{d.Program}, programs...)
	}
	for _, p := range programs {
		o, err := t.look(p)
		if o != nil || err != nil {
			return o, err
		}
	}
	return nil, fmt.Errorf("%s: the iteration that broke the weights did not do so again", position(t.Epoch(), t.Iteration()))
}

// look runs a training step and returns its first result that is not finite, or nil.
func (t *Trainer) look(p *program.Program) (_ *Origin, err error) {
	exposed, err := p.Exposed()
	if err != nil {
		return nil, err
	}
	a := newArrays(t.arrays.dev)
	for name, m := range t.arrays.bindings {
		a.bindings[name] = m
	}
	defer func() { err = errors.Join(err, a.close()) }()
	run, err := a.load(exposed)
	if err != nil {
		return nil, err
	}
	if err := run.Run(); err != nil {
		return nil, t.failed(p.Name, err)
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
					return &Origin{Epoch: t.Epoch(), Iteration: t.Iteration(), Step: p.Name + ", " + s.Name,
						Tensor: operand.Name, Element: element, Value: v}, nil
				}
			}
		}
	}
	return nil, nil
}
