package main

import (
	"encoding/json"
	"fmt"
	"os"
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
	fail(t, exitFailed, "makes images of 28x28, those in "+wide+" are 32x32", append(args, "--data", wide)...)
	fail(t, exitFailed, "makes no images", "evaluate", "--device", "cpu", classifier(t))
}

// A model with a moving average is evaluated by that, and by the last weights on demand; one that knows classes by those of
// the test images.
func TestEvaluateAverageAndClasses(t *testing.T) {
	averaged := []string{"evaluate", "--device", "cpu", filepath.Join(trained(t, "--ema", "0.9", "--conditional"), "model.safetensors")}
	raw := append([]string{"evaluate", "--raw"}, averaged[1:]...)
	if succeed(t, averaged...) == succeed(t, raw...) {
		t.Error("--raw evaluates the same")
	}
}

// The images of another game are judged alike, in colour, and compared with the training images without a classifier too.
func TestEvaluateGame(t *testing.T) {
	ownCache(t)
	root, dir := animals(t), t.TempDir()
	succeed(t, "train", "dcgan", "--data", root, "--size", "16", "--filters", "2", "--latent", "4", "--batch", "4", "--iterations", "1",
		"--out", filepath.Join(dir, "run"), "--device", "cpu")
	model, pairs := filepath.Join(dir, "run", "model.safetensors"), filepath.Join(dir, "pairs.png")
	stdout := succeed(t, "evaluate", "--device", "cpu", "-n", "20", "--nearest", pairs, model)
	form := `^12 test images of animals, after 1 iterations of dcgan
not judged: these images have no classifier: .*

distance of 20 generated images to the nearest training image: median \d+\.\d\d, least \d+\.\d\d
of test images: median \d+\.\d\d, least \d+\.\d\d
nearest pairs in .*pairs.png
$`
	if !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
	fail(t, exitUsage, "--classifier FILE says which", "evaluate", "--device", "cpu", model)
	original := filepath.Join(root, "train", "cat", "00.png")
	fail(t, exitFailed, "it would replace "+original, "evaluate", "--device", "cpu", "--nearest", original, model)
	if err := os.Rename(filepath.Join(root, "test"), filepath.Join(t.TempDir(), "test")); err != nil {
		t.Fatal(err)
	}
	r := gangpu("evaluate", "--device", "cpu", "--nearest", pairs, model)
	if r.code != exitFailed || !strings.Contains(r.stderr, "there are no test images to evaluate by: "+root+" has no folder test or val beside train") {
		t.Errorf("without test images: %+v", r)
	}
	if err := os.Rename(root, root+"-moved"); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, "in "+root+", where they no longer are: --data FOLDER", "evaluate", "--device", "cpu", "--nearest", pairs, model)
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
	fail(t, exitFailed, "is not a classifier", "evaluate", "--device", "cpu", "--classifier", model, model)
	fail(t, exitFailed, "no such file", args(model, "missing.safetensors")...)
}

// Inception judges where there is no classifier, and beside one; the file is a small one of its names.
func TestEvaluateInception(t *testing.T) {
	const network = "../../gan/judge/inception/testdata/network.safetensors"
	model := filepath.Join(trained(t), "model.safetensors")
	args := func(more ...string) []string {
		return append([]string{"evaluate", "--device", "cpu", "--inception", network, "-n", "14"}, more...)
	}
	stdout := succeed(t, args(model)...)
	form := `^12 test images of digits, .*
(?:d|g|accuracy)(?s:.*)fake .*

14 generated images beside 14 training images, by Inception \(12 test images in brackets\)
Inception FID  (\d+\.\d\d)  \((\d+\.\d\d)\)
precision      ([01]\.\d{3})  \([01]\.\d{3}\)
recall         ([01]\.\d{3})  \([01]\.\d{3}\)
$`
	found := regexp.MustCompile(form).FindStringSubmatch(stdout)
	if found == nil {
		t.Fatalf("got\n%s", stdout)
	}
	var got evaluation
	if err := json.Unmarshal([]byte(succeed(t, args("--json", model)...)), &got); err != nil {
		t.Fatal(err)
	}
	s, f := got.Inception, got.InceptionFloor
	if s == nil || f == nil || got.Generated != nil || s.Images != 14 || f.Images != 12 || fmt.Sprintf("%.2f", s.FID) != found[1] || f.FID >= s.FID {
		t.Errorf("as JSON it is %+v, floor %+v; printed was\n%s", s, f, stdout)
	}
	other := filepath.Join(trained(t, "--seed", "5"), "model.safetensors")
	table := succeed(t, args("--classifier", classifier(t), model, other)...)
	head := `^FILE .* CLASSES  INCEPTION FID  PRECISION  RECALL
real images .* +` + regexp.QuoteMeta(found[2]) + ` +[01]\.\d{3} +[01]\.\d{3}
`
	line := regexp.QuoteMeta(model) + ` +2 .* +` + strings.Join([]string{found[1], found[3], found[4]}, " +") + "\n"
	if !regexp.MustCompile(head+line+regexp.QuoteMeta(other)+".*\n$").MatchString(table) || strings.Count(table, " "+found[1]+" ") != 1 {
		t.Errorf("of two models\n%s", table)
	}

	fail(t, exitFailed, "--inception: "+model+" is no Inception v3 with torchvision's names: no tensor \"Conv2d_1a_3x3.conv.weight\"",
		append(args("--inception", model), model)...)
	fail(t, exitFailed, "no such file", args("--inception", "missing", model)...)
	fail(t, exitFailed, "not a safetensors file", args("--inception", "evaluate_test.go", model)...)
	fail(t, exitUsage, "1 images to judge by", args("-n", "1", model)...)
	fail(t, exitFailed, "it would replace "+network, args("--nearest", network, model)...)
}
