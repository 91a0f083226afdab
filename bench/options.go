package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
)

// Options say what to measure. The zero values are the tutorial's game on digits, its first preset, and that preset's
// batch.
type Options struct {
	System       train.System
	Preset       string
	Set          map[string]any // settings in the place of the preset's, by name
	Phase        string         // measured alone, an update of it an iteration; empty for all
	Batch        int            // images of a step
	Shards       int            // parts that a batch is computed in
	Input        train.Input
	Measurements int  // of each kind, at least 1
	Warmup       int  // iterations before the first measurement
	Layers       bool // measure the time per layer too
}

// usualClasses are those of images of noise where nothing says how many there are.
const usualClasses = 10

// digits are what the tutorial's game is trained on.
var digits = train.Input{Height: 28, Width: 28, Channels: 1, Classes: usualClasses}

// Noise is the input that a game is measured on: images of a size, in colours unless the game takes none.
func Noise(of train.System, size int) train.Input {
	return train.Input{Height: size, Width: size, Channels: cmp.Or(of.Channels, 3), Classes: usualClasses, Fields: of.Fields}
}

// subject is a game as it is measured.
type subject struct {
	system   train.System
	preset   train.Preset
	input    train.Input
	game     train.Game
	settings train.Settings
}

// subject makes the game that the options name, and reports the first option that cannot be measured.
func (o Options) subject() (s subject, err error) {
	if o.Measurements < 1 {
		return s, fmt.Errorf("%d measurements, want at least 1", o.Measurements)
	}
	if o.Warmup < 0 {
		return s, fmt.Errorf("%d iterations of warm-up, want none or more", o.Warmup)
	}
	s = subject{system: o.System, input: o.Input}
	if s.system.New == nil {
		s.system = tutorial.System
	}
	if s.input.Equal(train.Input{}) {
		s.input = digits
	}
	if s.preset, err = s.system.Preset(o.Preset); err != nil {
		return s, err
	}
	if s.preset.Settings, err = s.preset.With(o.Set); err != nil {
		return s, err
	}
	s.settings = train.Settings{Batch: s.preset.Batch, Shards: max(o.Shards, 1), Seed: 1}
	if o.Batch != 0 {
		s.settings.Batch = o.Batch
	}
	in := s.input
	in.Batch, in.Shards = s.settings.Batch/s.settings.Shards, s.settings.Shards
	if s.game, err = s.system.New(s.preset.Settings, in); err != nil {
		return s, err
	}
	stages := s.game.Stages()
	s.game = stages[len(stages)-1] // whose networks are the largest
	if o.Phase != "" {
		i := slices.IndexFunc(s.game.Phases, func(p train.Phase) bool { return p.Name == o.Phase })
		if i < 0 {
			return s, fmt.Errorf("%s has no phase %q", s.system.Name, o.Phase)
		}
		alone := s.game.Phases[i]
		alone.Every, alone.Times, alone.From, alone.Until = 1, 1, 0, 0
		s.game.Phases = []train.Phase{alone}
	}
	return s, train.Check(s.game, s.settings)
}

// Validate reports the first option that cannot be measured.
func (o Options) Validate() error {
	_, err := o.subject()
	return err
}

// data is images whose pixels do not matter to the time: some batches or, of digits, as many as MNIST has; the peers have
// the same. They have classes if the input has some.
func (s subject) data() (train.Data, error) {
	in := s.input
	size := in.Height * in.Width * in.Channels
	rows := 4 * s.settings.Batch
	if in.Equal(digits) {
		rows = max(rows, 60_000)
	}
	names := in.Fields
	if names == nil {
		names = []string{"image"}
	}
	var fields []train.Field
	draw := rand.NewChaCha8([32]byte{})
	for _, name := range names {
		image := train.Field{Name: name, Shape: []int{in.Height, in.Width, in.Channels}, Bytes: make([]byte, rows*size)}
		draw.Read(image.Bytes) // it returns no error
		fields = append(fields, image)
	}
	if in.Classes > 0 {
		labels := make([]int32, rows)
		for i := range labels {
			labels[i] = int32(i % in.Classes)
		}
		class, err := train.OneHot("class", labels, in.Classes)
		if err != nil {
			return train.Data{}, err
		}
		fields = append(fields, class)
	}
	return train.Data{Tables: []train.Table{{Rows: rows, Fields: fields}}}.In(s.game.Low, s.game.High), nil
}
