package main

import (
	"encoding/json"
	"fmt"
	"io"
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
	Generated *judge.Scores `json:"generated,omitempty"` // left out without a classifier
	Floor     *judge.Scores `json:"floor,omitempty"`     // of as many training images
	Nearest   *judge.Copies `json:"nearest,omitempty"`
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
		histogram(&b, s, f)
	} else {
		fmt.Fprintf(&b, "not judged: %s\n", noClassifier)
	}
	if n := v.Nearest; n != nil {
		fmt.Fprintf(&b, "\ndistance of %d generated images to the nearest training image: median %.2f, least %.2f\n"+
			"of test images: median %.2f, least %.2f\nnearest pairs in %s\n",
			n.Images, n.Median, n.Least, n.TestMedian, n.TestLeast, pairs)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// histogram draws how many images there are of each class.
func histogram(b *strings.Builder, s, floor *judge.Scores) {
	const columns = 40 // of twice a class's even share
	for class, n := range s.Classes {
		share := float64(n) / float64(s.Images)
		bar := min(int(share*float64(len(s.Classes))*columns/2+0.5), columns)
		line := fmt.Sprintf("%5d  %6.2f%%  (%5.2f%%)  %s", class, 100*share,
			100*float64(floor.Classes[class])/float64(floor.Images), strings.Repeat("#", bar))
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

// Columns of a table: of losses, and of what a classifier says.
const (
	lossHead, noLosses, lossForm = "   D LOSS   G LOSS    REAL    FAKE", "                                  ", "  %7.4f  %7.4f  %5.1f%%  %5.1f%%"
	judgedHead, judgedForm       = "  DISTANCE   SCORE  CONFIDENT  CLASSES", "  %8.2f  %6.3f  %8.2f%%  %7d"
	fileForm                     = "%-*s  %10v"
)

// printHead prints the head of a table whose first model is v.
func (v evaluation) printHead(w io.Writer, width int) error {
	head, floor := fmt.Sprintf(fileForm, width, "FILE", "ITERATIONS"), fmt.Sprintf(fileForm, width, "training images", "")
	if v.Evaluation != nil {
		head, floor = head+lossHead, floor+noLosses
	}
	if f := v.Floor; f != nil {
		head += judgedHead + "\n" + floor + fmt.Sprintf(judgedForm, f.FrechetDistance, f.ClassifierScore, 100*f.Confident, f.ClassesSeen)
	} else {
		head += "  " + noClassifier
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
	_, err := fmt.Fprintln(w, line)
	return err
}
