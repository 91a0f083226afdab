package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	"gangpu/gan/exchange"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/judge"
	"gangpu/gan/judge/inception"
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

// openClassifier is the classifier, of images of that shape, of a file or, if that is empty, for MNIST's own images, the one
// that is part of gangpu; nil if there is none for the images. One that cannot judge these images is an error. Where nobody asked for
// judging, it is told of why images cannot be judged; so it is of a classifier of other images.
func openClassifier(c *cli.Context, file string, d *gameData, shape []int, asked bool) (*train.Model, error) {
	classifier, err := readClassifier(file, d, shape)
	if classifier == nil || err != nil {
		return nil, err
	}
	if err := judgeable(d); err != nil {
		if asked {
			return nil, err
		}
		_, err = fmt.Fprintf(c.App.ErrWriter, "gangpu: no images are judged: %v\n", err)
		return nil, err
	}
	known, err := d.known(classifier.Notes[notePixels])
	if err != nil || known {
		return classifier, err
	}
	_, err = fmt.Fprintf(c.App.ErrWriter, "gangpu: the classifier %s was trained on %s, not on these images of %s: "+
		"its numbers say less, and compare with its own only\n", file, classifier.Data.Name, d.Name)
	return classifier, err
}

// openInception is Inception v3, for images of that shape, of the file that is asked for; nil if none is.
func openInception(c *cli.Context, d *gameData, shape []int) (*inception.Network, error) {
	file := c.String("inception")
	if file == "" {
		return nil, nil
	}
	if err := judgeable(d); err != nil {
		return nil, err
	}
	n, err := inception.Open(file, shape)
	if err != nil {
		return nil, fmt.Errorf("--inception: %w", err)
	}
	return n, nil
}

func readClassifier(file string, d *gameData, shape []int) (*train.Model, error) {
	if file == "" {
		classifier, err := judge.MNIST()
		if err != nil || d.Split("train").Fields[0].Count != classifier.Rows || !slices.Equal(shape, []int{28, 28, 1}) {
			return nil, err
		}
		if known, err := d.known(classifier.Notes[notePixels]); err != nil || !known {
			return nil, err
		}
		return classifier, nil
	}
	classifier, err := exchange.Load(file)
	if err != nil {
		return nil, fmt.Errorf("--classifier: %w", err)
	}
	graph := classifier.Uses[classifying.Use]
	if graph == nil {
		return nil, fmt.Errorf("--classifier: %s is not a classifier: it is a model of the game %s", file, classifier.Game)
	}
	for _, in := range graph.Inputs {
		if in.Name == "image" && len(in.Shape) == 3 && !slices.Equal(in.Shape, shape) {
			return nil, fmt.Errorf("the classifier %s takes images of %s, those of %s are %s: gangpu train classifier makes one for these",
				file, sizeText(in.Shape), d.Name, sizeText(shape))
		}
	}
	return classifier, nil
}

// openTagger reads the model of a tagger for a model of tags; nil without a file.
func openTagger(file, of string, m *train.Model) (*train.Model, error) {
	if file == "" {
		return nil, nil
	}
	if m.Tags() == nil {
		return nil, fmt.Errorf("--tagger: %s is a model of the game %s, which knows no tags", of, m.Game)
	}
	tagger, err := exchange.Load(file)
	if err != nil {
		return nil, fmt.Errorf("--tagger: %w", err)
	}
	if tagger.Uses[classifying.TagUse] == nil {
		return nil, fmt.Errorf("--tagger: %s is not a tagger: gangpu train classifier --preset tags makes one", file)
	}
	return tagger, nil
}

// sizeText is the size of images [height width channels] as people write it, width first.
func sizeText(shape []int) string {
	text := fmt.Sprintf("%dx%d", shape[1], shape[0])
	if shape[2] != 1 {
		text += fmt.Sprintf(" of %s", counted(shape[2], "channel"))
	}
	return text
}

// known reports whether a model's note of its images is of these, or empty. It is the SHA-256 of all of them; of those to
// train on in models of earlier forms.
func (d *gameData) known(note string) (bool, error) {
	if note == "" || note == d.SHA256 {
		return true, nil
	}
	pixels, err := d.Split("train").Fields[0].All()
	if err != nil {
		return false, err
	}
	hash := sha256.Sum256(pixels)
	return note == hex.EncodeToString(hash[:]), nil
}

// judgeable reports why no images can be judged by a dataset's test images.
func judgeable(d *gameData) error {
	test := d.testSplit()
	if test == nil {
		return fmt.Errorf("judging compares with test images: %s", d.untested())
	}
	for _, s := range []*pictures.Split{test, d.Split("train")} {
		if n := s.Fields[0].Count; n < 2 {
			return fmt.Errorf("judging compares with at least 2 %s images, and %s has %d", s.Name, d.Source, n)
		}
	}
	return nil
}

// untested says why there are no test images.
func (d *gameData) untested() string {
	for _, note := range d.Notes {
		if why, ok := strings.CutPrefix(note, "without the test images: "); ok {
			return why
		}
	}
	return d.Source + " has no folder test or val beside train"
}

// realImages are those to train on and those to test by, in memory.
func realImages(d *gameData) (training, test train.Field, err error) {
	for i, split := range []*pictures.Split{d.Split("train"), d.testSplit()} {
		t, err := train.FromDataset(d.Dataset, split, pictures.Augment{}, 1<<62)
		if err != nil {
			return training, test, err
		}
		*[]*train.Field{&training, &test}[i] = t.Tables[0].Fields[0]
	}
	return training, test, nil
}

func newJudge(dev program.Device, classifier *train.Model, o judge.Options, training, test train.Field) (*judge.Judge, error) {
	j, err := judge.New(dev, classifier, o, training, test)
	if err != nil {
		return nil, fmt.Errorf("preparing to judge: %w", err)
	}
	return j, nil
}

// checkClasses refuses to train a classifier of images that are all of one class, and tells of test images of classes that
// no training image has.
func checkClasses(c *cli.Context, d *gameData) error {
	training := d.Split("train").Labels
	known := make([]bool, len(d.Classes))
	for _, l := range training {
		if l >= 0 {
			known[l] = true
		}
	}
	if of := slices.Index(known, true); of >= 0 && !slices.Contains(known[of+1:], true) {
		return fmt.Errorf("all %d training images in %s are of class %s: a classifier tells at least 2 classes apart",
			len(training), d.Source, d.Classes[of])
	}
	test := d.testSplit()
	if test == nil {
		return nil
	}
	var strangers []string
	images := 0
	for _, l := range test.Labels {
		if l >= 0 && !known[l] {
			images++
			if name := d.Classes[l]; !slices.Contains(strangers, name) {
				strangers = append(strangers, name)
			}
		}
	}
	if images > 0 {
		slices.Sort(strangers)
		_, err := fmt.Fprintf(c.App.ErrWriter, "gangpu: %d of %d test images are of classes that no training image has (%s): they count as wrong\n",
			images, len(test.Labels), strings.Join(strangers, ", "))
		return err
	}
	return nil
}
