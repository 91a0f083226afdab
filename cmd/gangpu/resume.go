package main

import (
	"errors"
	"fmt"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/run"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// openResumed locks and loads the run to go on with, if the other flags let it go on.
func openResumed(c *cli.Context) (*training, error) {
	if given(c, "weights") {
		return nil, usagef("--weights begins a new run, --resume goes on with one: leave one of them away")
	}
	for _, f := range settingsFlags() {
		if name := f.Names()[0]; name != "epochs" && given(c, name) {
			return nil, usagef("--%s cannot change in the middle of a run; a resumed run has its own settings", name)
		}
	}
	if _, err := limited(c, "epochs"); c.IsSet("epochs") && err != nil {
		return nil, err
	}
	path := c.String("resume")
	folder, file, err := runfolder.Resumable(path)
	if err != nil {
		return nil, fmt.Errorf("resuming: %w", err)
	}
	if m, err := gameModel(file); m != nil && err == nil {
		return nil, usagef("%s is a run of the game %s: gangpu train %s --resume %s goes on with it", path, m.Game, m.Game, shellQuote(path))
	}
	t := &training{from: file}
	if folder == "" { // a state alone, which goes on in a folder of its own
		if t.saved, err = gan.Load(file); err != nil {
			return nil, fmt.Errorf("resuming: %w", err)
		}
		return t, checkNewFolder(c)
	}
	if given(c, "out") {
		return nil, usagef("--resume goes on in the run's own folder: leave --out away")
	}
	if t.run, err = run.Resume(path, loadSnapshot); err != nil {
		return nil, adviseRun(c, err)
	}
	saved, _ := t.run.Saved()
	t.saved, t.before = saved.(snapshot).ModelFile, t.run.Before()
	return t, nil
}

// adviseRun adds to an error of a run the command line that goes on with it, if there is one.
func adviseRun(c *cli.Context, err error) error {
	damaged, unsaved, interrupted := (*run.DamagedError)(nil), (*run.UnsavedError)(nil), (*run.InterruptedError)(nil)
	switch {
	case errors.As(err, &damaged) && damaged.Newest != "":
		return fmt.Errorf("%w; the newest whole checkpoint before it: %s", damaged.Err, resumeLine(c, damaged.Newest))
	case errors.As(err, &unsaved):
		return fmt.Errorf("%w; once there is room, go on with: %s", err, resumeLine(c, unsaved.Folder))
	case errors.As(err, &interrupted):
		return fmt.Errorf("%w; go on with: %s", err, resumeLine(c, interrupted.Folder))
	}
	return err
}

// resumeLine is the command line that goes on with a run, from its folder or one of its files.
func resumeLine(c *cli.Context, path string) string {
	line := []string{"gangpu train --resume", shellQuote(path)}
	for _, name := range []string{"data", "device", "precision", "iterations", "judge-every", "classifier"} {
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

// checkData reports that a run was trained on other images, or with other labels, than those in a folder,
// with which it is to go on. Files of early versions do not say.
func (t *training) checkData(dir, pixels, labels string) error {
	notes := t.saved.Notes
	for _, v := range []struct{ what, before, now string }{
		{"images", notes[notePixels], pixels},
		{"labels", notes[noteLabels], labels},
	} {
		if v.before != "" && v.before != v.now {
			return fmt.Errorf("the run of %s was trained on other %s than those in %s: on %s; --data or --dataset says which",
				t.from, v.what, dir, notes[noteDataset])
		}
	}
	return nil
}

// resume makes the trainer that goes on from what was saved.
func (t *training) resume(c *cli.Context, dev program.Device, images gan.Images) (*gan.Trainer, error) {
	f := t.saved
	if c.IsSet("epochs") {
		f.Settings.Epochs = c.Int("epochs")
	}
	if now := dev.Info().Name; f.Device != now {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and continues on %s: same draws, other rounding\n", f.Device, now)
	}
	trainer, err := gan.ResumeTrainer(dev, f, images)
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w", t.from, err)
	}
	return trainer, nil
}
