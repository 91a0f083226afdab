package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/judge"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func evaluateCommand() *cli.Command {
	d := judge.DefaultOptions()
	return &cli.Command{
		Name:      "evaluate",
		Usage:     "measure trained models on the test images: how good the images are, and the tutorial's losses without dropout",
		ArgsUsage: "[FILE...]",
		Description: "The model is that of --model, or FILE; of several, each gets a line. The images are those of the\n" +
			"dataset that the model was trained on, unless --data or --dataset says otherwise. Generated images\n" +
			"are judged by a classifier of the dataset: docs/judging.md explains the numbers. Of a game that makes images of\n" +
			"images, what it makes of held-out pictures is compared with what they are to be.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(), rawFlag(), truncationFlag(), truncatedLayersFlag(), standingFlag(),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the generated images' noise comes from"},
			classifierFlag(),
			&cli.StringFlag{Name: "inception", TakesFile: true,
				Usage: "compute FID, precision and recall by Inception's features, of this safetensors `FILE` of its weights: docs/judging.md"},
			&cli.StringFlag{Name: "tagger", TakesFile: true,
				Usage: "say how many of the images have the tags that they were asked for by, of a model of tags, by this `FILE`: the model of gangpu train classifier --preset tags"},
			&cli.IntFlag{Name: "n", Value: d.Images, Usage: "`NUMBER` of images to generate and judge; the distance depends on it"},
			&cli.Float64Flag{Name: "confident", Value: d.Confidence, Usage: "`PROBABILITY` from which the classifier is sure of an image"},
			&cli.StringFlag{Name: "nearest", TakesFile: true,
				Usage: "find the training images nearest to generated ones, to see copying, and draw the nearest pairs to this PNG `FILE`"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print a JSON object a model, a line each"},
		}, dataFlags("that of the model"), deviceFlags()),
		Action: evaluate,
	}
}

// evaluator evaluates one model after another.
type evaluator struct {
	c              *cli.Context
	dev            program.Device
	data           *gameData
	training, test train.Field
	judge          *judge.Judge          // nil without a classifier
	inception      *judge.InceptionJudge // nil without its file
	bar            *pictureBar           // of what it does
	tagger         *train.Model          // nil without --tagger
	seed           uint64
	count          int    // of images to generate
	pairs          string // file to draw the nearest pairs to
}

func evaluate(c *cli.Context) (err error) {
	o := judge.Options{Images: c.Int("n"), Confidence: c.Float64("confident")}
	files, err := checkEvaluateFlags(c, o)
	if err != nil {
		return err
	}
	model, err := loadModel(c, files[0])
	if err != nil {
		return err
	}
	if shownShape(model) != nil {
		return evaluateShown(c, files, model)
	}
	data, err := openTrainedOn(c, files[0], model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if err := spareInputs(fileOutputs(c, "nearest"), inputsOf(data)...); err != nil {
		return err
	}
	if data.testSplit() == nil {
		return fmt.Errorf("there are no test images to evaluate by: %s", data.untested())
	}
	if err := checkTrainedOn(c, files[0], model, data); err != nil {
		return err
	}
	images := data.Split("train").Fields[0]
	shape := []int{images.Height, images.Width, images.Channels}
	classifier, err := openClassifier(c, c.String("classifier"), data, shape, c.String("classifier") != "")
	if err != nil {
		return err
	}
	network, err := openInception(c, data, shape)
	if err != nil {
		return err
	}
	if classifier == nil && network == nil && !hasLosses(model) && !model.HasStyles() && c.String("nearest") == "" && c.String("tagger") == "" {
		return usagef("%s is a model of the game %s, whose images are judged by a classifier of its dataset: --classifier FILE says which; gangpu train classifier makes one",
			files[0], model.Game)
	}
	tagger, err := openTagger(c.String("tagger"), files[0], model)
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	e := evaluator{c: c, dev: dev, data: data, tagger: tagger, seed: c.Uint64("seed"), count: o.Images, pairs: c.String("nearest")}
	if e.training, e.test, err = realImages(data); err != nil {
		return err
	}
	if classifier != nil {
		if e.judge, err = newJudge(dev, classifier, o, e.training, e.test); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, e.judge.Close()) }()
	}
	if network != nil {
		e.bar = &pictureBar{w: c.App.ErrWriter}
		e.inception, err = judge.NewInceptionJudge(dev, network, o.Images, e.training, e.test, func(what string, done, total int) {
			e.bar.show(pictures.Progress{Task: "Inception's features of " + what, Done: done, Total: total})
		})
		e.bar.finish()
		if err != nil {
			return fmt.Errorf("preparing to judge by Inception: %w", err)
		}
		defer func() { err = errors.Join(err, e.inception.Close()) }()
	}
	show := printer(c, files, o)
	for i, file := range files {
		if i > 0 {
			if model, err = loadModel(c, file); err != nil {
				return err
			}
			if err := checkTrainedOn(c, file, model, data); err != nil {
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
	if err := checkPictures(c, "nearest"); err != nil {
		return nil, err
	}
	return files, errors.Join(checkTruncation(c), checkDataFlags(c), checkDeviceFlags(c),
		checkOutputs(c, fileOutputs(c, "nearest"), append(slices.Clone(files), c.String("classifier"), c.String("inception"), c.String("tagger"))...))
}

// hasLosses reports whether the networks of a model can be evaluated against each other.
func hasLosses(m *train.Model) bool { return m.Game == tutorial.System.Name }

func (e *evaluator) evaluate(file string, m *train.Model) (_ evaluation, err error) {
	v := evaluation{Model: file, Game: m.Game, Iterations: m.Iterations, Dataset: e.data.Name, TestImages: e.test.Rows()}
	if hasLosses(m) {
		losses, err := tutorial.Evaluate(e.dev, m, e.test, e.data.testSplit().Labels, e.seed)
		if err != nil {
			return v, err
		}
		v.Evaluation = &losses
	}
	sampler, err := newSampler(e.c, e.dev, m, judge.Batch)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	if e.judge != nil {
		scores, err := e.judge.ScoreSampler(sampler, e.seed, e.data.testSplit().Labels)
		if err != nil {
			return v, err
		}
		floor := e.judge.Floor()
		v.Generated, v.Floor = &scores, &floor
	}
	if e.inception != nil {
		scores, err := e.inception.ScoreSampler(sampler, e.seed, e.data.Split("train").Labels)
		e.bar.finish()
		if err != nil {
			return v, err
		}
		floor := e.inception.Floor()
		v.Inception, v.InceptionFloor = &scores, &floor
	}
	if m.HasStyles() {
		paths, err := judge.MeasurePaths(sampler, e.seed, min(mostCompared, e.count))
		if err != nil {
			return v, err
		}
		v.Paths = &paths
	}
	if e.tagger != nil {
		test, err := train.FromDataset(e.data.Dataset, e.data.testSplit(), pictures.Augment{}, 1<<62)
		if err != nil {
			return v, err
		}
		scores, err := judge.MeasureTags(e.dev, e.tagger, sampler, m.Tags(), test, e.seed, e.count)
		if err != nil {
			return v, err
		}
		v.Tags = &scores
	}
	if e.pairs != "" {
		v.Nearest, err = e.nearest(sampler)
	}
	return v, err
}

// mostCompared is how many images are compared with others, one by one.
const mostCompared = 1000

// nearest draws those of the first generated images that are nearest to a training image.
func (e *evaluator) nearest(sampler *train.Sampler) (*judge.Copies, error) {
	const drawn, pairsInARow = 50, 5
	n := min(mostCompared, e.count)
	inputs, err := sampler.Noise(e.seed, n)
	if err == nil {
		err = sampler.OfClasses(inputs, n)
	}
	if err != nil {
		return nil, err
	}
	generated, err := sampler.Generate(inputs, n)
	if err != nil {
		return nil, err
	}
	copies, err := judge.FindCopies(e.dev, generated, e.training, e.test)
	if err != nil {
		return nil, err
	}
	shape := sampler.Shape()
	grid := sampleGridOf(shape[0], shape[1])
	grid.Columns = 2 * pairsInARow
	if err := grid.SavePNG(e.pairs, sampler.Picture(copies.Pairs(drawn, generated, e.training))); err != nil {
		return &copies, &undrawnError{err}
	}
	return &copies, nil
}

// undrawnError is a picture that could not be written of an evaluation that has all its numbers.
type undrawnError struct{ error }

func (e *undrawnError) Unwrap() error { return e.error }
