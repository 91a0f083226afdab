package main

import (
	"errors"
	"fmt"
	"io/fs"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// openResumed locks and loads the run to go on with, if the other flags let it go on.
func openResumed(c *cli.Context) (*session, error) {
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
	s := &session{}
	var err error
	if s.folder, s.from, err = runfolder.Resumable(c.String("resume")); err != nil {
		return nil, fmt.Errorf("resuming: %w", err)
	}
	if s.folder == "" { // a state alone, which goes on in a folder of its own
		if s.saved, err = gan.Load(s.from); err != nil {
			return nil, fmt.Errorf("resuming: %w", err)
		}
		return s, checkNewFolder(c)
	}
	if given(c, "out") {
		return nil, usagef("--resume goes on in the run's own folder: leave --out away")
	}
	if s.lock, err = s.folder.Lock(); err != nil {
		return nil, err
	}
	if err := s.folder.CheckWritable(); err != nil {
		return nil, errors.Join(fmt.Errorf("resuming %s: %w", s.folder, err), s.Close())
	}
	if s.saved, err = gan.Load(s.from); err != nil {
		return nil, errors.Join(s.explainDamage(c, err), s.Close())
	}
	if s.before, err = s.folder.ReadInfo(); errors.Is(err, fs.ErrNotExist) { // one of a version that wrote none
		s.before, err = nil, nil
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; once this file is removed, the run can go on", err), s.Close())
	}
	return s, nil
}

// explainDamage adds to the error of a state that cannot be loaded how to go on from an earlier one.
func (s *session) explainDamage(c *cli.Context, err error) error {
	err = fmt.Errorf("resuming %s: %w", s.folder, err)
	path, checkpointErr := s.folder.NewestBefore(s.from)
	switch {
	case checkpointErr != nil:
		return errors.Join(err, checkpointErr)
	case path == "":
		return fmt.Errorf("%w; no checkpoint before it is whole", err)
	}
	return fmt.Errorf("%w; the newest whole checkpoint before it: %s", err, resumeLine(c, path))
}

// checkData reports that a run was trained on other images, or with other labels, than those in a folder,
// with which it is to go on. Files of early versions do not say.
func (s *session) checkData(dir, pixels, labels string) error {
	notes := s.saved.Notes
	for _, v := range []struct{ what, before, now string }{
		{"images", notes[notePixels], pixels},
		{"labels", notes[noteLabels], labels},
	} {
		if v.before != "" && v.before != v.now {
			return fmt.Errorf("the run of %s was trained on other %s than those in %s: on %s; --data or --dataset says which",
				s.from, v.what, dir, notes[noteDataset])
		}
	}
	return nil
}

// resume makes the trainer that goes on from what was saved.
func (s *session) resume(c *cli.Context, dev program.Device, images gan.Images) error {
	f := s.saved
	if c.IsSet("epochs") {
		f.Settings.Epochs = c.Int("epochs")
	}
	if now := dev.Info().Name; f.Device != now {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and continues on %s: same draws, other rounding\n", f.Device, now)
	}
	var err error
	if s.trainer, err = gan.ResumeTrainer(dev, f, images); err != nil {
		return fmt.Errorf("resuming %s: %w", s.from, err)
	}
	return nil
}
