package main

import (
	"fmt"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	"gangpu/gan/judge"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// Flags and lines of the commands that judge images.

func classifierFlag() cli.Flag {
	return &cli.StringFlag{Name: "classifier", TakesFile: true, DefaultText: "MNIST's, for MNIST's images",
		Usage: "judge the images by this `FILE`: the model of a run of the game classifier on the same data"}
}

// noClassifier says why images are not judged.
const noClassifier = "these images have no classifier: gangpu train classifier makes one, --classifier takes it"

// openClassifier is the classifier of a file or, if that is empty, for MNIST's own images, the one that is part of
// gangpu; nil if there is none for the images. One that cannot judge these images is an error; one of other
// images is told of.
func openClassifier(c *cli.Context, file string, d *gameData) (*train.Model, error) {
	if file == "" {
		return nil, nil
	}
	classifier, err := train.Load(file)
	if err != nil {
		return nil, fmt.Errorf("--classifier: %w", err)
	}
	return classifier, nil
}

// judgeable reports why no images can be judged by a dataset's test images.
func judgeable(d *gameData) error {
	test := d.testSplit()
	if test == nil {
		return fmt.Errorf("judging compares with test images, and %s has none", d.Source)
	}
	for _, s := range []*pictures.Split{d.Split("train"), test} {
		if n := s.Fields[0].Count; n < 2 {
			return fmt.Errorf("judging compares with at least 2 %s images, and %s has %d", s.Name, d.Source, n)
		}
	}
	return nil
}

func newJudge(dev program.Device, classifier *train.Model, o judge.Options, d *gameData) (*judge.Judge, error) {
	var fields []train.Field
	for _, split := range []*pictures.Split{d.Split("train"), d.testSplit()} {
		t, err := train.FromDataset(d.Dataset, split, pictures.Augment{}, 1<<62)
		if err != nil {
			return nil, err
		}
		fields = append(fields, t.Tables[0].Fields[0])
	}
	j, err := judge.NewOf(dev, classifier, o, fields[0], fields[1])
	if err != nil {
		return nil, fmt.Errorf("preparing to judge: %w", err)
	}
	return j, nil
}
