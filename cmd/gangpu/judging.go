package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/judge"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// noteClassifier is where run.json notes the classifier that judges the run, absolute; of MNIST's own it does not.
const noteClassifier = "classifier"

// judgingPlan is how a run is judged: by the flags or, if they say nothing, as it was before.
type judgingPlan struct {
	every      int
	classifier *train.Model // nil if there is none
}

// planJudging opens the classifier to judge the run by, if the flags or the run ask for one, or there is one for the
// images. Where nobody asked, what is in the way is told of, and the run goes on without.
func (t *training) planJudging(c *cli.Context) (p judgingPlan, err error) {
	p.every = c.Int("judge-every")
	file := c.String("classifier")
	asked := given(c, "judge-every") || given(c, "classifier")
	before := t.before()
	if before != nil {
		if !given(c, "judge-every") && before.JudgeEvery != nil {
			p.every = *before.JudgeEvery
		}
		if !given(c, "classifier") {
			file = before.Notes[noteClassifier]
		}
	}
	shows := t.game.Show != nil // and is judged without a classifier too
	if p.every == 0 || t.game.Sample == nil && (!shows || file == "") {
		return p, nil
	}
	classifier, err := openClassifier(c, file, t.data, []int{t.input.Height, t.input.Width, t.input.Channels}, asked)
	if err != nil && before != nil && file == before.Notes[noteClassifier] && file != "" {
		return p, fmt.Errorf("%w; the run was judged by it: --classifier FILE says where it is, --judge-every 0 goes on without", err)
	}
	if err != nil {
		return p, err
	}
	if classifier == nil {
		if given(c, "judge-every") {
			return p, fmt.Errorf("--judge-every %d: %s", p.every, noClassifier)
		}
		return p, nil
	}
	p.classifier = classifier
	if file != "" {
		t.classifier, err = filepath.Abs(file)
	}
	return p, err
}

// judging is how the run is judged, what is said of the real images, and what frees the judge.
func (t *training) judging(dev program.Device, trainer *train.Trainer, p judgingPlan) (j run.Judging, floor string, free func() error, err error) {
	j.Every = p.every
	free = func() error { return nil }
	if p.every > 0 && t.system.Name == classifying.System.Name {
		j, free, err = t.testing(j, trainer)
		return j, "", free, err
	}
	if p.every > 0 && manyDomains(t.system.Name, t.data.Classes) {
		return t.judgingDomains(dev, j, trainer, p.classifier)
	}
	if p.every > 0 && t.game.Show != nil {
		return t.comparing(j, trainer, dev, p.classifier)
	}
	if p.classifier == nil {
		return j, "", free, nil
	}
	training, test, err := realImages(t.data)
	if err != nil {
		return j, "", free, err
	}
	jd, err := newJudge(dev, p.classifier, usualJudging(t.data), training, test)
	if err != nil {
		return j, "", free, err
	}
	if _, err := trainer.Sampler(judge.Batch); err != nil { // as long as nothing is lost if there is no room for it
		return j, "", jd.Close, err
	}
	real := jd.Floor()
	floor = fmt.Sprintf("%d training images have classifier Fréchet distance %.2f, classifier score %.3f", real.Images, real.FrechetDistance, real.ClassifierScore)
	j.Measures = []run.Measure{{Name: "classifier_frechet_distance", Label: "classifier Fréchet distance"},
		{Name: "classifier_score", Label: "classifier score", Higher: true}, {Name: "confident", Higher: true},
		{Name: "classes_seen", Label: "classes seen", Higher: true}}
	var last judge.Scores
	j.Score = func() (_ []float64, err error) {
		sampler, err := trainer.Sampler(judge.Batch) // of the stage that the game is in
		if err != nil {
			return nil, err
		}
		if last, err = jd.ScoreSampler(sampler, trainer.Settings().Seed, t.data.testSplit().Labels); err != nil {
			return nil, err
		}
		return []float64{last.FrechetDistance, last.ClassifierScore, last.Confident, float64(last.ClassesSeen)}, nil
	}
	j.Line = func([]float64) string {
		return fmt.Sprintf("classifier Fréchet distance %.2f, classifier score %.3f, %.1f%% confident, %d of %d classes seen",
			last.FrechetDistance, last.ClassifierScore, 100*last.Confident, last.ClassesSeen, len(last.Classes))
	}
	return j, floor, jd.Close, nil
}

// testing has a classifier that is trained told of by the share of the test images that it classifies rightly.
func (t *training) testing(j run.Judging, trainer *train.Trainer) (run.Judging, func() error, error) {
	split := t.data.testSplit()
	none := func() error { return nil }
	if split == nil {
		return j, none, nil
	}
	d, err := train.FromDataset(t.data.Dataset, split, pictures.Augment{}, 1<<62)
	if err != nil {
		return j, none, err
	}
	if tags, _ := t.game.Settings.(classifying.Settings); tags.Tags {
		r, err := trainer.Runner(classifying.TagUse, judge.Batch)
		if err != nil {
			return j, none, err
		}
		j.Measures = []run.Measure{{Name: "test_f1", Label: "F1 of the test images' tags", Higher: true}}
		j.Score = func() ([]float64, error) {
			f1, err := classifying.F1(r, d.Tables[0].Fields[0], d.Tags())
			return []float64{f1}, err
		}
		j.Line = func(s []float64) string {
			return fmt.Sprintf("F1 of the tags of %d test images %.2f%%", d.Tables[0].Rows, 100*s[0])
		}
		return j, r.Close, nil
	}
	r, err := trainer.Runner(classifying.Use, judge.Batch)
	if err != nil {
		return j, none, err
	}
	j.Measures = []run.Measure{{Name: "test_accuracy", Label: "test accuracy", Higher: true}}
	j.Score = func() ([]float64, error) {
		accuracy, err := classifying.Accuracy(r, d.Tables[0].Fields[0], split.Labels)
		return []float64{accuracy}, err
	}
	j.Line = func(s []float64) string {
		return fmt.Sprintf("%.2f%% of %d test images are classified rightly", 100*s[0], len(split.Labels))
	}
	return j, r.Close, nil
}

// usualJudging takes no more generated images than there are real ones to compare with.
func usualJudging(d *gameData) judge.Options {
	o := judge.DefaultOptions()
	o.Images = min(o.Images, d.Split("train").Fields[0].Count)
	return o
}

// evaluation is what is printed of a model.
type evaluation struct {
	Model      string `json:"model"`
	Game       string `json:"game"`
	Iterations int    `json:"iterations"`
	Dataset    string `json:"dataset"`
	TestImages int    `json:"test_images"`
	*tutorial.Evaluation
	Generated      *judge.Scores          `json:"generated,omitempty"`       // left out without a classifier
	Floor          *judge.Scores          `json:"floor,omitempty"`           // of as many training images
	Inception      *judge.InceptionScores `json:"inception,omitempty"`       // left out without its file
	InceptionFloor *judge.InceptionScores `json:"inception_floor,omitempty"` // of test images
	Nearest        *judge.Copies          `json:"nearest,omitempty"`
	Paths          *judge.Paths           `json:"path_lengths,omitempty"` // of models that have styles
	Tags           *judge.TagScores       `json:"tags,omitempty"`         // by a tagger
}

// printer prints evaluations: as JSON, or one at length, or of several a line each.
func printer(c *cli.Context, files []string, o judge.Options) func(evaluation) error {
	w := c.App.Writer
	if c.Bool("json") {
		encoder := json.NewEncoder(w)
		return func(v evaluation) error { return encoder.Encode(v) }
	}
	if len(files) == 1 {
		return func(v evaluation) error { return v.print(w, o, c.String("nearest")) }
	}
	width := len("FILE")
	for _, f := range files {
		width = max(width, len(f))
	}
	headed, losses := false, false
	return func(v evaluation) error {
		if !headed {
			headed, losses = true, v.Evaluation != nil
			if err := v.printHead(w, width); err != nil {
				return err
			}
		}
		return v.printLine(w, width, losses)
	}
}

func (v evaluation) print(w io.Writer, o judge.Options, pairs string) error {
	var b strings.Builder
	if v.Evaluation != nil {
		fmt.Fprintf(&b, "%d test images of %s, and as many generated, after %d iterations\n"+
			"d loss         %.4f\ng loss         %.4f  (%s)\naccuracy real  %.2f%%\naccuracy fake  %.2f%%\n",
			v.TestImages, v.Dataset, v.Iterations, v.DLoss, v.GLoss, v.Loss, 100*v.AccuracyReal, 100*v.AccuracyFake)
	} else {
		fmt.Fprintf(&b, "%d test images of %s, after %d iterations of %s\n", v.TestImages, v.Dataset, v.Iterations, v.Game)
	}
	if s, f := v.Generated, v.Floor; s != nil {
		fmt.Fprintf(&b, "\n%d generated images, judged by the classifier (training images in brackets)\n"+
			"classifier Fréchet distance  %.2f  (%.2f)\nclassifier score             %.3f  (%.3f; at most %d)\n"+
			"confident                    %.2f%%  (%.2f%%; of an image's class, by %.0f%% or more)\n"+
			"classes seen                 %d of %d\n",
			s.Images, s.FrechetDistance, f.FrechetDistance, s.ClassifierScore, f.ClassifierScore, len(s.Classes),
			100*s.Confident, 100*f.Confident, 100*o.Confidence, s.ClassesSeen, len(s.Classes))
		if s.Asked != nil {
			fmt.Fprintf(&b, "of the class asked for       %.2f%%\n", 100*s.Accuracy())
		}
		histogram(&b, s, f)
	} else if v.Inception == nil {
		fmt.Fprintf(&b, "not judged: %s\n", noClassifier)
	}
	if s, f := v.Inception, v.InceptionFloor; s != nil {
		fmt.Fprintf(&b, "\n%d generated images beside %d training images, by Inception (%d test images in brackets)\n"+
			"Inception FID  %.2f  (%.2f)\nprecision      %.3f  (%.3f)\nrecall         %.3f  (%.3f)\n",
			s.Images, s.Training, f.Images, s.FID, f.FID, s.Precision, f.Precision, s.Recall, f.Recall)
	}
	if n := v.Nearest; n != nil {
		fmt.Fprintf(&b, "\ndistance of %d generated images to the nearest training image: median %.2f, least %.2f\n"+
			"of test images: median %.2f, least %.2f\nnearest pairs in %s\n",
			n.Images, n.Median, n.Least, n.TestMedian, n.TestLeast, pairs)
	}
	if s := v.Tags; s != nil {
		tagTable(&b, *s)
	}
	if p := v.Paths; p != nil {
		fmt.Fprintf(&b, "\nlengths of %d paths: %.4g in z, %.4g in w\n", p.Count, p.Noise, p.Styles)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tagTable says of each tag how many of the images that were asked for by it have it, and of the others.
func tagTable(b *strings.Builder, s judge.TagScores) {
	generated, test := s.Precision()
	width := len("TAG")
	for _, t := range s.Tags {
		width = max(width, len(t.Name))
	}
	fmt.Fprintf(b, "\n%d generated images by the tags of %d test images: %.2f%% precision, the mean over tags (%.2f%% of the test images)\n"+
		"%-*s    ASKED  HAVE IT  (TEST)   OTHERS  HAVE IT  (TEST)\n", s.Images, s.TestImages, 100*generated, 100*test, width, "TAG")
	share := func(n, of int) string {
		if of == 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
	}
	for _, t := range s.Tags {
		g, r := t.Generated, t.Test
		fmt.Fprintf(b, "%-*s  %7d  %7s  %6s  %7d  %7s  %6s\n", width, t.Name, g.Asked, share(g.Right, g.Asked), share(r.Right, r.Asked),
			g.Others, share(g.Surplus, g.Others), share(r.Surplus, r.Others))
	}
}

// histogram draws how many images there are of each class, and says how many of those that were to be of it are.
func histogram(b *strings.Builder, s, floor *judge.Scores) {
	const columns = 40 // of twice a class's even share
	for class, n := range s.Classes {
		share := float64(n) / float64(s.Images)
		bar := min(int(share*float64(len(s.Classes))*columns/2+0.5), columns)
		line := fmt.Sprintf("%5d  %6.2f%%  (%5.2f%%)  %s", class, 100*share,
			100*float64(floor.Classes[class])/float64(floor.Images), strings.Repeat("#", bar))
		if s.Asked != nil && s.Asked[class] > 0 {
			line = fmt.Sprintf("%-67s %6.2f%% of those asked for", line, 100*float64(s.Right[class])/float64(s.Asked[class]))
		}
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

// Columns of a table: of losses, of what a classifier says, and Inception.
const (
	lossHead, noLosses, lossForm = "   D LOSS   G LOSS    REAL    FAKE", "                                  ", "  %7.4f  %7.4f  %5.1f%%  %5.1f%%"
	judgedHead, judgedForm       = "  DISTANCE   SCORE  CONFIDENT  CLASSES", "  %8.2f  %6.3f  %8.2f%%  %7d"
	inceptionHead, inceptionForm = "  INCEPTION FID  PRECISION  RECALL", "  %13.2f  %9.3f  %6.3f"
	fileForm                     = "%-*s  %10v"
)

// printHead prints the head of a table whose first model is v.
func (v evaluation) printHead(w io.Writer, width int) error {
	real := "training images"
	if v.InceptionFloor != nil {
		real = "real images" // of its columns they are the test images
	}
	head, floor := fmt.Sprintf(fileForm, width, "FILE", "ITERATIONS"), fmt.Sprintf(fileForm, width, real, "")
	if v.Evaluation != nil {
		head, floor = head+lossHead, floor+noLosses
	}
	if f := v.Floor; f != nil {
		head, floor = head+judgedHead, floor+fmt.Sprintf(judgedForm, f.FrechetDistance, f.ClassifierScore, 100*f.Confident, f.ClassesSeen)
	}
	if f := v.InceptionFloor; f != nil {
		head, floor = head+inceptionHead, floor+fmt.Sprintf(inceptionForm, f.FID, f.Precision, f.Recall)
	}
	if v.Floor == nil && v.InceptionFloor == nil {
		head += "  " + noClassifier
	} else {
		head += "\n" + floor
	}
	_, err := fmt.Fprintln(w, head)
	return err
}

func (v evaluation) printLine(w io.Writer, width int, losses bool) error {
	line := fmt.Sprintf(fileForm, width, v.Model, v.Iterations)
	switch {
	case losses && v.Evaluation != nil:
		line += fmt.Sprintf(lossForm, v.DLoss, v.GLoss, 100*v.AccuracyReal, 100*v.AccuracyFake)
	case losses:
		line += noLosses
	}
	if s := v.Generated; s != nil {
		line += fmt.Sprintf(judgedForm, s.FrechetDistance, s.ClassifierScore, 100*s.Confident, s.ClassesSeen)
	}
	if s := v.Inception; s != nil {
		line += fmt.Sprintf(inceptionForm, s.FID, s.Precision, s.Recall)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
