package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Projection is what a generator comes nearest to a picture with.
type Projection struct {
	Latent []float32 // of Shape: styles [layers, width] of a model that has some, else noise
	Shape  []int
	Image  []float32 // that is made of it, [height, width, channels] from 0 to 1
	// First and Last are the mean squared differences of pixels before the first step and behind the last one.
	First, Last float64
}

// Projecting says how a picture is projected.
type Projecting struct {
	Steps int     // of Adam
	Rate  float64 // of Adam, with which it begins; it falls to 0 by a cosine over the last quarter of the steps
	Seed  uint64  // of the images that it begins with the nearest of; other noise stays that of the seed's first image
	Class int     // of the image, of a model that knows classes
}

const (
	projectedFrom = 16 // drawn images: of 1024 pixels, and their noise, 400 MB
	projectTarget = "target"
)

// Project looks for what a model's generator makes a picture of, [height, width, channels] from 0 to 1: by Adam on the mean
// squared difference of pixels, differentiated through the saved graph (Karras et al., 2020, appendix D, whose loss goes by a
// network's features instead). A model of styles has those of each layer changed by themselves; another its one noise. It
// begins with what makes the nearest of 16 drawn images.
func Project(ctx context.Context, dev program.Device, m *Model, picture []float32, by Projecting) (_ *Projection, err error) {
	use, latent := SampleUse, ""
	if m.HasStyles() {
		use, latent = SynthesiseUse, StylesInput
	}
	saved := m.Uses[use]
	if saved == nil {
		return nil, fmt.Errorf("the game %s makes no images of noise", m.Game)
	}
	saved = &nn.Saved{Inputs: slices.Clone(saved.Inputs), Nodes: saved.Nodes, Outputs: saved.Outputs}
	if latent, err = latentOf(m, saved, latent); err != nil {
		return nil, err
	}
	start, err := nearestOf(dev, m, latent, picture, by)
	if err != nil {
		return nil, err
	}
	saved.Inputs = append(saved.Inputs, nn.SavedInput{Name: projectTarget, Role: nn.Example, Shape: start.imageShape})
	r, err := runnerOn(dev, m, use, saved, 1, true, func(g *nn.Graph, y []*nn.Node) []*nn.Node {
		x := g.Input(latent, program.Arg{}, append([]int{1}, start.Shape...)...) // is there
		loss := nn.L2(y[0], nn.Reshape(g.Input(projectTarget, arg("input/"+projectTarget), y[0].Shape()...), y[0].Shape()[1:]...))
		d := nn.Gradients(loss, x)[0]
		if d == nil {
			g.Fail(fmt.Errorf("the image does not depend on %s", latent))
			return y
		}
		return []*nn.Node{y[0], d}
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return start.descend(ctx, r, latent, picture, by)
}

// latentOf is the name of the input that is changed. All others have to be noise, or classes.
func latentOf(m *Model, saved *nn.Saved, latent string) (string, error) {
	for _, in := range saved.Inputs {
		switch {
		case in.Name == latent || in.Role == nn.Array:
		case in.Role == nn.Example && in.Name != TagsInput && len(in.Shape) == 1: // classes
		case in.Role != nn.Noise:
			return "", fmt.Errorf("the game %s makes images of %s too, which a picture is not projected to", m.Game, in.Name)
		case latent == "" && in.Distribution != nn.Mask:
			latent = in.Name
		}
	}
	if latent == "" {
		return "", fmt.Errorf("the game %s makes no images of noise", m.Game)
	}
	return latent, nil
}

// projectionStart is where a projection begins: the nearest of drawn images.
type projectionStart struct {
	Projection
	inputs     map[string][]float32
	imageShape []int
}

func nearestOf(dev program.Device, m *Model, latent string, picture []float32, by Projecting) (_ *projectionStart, err error) {
	prepare := NewSampler
	if m.HasStyles() {
		prepare = func(dev program.Device, m *Model, batch int) (*Sampler, error) { return NewStyled(dev, m, batch, 1, 0) }
	}
	s, err := prepare(dev, m, projectedFrom)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if len(picture) != size(s.shape) {
		return nil, fmt.Errorf("a picture of %d numbers, where the model makes images of shape %v", len(picture), s.shape)
	}
	all, err := s.Noise(by.Seed, projectedFrom)
	if err == nil && s.Classes() > 0 {
		err = s.OfClasses(all, projectedFrom, by.Class)
	}
	if err != nil {
		return nil, err
	}
	images, err := s.Generate(all, projectedFrom)
	if err != nil {
		return nil, err
	}
	best, least := 0, math.Inf(1)
	for i := range projectedFrom {
		if d := squaredDifference(images[i*len(picture):][:len(picture)], picture); d < least {
			best, least = i, d
		}
	}
	start := &projectionStart{imageShape: slices.Clone(s.shape), inputs: map[string][]float32{projectTarget: picture}}
	candidates := all[latent]
	for _, in := range s.inputs {
		if in.Name == latent {
			start.Shape = slices.Clone(in.Shape)
		}
	}
	if s.styles != nil {
		start.Shape = s.StylesShape()
		if candidates, err = s.Styles(all, projectedFrom); err != nil {
			return nil, err
		}
	}
	for name, rows := range all {
		start.inputs[name] = rows[:len(rows)/projectedFrom]
	}
	of := size(start.Shape)
	start.inputs[latent] = candidates[best*of:][:of]
	return start, nil
}

func squaredDifference(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum / float64(len(a))
}

// descend goes by Adam (beta1 0.9, beta2 0.999), and keeps the nearest of all steps.
func (s *projectionStart) descend(ctx context.Context, r *Runner, latent string, picture []float32, by Projecting) (*Projection, error) {
	x := slices.Clone(s.inputs[latent])
	s.inputs[latent] = x
	mean, square := make([]float64, len(x)), make([]float64, len(x))
	p := &s.Projection
	for step := 0; ; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		y, err := r.Run(s.inputs, 1)
		if err != nil {
			return nil, fmt.Errorf("projecting a picture, step %d: %w", step, err)
		}
		d := squaredDifference(y[0], picture)
		if math.IsNaN(d) {
			return nil, fmt.Errorf("projecting a picture, step %d: the image is not a number; a lower rate than %v may help", step, by.Rate)
		}
		if step == 0 {
			p.First = d
		}
		if step == 0 || d < p.Last {
			p.Last, p.Latent, p.Image = d, slices.Clone(x), y[0]
		}
		if step >= by.Steps {
			return p, nil
		}
		rate := by.Rate
		if left := float64(by.Steps-step) / float64(by.Steps) * 4; left < 1 {
			rate *= 0.5 - 0.5*math.Cos(math.Pi*left)
		}
		t := float64(step + 1)
		for i, g := range y[1] {
			g := float64(g)
			mean[i] += 0.1 * (g - mean[i])
			square[i] += 0.001 * (g*g - square[i])
			x[i] -= float32(rate * mean[i] / (1 - math.Pow(0.9, t)) / (math.Sqrt(square[i]/(1-math.Pow(0.999, t))) + 1e-8))
		}
	}
}
