package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan/exchange"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// training is what a run is made of, as far as it is known.
type training struct {
	system  train.System
	ranks   *ranks       // that train together; nil for one alone
	saved   *train.Model // to go on from; nil of a new run
	from    string       // the file of it
	initial *train.Model // whose networks a new run begins with; nil for drawn ones
	run     *run.Run     // nil as long as a new one has no folder
	game    train.Game
	data    *gameData
	tables  train.Data
	input   train.Input
	planned train.Settings
	total   int // iterations that the run is to have made
	// classifier is the file of the one that judges the run, absolute; empty if there is no such file.
	classifier string
}

func trainGame(c *cli.Context, s train.System) error {
	if err := checkRunFlags(c); err != nil {
		return err
	}
	if started, err := startRanks(c); started || err != nil {
		return err
	}
	r, err := joinRanks(c, c.Duration("rank-timeout"))
	if err != nil {
		return err
	}
	return r.leave(c.Context, trainRank(c, s, r))
}

// trainRank is trainGame of one of several ranks, or of one alone. Rank 0 makes the run; the others compute with it.
func trainRank(c *cli.Context, s train.System, r *ranks) (err error) {
	t := &training{system: s, ranks: r}
	defer func() {
		if t.run != nil {
			err = errors.Join(err, t.run.Close())
		}
	}()
	if err := r.open(c, t); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.data.Close()) }()
	if c.Bool("dry-run") {
		if r.follows() {
			return nil
		}
		return t.dryRun(c)
	}
	var page *run.Page
	var plan judgingPlan
	err = r.lead(func() (err error) {
		if page, err = listen(c); err == nil {
			plan, err = t.planJudging(c)
		}
		return err
	})
	if page != nil {
		defer page.Close() // again, unless the run does not begin
	}
	if err != nil {
		return err
	}
	dev, err := r.openDevice(c, c.String("device"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	ctx, stop := context.WithCancelCause(c.Context)
	defer stop(nil)
	trainer, err := t.trainer(c, dev, r.of(stop))
	if trainer != nil {
		defer func() { err = errors.Join(err, trainer.Close()) }()
	}
	if err := r.share(err); err != nil {
		return err
	}
	if r.follows() {
		return trainer.Follow(ctx)
	}
	if err := trainer.Lead(); err != nil {
		return err
	}
	if err := t.holdOut(c, trainer); err != nil {
		return err
	}
	if trainer.Game().Sample != nil {
		if _, err := trainer.Sampler(run.SamplesPerEpoch); err != nil {
			return err
		}
	}
	judging, floor, closeJudge, err := t.judging(dev, trainer, plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeJudge()) }()
	o, err := t.options(c, trainer, dev.Info())
	if err != nil {
		return err
	}
	// All that can fail before the run's folder is there has been done.
	if t.run == nil {
		if t.run, err = run.Create(c.String("out"), run.LoadGame); err != nil {
			return explainOccupied(err)
		}
	}
	if r != nil {
		r.resume.Store(resumeLine(c, t.run.Folder()))
	}
	if o.Diagnosis, err = newDiagnosis(s, trainer, t.tables.Tables[0].Fields[0]); err != nil {
		return err
	}
	o.Page, o.Judging = page, judging
	t.introduce(c, dev.Info(), floor)
	return adviseRun(c, t.run.Folder(), t.run.Train(ctx, run.OfGame(trainer), o))
}

// open finds what is wrong with the settings, opens the run to go on with, if there is one, and the data, and makes the game.
func (t *training) open(c *cli.Context) (err error) {
	var settings any
	var planned train.Settings
	var epochs int
	note := ""
	if c.IsSet("resume") {
		if err := t.resume(c); err != nil {
			return err
		}
		note, planned = t.saved.Notes[noteSource], t.saved.Settings
		if settings, err = t.system.Decode(t.saved.GameSettings); err != nil {
			return err
		}
		if c.IsSet("epochs") {
			if epochs = c.Int("epochs"); epochs < 1 || epochs > mostEpochs {
				return usagef("--epochs %d: want 1 to %d", epochs, mostEpochs)
			}
		}
	} else {
		if file := c.String("from"); file != "" {
			if t.initial, err = exchange.Load(file); err != nil {
				return err
			}
		}
		if settings, planned, epochs, err = readSettings(c, t.system, t.initial); err != nil {
			return err
		}
		if t.ranks != nil && !c.IsSet("shards") {
			planned.Shards = t.ranks.Size()
			if err := planned.Validate(); err != nil {
				return blame(c, usagef("%d ranks: %v (--batch, --shards)", planned.Shards, err), "batch")
			}
		}
		if !c.Bool("dry-run") && !t.ranks.follows() {
			if err := checkNewFolder(c); err != nil {
				return err
			}
		}
	}
	source, o, err := gameSourceOf(c, t.system, note)
	if err != nil {
		return err
	}
	if t.data, err = openGameData(c, source, o); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.data.Close())
			t.data = nil
		}
	}()
	if t.system.Name == classifying.System.Name {
		t.data.Dataset = t.data.Kinds()
		if s, _ := settings.(classifying.Settings); !s.Tags {
			if err := checkClasses(c, t.data); err != nil {
				return err
			}
		}
	}
	return t.make(c, settings, planned, epochs)
}

// oneKind refuses pictures of several kinds for a game that reads those of one.
func oneKind(s train.System, in train.Input) error {
	if s.Fields != nil || slices.Contains(in.Fields, "image") {
		return nil
	}
	return fmt.Errorf("it learns from pictures of one kind, and these are of several, %s: give it the folder of one kind by --data FOLDER", strings.Join(in.Fields, " and "))
}

// make makes the game of the settings for the data. A resumed run has as many epochs as before if none are given.
func (t *training) make(c *cli.Context, settings any, planned train.Settings, epochs int) (err error) {
	inMemory := c.Int64("in-memory") << 20
	if t.tables, err = train.FromDataset(t.data.Dataset, t.data.Split("train"), t.data.augment, inMemory); err != nil {
		return err
	}
	in, err := train.InputOf(t.tables)
	if err != nil {
		return err
	}
	perEpoch := max(t.tables.Rows()/planned.Batch, 1)
	if epochs > 0 {
		planned.Iterations = epochs * perEpoch
	}
	t.total = planned.Iterations
	if n := c.Int("iterations"); n > 0 {
		t.total = min(n, t.total)
	}
	if t.saved != nil && t.saved.Iterations >= t.total {
		return fmt.Errorf("%s has made %d iterations and was to make %d: a larger --epochs or --iterations makes more", t.from, t.saved.Iterations, t.total)
	}
	in.Iterations, t.planned = planned.Iterations, planned
	in.Batch, in.Shards = planned.Batch/planned.Shards, planned.Shards
	t.input = in
	if t.game, err = t.system.New(settings, in); err == nil {
		err = oneKind(t.system, in)
	}
	if err == nil {
		err = train.Check(t.game, t.planned)
	}
	if err != nil {
		if t.saved == nil {
			return blame(c, usagef("%s: %v", t.system.Name, err), "batch")
		}
		return err
	}
	t.tables = t.tables.In(t.game.Low, t.game.High)
	return nil
}

// trainer makes the trainer: anew, with the networks of another model, or from where a run was.
func (t *training) trainer(c *cli.Context, dev program.Device, r train.Ranks) (*train.Trainer, error) {
	if t.saved != nil {
		return t.resumed(c, dev, r)
	}
	trainer, err := train.NewRank(r, dev, t.game, t.planned, t.tables)
	if err != nil {
		return nil, err
	}
	source, err := json.Marshal(t.data.source)
	if err == nil {
		trainer.Notes[noteSource], trainer.Notes[notePixels], trainer.Notes[noteVersion] = string(source), t.data.SHA256, versionLine()
		trainer.Notes[noteDataset], trainer.Notes[noteLabels] = t.data.Name, t.data.labels()
		err = t.begin(c, trainer)
	}
	if err != nil {
		return nil, errors.Join(err, trainer.Close())
	}
	return trainer, nil
}

// begin gives a new run's networks the arrays of the model of --from.
func (t *training) begin(c *cli.Context, trainer *train.Trainer) error {
	if t.initial == nil {
		return nil
	}
	file := c.String("from")
	taken, left, err := trainer.Take(t.initial)
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
func (t *training) options(c *cli.Context, trainer *train.Trainer, dev program.Info) (run.Options, error) {
	settings, err := json.Marshal(struct {
		Game any `json:"game"`
		train.Settings
	}{t.game.Settings, t.planned})
	if err != nil {
		return run.Options{}, err
	}
	o := run.Options{
		Iterations: t.total, CheckpointEvery: c.Int("checkpoint-every"), Keep: c.Int("keep"),
		About: run.About{Model: t.system.Name, Settings: settings, Dataset: t.data.recorded(), Guides: run.GuidesOf(t.game),
			Session: run.Session{Command: os.Args, Version: versionLine(), Device: dev.Name, Description: dev.Description, Precision: dev.Precision}},
		Out: c.App.Writer, Err: c.App.ErrWriter,
		Warn:    func(text string) { fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s\n", text) },
		Preview: c.Bool("preview"), LineEvery: c.Duration("log-every"),
	}
	if o.LineEvery == 0 {
		o.LineEvery = run.EachIteration
	}
	if t.system.Line != nil {
		o.Line = run.LineOf(t.system.Line, trainer)
	}
	if t.classifier != "" {
		o.About.Notes = map[string]string{noteClassifier: t.classifier}
	}
	if before := t.before(); before != nil {
		if !given(c, "checkpoint-every") {
			o.CheckpointEvery = before.CheckpointEvery
		}
		if !given(c, "keep") {
			o.Keep = before.Keep
		}
	}
	return o, nil
}

// introduce says what is going to be trained, and how real images are judged, if the run is.
func (t *training) introduce(c *cli.Context, dev program.Info, floor string) {
	w, f := c.App.Writer, t.data.Split("train").Fields[0]
	fmt.Fprintf(w, "game    %s: %s\ndevice  %s: %s, %s\nimages  %s, %d of %d x %d, %s", t.system.Name, t.system.Title, dev.Name, dev.Description, dev.Precision,
		t.data.Name, f.Count, f.Width, f.Height, counted(f.Channels, "channel"))
	if n := len(t.data.Classes); n > 0 {
		fmt.Fprintf(w, ", %d classes", n)
	}
	if n := len(t.data.Skipped); n > 0 {
		fmt.Fprintf(w, "; %s skipped", counted(n, "file"))
	}
	fmt.Fprintf(w, ", from %s\nrun     %s, %d iterations of batch %d\n", t.data.Source, t.run.Folder(), t.total, t.planned.Batch)
	if t.ranks != nil {
		fmt.Fprintf(w, "ranks   %d, by %s%s\n", t.ranks.Size(), t.ranks.Library(), t.ranks.links)
	}
	for _, note := range t.data.Notes {
		fmt.Fprintf(w, "note    %s\n", note)
	}
	if list := unusual(t.system, t.game.Settings, t.planned); list != "" {
		fmt.Fprintf(w, "with    %s; all else is preset %s's\n", list, t.system.Presets[0].Name)
	}
	if floor != "" {
		fmt.Fprintf(w, "judge   %s\n", floor)
	}
}
