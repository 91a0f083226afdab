package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func evaluateCommand() *cli.Command {
	d := judge.DefaultOptions()
	return &cli.Command{
		Name:      "evaluate",
		Usage:     "measure trained models on the test images: losses and accuracies without dropout, and how good the images are",
		ArgsUsage: "[FILE...]",
		Description: "The model is that of --model, or FILE; of several, each gets a line. The images are those of the\n" +
			"dataset that the model was trained on, unless --data or --dataset says otherwise. Generated images\n" +
			"are judged by a classifier of the dataset: docs/judging.md explains the numbers.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(), rawFlag(),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the generated images' noise comes from"},
			classifierFlag(),
			&cli.IntFlag{Name: "n", Value: d.Images, Usage: "`NUMBER` of images to generate and judge; the distance depends on it"},
			&cli.Float64Flag{Name: "confident", Value: d.Confidence, Usage: "`PROBABILITY` from which the classifier is sure of an image"},
			&cli.StringFlag{Name: "nearest", TakesFile: true,
				Usage: "find the training images nearest to generated ones, to see copying, and draw the nearest pairs to this PNG `FILE`"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print a JSON object a model, a line each"},
		}, dataFlags(), deviceFlags()),
		Action: evaluate,
	}
}

// evaluator evaluates one model after another.
type evaluator struct {
	dev      program.Device
	data     *mnist.Data
	judge    *judge.Judge // nil without a classifier
	seed     uint64
	images   int    // generated
	pairs    string // file to draw the nearest pairs to
	training gan.Images
	test     gan.Images
}

func evaluate(c *cli.Context) (err error) {
	o := judge.Options{Images: c.Int("n"), Confidence: c.Float64("confident")}
	files, err := checkEvaluateFlags(c, o)
	if err != nil {
		return err
	}
	switch m, err := gameModel(files[0]); {
	case err != nil:
		return blame(c, err, "model")
	case m != nil:
		return evaluateGames(c, files, m, o)
	}
	model, err := loadModel(c, files[0])
	if err != nil {
		return err
	}
	from, err := sourceOf(c, files[0], model)
	if err != nil {
		return err
	}
	var optional []mnist.Part
	if model.Model.Classes() == 0 {
		optional = []mnist.Part{mnist.TrainLabels, mnist.TestLabels}
	}
	data, err := openData(c, from, optional...)
	if err != nil {
		return err
	}
	if err := spareInputs(fileOutputs(c, "nearest"), filesOf(data)...); err != nil {
		return err
	}
	sayMissing(c, data)
	pixels := sha256Hex(data.Train.Images)
	if err := checkTrained(c, files[0], model, data, pixels); err != nil {
		return err
	}
	classifier, err := openClassifier(c, c.String("classifier"), data, pixels)
	if err != nil {
		return err
	}
	if classifier != nil {
		if err := judgeable(data); err != nil && c.String("classifier") != "" {
			return err
		} else if err != nil {
			fmt.Fprintf(c.App.ErrWriter, "gangpu: no images are judged: %v\n", err)
			classifier = nil
		}
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	e := evaluator{dev: dev, data: data, seed: c.Uint64("seed"), images: o.Images, pairs: c.String("nearest"),
		training: imagesOf(data.Train), test: imagesOf(data.Test)}
	if classifier != nil {
		if e.judge, err = newJudge(dev, classifier, o, data); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, e.judge.Close()) }()
	}
	show := printer(c, files, o)
	for i, file := range files {
		if i > 0 {
			if model, err = loadModel(c, file); err != nil {
				return err
			}
			if err := checkTrained(c, file, model, data, pixels); err != nil {
				return err
			}
		}
		v, err := e.evaluate(file, model)
		undrawn := (*undrawnError)(nil)
		if err != nil && !errors.As(err, &undrawn) {
			return fmt.Errorf("evaluating %s: %w", file, err)
		}
		if err := errors.Join(show(v), err); err != nil {
			return err
		}
	}
	return nil
}

// checkEvaluateFlags finds what is wrong before a model is read, and returns the files to read.
func checkEvaluateFlags(c *cli.Context, o judge.Options) ([]string, error) {
	files := c.Args().Slice()
	if file := c.String("model"); file != "" && (c.IsSet("model") || len(files) == 0) {
		files = append([]string{file}, files...)
	}
	for _, f := range files {
		if strings.HasPrefix(f, "-") {
			return nil, usagef("evaluate takes its flags before the files: %s came after", f)
		}
	}
	const most = 100_000
	switch {
	case len(files) == 0:
		return nil, errNoModel
	case o.Images > most:
		return nil, usagef("-n %d: want 2 to %d", o.Images, most)
	case c.String("nearest") != "" && len(files) > 1:
		return nil, usagef("--nearest draws the pairs of one model, not of %d", len(files))
	}
	if err := o.Validate(); err != nil {
		return nil, usagef("%v", err)
	}
	return files, errors.Join(checkDataFlags(c), checkDeviceFlags(c),
		checkOutputs(c, fileOutputs(c, "nearest"), append(slices.Clone(files), c.String("classifier"))...))
}

func (e *evaluator) evaluate(file string, model *gan.ModelFile) (_ evaluation, err error) {
	losses, err := gan.Evaluate(e.dev, model, e.test, e.seed)
	if err != nil {
		return evaluation{}, err
	}
	v := evaluation{Model: file, Iterations: model.Iterations, Dataset: e.data.Name, TestImages: losses.Images, Loss: model.Settings.Loss,
		DLoss: losses.DLoss, GLoss: losses.GLoss, AccuracyReal: losses.AccuracyReal, AccuracyFake: losses.AccuracyFake}
	sampler, err := gan.NewSampler(e.dev, model, judge.Batch)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	if e.judge != nil {
		scores, err := e.judge.ScoreSampler(sampler, e.seed)
		if err != nil {
			return v, err
		}
		floor := e.judge.Floor()
		v.Generated, v.Floor = &scores, &floor
	}
	if e.pairs != "" {
		v.Nearest, err = e.nearest(sampler)
	}
	return v, err
}

// nearest draws those of the first generated images that are nearest to a training image.
func (e *evaluator) nearest(sampler *gan.Sampler) (*judge.Copies, error) {
	const compared, drawn, pairsInARow = 1000, 50, 5
	noise, err := sampler.Noise(e.seed, min(compared, e.images))
	if err != nil {
		return nil, err
	}
	samples, err := sampler.Generate(noise)
	if err != nil {
		return nil, err
	}
	copies, err := judge.FindCopies(e.dev, samples, e.training, e.test)
	if err != nil {
		return nil, err
	}
	grid := sampleGridOf(samples.Height, samples.Width)
	grid.Columns = 2 * pairsInARow
	if err := copies.Pairs(drawn, samples, e.training).SavePNG(e.pairs, grid); err != nil {
		return &copies, &undrawnError{err}
	}
	return &copies, nil
}

// undrawnError is a picture that could not be written of an evaluation that has all its numbers.
type undrawnError struct{ error }

func (e *undrawnError) Unwrap() error { return e.error }
