package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func trainClassifierCommand() *cli.Command {
	d := gan.DefaultClassifierSettings()
	return &cli.Command{
		Name:  "train-classifier",
		Usage: "train the classifier that evaluate judges images by, for another dataset than MNIST",
		Description: "Trains a small convolutional network on the training images and their labels, and says how many\n" +
			"of the test images it classifies rightly. MNIST's own is part of gangpu; the flags' defaults made it.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "write the classifier to this `FILE`"},
			&cli.IntFlag{Name: "epochs", Value: d.Epochs, Usage: "`NUMBER` of epochs"},
			&cli.IntFlag{Name: "batch", Value: d.Batch, Usage: "`NUMBER` of images of a step"},
			&cli.Float64Flag{Name: "learning-rate", Value: d.LearningRate, Usage: "`RATE` of Adam in the first epoch; it falls to zero"},
			&cli.IntFlag{Name: "shift", Value: d.Shift, Usage: "shift the images by at most so many `PIXELS`, anew in each epoch"},
			&cli.Uint64Flag{Name: "seed", Value: d.Seed, Usage: "`NUMBER` that all random numbers come from"},
		}, dataFlags(), deviceFlags()),
		Action: trainClassifier,
	}
}

func trainClassifier(c *cli.Context) (err error) {
	s := gan.ClassifierSettings{Epochs: c.Int("epochs"), Batch: c.Int("batch"), LearningRate: c.Float64("learning-rate"),
		Shift: c.Int("shift"), Seed: c.Uint64("seed")}
	out := c.String("out")
	if out == "" {
		return usagef("--out is missing: the file to write the classifier to")
	}
	if err := s.Validate(); err != nil {
		return usagef("%v", err)
	}
	outs := fileOutputs(c, "out")
	if err := errors.Join(checkDataFlags(c), checkDeviceFlags(c), checkOutputs(c, outs)); err != nil {
		return err
	}
	data, err := openData(c, flagSource(c), mnist.TestImages, mnist.TestLabels)
	if err != nil {
		return err
	}
	if err := spareInputs(outs, filesOf(data)...); err != nil {
		return err
	}
	sayMissing(c, data)
	if err := checkClasses(c, data); err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	fmt.Fprintf(c.App.Writer, "%d images of %s, from %s\n", data.Train.Count, data.Name, data.Dir)
	var unprinted error // which ends no training
	classifier, err := gan.TrainClassifier(dev, s, imagesOf(data.Train), func(e gan.ClassifierEpoch) error {
		_, err := fmt.Fprintf(c.App.Writer, "epoch %2d of %d  loss %.4f  accuracy %.2f%%\n", e.Epoch+1, s.Epochs, e.Loss, 100*e.Accuracy)
		unprinted = errors.Join(unprinted, err)
		return nil
	})
	if err != nil {
		return err
	}
	classifier.Notes = map[string]string{noteDataset: data.Name, notePixels: sha256Hex(data.Train.Images), noteVersion: versionLine(),
		noteCommand: classifierLine(s, data.Name)}
	accuracy := "accuracy   not known, without labelled test images"
	if data.Test.Labels != nil {
		share, err := testAccuracy(dev, classifier, data.Test)
		if err != nil {
			return errors.Join(fmt.Errorf("testing the classifier: %w", err), classifier.Save(out))
		}
		classifier.Notes[noteTestAccuracy] = fmt.Sprintf("%.2f%%", 100*share)
		accuracy = fmt.Sprintf("accuracy   %.2f%% of %d test images, without dropout", 100*share, data.Test.Count)
	}
	if err := classifier.Save(out); err != nil {
		return err
	}
	if unprinted != nil {
		return fmt.Errorf("%s is written: %w", out, unprinted)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s\nclassifier %s\n", accuracy, out)
	return err
}

// checkClasses refuses images of one class, and tells of test images of classes that no training image has.
func checkClasses(c *cli.Context, data *mnist.Data) error {
	var known [256]bool
	classes := 0
	for _, l := range data.Train.Labels {
		if !known[l] {
			known[l] = true
			classes++
		}
	}
	if classes < 2 {
		return fmt.Errorf("all %d training images in %s are of class %d: a classifier tells at least 2 classes apart",
			data.Train.Count, data.Dir, data.Train.Labels[0])
	}
	strangers := map[byte]bool{}
	images := 0
	for _, l := range data.Test.Labels {
		if !known[l] {
			strangers[l] = true
			images++
		}
	}
	if images > 0 {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: %d of %d test images are of classes that no training image has (%s): they count as wrong\n",
			images, data.Test.Count, strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(strangers))), "[]"))
	}
	return nil
}

// What a classifier's file notes beside what a model's does.
const (
	noteTestAccuracy = "test-accuracy"
	noteCommand      = "command"
)

// classifierLine is the command that makes the classifier again.
func classifierLine(s gan.ClassifierSettings, dataset string) string {
	return strings.Join([]string{"gangpu train-classifier", "--dataset", shellQuote(dataset), "--epochs", fmt.Sprint(s.Epochs),
		"--batch", fmt.Sprint(s.Batch), "--learning-rate", fmt.Sprint(s.LearningRate), "--shift", fmt.Sprint(s.Shift),
		"--seed", fmt.Sprint(s.Seed), "--device cpu"}, " ")
}

// testAccuracy is the share of the images that the classifier classifies as they are labelled.
func testAccuracy(dev program.Device, classifier *gan.Classifier, test mnist.Set) (_ float64, err error) {
	r, err := gan.NewRecognizer(dev, classifier, judge.Batch)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	known, err := r.Recognize(imagesOf(test).Samples(test.Count))
	if err != nil {
		return 0, err
	}
	right := 0
	for i, class := range known.Classes() {
		if class == int(test.Labels[i]) {
			right++
		}
	}
	return float64(right) / float64(test.Count), nil
}
