package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"gangpu/gan"
)

// classifierArgs are those of a classifier that takes a moment.
func classifierArgs(out string, more ...string) []string {
	return append([]string{"train-classifier", "--device", "cpu", "--epochs", "2", "--batch", "10", "--out", out}, more...)
}

func TestTrainClassifier(t *testing.T) {
	out := filepath.Join(t.TempDir(), "classifier.safetensors")
	stdout := succeed(t, classifierArgs(out, "--seed", "3")...)
	form := `^40 images of digits, from .*digits
epoch  1 of 2  loss \d\.\d{4}  accuracy \d+\.\d\d%
epoch  2 of 2  loss \d\.\d{4}  accuracy \d+\.\d\d%
accuracy   \d+\.\d\d% of 12 test images, without dropout
classifier .*classifier.safetensors
$`
	if !regexp.MustCompile(form).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
	c, err := gan.LoadClassifier(out)
	if err != nil {
		t.Fatal(err)
	}
	if want := "gangpu train-classifier --dataset digits --epochs 2 --batch 10 --learning-rate 0.002 --shift 2 --seed 3 --device cpu"; c.Notes[noteCommand] != want {
		t.Errorf("the file notes the command %q, want %q", c.Notes[noteCommand], want)
	}
	if c.Classes() != 10 || c.Notes[noteDataset] != "digits" || len(c.Notes[notePixels]) != 64 || c.Notes[noteTestAccuracy] == "" {
		t.Errorf("%d classes, notes %v", c.Classes(), c.Notes)
	}
	again := filepath.Join(t.TempDir(), "again.safetensors")
	succeed(t, classifierArgs(again, "--seed", "3", "--threads", "2")...)
	if string(readFile(t, again)) != string(readFile(t, out)) {
		t.Error("the same command made another file")
	}
	fail(t, exitUsage, "--out is missing", "train-classifier")
	fail(t, exitUsage, "epochs is 0", classifierArgs(out, "--epochs", "0")...)
	fail(t, exitUsage, "unknown dataset", classifierArgs(out, "--dataset", "nonsense")...)
}

// A classifier whose loss overflows is not trained to the end.
func TestTrainClassifierDiverged(t *testing.T) {
	out := filepath.Join(t.TempDir(), "classifier.safetensors")
	fail(t, exitFailed, "training diverged: the classifier's loss is ", "train-classifier", "--device", "cpu", "--epochs", "3", "--batch", "4",
		"--learning-rate", "1e15", "--out", out)
	if _, err := os.Stat(out); err == nil {
		t.Error("it was saved")
	}
}
