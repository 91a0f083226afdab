package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/gan/nn"
)

// Game is networks and how they are trained against each other.
type Game struct {
	// Name is the game's, as a command or a model file calls it.
	Name string
	// Settings decide the networks and the phases. They are kept in the model file, as JSON.
	Settings any
	Networks []Network
	// Phases are run in their order in each iteration.
	Phases []Phase
	// Sample makes images as the game's data has them, [batch, height, width, channels], in the range [Low, High].
	Sample    func(b *Builder) *nn.Node
	Low, High float64 // both 0 means 0 and 1
	// Show, in the place of Sample, are the pictures that a run shows of each of some held-out rows, in their order, of a
	// game that makes images of images. A run is judged by them too.
	Show func(b *Builder) []Shown
	// Unpaired has each field of the data drawn by itself: pairs that there may be stay hidden.
	Unpaired bool
	// Guides are levels that the game's numbers are to be compared with.
	Guides []Guide
	// Levels are numbers that depend on the iteration alone.
	Levels []Level
	// Stage says what part of the training the game is, if there are several, and Then is the game that it becomes once Until
	// iterations are made: networks of other layers, phases of other batches. Columns stay the same. Without Then it stays.
	Stage string
	Until int
	Then  func() Game
	// Uses are what else the networks are used for once they are trained: to classify images, say. They are saved with
	// the model.
	Uses []Use
}

// Guide is a level on an axis of columns ("loss"): what a discriminator's loss is where it cannot tell, say.
type Guide struct {
	Axis  string
	Value float64
	Label string
}

// Network is a named network.
type Network struct {
	Name string
	Net  nn.Network
	// Average is the decay of the exponential moving average of the network's parameters and states, by which images
	// are made; 0 is none.
	Average float64
	// AverageFrom is the update, of the first phase that trains the network, from which the average is one. Before, it is
	// the network as it is.
	AverageFrom int
	// Initial, if set, are the values that a parameter or state has at the start, in the place of drawn ones: of a network
	// that was trained before, and that no phase trains.
	Initial func(p nn.Parameter) ([]float32, error)
}

// Phase is an update of some networks.
type Phase struct {
	Name   string
	Trains []string // networks
	// Updates are networks whose states the phase updates, though it does not train them.
	Updates []string
	// Optimizer has its state for each network. Phases that train a network by equal optimizers share that state.
	Optimizer Optimizer
	// Loss is the scalar that the trained networks minimise. It is called once, when the phase is compiled.
	Loss func(b *Builder) *nn.Node
	// Every makes the phase run only in iterations whose number, from 0, it divides; 0 means 1.
	Every int
	// Times is how often the phase runs in such an iteration, each time on other draws; 0 means 1.
	Times int
	// From and Until are the first iteration of the phase, and the first one without it; 0 is no limit.
	From, Until int
	// Fraction of the batch that the phase draws: 2 for half of it; 0 means 1, all.
	Fraction int
	// ClipNorm scales the gradient of all trained networks to this length if it is longer; 0 is none.
	ClipNorm float64
	// ClipWeights is the largest magnitude that the update leaves a parameter; 0 is none (Arjovsky et al., 2017).
	ClipWeights float64
}

// due is how often the phase runs in an iteration.
func (p Phase) due(iteration int) int {
	if iteration < p.From || p.Until > 0 && iteration >= p.Until || iteration%max(p.Every, 1) != 0 {
		return 0
	}
	return max(p.Times, 1)
}

// parts are how many a batch is cut into: the phase draws one of them, in shards.
func (p Phase) parts(s Settings) int { return s.Shards * max(p.Fraction, 1) }

// Settings are how a game is trained, whatever the game.
type Settings struct {
	// Batch is the number of examples of a phase.
	Batch int `json:"batch"`
	// Shards cuts a batch into so many equal parts, a power of two, whose gradients, metrics and statistics are
	// computed one after the other and added in one binary tree: for batches larger than memory. Statistics of a batch
	// norm are a part's own.
	Shards int `json:"shards"`
	// Seed is that of all random numbers.
	Seed uint64 `json:"seed"`
	// Iterations are how many are planned. Schedules go by it; nothing ends there.
	Iterations int `json:"iterations,omitempty"`
}

// Validate reports the first setting that no training can have.
func (s Settings) Validate() error {
	if s.Batch < 1 {
		return fmt.Errorf("batch is %d, want at least 1", s.Batch)
	}
	if s.Shards < 1 || s.Shards&(s.Shards-1) != 0 {
		return fmt.Errorf("shards is %d, want a power of two", s.Shards)
	}
	if s.Batch%s.Shards != 0 {
		return fmt.Errorf("a batch of %d cannot be cut into %d shards: want a batch that divides by shards", s.Batch, s.Shards)
	}
	return nil
}

// Check reports what is wrong with a game or its settings, or with both together, before there are data.
func Check(g Game, s Settings) error {
	if err := errors.Join(g.checkStages(), s.Validate()); err != nil {
		return err
	}
	for _, stage := range g.Stages() {
		for _, p := range stage.Phases {
			if n := p.parts(s); s.Batch%n != 0 {
				return fmt.Errorf("phase %s cuts a batch of %d into %d parts: want a batch that divides by that", p.Name, s.Batch, n)
			}
		}
	}
	return nil
}

// Validate reports what is missing in a game, or wrong in it.
func (g Game) Validate() error {
	names := map[string]bool{}
	for _, n := range g.Networks {
		if n.Name == "" || n.Net == nil || names[n.Name] {
			return fmt.Errorf("game %s: network %q has no name, no function, or the name of another", g.Name, n.Name)
		}
		if !(n.Average >= 0 && n.Average < 1) {
			return fmt.Errorf("game %s: the average of %s has a decay of %v, want 0 or more and less than 1", g.Name, n.Name, n.Average)
		}
		if n.AverageFrom < 0 {
			return fmt.Errorf("game %s: the average of %s is from update %d on, want 0 or more", g.Name, n.Name, n.AverageFrom)
		}
		names[n.Name] = true
	}
	phases := map[string]bool{}
	for i, p := range g.Phases {
		switch {
		case p.Name == "" || phases[p.Name]:
			return fmt.Errorf("game %s: a phase is called %q, like another or like none", g.Name, p.Name)
		case p.Loss == nil || p.Optimizer == nil || len(p.Trains) == 0:
			return fmt.Errorf("game %s: phase %s needs a loss, an optimizer, and a network that it trains", g.Name, p.Name)
		}
		phases[p.Name] = true
		for _, q := range g.Phases[:i] {
			for _, name := range p.Trains {
				if slices.Contains(q.Trains, name) && q.Optimizer.slots()[0] == p.Optimizer.slots()[0] && q.Optimizer != p.Optimizer {
					return fmt.Errorf("game %s: phases %s and %s train %s by different settings of one optimizer", g.Name, q.Name, p.Name, name)
				}
			}
		}
		for i, name := range p.Trains {
			if !names[name] || slices.Contains(p.Trains[:i], name) {
				return fmt.Errorf("game %s: phase %s trains %q, which is no network, or twice", g.Name, p.Name, name)
			}
		}
		for _, name := range p.Updates {
			if !names[name] {
				return fmt.Errorf("game %s: phase %s updates %q, which is no network", g.Name, p.Name, name)
			}
		}
		if err := p.Optimizer.validate(); err != nil {
			return fmt.Errorf("game %s: phase %s: %w", g.Name, p.Name, err)
		}
		if !(p.ClipNorm >= 0) || !(p.ClipWeights >= 0) {
			return fmt.Errorf("game %s: phase %s clips to %v and %v, want positive numbers", g.Name, p.Name, p.ClipNorm, p.ClipWeights)
		}
	}
	if len(g.Phases) == 0 {
		return fmt.Errorf("game %s has no phase", g.Name)
	}
	return nil
}

func (g Game) network(name string) (Network, bool) {
	for _, n := range g.Networks {
		if n.Name == name {
			return n, true
		}
	}
	return Network{}, false
}

// colours is the range of the game's images.
func (g Game) colours() (low, high float64) {
	if g.Low == 0 && g.High == 0 {
		return 0, 1
	}
	return g.Low, g.High
}

// draws are the data as the game draws them.
func (g Game) draws(d Data) Data {
	if !g.Unpaired {
		return d
	}
	var apart []Table
	for _, t := range d.Tables {
		for i := range t.Fields {
			of := t
			of.Fields = t.Fields[i : i+1]
			apart = append(apart, of)
		}
	}
	d.Tables = apart
	return d
}
