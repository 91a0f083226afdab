package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"gangpu/gan/run"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

func runsCommand() *cli.Command {
	return &cli.Command{
		Name:      "runs",
		Usage:     "list the runs in a folder: how they stand, and their last numbers",
		ArgsUsage: "[FOLDER]",
		Description: "FOLDER is runs if it is not given. A table a game. The run that was begun or resumed last is the last. One that\n" +
			"died ended without a word, as a killed process does; --resume goes on with it. The score is the\n" +
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
	runs, err := run.List(folder)
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && c.Args().Len() == 0) {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(append([]*run.Found{}, runs...))
	}
	if len(runs) == 0 {
		_, err := fmt.Fprintf(c.App.Writer, "no run in %s; gangpu train makes one\n", folder)
		return err
	}
	return printRuns(c.App.Writer, runs)
}

// printRuns prints a table of each game's runs, since games have other numbers. The game of the last run is the last.
func printRuns(w io.Writer, runs []*run.Found) error {
	var games []string
	for _, r := range slices.Backward(runs) {
		if r.State != runfolder.Unreadable && !slices.Contains(games, r.Architecture) {
			games = append(games, r.Architecture)
		}
	}
	slices.Reverse(games)
	if len(games) < 2 {
		if err := printTable(w, "run", runs); err != nil {
			return err
		}
		games = nil
	}
	for _, game := range games {
		others := func(r *run.Found) bool { return r.State == runfolder.Unreadable || r.Architecture != game }
		if err := printTable(w, "run of "+game, slices.DeleteFunc(slices.Clone(runs), others)); err != nil {
			return err
		}
		fmt.Fprintln(w)
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

func printTable(w io.Writer, head string, runs []*run.Found) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	columns := columnsOf(runs)
	heads := ""
	for _, c := range columns {
		heads += c.Label() + "\t"
	}
	fmt.Fprintf(t, "%s\tstate\tepochs\t%s%s\tdevice\ttime\tbegun\n", head, heads, measureOf(runs))
	for _, r := range runs {
		if r.State == runfolder.Unreadable {
			fmt.Fprintf(t, "%s\t%s\n", r.Folder, r.State)
			continue
		}
		numbers := ""
		for _, c := range columns {
			if m := r.Metrics; m != nil {
				if v, ok := m.Values[c.Name]; ok {
					numbers += c.Format(float64(v))
				}
			}
			numbers += "\t"
		}
		session := r.Session()
		fmt.Fprintf(t, "%s\t%s\t%s/%s\t%s%s\t%s\t%s\t%s\n", r.Folder, r.State, short(r.Epochs()), short(r.EpochsAsked()), numbers,
			scores(r), session.Device, roundTime(time.Duration(r.Seconds()*float64(time.Second))),
			session.Begun.Local().Format("2006-01-02 15:04"))
	}
	return t.Flush()
}

// columnsOf are the columns that any of the runs has.
func columnsOf(runs []*run.Found) []run.Column {
	var all []run.Column
	for _, r := range runs {
		for _, c := range r.Columns {
			if !slices.ContainsFunc(all, func(other run.Column) bool { return other.Name == c.Name }) {
				all = append(all, c)
			}
		}
	}
	return all
}

// measureOf is what the runs are judged by, if they all are by the same.
func measureOf(runs []*run.Found) string {
	title := ""
	for _, r := range runs {
		if r.Measure == nil || r.Score == nil {
			continue
		}
		if t := r.Measure.Title(); title == "" {
			title = t
		} else if title != t {
			return "score"
		}
	}
	if title == "" {
		return "score"
	}
	return title
}

// scores are a run's last and its best.
func scores(r *run.Found) string {
	if r.Score == nil {
		return ""
	}
	text := fmt.Sprintf("%.4g", *r.Score)
	if r.Best != nil && r.Best.Score != nil && r.Best.Iterations != r.Iterations {
		text += fmt.Sprintf(" (best %.4g)", *r.Best.Score)
	}
	return text
}

// roundTime drops what nobody reads of how long something took.
func roundTime(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// short is x with two decimals at most, or two digits if it is less than 1.
func short(x float64) string {
	if x < 1 {
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
}
