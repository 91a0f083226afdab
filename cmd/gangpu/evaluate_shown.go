package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/gan/fidelity"
	"gangpu/gan/games/srgan"
	"gangpu/gan/games/stargan"
	"gangpu/gan/nn"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// shownEvaluation is what is printed of a model that makes images of others, as JSON.
type shownEvaluation struct {
	Model      string       `json:"model"`
	Game       string       `json:"game"`
	Iterations int          `json:"iterations"`
	Dataset    string       `json:"dataset"`
	HeldOut    int          `json:"held_out_rows"`
	Shown      []shownScore `json:"shown"`
	// Baselines are the same measures of what is there without the model, by the names of the pictures that are shown.
	Baselines map[string][]shownScore `json:"baselines,omitempty"`
	ShortOf   []string                `json:"short_of,omitempty"` // baselines that it is not better than, in words
}

type shownScore struct {
	Name string   `json:"name"`
	L1   *float64 `json:"l1,omitempty"`
	PSNR *float64 `json:"psnr,omitempty"`
	SSIM *float64 `json:"ssim,omitempty"`
	// Of luma, where the game is measured by it.
	LumaPSNR float64 `json:"psnr_luma,omitempty"`
	LumaSSIM float64 `json:"ssim_luma,omitempty"`
	*fidelity.Kind
}

func scoreOf(r fidelity.Result) shownScore {
	score := shownScore{Name: r.Name, Kind: r.Kind}
	if r.Known {
		score.L1, score.PSNR = &r.L1, &r.PSNR
		score.LumaPSNR = r.LumaPSNR
		if r.SSIM == r.SSIM { // a number
			score.SSIM, score.LumaSSIM = &r.SSIM, r.LumaSSIM
		}
	}
	return score
}

// evaluateShown measures models of games that make images of others by held-out pictures, as a run does. The data are
// those of the first model.
func evaluateShown(c *cli.Context, files []string, model *train.Model) (err error) {
	for _, flag := range []string{"nearest", "inception", "tagger", "n", "confident", "truncation", "truncated-layers", "standing"} {
		if given(c, flag) {
			return usagef("--%s is for models that make images of noise: %s is one of the game %s", flag, files[0], model.Game)
		}
	}
	if model.Game == stargan.System.Name {
		return evaluateDomains(c, files, model)
	}
	data, err := openTrainedOn(c, files[0], model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	shape := shownShape(model)
	if shape == nil {
		return fmt.Errorf("%s shows no pictures of held-out ones", files[0])
	}
	heldOut, err := data.heldOut(c, shape[0], shape[1])
	if err != nil {
		return err
	}
	training, err := data.trainedOn(shape[0], shape[1])
	if err != nil {
		return err
	}
	s := fidelity.Subject{HeldOut: heldOut, Training: training, Seed: c.Uint64("seed")}
	if file := c.String("classifier"); file != "" {
		if s.Classifier, err = openClassifier(c, file, data, shape, true); err != nil {
			return err
		}
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	s.Device = dev
	for i, file := range files {
		if i > 0 {
			if model, err = loadModel(c, file); err != nil {
				return err
			}
		}
		if err := evaluateOneShown(c, s, file, model, data, shape, i == 0); err != nil {
			return fmt.Errorf("evaluating %s: %w", file, err)
		}
	}
	return nil
}

// shownShape is [height, width, channels] of the pictures that a model shows, nil of one that shows none.
func shownShape(m *train.Model) []int {
	saved := m.Uses[train.ShowUse]
	if saved == nil {
		return nil
	}
	for _, in := range saved.Inputs {
		if in.Role == nn.Example && len(in.Shape) == 3 {
			return in.Shape
		}
	}
	return nil
}

func evaluateOneShown(c *cli.Context, s fidelity.Subject, file string, m *train.Model, data *gameData, shape []int, first bool) (err error) {
	if !slices.Equal(shownShape(m), shape) {
		return fmt.Errorf("it does not show pictures of %s, as the first model does", sizeText(shape))
	}
	if known, err := data.known(m.Notes[notePixels]); err != nil {
		return err
	} else if !known {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: %s was trained on other images than those in %s: on %s\n", file, data.Source, m.Data.Name)
	}
	of, ok := system(m.Game)
	if !ok {
		return fmt.Errorf("gangpu does not know the game %s", m.Game)
	}
	settings, err := of.Decode(m.GameSettings)
	if err != nil {
		return err
	}
	if of, ok := settings.(srgan.Settings); ok {
		of.Pretrain = 1 // what is shown needs no discriminator, nor the file of its features, which may be gone
		settings = of
	}
	in, err := train.InputOf(s.HeldOut)
	if err != nil {
		return err
	}
	game, err := of.New(settings, in)
	if err != nil {
		return err
	}
	if s.Showing, err = train.Showing(game, s.HeldOut.In(game.Low, game.High)); err != nil {
		return err
	}
	if s.Runner, err = train.NewRunner(s.Device, m, train.ShowUse, fidelity.Batch); err != nil {
		return err
	}
	judge, err := fidelity.NewJudge(s)
	if err != nil {
		return err
	}
	if judge == nil {
		return errors.New("kinds of pictures that are no pairs are measured by a classifier: --classifier FILE says which; gangpu train classifier makes one")
	}
	defer func() { err = errors.Join(err, judge.Close()) }()
	results, err := judge.Measure()
	if err != nil {
		return err
	}
	w := c.App.Writer
	if c.Bool("json") {
		v := shownEvaluation{Model: file, Game: m.Game, Iterations: m.Iterations, Dataset: data.Name, HeldOut: s.HeldOut.Rows(), ShortOf: judge.Shortfalls(results)}
		for _, r := range results {
			v.Shown = append(v.Shown, scoreOf(r))
		}
		for name, baselines := range judge.Without() {
			if v.Baselines == nil {
				v.Baselines = map[string][]shownScore{}
			}
			for _, r := range baselines {
				v.Baselines[name] = append(v.Baselines[name], scoreOf(r))
			}
		}
		return json.NewEncoder(w).Encode(v)
	}
	if first {
		if _, err := fmt.Fprintln(w, strings.ReplaceAll(judge.Baselines, "; ", "\n  ")); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%s, after %d iterations of %s\n  %s\n", file, m.Iterations, m.Game, strings.ReplaceAll(judge.Line(results), "; ", "\n  "))
	return err
}
