package main

import (
	"fmt"
	"reflect"
	"strings"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// settingsFlags are the flags of a run's settings. Their defaults are the tutorial's.
func settingsFlags() []cli.Flag {
	d := gan.DefaultSettings()
	return []cli.Flag{
		&cli.StringFlag{Name: "preset", Value: gan.Presets()[0].Name, EnvVars: []string{"GANGPU_PRESET"}, Usage: "`RECIPE` that says what the other flags do not: " + presetList()},
		&cli.IntFlag{Name: "epochs", Value: d.Epochs, EnvVars: []string{"GANGPU_EPOCHS"}, Usage: "`NUMBER` of passes over the training images"},
		&cli.IntFlag{Name: "batch", Value: d.Batch, EnvVars: []string{"GANGPU_BATCH"}, Usage: "`NUMBER` of images of a step: for the discriminator, half of them real"},
		&cli.IntFlag{Name: "k", Value: d.K, Usage: "`NUMBER` that --alternation is about"},
		&cli.StringFlag{Name: "alternation", Value: string(d.Alternation),
			Usage: "`KIND`: every-k (a discriminator step every k iterations) or k-steps (k of them before each generator step)"},
		&cli.StringFlag{Name: "loss", Value: string(d.Loss), Usage: "`KIND` of game: " + lossNames() + "; with wasserstein and wasserstein-gp, k, alternation, dropout, the betas, clip and gradient-penalty are by default their papers', and with wasserstein lr is half as large"},
		&cli.BoolFlag{Name: "conditional", DisableDefaultText: true,
			Usage: "tell both networks the images' classes, so that generate --digit makes those asked for"},
		&cli.Float64Flag{Name: "label-smoothing", Value: d.LabelSmoothing, Usage: "`NUMBER` that the label of real images is less than 1 in the cross-entropy"},
		&cli.Float64Flag{Name: "gradient-penalty", Value: d.GradientPenalty, DefaultText: "0, none; with --loss wasserstein-gp 10",
			Usage: "`WEIGHT` of the penalty on the length of the discriminator's gradient"},
		&cli.Float64Flag{Name: "clip", Value: d.Clip, DefaultText: "0, none; with --loss wasserstein 0.01", Usage: "largest `MAGNITUDE` of the discriminator's weights after a step"},
		&cli.IntFlag{Name: "latent", Value: d.Latent, Usage: "`NUMBER` of normals that an image is made from"},
		&cli.Float64Flag{Name: "lr", Value: d.LearningRate, Usage: "`RATE` of learning of Adam"},
		&cli.Float64Flag{Name: "lr-d", Value: d.LearningRateD, DefaultText: "that of --lr", Usage: "`RATE` of learning of the discriminator alone"},
		&cli.Float64Flag{Name: "beta1", Value: d.Beta1, Usage: "`DECAY` of Adam's mean"},
		&cli.Float64Flag{Name: "beta2", Value: d.Beta2, Usage: "`DECAY` of Adam's variance"},
		&cli.Float64Flag{Name: "epsilon", Value: d.Epsilon, Usage: "`NUMBER` that Adam adds to the root of the variance"},
		&cli.Float64Flag{Name: "ema", Value: d.EMA,
			Usage: "`DECAY` of the moving average of the generator's weights, which then makes the images: 0.999, say; 0 for none"},
		&cli.Float64Flag{Name: "alpha", Value: d.Alpha, Usage: "`SLOPE` of LeakyReLU below zero"},
		&cli.Float64Flag{Name: "dropout", Value: d.Dropout, Usage: "`SHARE` of the discriminator's activations dropped in training"},
		&cli.Uint64Flag{Name: "seed", Value: d.Seed, EnvVars: []string{"GANGPU_SEED"}, Usage: "`NUMBER` that all random ones come from: the same seed makes the same run"},
	}
}

// lossNames lists what --loss takes.
func lossNames() string {
	var names []string
	for _, l := range gan.Losses() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

// presetList says what --preset takes: "tutorial (the tutorial's model), ...".
func presetList() string {
	var list []string
	for _, p := range gan.Presets() {
		list = append(list, fmt.Sprintf("%s (%s)", p.Name, p.Description))
	}
	return strings.Join(list, " or ")
}

// preset is the one that --preset names.
func preset(c *cli.Context) (gan.Preset, error) {
	var names []string
	for _, p := range gan.Presets() {
		if p.Name == c.String("preset") {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return gan.Preset{}, blame(c, usagef("unknown preset %q: want %s", c.String("preset"), strings.Join(names, " or ")), "preset")
}

// recipe reads the flags, for images of that size and of so many classes: the settings, and the model that they train. What
// is not given is the preset's, or what a loss that is given needs. A setting that no run can have
// is a usage error.
func recipe(c *cli.Context, height, width, classes int) (s gan.Settings, m gan.Model, err error) {
	p, err := preset(c)
	if err != nil {
		return s, m, err
	}
	if s, err = settings(c, p.Settings); err != nil {
		return s, m, err
	}
	s.Height, s.Width = height, width
	m, err = p.Model(s)
	if c.Bool("conditional") {
		m = m.Conditional(classes)
	}
	return s, m, err
}

// usualClasses is how many the datasets have that gangpu knows.
const usualClasses = 10

// settings reads the flags of settings; what is not given is s's.
func settings(c *cli.Context, s gan.Settings) (gan.Settings, error) {
	if c.IsSet("loss") {
		s = s.WithLoss(gan.Loss(c.String("loss")))
	}
	for _, f := range []struct {
		name string
		v    *int
	}{{"epochs", &s.Epochs}, {"batch", &s.Batch}, {"k", &s.K}, {"latent", &s.Latent}} {
		if !c.IsSet(f.name) {
			continue
		}
		var err error
		if *f.v, err = limited(c, f.name); err != nil {
			return s, err
		}
	}
	for _, f := range []struct {
		name string
		v    *float64
	}{
		{"lr", &s.LearningRate}, {"lr-d", &s.LearningRateD}, {"beta1", &s.Beta1}, {"beta2", &s.Beta2}, {"epsilon", &s.Epsilon},
		{"alpha", &s.Alpha}, {"dropout", &s.Dropout}, {"ema", &s.EMA}, {"label-smoothing", &s.LabelSmoothing}, {"clip", &s.Clip},
		{"gradient-penalty", &s.GradientPenalty},
	} {
		if c.IsSet(f.name) {
			*f.v = c.Float64(f.name)
		}
	}
	if c.IsSet("alternation") {
		s.Alternation = gan.Alternation(c.String("alternation"))
	}
	if c.IsSet("seed") {
		s.Seed = c.Uint64("seed")
	}
	if err := s.Validate(); err != nil {
		return s, blameNamed(c, usagef("%v", err), "epochs", "batch")
	}
	return s, nil
}

// unusual lists what is not the tutorial's: "the compact model, loss hinge, ema 0.999".
func unusual(m gan.Model, s gan.Settings) string {
	got, usual := reflect.ValueOf(s), reflect.ValueOf(gan.DefaultSettings())
	var list []string
	if m.Name != gan.TutorialName {
		list = append(list, fmt.Sprintf("the %s model", m.Name))
	}
	for i := range got.NumField() {
		if !got.Field(i).Equal(usual.Field(i)) {
			name, _, _ := strings.Cut(got.Type().Field(i).Tag.Get("json"), ",")
			list = append(list, fmt.Sprintf("%s %v", strings.ReplaceAll(name, "_", " "), got.Field(i)))
		}
	}
	return strings.Join(list, ", ")
}

// limits are far beyond what anyone trains with, and within what memory and int can hold.
var limits = map[string]int{"epochs": 1_000_000, "batch": 65_536, "k": 1000, "latent": 65_536}

// limited reads a flag that has a limit.
func limited(c *cli.Context, name string) (int, error) {
	n, least, most := c.Int(name), 1, limits[name]
	if name == "batch" {
		least = 2 // half real, half fake
	}
	if n < least || n > most {
		return n, blame(c, usagef("--%s %d: want %d to %d", name, n, least, most), name)
	}
	return n, nil
}
