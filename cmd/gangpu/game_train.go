package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func gameRunFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", TakesFile: true, EnvVars: []string{"GANGPU_OUT"},
			DefaultText: "the next of runs/001, runs/002, ...", Usage: "`FOLDER` of the run"},
		&cli.StringFlag{Name: "resume", TakesFile: true, Usage: "go on with the run in this `FOLDER`, by its own settings; --epochs may be more"},
		&cli.StringFlag{Name: "from", TakesFile: true, Usage: "begin a new run with the networks of this model `FILE`, as far as their arrays have the same names and shapes; optimizers begin anew"},
		&cli.IntFlag{Name: "iterations", DefaultText: "all epochs", Usage: "stop after this `NUMBER` of iterations, counted from the run's beginning"},
		&cli.IntFlag{Name: "checkpoint-every", DefaultText: "each epoch", Usage: "keep the state after each `NUMBER` of iterations"},
		&cli.IntFlag{Name: "keep", Value: 3, Usage: "`NUMBER` of the newest checkpoints to keep, beside the best one where the run is judged"},
		&cli.IntFlag{Name: "judge-every", Value: 1, Usage: "judge generated images after each `NUMBER` of epochs, by --classifier; 0 is never"},
		&cli.StringFlag{Name: "classifier", TakesFile: true, Usage: "judge the images by this `FILE`: the model of a run of the game classifier on the same data"},
		&cli.DurationFlag{Name: "log-every", Value: 5 * time.Second, Usage: "print the numbers every `TIME` where there is no terminal; 0 is for each iteration"},
		&cli.StringFlag{Name: "serve", DefaultText: "no page", Usage: "show the run in browsers at this `ADDRESS` while it is trained: a port, of this machine only, or HOST:PORT"},
		&cli.BoolFlag{Name: "preview", DisableDefaultText: true, Usage: "draw each epoch's samples in the terminal, as many as have room"},
		&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "show the networks, what an iteration computes and moves, memory and time, and stop"},
	}
}

// gameTraining is what a run of a game is made of, as far as it is known.
type gameTraining struct {
	system  train.System
	saved   *train.Model // to go on from; nil of a new run
	run     *run.Run     // nil as long as a new one has no folder
	game    train.Game
	data    *gameData
	tables  train.Data
	planned train.Settings
	total   int // iterations that the run is to have made
	// classifier is the file of the one that judges the run, absolute; empty if it is not judged.
	classifier string
}

func trainGame(c *cli.Context, s train.System) (err error) {
	t := &gameTraining{system: s}
	defer func() {
		if t.run != nil {
			err = errors.Join(err, t.run.Close())
		}
	}()
	if err := t.open(c); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.data.Close()) }()
	if c.Bool("dry-run") {
		return t.dryRun(c)
	}
	page, err := listen(c)
	if err != nil {
		return err
	}
	if page != nil {
		defer page.Close() // again, unless the run does not begin
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	trainer, err := t.trainer(c, dev)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	if s := trainer.Game().Sample; s != nil {
		if _, err := trainer.Sampler(run.SamplesPerEpoch); err != nil {
			return err
		}
	}
	judging, closeJudge, err := t.judging(c, dev, trainer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeJudge()) }()
	if t.run == nil {
		if t.run, err = run.Create(c.String("out"), run.LoadGame); err != nil {
			return explainOccupied(err)
		}
	}
	o, err := t.options(c, dev.Info())
	if err != nil {
		return err
	}
	o.Page, o.Judging = page, judging
	t.introduce(c, dev.Info())
	return adviseGameRun(c, s.Name, t.run.Train(c.Context, run.OfGame(trainer), o))
}

// open finds what is wrong with the flags, opens the run to go on with, if there is one, and the data, and makes the game.
func (t *gameTraining) open(c *cli.Context) error {
	for _, name := range []string{"iterations", "checkpoint-every", "judge-every"} {
		if n := c.Int(name); n < 0 {
			return usagef("--%s %d: want at least 0", name, n)
		}
	}
	if n := c.Int("keep"); n < 1 {
		return usagef("--keep %d: want at least 1", n)
	}
	if err := checkDeviceFlags(c); err != nil {
		return err
	}
	settings, planned, epochs, err := gameSettings(c, t.system)
	if err != nil {
		return err
	}
	note := ""
	if c.IsSet("resume") {
		if err := t.resume(c); err != nil {
			return err
		}
		note, planned = t.saved.Notes[noteSource], t.saved.Settings
		if settings, err = t.system.Decode(t.saved.GameSettings); err != nil {
			return err
		}
	} else if err := checkNewFolder(c); err != nil && !c.Bool("dry-run") {
		return err
	}
	source, o, err := gameSourceOf(c, note)
	if err != nil {
		return err
	}
	if t.data, err = openGameData(c, source, o); err != nil {
		return err
	}
	if err := t.make(c, settings, planned, epochs); err != nil {
		return errors.Join(err, t.data.Close())
	}
	return nil
}

// make makes the game of the settings for the data.
func (t *gameTraining) make(c *cli.Context, settings any, planned train.Settings, epochs int) (err error) {
	inMemory := c.Int64("in-memory") << 20
	if t.tables, err = train.FromDataset(t.data.Dataset, t.data.Split("train"), t.data.augment, inMemory); err != nil {
		return err
	}
	in, err := train.InputOf(t.tables)
	if err != nil {
		return err
	}
	perEpoch := max(t.tables.Rows()/planned.Batch, 1)
	if t.saved != nil && !c.IsSet("epochs") {
		epochs = max((planned.Iterations+perEpoch-1)/perEpoch, 1)
	}
	planned.Iterations = epochs * perEpoch
	t.total = planned.Iterations
	if n := c.Int("iterations"); n > 0 {
		t.total = min(n, t.total)
	}
	in.Iterations, t.planned = planned.Iterations, planned
	if t.game, err = t.system.New(settings, in); err != nil {
		if t.saved == nil {
			return usagef("%s: %v", t.system.Name, err)
		}
		return err
	}
	t.tables = t.tables.In(t.game.Low, t.game.High)
	return nil
}

// resume opens the run to go on with.
func (t *gameTraining) resume(c *cli.Context) (err error) {
	for _, f := range gameFlags(t.system) {
		if name := f.Names()[0]; name != "epochs" && given(c, name) {
			return usagef("--%s cannot change in the middle of a run; a resumed run has its own settings", name)
		}
	}
	if given(c, "out") || given(c, "from") {
		return usagef("--resume goes on in the run's own folder, with its own networks: leave --out and --from away")
	}
	if t.run, err = run.Resume(c.String("resume"), run.LoadGame); err != nil {
		return adviseGameRun(c, t.system.Name, err)
	}
	saved, from := t.run.Saved()
	t.saved = run.ModelOf(saved)
	if t.saved.Game != t.system.Name {
		return usagef("%s is a run of the game %s: gangpu train %s --resume goes on with it", from, t.saved.Game, t.saved.Game)
	}
	return nil
}

// trainer makes the trainer: anew, with the networks of another model, or from where a run was.
func (t *gameTraining) trainer(c *cli.Context, dev program.Device) (*train.Trainer, error) {
	if t.saved != nil {
		if before := t.saved.Notes[notePixels]; before != "" && before != t.data.SHA256 {
			return nil, fmt.Errorf("the run was trained on other images than those in %s: --data or --dataset says which", t.data.Source)
		}
		if now := dev.Info().Name; t.saved.Device != now {
			fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and continues on %s: same draws, other rounding\n", t.saved.Device, now)
		}
		if t.saved.Iterations >= t.total {
			return nil, fmt.Errorf("%d iterations were made and %d were to be: a larger --epochs or --iterations makes more", t.saved.Iterations, t.total)
		}
		t.saved.Settings.Iterations = t.planned.Iterations
		return train.Resume(dev, t.game, t.saved, t.tables)
	}
	trainer, err := train.New(dev, t.game, t.planned, t.tables)
	if err != nil {
		return nil, err
	}
	source, err := json.Marshal(t.data.source)
	if err == nil {
		trainer.Notes[noteSource], trainer.Notes[notePixels], trainer.Notes[noteVersion] = string(source), t.data.SHA256, versionLine()
		err = t.begin(c, trainer)
	}
	if err != nil {
		return nil, errors.Join(err, trainer.Close())
	}
	return trainer, nil
}

// begin gives a new run's networks the arrays of the model of --from.
func (t *gameTraining) begin(c *cli.Context, trainer *train.Trainer) error {
	file := c.String("from")
	if file == "" {
		return nil
	}
	m, err := train.Load(file)
	if err != nil {
		return err
	}
	taken, left, err := trainer.Take(m)
	if err != nil {
		return fmt.Errorf("--from %s: %w", file, err)
	}
	fmt.Fprintf(c.App.Writer, "from    %s: %s taken", file, counted(taken, "array"))
	if left > 0 {
		fmt.Fprintf(c.App.Writer, ", %d of the game drawn: there are none of their names and shapes", left)
	}
	fmt.Fprintln(c.App.Writer)
	return nil
}

// options are those of the run, as far as flags and what it was say.
func (t *gameTraining) options(c *cli.Context, dev program.Info) (run.Options, error) {
	settings, err := json.Marshal(struct {
		Game any `json:"game"`
		train.Settings
	}{t.game.Settings, t.planned})
	if err != nil {
		return run.Options{}, err
	}
	o := run.Options{
		Iterations: t.total, CheckpointEvery: c.Int("checkpoint-every"), Keep: c.Int("keep"),
		About: run.About{Model: t.system.Name, Settings: settings, Dataset: t.data.recorded(),
			Session: run.Session{Command: os.Args, Version: versionLine(), Device: dev.Name, Description: dev.Description, Precision: dev.Precision}},
		Out: c.App.Writer, Err: c.App.ErrWriter,
		Warn:    func(text string) { fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s\n", text) },
		Preview: c.Bool("preview"), LineEvery: c.Duration("log-every"),
	}
	if o.LineEvery == 0 {
		o.LineEvery = run.EachIteration
	}
	if t.classifier != "" {
		o.About.Notes = map[string]string{noteClassifier: t.classifier}
	}
	if before := t.run.Before(); before != nil {
		if !given(c, "checkpoint-every") {
			o.CheckpointEvery = before.CheckpointEvery
		}
		if !given(c, "keep") {
			o.Keep = before.Keep
		}
	}
	return o, nil
}

// introduce says what is going to be trained.
func (t *gameTraining) introduce(c *cli.Context, dev program.Info) {
	w, f := c.App.Writer, t.data.Split("train").Fields[0]
	fmt.Fprintf(w, "game    %s: %s\ndevice  %s: %s, %s\nimages  %s, %d of %d x %d, %s", t.system.Name, t.system.Title, dev.Name, dev.Description, dev.Precision,
		t.data.Name, f.Count, f.Width, f.Height, counted(f.Channels, "channel"))
	if n := len(t.data.Classes); n > 0 {
		fmt.Fprintf(w, ", %d classes", n)
	}
	if n := len(t.data.Skipped); n > 0 {
		fmt.Fprintf(w, "; %s skipped", counted(n, "file"))
	}
	fmt.Fprintf(w, "\nrun     %s, %d iterations of batch %d\n", t.run.Folder(), t.total, t.planned.Batch)
	for _, note := range t.data.Notes {
		fmt.Fprintf(w, "note    %s\n", note)
	}
}

// adviseGameRun adds to an error of a run the command line that goes on with it, if there is one.
func adviseGameRun(c *cli.Context, game string, err error) error {
	line := func(path string) string {
		words := []string{"gangpu train " + game + " --resume", shellQuote(path)}
		for _, name := range []string{"data", "dataset", "device", "precision", "iterations", "judge-every", "classifier"} {
			if given(c, name) {
				words = append(words, "--"+name, shellQuote(fmt.Sprint(c.Value(name))))
			}
		}
		return strings.Join(words, " ")
	}
	damaged, unsaved, interrupted := (*run.DamagedError)(nil), (*run.UnsavedError)(nil), (*run.InterruptedError)(nil)
	switch {
	case errors.As(err, &damaged) && damaged.Newest != "":
		return fmt.Errorf("%w; the newest whole checkpoint before it: %s", damaged.Err, line(damaged.Newest))
	case errors.As(err, &unsaved):
		return fmt.Errorf("%w; once there is room, go on with: %s", err, line(unsaved.Folder))
	case errors.As(err, &interrupted):
		return fmt.Errorf("%w; go on with: %s", err, line(interrupted.Folder))
	}
	return err
}
