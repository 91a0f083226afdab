package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gangpu/engine/program"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:        "train",
		Usage:       "train a game, as gangpu train dcgan; without a name, the tutorial's",
		ArgsUsage:   "[GAME]",
		Subcommands: gameCommands(),
		Description: trainDescription(usualGame),
		Flags:       trainFlags(usualGame),
		Action:      func(c *cli.Context) error { return trainGame(c, usualGame) },
	}
}

// gameCommands are the subcommands of train, one for each game.
func gameCommands() []*cli.Command {
	var all []*cli.Command
	for _, s := range systems {
		all = append(all, &cli.Command{
			Name: s.Name, Usage: s.Title, OnUsageError: asUsageError, HideHelpCommand: true, Before: noArguments,
			Description: trainDescription(s), Flags: trainFlags(s), Action: func(c *cli.Context) error { return trainGame(c, s) },
		})
	}
	return all
}

func trainDescription(s train.System) string {
	return fmt.Sprintf("%s.\nIt needs %s: a folder (--data), or a dataset by name (--dataset). Writes to the run's folder: model.safetensors\n"+
		"(networks, optimizers, settings, the graph that makes images) and, in checkpoints/, the newest of it and the best\n"+
		"one, if the run is judged; metrics.csv, run.json (settings, how far it is), after each epoch samples/epoch-NNN.png,\n"+
		"images of the same noise or of the same held-out pictures, judge.csv (how good the images are), and at the end\n"+
		"report.html. The first Ctrl-C finishes the iteration and saves; --resume goes on from there, to the same bits. A run\n"+
		"that was killed goes on from what was saved last.", s.Paper, s.Needs)
}

func trainFlags(s train.System) []cli.Flag {
	return slices.Concat(settingsFlags(s), trainDataFlags(s), deviceFlags(), rankFlags(), runFlags(s))
}

func runFlags(s train.System) []cli.Flag {
	logEvery := 5 * time.Second
	if s.Line != nil {
		logEvery = 0
	}
	return []cli.Flag{
		&cli.StringFlag{Name: "out", TakesFile: true, EnvVars: []string{"GANGPU_OUT"},
			DefaultText: "the next of runs/001, runs/002, ...", Usage: "`FOLDER` of the run"},
		&cli.StringFlag{Name: "resume", TakesFile: true, Usage: "go on with the run in this `FOLDER`, by its own settings; --epochs may be more; a file of its checkpoints goes on from there, and makes anew what came after; a model file outside of a run's folder goes on in --out"},
		&cli.StringFlag{Name: "from", TakesFile: true, Usage: "begin a new run with the networks of this model `FILE` and, if it is of the same game and there is no --preset, its settings; arrays are taken as far as they have the same names and shapes; optimizers begin anew"},
		&cli.IntFlag{Name: "iterations", DefaultText: "all epochs", Usage: "stop after this `NUMBER` of iterations, counted from the run's beginning"},
		&cli.IntFlag{Name: "checkpoint-every", DefaultText: "each epoch", Usage: "keep the state after each `NUMBER` of iterations"},
		&cli.IntFlag{Name: "keep", Value: 3, Usage: "`NUMBER` of the newest checkpoints to keep, beside the best one where the run is judged"},
		&cli.IntFlag{Name: "judge-every", Value: 1, Usage: "judge generated images, as evaluate does, after each `NUMBER` of epochs; 0 is never"},
		classifierFlag(),
		&cli.DurationFlag{Name: "log-every", Value: logEvery, Usage: "print the numbers every `TIME` where there is no terminal; 0 is for each iteration"},
		&cli.StringFlag{Name: "serve", DefaultText: "no page", Usage: "show the run in browsers at this `ADDRESS` while it is trained: a port, of this machine only, or HOST:PORT"},
		&cli.BoolFlag{Name: "preview", DisableDefaultText: true, Usage: "draw each epoch's samples in the terminal, as many as have room"},
		&cli.DurationFlag{Name: "rank-timeout", Value: 5 * time.Minute, Usage: "of several ranks, which --ranks, mpirun or srun starts: end the run after this `TIME` without one of them"},
		&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "show the networks, what an iteration computes and moves, memory and time, and stop"},
	}
}

// checkRunFlags finds what is wrong before the images are fetched and the device is opened.
func checkRunFlags(c *cli.Context) error {
	for _, name := range []string{"iterations", "checkpoint-every", "judge-every"} {
		if n := c.Int(name); n < 0 {
			return usagef("--%s %d: want at least 0", name, n)
		}
	}
	if n := c.Int("keep"); n < 1 {
		return usagef("--keep %d: want at least 1", n)
	}
	if limit := c.Duration("rank-timeout"); limit < time.Second {
		return usagef("--rank-timeout %v: want at least a second", limit)
	}
	return errors.Join(checkDataFlags(c), checkDeviceFlags(c))
}

// listen opens what --serve names, nil if it is not given.
func listen(c *cli.Context) (*run.Page, error) {
	if !c.IsSet("serve") {
		return nil, nil
	}
	address := c.String("serve")
	if err := run.CheckAddress(address); err != nil {
		return nil, usagef("--serve: %v", err)
	}
	page, err := run.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("--serve %s: %w", address, err)
	}
	return page, nil
}

// checkNewFolder reports why no new run can be made in the folder of --out.
func checkNewFolder(c *cli.Context) error {
	return blame(c, explainOccupied(run.CheckNew(c.String("out"))), "out")
}

// explainOccupied adds what to do to the error of a folder that holds another run.
func explainOccupied(err error) error {
	occupied := (*run.OccupiedError)(nil)
	switch {
	case !errors.As(err, &occupied):
		return err
	case occupied.Resumable:
		return fmt.Errorf("%w: give another --out, or go on with it by --resume %s", err, shellQuote(string(occupied.Folder)))
	}
	return fmt.Errorf("%w: give another --out", err)
}

// dryRun prints what training takes, and stops. The time is measured: some iterations are made. Of a game of stages the networks,
// the work and the memory are those of the last one that the run comes to.
func (t *training) dryRun(c *cli.Context) (err error) {
	stages := t.game.Stages()
	for i, s := range stages {
		if s.Then == nil || s.Until >= t.total {
			stages = stages[:i+1]
			break
		}
	}
	last := stages[len(stages)-1]
	p, err := train.NewPlan(last, t.planned, t.tables)
	if err != nil {
		return err
	}
	out := c.App.Writer
	if err := p.WriteSummary(out); err != nil {
		return err
	}
	bytes, err := p.Bytes()
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	info := dev.Info()
	operations, moved := p.Work()
	fmt.Fprintf(out, "\ndevice  %s: %s, %s\nbatch   %d in %s\nwork    %.2f GFLOP and %s an iteration\nmemory  %s\n", info.Name, info.Description, info.Precision,
		t.planned.Batch, counted(t.planned.Shards, "shard"), operations/1e9, megabytes(int64(moved)), megabytes(int64(bytes)))
	if info.Memory > 0 {
		// What a device needs beyond the arrays is not counted.
		if n := train.LargestBatch(last, t.planned, t.tables, info.Memory/10*9); n > 0 {
			fmt.Fprintf(out, "        a batch of about %d fits into the device's %s\n", n, megabytes(int64(info.Memory)))
		} else {
			fmt.Fprintf(out, "        more than the device's %s: --shards cuts a batch\n", megabytes(int64(info.Memory)))
		}
	}
	if len(stages) > 1 {
		return t.dryRunStages(c, dev, stages)
	}
	if info.Name == "emulated" {
		return nil // which says nothing about time
	}
	each, err := t.measured(dev, last)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "time    %.3f s an iteration, measured; %d iterations take about %s\n", each.Seconds(), t.total, roundTime(each*time.Duration(t.total)))
	return nil
}

// dryRunStages prints what each stage takes.
func (t *training) dryRunStages(c *cli.Context, dev program.Device, stages []train.Game) error {
	out := c.App.Writer
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nSTAGE\tUNTIL ITERATION\tBATCH\tIMAGES\tGFLOP\tSECONDS\tIN ALL")
	from, sum := 0, time.Duration(0)
	for _, s := range stages {
		until := t.total
		if s.Then != nil {
			until = min(s.Until, t.total)
		}
		p, err := train.NewPlan(s, t.planned, t.tables)
		if err != nil {
			return err
		}
		operations, _ := p.Work()
		batch := t.planned.Batch / max(s.Phases[0].Fraction, 1)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.2f\t", s.Stage, until, batch, batch*(until-from), operations/1e9)
		if dev.Info().Name != "emulated" { // which says nothing about time
			each, err := t.measured(dev, s)
			if err != nil {
				return err
			}
			all := each * time.Duration(until-from)
			sum += all
			fmt.Fprintf(w, "%.3f\t%s", each.Seconds(), roundTime(all))
		}
		fmt.Fprintln(w)
		from = until
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if sum > 0 {
		fmt.Fprintf(out, "time    %d iterations take about %s, by the seconds of each as they were measured\n", t.total, roundTime(sum))
	}
	return nil
}

// measured is how long an iteration of a game takes on a device.
func (t *training) measured(dev program.Device, g train.Game) (each time.Duration, err error) {
	trainer, err := train.New(dev, g, t.planned, t.tables)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, trainer.Close()) }()
	const measured, enough = 3, 2 * time.Second
	made, begin := 0, time.Now()
	for i := range 1 + measured {
		if i == 1 { // the first one was to warm up
			begin = time.Now()
		}
		if err := trainer.Step(); err != nil {
			return 0, err
		}
		if _, err := trainer.Metrics(); err != nil {
			return 0, err
		}
		if made = i; made > 0 && time.Since(begin) > enough {
			break
		}
	}
	return time.Since(begin) / time.Duration(made), nil
}

// newDiagnosis says what goes wrong in a run of a game, with what may help.
func newDiagnosis(s train.System, t *train.Trainer, real train.Field) (run.Diagnosis, error) {
	return run.Diagnose(t, real, mayHelp(s))
}

// mayHelp says what a symptom means, and which of a game's flags may help.
func mayHelp(s train.System) map[run.Symptom]string {
	known := map[string]bool{"seed": true} // which is a flag of any game
	for _, o := range s.Presets[0].Options() {
		known[o.Name] = true
	}
	help := func(meaning string, remedies ...string) string {
		var all []string
		for i := 0; i < len(remedies); i += 2 { // a setting, and words
			if known[remedies[i]] {
				all = append(all, remedies[i+1])
			}
		}
		text := strings.Join(all, ", ")
		if last := len(all) - 1; last > 0 {
			text = strings.Join(all[:last], ", ") + " or " + all[last]
		}
		if text == "" {
			return meaning
		}
		return meaning + "; " + text + " may help"
	}
	return map[run.Symptom]string{
		run.Diverging: help("what was learned is soon lost, if it is not yet", "lr", "a lower rate (--lr)"),
		run.DiscriminatorWins: help("the generator has little to learn from",
			"k", "fewer discriminator steps (--k)", "lr", "a lower rate (--lr)", "dropout", "more --dropout"),
		run.GeneratorWins: help("what it teaches is wrong",
			"k", "more discriminator steps (--k 1, or --alternation k-steps)", "dropout", "less --dropout"),
		run.Collapse: help("it makes much the same image of every noise",
			"k", "more discriminator steps (--k 1)", "lr", "a lower rate (--lr)", "seed", "another --seed"),
	}
}
