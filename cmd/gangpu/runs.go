package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

func runsCommand() *cli.Command {
	return &cli.Command{
		Name:      "runs",
		Usage:     "list the runs in a folder: how they stand, and their last numbers",
		ArgsUsage: "[FOLDER]",
		Description: "FOLDER is runs if it is not given. The run that was begun or resumed last is the last. One that\n" +
			"died ended without a word, as a killed process does; --resume goes on with it. The distance is the\n" +
			"last that was measured, and of the best checkpoint.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print all that is known of them, as JSON"},
		},
		Action: listRuns,
	}
}

func listRuns(c *cli.Context) error {
	folder := c.Args().First()
	if c.Args().Len() > 1 {
		return usagef("want one folder, got %d", c.Args().Len())
	}
	if folder == "" {
		folder = "runs"
	}
	runs, err := runfolder.List(folder)
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && c.Args().Len() == 0) {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(append([]*runfolder.Run{}, runs...))
	}
	if len(runs) == 0 {
		_, err := fmt.Fprintf(c.App.Writer, "no run in %s; gangpu train makes one\n", folder)
		return err
	}
	return printRuns(c.App.Writer, runs)
}

func printRuns(w io.Writer, runs []*runfolder.Run) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tstate\tepochs\td loss\tg loss\treal\tfake\tdistance\tdevice\ttime\tbegun")
	for _, r := range runs {
		if r.State == runfolder.Unreadable {
			fmt.Fprintf(t, "%s\t%s\n", r.Folder, r.State)
			continue
		}
		numbers := "\t\t\t"
		if m := r.Metrics; m != nil {
			numbers = fmt.Sprintf("%v\t%v\t%.0f%%\t%.0f%%", loss(m.DLoss), loss(m.GLoss), 100*m.AccuracyReal, 100*m.AccuracyFake)
		}
		session := r.Session()
		fmt.Fprintf(t, "%s\t%s\t%s/%s\t%s\t%s\t%s\t%s\t%s\n", r.Folder, r.State, short(r.Epochs()), short(r.EpochsAsked()), numbers,
			distances(r), session.Device, roundTime(time.Duration(r.Seconds()*float64(time.Second))),
			session.Begun.Local().Format("2006-01-02 15:04"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range runs {
		var err error
		switch r.State {
		case runfolder.Failed, runfolder.Unreadable:
			_, err = fmt.Fprintf(w, "%s: %s\n", r.Folder, r.Reason)
		case runfolder.Died, runfolder.Interrupted:
			_, err = fmt.Fprintf(w, "%s: go on with: gangpu train --resume %s\n", r.Folder, shellQuote(string(r.Folder)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// distances are a run's last and its best.
func distances(r *runfolder.Run) string {
	if r.Distance == nil {
		return ""
	}
	text := fmt.Sprintf("%.4g", *r.Distance)
	if r.Best != nil && r.Best.Iterations != r.Iterations {
		text += fmt.Sprintf(" (best %.4g)", *r.Best.Distance)
	}
	return text
}

// short is x with two decimals at most, or two digits if it is less than 1.
func short(x float64) string {
	if x < 1 {
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
}
