package bench

import (
	"slices"
	"strings"
	"time"

	"gangpu/engine/program"
)

// layers profiles both training steps n times and sums up the medians by layer, for an average
// iteration, in the order in which a G step meets the layers.
func (u *run) layers(n int) ([]Layer, error) {
	var layers []Layer
	for _, part := range u.parts() {
		seconds, err := part.profile(n)
		if err != nil {
			return nil, err
		}
		for i, s := range part.Program.Steps {
			layers = addStep(layers, s, part.share*seconds[i], part.share)
		}
	}
	return layers, nil
}

// profile is the median time of each step of the program, of n, in seconds.
func (p part) profile(n int) ([]float64, error) {
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

// addStep adds a step's time, already for its share of an iteration, and work to its layer.
func addStep(layers []Layer, s program.Step, seconds, share float64) []Layer {
	name, pass := layerOf(s.Name)
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
	l.FLOPs += share * program.FLOPs(s.Op)
	l.Bytes += share * program.Bytes(s.Op)
	return layers
}

// layerOf takes a step's name apart: "generator/conv2d/leaky_relu/grad" is a pass
// "leaky_relu/grad" of the layer "generator/conv2d". The steps that draw indices, images and noise
// have one word and are the layer "inputs"; Adam and its counter are one layer a network.
func layerOf(step string) (layer, pass string) {
	words := strings.SplitN(step, "/", 3)
	switch {
	case len(words) == 1:
		return "inputs", ""
	case words[0] == "accuracy":
		return "accuracy", "rest"
	case words[1] == "adam" || words[1] == "steps":
		return words[0] + "/adam", "rest"
	case len(words) == 2:
		return step, ""
	}
	return words[0] + "/" + words[1], words[2]
}
