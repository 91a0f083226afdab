package bench

import (
	"slices"
	"strings"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// layers profiles the programs of all phases n times and sums up the medians by layer, for an average iteration, the
// layers in the order in which the phases meet them.
func (u *run) layers(n int) ([]Layer, error) {
	names := newLayerNames(u.trainer)
	var layers []Layer
	for _, p := range u.phases {
		for _, q := range p.Programs {
			seconds, err := profile(q, n)
			if err != nil {
				return nil, err
			}
			share := p.Share * float64(q.Runs)
			for i, s := range q.Program.Steps {
				name, pass := names.body(s.Name)
				switch {
				case i < q.Draws:
					name, pass = names.draw(s.Name), ""
				case i >= q.Update:
					name, pass = names.update(s.Name), "rest"
				}
				layers = addStep(layers, name, pass, s.Op, share*seconds[i], share)
			}
		}
	}
	return layers, nil
}

// profile is the median time of each step of the program, of n, in seconds.
func profile(p train.PhaseProgram, n int) ([]float64, error) {
	steps := len(p.Program.Steps)
	samples := make([][]float64, steps)
	times := make([]time.Duration, steps)
	for range n {
		if err := p.Executable.Profile(times); err != nil {
			return nil, err
		}
		for i, t := range times {
			samples[i] = append(samples[i], t.Seconds())
		}
	}
	seconds := make([]float64, steps)
	for i := range seconds {
		seconds[i] = timesOf(samples[i]).Median
	}
	return seconds, nil
}

// addStep adds a step's time and work to its layer, both for its share of an iteration.
func addStep(layers []Layer, name, pass string, op program.Op, seconds, share float64) []Layer {
	i := slices.IndexFunc(layers, func(l Layer) bool { return l.Name == name })
	if i < 0 {
		i = len(layers)
		layers = append(layers, Layer{Name: name})
	}
	l := &layers[i]
	switch pass {
	case "":
		l.Forward += seconds
	case "input_grad":
		l.InputGrad += seconds
	case "filter_grad":
		l.FilterGrad += seconds
	default:
		l.Rest += seconds
	}
	l.Time += seconds
	l.FLOPs += share * program.FLOPs(op)
	l.Bytes += share * program.Bytes(op)
	return layers
}

// layerNames are the networks of a game and their layers, by which steps are told apart.
type layerNames struct{ networks, layers []string }

func newLayerNames(t *train.Trainer) (n layerNames) {
	for _, network := range t.Game().Networks {
		n.networks = append(n.networks, network.Name)
		for _, l := range t.Parameters(network.Name).Layers {
			n.layers = append(n.layers, l.Name)
		}
	}
	return n
}

// others is the layer of steps that belong to none: what joins the networks, and the metrics.
const others = "others"

// body takes the name of a step apart: "generator/conv2d/leaky_relu/grad" is a pass "leaky_relu/grad" of the layer
// "generator/conv2d".
func (n layerNames) body(step string) (layer, pass string) {
	if of := longest(n.layers, step); of != "" {
		return of, strings.TrimPrefix(step[len(of):], "/")
	}
	if of := longest(n.networks, step); of != "" {
		return of, "rest"
	}
	return others, "rest"
}

// draw is the layer of a step that fills an input: "discriminator 2/dropout/mask" is of the network's second
// application. What is no layer's are the phase's inputs.
func (n layerNames) draw(step string) string {
	network, rest, _ := strings.Cut(step, "/")
	network, _, _ = strings.Cut(network, " ")
	if of := longest(n.layers, network+"/"+rest); of != "" {
		return of
	}
	return "inputs"
}

// update is one layer for all that updates a network.
func (n layerNames) update(step string) string {
	if of := longest(n.networks, step); of != "" {
		return of + "/update"
	}
	return others
}

// longest is the longest of some names that is a step's, or what it begins with.
func longest(names []string, step string) string {
	found := ""
	for _, name := range names {
		if len(name) > len(found) && strings.HasPrefix(step+"/", name+"/") {
			found = name
		}
	}
	return found
}
