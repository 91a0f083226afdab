package main

import (
	"errors"
	"fmt"
	"strings"

	"gangpu/engine/collective"
	"gangpu/engine/program"
	"gangpu/gan/exchange"
	"gangpu/gan/run"
	"gangpu/gan/train"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// before is what run.json said of a run to go on with; nil if there is none.
func (t *training) before() *run.Info {
	if t.run == nil {
		return nil
	}
	return t.run.Before()
}

// resume locks and loads the run to go on with, if the other flags let it go on.
func (t *training) resume(c *cli.Context) error {
	for _, f := range settingsFlags(t.system) {
		if name := f.Names()[0]; name != "epochs" && given(c, name) {
			return usagef("--%s cannot change in the middle of a run; a resumed run has its own settings", name)
		}
	}
	if given(c, "from") {
		return usagef("--from begins a new run, --resume goes on with one: leave one of them away")
	}
	path := c.String("resume")
	if t.ranks.follows() {
		t.from = path
		var err error
		if t.saved, err = t.ranks.state(); err != nil {
			return fmt.Errorf("resuming: %w", err)
		}
		return t.resumeGame(c)
	}
	folder, file, err := runfolder.Resumable(path)
	if err != nil {
		return fmt.Errorf("resuming: %w", err)
	}
	t.from = file
	if exchange.IsEarly(file) {
		return fmt.Errorf("%s is a run of an early version of gangpu, which drew other random numbers: it cannot go on; gangpu train --from %s begins a new one with its networks",
			path, shellQuote(file))
	}
	if folder == "" { // a state alone, which goes on in a folder of its own
		if t.saved, err = train.Load(file); err != nil {
			return fmt.Errorf("resuming: %w", err)
		}
		if err := checkNewFolder(c); err != nil {
			return err
		}
	} else {
		if given(c, "out") {
			return usagef("--resume goes on in the run's own folder: leave --out away")
		}
		if t.run, err = run.Resume(path, run.LoadGame); err != nil {
			return adviseRun(c, path, err)
		}
		saved, _ := t.run.Saved()
		t.saved = run.ModelOf(saved)
	}
	return t.resumeGame(c)
}

// resumeGame finds the game of the run to go on with.
func (t *training) resumeGame(c *cli.Context) error {
	path := c.String("resume")
	s, known := system(t.saved.Game)
	switch {
	case !known:
		return fmt.Errorf("%s is a run of the game %s: going on with it needs the game's code, and this gangpu has %s", path, t.saved.Game, gameNames())
	case t.system.Name != usualGame.Name && s.Name != t.system.Name:
		return usagef("%s is a run of the game %s: gangpu train --resume goes on with it", path, s.Name)
	}
	t.system = s
	return nil
}

// resumed makes the trainer that goes on from what was saved.
func (t *training) resumed(c *cli.Context, dev program.Device, r train.Ranks) (*train.Trainer, error) {
	if now := dev.Info().Name; t.saved.Device != now {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and continues on %s: same draws, other rounding\n", t.saved.Device, now)
	}
	if err := t.checkTrainedOn(c, "images", notePixels, t.data.SHA256); err != nil {
		return nil, err
	}
	t.saved.Settings.Iterations = t.planned.Iterations
	trainer, err := train.ResumeRank(r, dev, t.game, t.saved, t.tables)
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w", t.from, err)
	}
	if trainer.Reads("class") {
		if err := t.checkTrainedOn(c, "labels", noteLabels, t.data.labels()); err != nil {
			return nil, errors.Join(err, trainer.Close())
		}
	}
	return trainer, nil
}

// checkTrainedOn reports that a run was trained on other images, or with other labels, than those it is to go on with. Files
// of early versions do not say.
func (t *training) checkTrainedOn(c *cli.Context, what, note, now string) error {
	if before := t.saved.Notes[note]; before == "" || before == now {
		return nil
	}
	return blame(c, fmt.Errorf("the run of %s was trained on other %s than those in %s: on %s; --data or --dataset says which",
		t.from, what, t.data.Source, t.saved.Notes[noteDataset]), "data", "dataset")
}

// adviseRun adds to an error of a run the command line that goes on with it, if there is one.
func adviseRun(c *cli.Context, folder string, err error) error {
	damaged, unsaved, interrupted := (*run.DamagedError)(nil), (*run.UnsavedError)(nil), (*run.InterruptedError)(nil)
	lost := (*collective.LostError)(nil)
	switch {
	case errors.As(err, &damaged) && damaged.Newest != "":
		return fmt.Errorf("%w; the newest whole checkpoint before it: %s", damaged.Err, resumeLine(c, damaged.Newest))
	case errors.As(err, &unsaved):
		return fmt.Errorf("%w; once there is room, go on with: %s", err, resumeLine(c, unsaved.Folder))
	case errors.As(err, &lost):
		return fmt.Errorf("%w; go on, with any number of ranks that divides the shards, with: %s", err, resumeLine(c, folder))
	case errors.As(err, &interrupted):
		return fmt.Errorf("%w; go on with: %s", err, resumeLine(c, interrupted.Folder))
	}
	return err
}

// resumeLine is the command line that goes on with a run, from its folder or one of its files.
func resumeLine(c *cli.Context, path string) string {
	line := []string{"gangpu train --resume", shellQuote(path)}
	for _, name := range []string{"data", "dataset", "device", "precision", "iterations", "judge-every", "classifier"} {
		if given(c, name) {
			line = append(line, "--"+name, shellQuote(fmt.Sprint(c.Value(name))))
		}
	}
	return strings.Join(line, " ")
}

// shellQuote is s as a shell takes it for one word.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("/._-+:=@%,", r))
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
