package main

import (
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// Flags and lines of the commands that judge images.

func classifierFlag() cli.Flag {
	return &cli.StringFlag{Name: "classifier", TakesFile: true, DefaultText: "MNIST's, for MNIST's images",
		Usage: "`FILE` of the classifier to judge images by, as train-classifier writes it"}
}

// openClassifier is the classifier that --classifier names or, for MNIST's own images, the one that
// is part of gangpu; nil if there is none for the images.
func openClassifier(c *cli.Context, training mnist.Set) (*gan.Classifier, error) {
	if file := c.String("classifier"); file != "" {
		return gan.LoadClassifier(file)
	}
	classifier, err := judge.MNIST()
	if err != nil || classifier.Notes[notePixels] != sha256Hex(training.Images) {
		return nil, err
	}
	return classifier, nil
}

func newJudge(dev program.Device, classifier *gan.Classifier, o judge.Options, data *mnist.Data) (*judge.Judge, error) {
	j, err := judge.New(dev, classifier, o, imagesOf(data.Train), imagesOf(data.Test))
	if err != nil {
		return nil, fmt.Errorf("preparing to judge: %w", err)
	}
	return j, nil
}

// noClassifier says why images are not judged.
const noClassifier = "these images have no classifier: gangpu train-classifier makes one, --classifier takes it"
