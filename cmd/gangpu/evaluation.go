package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/judge"

	"github.com/urfave/cli/v2"
)

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
	} else if v.Inception == nil && v.Tags == nil {
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
	mean := "none of which has a tag"
	if !math.IsNaN(generated) {
		mean = fmt.Sprintf("%.2f%% precision, the mean over tags (%.2f%% of the test images)", 100*generated, 100*test)
	}
	fmt.Fprintf(b, "\n%d generated images by the tags of %d test images: %s\n"+
		"%-*s    ASKED  HAVE IT  (TEST)   OTHERS  HAVE IT  (TEST)\n", s.Images, s.TestImages, mean, width, "TAG")
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

// Columns of a table: of losses, of what a classifier says, Inception, and a tagger.
const (
	lossHead, noLosses, lossForm = "   D LOSS   G LOSS    REAL    FAKE", "                                  ", "  %7.4f  %7.4f  %5.1f%%  %5.1f%%"
	judgedHead, judgedForm       = "  DISTANCE   SCORE  CONFIDENT  CLASSES", "  %8.2f  %6.3f  %8.2f%%  %7d"
	inceptionHead, inceptionForm = "  INCEPTION FID  PRECISION  RECALL", "  %13.2f  %9.3f  %6.3f"
	tagsHead, tagsForm           = "  TAG PRECISION", "  %12.2f%%"
	fileForm                     = "%-*s  %10v"
)

// printHead prints the head of a table whose first model is v.
func (v evaluation) printHead(w io.Writer, width int) error {
	real := "training images"
	if v.InceptionFloor != nil || v.Tags != nil {
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
	if s := v.Tags; s != nil {
		_, test := s.Precision()
		head, floor = head+tagsHead, floor+fmt.Sprintf(tagsForm, 100*test)
	}
	if v.Floor == nil && v.InceptionFloor == nil && v.Tags == nil {
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
	if s := v.Tags; s != nil {
		generated, _ := s.Precision()
		line += fmt.Sprintf(tagsForm, 100*generated)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
