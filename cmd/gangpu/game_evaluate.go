package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"gangpu/engine/program"
	"gangpu/gan/judge"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// gameEvaluation is what is printed of a model of a game.
type gameEvaluation struct {
	Model      string        `json:"model"`
	Game       string        `json:"game"`
	Iterations int           `json:"iterations"`
	Dataset    string        `json:"dataset"`
	Generated  judge.Scores  `json:"generated"`
	Floor      *judge.Scores `json:"floor"` // of as many training images
}

// evaluateGames judges the images of models of games, which are of one dataset, by a classifier.
func evaluateGames(c *cli.Context, files []string, first *train.Model, o judge.Options) (err error) {
	file := c.String("classifier")
	if file == "" {
		return usagef("%s is a model of the game %s, whose images are judged by a classifier of its dataset: --classifier FILE says which; gangpu train classifier makes one",
			files[0], first.Game)
	}
	if c.String("nearest") != "" {
		return usagef("--nearest is for the tutorial's models")
	}
	source, opened, err := gameSourceOf(c, first.Notes[noteSource])
	if err != nil {
		return err
	}
	d, err := openGameData(c, source, opened)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	j, err := openGameJudge(dev, file, d, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	floor := j.Floor()
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	line := func(name string, iterations any, s judge.Scores) {
		fmt.Fprintf(w, "%s\t%v\t%d\t%.2f\t%.3f\t%.1f%%\t%d\n", name, iterations, s.Images, s.FrechetDistance, s.ClassifierScore, 100*s.Confident, s.ClassesSeen)
	}
	if !c.Bool("json") {
		fmt.Fprintln(w, "FILE\tITERATIONS\tIMAGES\tDISTANCE\tSCORE\tCONFIDENT\tCLASSES")
		line("training images", "", floor)
	}
	for i, file := range files {
		m := first
		if i > 0 {
			if m, err = train.Load(file); err != nil {
				return err
			}
		}
		if c.Bool("raw") {
			m.DropAverages()
		}
		s, err := scoreGame(dev, j, m, c.Uint64("seed"), d.testSplit().Labels)
		if err != nil {
			return fmt.Errorf("evaluating %s: %w", file, err)
		}
		if c.Bool("json") {
			if err := json.NewEncoder(c.App.Writer).Encode(gameEvaluation{file, m.Game, m.Iterations, d.Name, s, &floor}); err != nil {
				return err
			}
			continue
		}
		line(file, m.Iterations, s)
	}
	return w.Flush()
}

// scoreGame judges the images that a model makes of the noise of a seed.
func scoreGame(dev program.Device, j *judge.Judge, m *train.Model, seed uint64, labels []int32) (_ judge.Scores, err error) {
	sampler, err := train.NewSampler(dev, m, judge.Batch)
	if err != nil {
		return judge.Scores{}, err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	return j.ScoreGame(sampler, seed, labels)
}
