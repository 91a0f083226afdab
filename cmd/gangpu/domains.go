package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"gangpu/engine/program"
	"gangpu/gan/fidelity"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/games/stargan"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// domainBatch is how many images are translated and classified at a time.
const domainBatch = 32

// manyDomains reports whether a game makes images of one of several classes of those of another.
func manyDomains(game string, classes []string) bool {
	return game == stargan.System.Name && len(classes) > 0
}

// domains are the held-out images and what they are, to be measured by what they become in other domains: by a classifier,
// if there is one, and by their truth, where files have the same names in several domains.
func (d *gameData) domains(dev program.Device, heldOut train.Data, classifier *train.Model) (of fidelity.Domains, err error) {
	split := d.testSplit()
	if split == nil {
		split = d.Split("train")
	}
	of = fidelity.Domains{Images: heldOut.Tables[0].Fields[0].Bytes, Count: len(d.Classes)}
	rows := heldOut.Rows()
	for i := range rows { // as train.HeldOut chooses them
		row := i * len(split.Labels) / rows
		of.Labels, of.Names = append(of.Labels, split.Labels[row]), append(of.Names, split.Fields[0].Files[row])
	}
	if classifier != nil {
		of.Classify, err = train.NewRunner(dev, classifier, classifying.Use, domainBatch)
	}
	return of, err
}

// judgingDomains has a run of several domains judged.
func (t *training) judgingDomains(dev program.Device, j run.Judging, trainer *train.Trainer, classifier *train.Model) (_ run.Judging, baselines string, free func() error, err error) {
	free = func() error { return nil }
	d, err := t.data.domains(dev, trainer.HeldOut, classifier)
	if err != nil {
		return j, "", free, err
	}
	if d.Translate, err = trainer.Runner(train.TranslateUse, domainBatch); err == nil {
		j, baselines, err = d.Judging(j.Every)
	}
	return j, baselines, d.Close, err
}

// domainEvaluation is what is printed of a model of several domains, as JSON.
type domainEvaluation struct {
	Model      string   `json:"model"`
	Game       string   `json:"game"`
	Iterations int      `json:"iterations"`
	Dataset    string   `json:"dataset"`
	HeldOut    int      `json:"held_out_rows"`
	Error      *float64 `json:"error,omitempty"` // left out without a classifier
	RealError  *float64 `json:"error_of_real_images,omitempty"`
	L1         *float64 `json:"l1,omitempty"` // left out where no files have the same names
	Copy       *float64 `json:"l1_of_a_copy,omitempty"`
	ShortOf    []string `json:"short_of,omitempty"`
}

// evaluateDomains measures models of several domains by held-out pictures, as a run does.
func evaluateDomains(c *cli.Context, files []string, model *train.Model) (err error) {
	if len(model.Data.Classes) == 0 {
		return usagef("%s makes images with attributes, of which a picture may have several: no classifier here knows them", files[0])
	}
	data, err := openTrainedOn(c, files[0], model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	shape := shownShape(model)
	heldOut, err := data.heldOut(c, shape[0], shape[1])
	if err != nil {
		return err
	}
	var classifier *train.Model
	if file := c.String("classifier"); file != "" {
		if classifier, err = openClassifier(c, file, data, shape, true); err != nil {
			return err
		}
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	d, err := data.domains(dev, heldOut, classifier)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for i, file := range files {
		if i > 0 {
			if model, err = loadModel(c, file); err != nil {
				return err
			}
		}
		if err := evaluateOneOfDomains(c, d, dev, file, model, data.Name); err != nil {
			return fmt.Errorf("evaluating %s: %w", file, err)
		}
	}
	return nil
}

func evaluateOneOfDomains(c *cli.Context, d fidelity.Domains, dev program.Device, file string, m *train.Model, dataset string) (err error) {
	if d.Translate, err = train.NewRunner(dev, m, train.TranslateUse, domainBatch); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Translate.Close()) }()
	measures, err := d.Measure()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		v := domainEvaluation{Model: file, Game: m.Game, Iterations: m.Iterations, Dataset: dataset, HeldOut: len(d.Labels), ShortOf: measures.Shortfalls()}
		if !math.IsNaN(measures.Error) {
			v.Error, v.RealError = &measures.Error, &measures.RealError
		}
		if measures.Pairs > 0 {
			v.L1, v.Copy = &measures.L1, &measures.Copy
		}
		return json.NewEncoder(c.App.Writer).Encode(v)
	}
	text := measures.String()
	if text == "" {
		return errors.New("nothing says how good it is: --classifier FILE says which domain an image is taken for; gangpu train classifier makes one")
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s, after %d iterations of %s, by %d held-out pictures\n  %s\n", file, m.Iterations, m.Game, len(d.Labels), text)
	return err
}
