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

// openClassifier is the classifier of a file or, if that is empty, for MNIST's own images, the one that is part of
// gangpu; nil if there is none for the images. One that cannot judge these images is an error; one of other
// images is told of.
func openClassifier(c *cli.Context, file string, data *mnist.Data, pixels string) (*gan.Classifier, error) {
	if file == "" {
		classifier, err := judge.MNIST()
		if err != nil || classifier.Notes[notePixels] != pixels {
			return nil, err
		}
		return classifier, nil
	}
	classifier, err := gan.LoadClassifier(file)
	if err != nil {
		return nil, err
	}
	if t := data.Train; classifier.Height() != t.Rows || classifier.Width() != t.Cols {
		return nil, fmt.Errorf("the classifier %s takes images of %dx%d, those of %s are %dx%d: gangpu train-classifier makes one for these",
			file, classifier.Height(), classifier.Width(), data.Name, t.Rows, t.Cols)
	}
	if trained := classifier.Notes[notePixels]; trained != "" && trained != pixels {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the classifier %s was trained on %s, not on these images of %s: "+
			"its numbers say less, and compare with its own only\n", file, classifier.Notes[noteDataset], data.Name)
	}
	return classifier, nil
}

// judgeable reports why no images can be judged by a dataset's test images.
func judgeable(data *mnist.Data) error {
	if n := data.Test.Count; n == 0 {
		return fmt.Errorf("judging compares with test images: %w", data.Missing[mnist.TestImages])
	} else if n == 1 {
		return fmt.Errorf("judging compares with at least 2 test images, and %s has 1", data.Dir)
	}
	if data.Train.Count == 1 {
		return fmt.Errorf("judging compares with at least 2 training images, and %s has 1", data.Dir)
	}
	return nil
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
