package main

import (
	"fmt"
	"os"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// checkResume loads the run to go on with, if the other flags let it go on.
func checkResume(c *cli.Context) (*gan.ModelFile, error) {
	if given(c, "out") {
		return nil, usagef("--resume goes on in the run's own folder: leave --out away")
	}
	for _, f := range settingsFlags() {
		if name := f.Names()[0]; name != "epochs" && given(c, name) {
			return nil, usagef("--%s cannot change in the middle of a run; a resumed run has its own settings", name)
		}
	}
	if _, err := limited(c, "epochs"); c.IsSet("epochs") && err != nil {
		return nil, err
	}
	folder := runFolder(c.String("resume"))
	f, err := gan.Load(folder.model())
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w", folder, err)
	}
	return f, nil
}

// given reports whether a flag is on the command line. The environment, which is there for new
// runs, says nothing of a resumed one.
func given(c *cli.Context, name string) bool {
	i := slices.IndexFunc(c.Command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 || !c.IsSet(name) {
		return false
	}
	if f, ok := c.Command.Flags[i].(cli.DocGenerationFlag); ok {
		for _, variable := range f.GetEnvVars() {
			if os.Getenv(variable) == fmt.Sprint(c.Value(name)) {
				return false
			}
		}
	}
	return true
}

func resumeRun(c *cli.Context, dev program.Device, f *gan.ModelFile, images gan.Images) (*gan.Trainer, error) {
	if c.IsSet("epochs") {
		f.Settings.Epochs = c.Int("epochs")
	}
	if now := dev.Info().Name; f.Device != now {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the run was saved on %s and continues on %s: same draws, other rounding\n", f.Device, now)
	}
	return gan.ResumeTrainer(dev, f, images)
}
