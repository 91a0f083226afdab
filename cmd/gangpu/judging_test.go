package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gangpu/internal/runfolder"
)

// judgeRows are the lines of a run's judge.csv after the header, without the seconds.
func judgeRows(t *testing.T, run string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(readFile(t, run, "judge.csv")), "\n"), "\n")
	if lines[0] != "epoch,iterations,classifier_frechet_distance,classifier_score,confident,classes_seen,seconds" {
		t.Fatalf("judge.csv begins with %q", lines[0])
	}
	for i, l := range lines {
		lines[i] = l[:strings.LastIndexByte(l, ',')]
	}
	return lines[1:]
}

// A run is judged after every so many epochs; one that goes on has the rows of one that went through,
// and the run's folder has the least distance.
func TestTrainJudges(t *testing.T) {
	judge := classifier(t)
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	stdout := succeed(t, trainArgs(whole, "--classifier", judge, "--epochs", "3")...)
	if !strings.Contains(stdout, "\njudge   40 training images have classifier Fréchet distance ") {
		t.Errorf("the floor is not in\n%s", stdout)
	}
	form := regexp.MustCompile(`(?m)^judged  classifier Fréchet distance \d+\.\d\d, classifier score \d+\.\d{3}, \d+\.\d% confident, \d+ of 10 classes seen$`)
	if n := len(form.FindAllString(stdout, -1)); n != 3 {
		t.Errorf("judged %d times in\n%s", n, stdout)
	}
	rows := judgeRows(t, whole)
	least := ""
	for i, row := range rows {
		if !strings.HasPrefix(row, fmt.Sprintf("%d,%d,", i+1, 10*(i+1))) {
			t.Errorf("row %d is %q", i, row)
		}
		if d := strings.Split(row, ",")[2]; least == "" || number(t, d) < number(t, least) {
			least = d
		}
	}
	var info runfolder.Info
	if err := json.Unmarshal(readFile(t, whole, "run.json"), &info); err != nil {
		t.Fatal(err)
	}
	if info.Best == nil || info.Best.Score == nil || *info.Best.Score != number(t, least) || *info.Score != number(t, strings.Split(rows[2], ",")[2]) {
		t.Errorf("the run's folder has %+v, judge.csv the least distance %s", info.Best, least)
	}

	succeed(t, trainArgs(parts, "--classifier", judge, "--epochs", "3", "--iterations", "17")...)
	file, err := os.OpenFile(filepath.Join(parts, "judge.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(file, "2,20,1,1,1,1,1\n3,3") // of iterations that the saved model has not made, and half a line
	file.Close()
	succeed(t, "train", "--device", "cpu", "--resume", parts, "--classifier", judge)
	if got := judgeRows(t, parts); strings.Join(got, "\n") != strings.Join(rows, "\n") {
		t.Errorf("in two parts the run is judged\n%s\nin one\n%s", strings.Join(got, "\n"), strings.Join(rows, "\n"))
	}

	every := filepath.Join(t.TempDir(), "every")
	succeed(t, trainArgs(every, "--classifier", judge, "--epochs", "3", "--judge-every", "2")...)
	if got := judgeRows(t, every); len(got) != 1 || got[0] != rows[1] {
		t.Errorf("judged every second epoch: %q, want %q", got, rows[1])
	}
	never := filepath.Join(t.TempDir(), "never")
	if stdout := succeed(t, trainArgs(never, "--classifier", judge, "--iterations", "1", "--judge-every", "0")...); strings.Contains(stdout, "judge") {
		t.Errorf("judged never, it says\n%s", stdout)
	}

	free := filepath.Join(t.TempDir(), "free")
	fail(t, exitUsage, "--judge-every -1", trainArgs(free, "--judge-every", "-1")...)
	fail(t, exitFailed, "--judge-every 2: these images have no classifier", trainArgs(free, "--judge-every", "2")...)
	fail(t, exitFailed, "missing.safetensors", trainArgs(free, "--classifier", "missing.safetensors")...)
	if _, err := os.Stat(free); err == nil {
		t.Error("a run that did not begin has a folder")
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A classifier of the kinds of pairs judges games of pairs: runs of them, and their models.
func TestTrainJudgesPairs(t *testing.T) {
	ownCache(t)
	root, dir := pairs(t), t.TempDir()
	kinds, made := filepath.Join(dir, "kinds"), filepath.Join(dir, "run")
	out := succeed(t, "train", "classifier", "--data", root, "--size", "16", "--filters", "4", "--features", "4", "--batch", "4", "--epochs", "8", "--out", kinds, "--device", "cpu")
	contains(t, out, "2 classes", "of 6 test images are classified rightly")
	classifier := filepath.Join(kinds, "model.safetensors")
	out = shortOf(t, "train", "pix2pix", "--preset", "small", "--data", root, "--size", "16", "--filters", "2", "--d-filters", "2", "--batch", "2",
		"--epochs", "1", "--classifier", classifier, "--out", made, "--device", "cpu")
	form := `classifier Fréchet distance \d+\.\d\d, \d+\.\d% taken for b`
	for _, line := range []string{`(?m)^judge   3 held-out rows: a as b has L1 .*; a as b has ` + form + `; real pictures of b have ` + form + `$`, `(?m)^judged  translated L1 .*, ` + form} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("no line %s in\n%s", line, out)
		}
	}
	row := strings.Split(strings.TrimSpace(string(readFile(t, made, "judge.csv"))), "\n")
	if len(row) != 2 || row[0] != "epoch,iterations,l1,psnr,ssim,classifier_frechet_distance,taken_for,seconds" {
		t.Fatalf("judge.csv is %q", row)
	}
	var v struct {
		Shown []struct {
			L1       float64
			Distance *float64 `json:"classifier_frechet_distance"`
			Taken    *float64 `json:"taken_for"`
		}
		Baselines map[string][]shownScore
	}
	out = succeed(t, "evaluate", "--json", "--model", filepath.Join(made, "model.safetensors"), "--classifier", classifier, "--device", "cpu")
	if err := json.Unmarshal([]byte(out), &v); err != nil || len(v.Shown) != 1 || v.Shown[0].Distance == nil || v.Shown[0].Taken == nil {
		t.Fatalf("%v of %s", err, out)
	}
	if numbers := strings.Split(row[1], ","); v.Shown[0].L1 != number(t, numbers[2]) || *v.Shown[0].Distance != number(t, numbers[5]) {
		t.Errorf("evaluate says %s, the run %q", out, row[1])
	}
	if b := v.Baselines["translated"]; len(b) != 3 || b[0].Name != "a" || b[0].L1 == nil || b[0].Kind == nil || b[1].Name != "the mean of b" || b[1].L1 == nil ||
		b[2].Name != "real pictures" || b[2].L1 != nil || b[2].Kind == nil {
		t.Errorf("the baselines are %+v", b)
	}
	fail(t, exitUsage, "--nearest is for models that make images of noise", "evaluate", "--nearest", filepath.Join(dir, "x.png"), "--model", filepath.Join(made, "model.safetensors"))
}
