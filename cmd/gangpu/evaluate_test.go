package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEvaluate(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	args := []string{"evaluate", "--device", "cpu", "--model", model}
	stdout := succeed(t, args...)
	form := `^12 test images of digits, and as many generated, after 2 iterations
d loss +0\.\d{4}
g loss +0\.\d{4}  \(non-saturating\)
accuracy real +\d+\.\d\d%
accuracy fake +\d+\.\d\d%
not judged: these images have no classifier: .*
$`
	if !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
	if again := succeed(t, args...); again != stdout {
		t.Errorf("once\n%s, then\n%s", stdout, again)
	}
	if other := succeed(t, append(args, "--seed", "2")...); other == stdout {
		t.Error("another seed's images have the same loss")
	}
	fail(t, exitUsage, "--model is missing", "evaluate", "--device", "cpu")

	wide := filepath.Join(t.TempDir(), "wide")
	if err := writeImages(wide, 1, 32); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, "32x32", append(args, "--data", wide)...)
}

// classifier is the file of one for the images that tests use.
func classifier(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "classifier.safetensors")
	succeed(t, classifierArgs(out)...)
	return out
}

func TestEvaluateJudges(t *testing.T) {
	model, judge := filepath.Join(trained(t), "model.safetensors"), classifier(t)
	pairs := filepath.Join(t.TempDir(), "pairs.png")
	args := func(more ...string) []string {
		return append([]string{"evaluate", "--device", "cpu", "--classifier", judge, "-n", "30"}, more...)
	}
	stdout := succeed(t, args("--nearest", pairs, model)...)
	form := `(?s)^12 test images of digits, .*
30 generated images, judged by the classifier \(training images in brackets\)
classifier Fréchet distance  \d+\.\d\d  \(\d+\.\d\d\)
classifier score             \d+\.\d{3}  \(\d+\.\d{3}; at most 10\)
confident                    \d+\.\d\d%  \(\d+\.\d\d%; of an image's class, by 60% or more\)
classes seen                 \d+ of 10
    0 +\d+\.\d\d%  \( *\d+\.\d\d%\)[^\n]*
.*    9 +\d+\.\d\d%  \( *\d+\.\d\d%\)[^\n]*

distance of 30 generated images to the nearest training image: median \d+\.\d\d, least \d+\.\d\d
of test images: median \d+\.\d\d, least \d+\.\d\d
nearest pairs in .*pairs.png
$`
	if !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
	checkPNG(t, gridSide(10), gridSide(6), pairs)

	// The same numbers as JSON, and in a line of several.
	var got evaluation
	if err := json.Unmarshal([]byte(succeed(t, args("--json", "--model", model)...)), &got); err != nil {
		t.Fatal(err)
	}
	distance := fmt.Sprintf("%.2f", got.Generated.FrechetDistance)
	if got.Model != model || got.Generated.Images != 30 || len(got.Floor.Classes) != 10 || got.Iterations != 2 ||
		!strings.Contains(stdout, "classifier Fréchet distance  "+distance+"  (") {
		t.Errorf("as JSON it is %+v", got)
	}
	table := succeed(t, args(model, model)...)
	form = `^FILE +ITERATIONS +D LOSS +G LOSS +REAL +FAKE +DISTANCE +SCORE +CONFIDENT +CLASSES
training images +\d+\.\d\d +\d+\.\d{3} +\d+\.\d\d% +\d+
`
	line := ` +2 +\d\.\d{4} +\d\.\d{4} +\d+\.\d% +\d+\.\d% +` + regexp.QuoteMeta(distance) + ` +\d+\.\d{3} +\d+\.\d\d% +\d+
`
	line = regexp.QuoteMeta(model) + line
	if !regexp.MustCompile(form + line + line + `$`).MatchString(table) {
		t.Errorf("of two models\n%s", table)
	}
	if more := succeed(t, args("--confident", "0.99", model)...); more == stdout || !strings.Contains(more, "by 99% or more") {
		t.Errorf("with another confidence\n%s", more)
	}

	fail(t, exitUsage, "--nearest draws the pairs of one model, not of 2", args("--nearest", pairs, model, model)...)
	fail(t, exitUsage, "flags before the files", args(model, "--json")...)
	fail(t, exitUsage, "1 images to judge by", args("-n", "1", model)...)
	fail(t, exitUsage, "-n 100001", args("-n", "100001", model)...)
	fail(t, exitUsage, "a confidence of 1.5", args("--confident", "1.5", model)...)
	fail(t, exitFailed, "not a classifier", "evaluate", "--device", "cpu", "--classifier", model, model)
	fail(t, exitFailed, "no such file", args(model, "missing.safetensors")...)
}
