package main

import (
	"fmt"
	"strings"

	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// Far beyond what anyone trains with, and within what memory and int can hold.
const (
	mostEpochs = 1_000_000
	mostBatch  = 65_536
)

// presetList says what --preset takes: "small (half of the filters), ...".
func presetList(s train.System) string {
	var list []string
	for _, p := range s.Presets {
		list = append(list, fmt.Sprintf("%s (%s)", p.Name, p.Description))
	}
	return strings.Join(list, " or ")
}

// flagName is the flag of a setting: "label-smoothing" of label_smoothing.
func flagName(setting string) string { return strings.ReplaceAll(setting, "_", "-") }

// settingsFlags are those of a game's settings. Their defaults are those of its first preset.
func settingsFlags(s train.System) []cli.Flag {
	first := s.Presets[0]
	flags := []cli.Flag{
		&cli.StringFlag{Name: "preset", Value: first.Name, EnvVars: []string{"GANGPU_PRESET"}, Usage: "`RECIPE` that says what the other flags do not: " + presetList(s)},
		&cli.IntFlag{Name: "epochs", Value: first.Epochs, EnvVars: []string{"GANGPU_EPOCHS"}, Usage: "`NUMBER` of passes over the training images"},
		&cli.IntFlag{Name: "batch", Value: first.Batch, EnvVars: []string{"GANGPU_BATCH"}, Usage: "`NUMBER` of images of a step"},
		&cli.IntFlag{Name: "shards", Value: 1, Usage: "cut a batch into this `NUMBER` of parts, a power of two, that are computed one after the other: for batches larger than memory, and for several ranks, which share the parts: as many of them as ranks if it is not given"},
		&cli.Uint64Flag{Name: "seed", Value: 1, EnvVars: []string{"GANGPU_SEED"}, Usage: "`NUMBER` that all random ones come from: the same seed makes the same run"},
	}
	for _, o := range first.Options() {
		name := flagName(o.Name)
		switch v := o.Default.(type) {
		case string:
			flags = append(flags, &cli.StringFlag{Name: name, Value: v, Usage: "`KIND`: " + o.Usage})
		case int:
			flags = append(flags, &cli.IntFlag{Name: name, Value: v, Usage: "`NUMBER`: " + o.Usage})
		case float64:
			flags = append(flags, &cli.Float64Flag{Name: name, Value: v, Usage: "`NUMBER`: " + o.Usage})
		case bool:
			flags = append(flags, &cli.BoolFlag{Name: name, Value: v, DisableDefaultText: !v, Usage: o.Usage})
		}
	}
	return flags
}

// readSettings reads the flags of a game's settings: what is not given is implied by those given, or is the preset's or, where
// none is given, that of a model of the game to begin with, if there is one.
func readSettings(c *cli.Context, s train.System, from *train.Model) (game any, t train.Settings, epochs int, err error) {
	p, err := s.Preset(c.String("preset"))
	if err != nil {
		return nil, t, 0, blame(c, usagef("%v", err), "preset")
	}
	if from != nil && from.Game == s.Name && !c.IsSet("preset") {
		if p.Settings, err = s.Decode(from.GameSettings); err != nil {
			return nil, t, 0, err
		}
	}
	given := map[string]any{}
	for _, o := range p.Options() {
		if name := flagName(o.Name); c.IsSet(name) {
			given[o.Name] = flagValue(c, name, o.Default)
		}
	}
	if s.Implied != nil {
		p.Settings = s.Implied(p.Settings, given)
	}
	if game, err = p.With(given); err != nil {
		return nil, t, 0, usagef("%v", err)
	}
	if v, ok := game.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, t, 0, usagef("%v", err)
		}
	}
	t = train.Settings{Batch: p.Batch, Shards: c.Int("shards"), Seed: c.Uint64("seed")}
	epochs = p.Epochs
	if c.IsSet("batch") {
		t.Batch = c.Int("batch")
	}
	if c.IsSet("epochs") {
		epochs = c.Int("epochs")
	}
	if epochs < 1 || epochs > mostEpochs {
		return nil, t, 0, blame(c, usagef("--epochs %d: want 1 to %d", epochs, mostEpochs), "epochs")
	}
	if t.Batch < 1 || t.Batch > mostBatch {
		return nil, t, 0, blame(c, usagef("--batch %d: want 1 to %d", t.Batch, mostBatch), "batch")
	}
	if err := t.Validate(); err != nil {
		return nil, t, 0, blame(c, usagef("%v (--batch, --shards)", err), "batch")
	}
	return game, t, epochs, nil
}

// flagValue is a flag's value, of the type of another.
func flagValue(c *cli.Context, name string, like any) any {
	switch like.(type) {
	case int:
		return c.Int(name)
	case float64:
		return c.Float64(name)
	case bool:
		return c.Bool(name)
	}
	return c.String(name)
}

// unusual lists the settings that are not those of the game's first preset: "loss hinge, ema 0.999".
func unusual(s train.System, settings any, t train.Settings) string {
	usual, all := s.Presets[0], train.Preset{Settings: settings}.Options()
	var list []string
	if t.Batch != usual.Batch {
		list = append(list, fmt.Sprintf("batch %d", t.Batch))
	}
	for i, o := range usual.Options() {
		if all[i].Default != o.Default {
			list = append(list, fmt.Sprintf("%s %v", strings.ReplaceAll(o.Name, "_", " "), all[i].Default))
		}
	}
	return strings.Join(list, ", ")
}
