//go:build linux || darwin

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/games/pix2pix"

	"github.com/urfave/cli/v2"
)

// Tests of images of one's own, by the command as a process.

// A model is judged by the images that it was trained on, wherever they are; by others only if that is asked for,
// and with a word.
func TestEvaluateOwnImages(t *testing.T) {
	own := ownImages(t, 21)
	run := trained(t, "--data", own)
	model := filepath.Join(run, "model.safetensors")
	evaluate := []string{"evaluate", "--device", "cpu", "--model"}
	pairs := filepath.Join(t.TempDir(), "pairs.png")
	r := asProcess(t, "", noEnvironment, append(evaluate, model, "--nearest", pairs)...)
	if r.code != exitOK || r.stderr != "" || !strings.HasPrefix(r.stdout, "12 test images of own,") {
		t.Errorf("in the run's folder: %+v", r)
	}
	// The environment is for those that have no images of their own.
	if r := asProcess(t, "", nil, append(evaluate, model)...); r.code != exitOK || r.stderr != "" || !strings.HasPrefix(r.stdout, "12 test images of own,") {
		t.Errorf("beside other images in the environment: %+v", r)
	}
	alone := filepath.Join(t.TempDir(), "alone.safetensors")
	if err := os.WriteFile(alone, readFile(t, model), 0o666); err != nil {
		t.Fatal(err)
	}
	args := append(evaluate, alone)
	if r := asProcess(t, "", nil, args...); r.code != exitOK || r.stderr != "" || !strings.HasPrefix(r.stdout, "12 test images of own,") {
		t.Errorf("alone: %+v", r)
	}
	if r := asProcess(t, "", noEnvironment, append(args, "--data", own)...); r.code != exitOK || r.stderr != "" {
		t.Errorf("with its images: %+v", r)
	}
	if r := asProcess(t, "", noEnvironment, append(args, "--data", ownImages(t, 22))...); r.code != exitOK || !strings.Contains(r.stderr, "was trained on other images than those in ") {
		t.Errorf("with others: %+v", r)
	}

	// So is a run that goes on.
	if r := asProcess(t, "", noEnvironment, "train", "--device", "cpu", "--resume", run, "--iterations", "3"); r.code != exitOK || r.stderr != "" {
		t.Errorf("going on: %+v", r)
	}
	if err := os.Rename(own, own+"-moved"); err != nil {
		t.Fatal(err)
	}
	args = append(evaluate, model)
	checkFailure(t, asProcess(t, "", noEnvironment, args...), exitFailed, "in "+own+", where they no longer are: --data FOLDER", args)
}

// A run goes on being judged as it was.
func TestResumeJudges(t *testing.T) {
	judge := classifier(t)
	run := trained(t, "--classifier", judge, "--judge-every", "2", "--iterations", "10")
	resume := []string{"train", "--device", "cpu", "--resume", run, "--epochs", "4"}
	if r := asProcess(t, "", nil, append(resume, "--iterations", "20")...); r.code != exitOK {
		t.Fatalf("%+v", r)
	}
	if rows := judgeRows(t, run); len(rows) != 1 || !strings.HasPrefix(rows[0], "2,20,") {
		t.Errorf("judged %q, want after epoch 2", rows)
	}
	if err := os.Remove(judge); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, asProcess(t, "", nil, resume...), exitFailed, "the run was judged by it: --classifier FILE says where it is, --judge-every 0", resume)
}

// Training without classes needs the training images alone. Judging then is off, with a line if it was to be.
func TestTrainWithoutLabelsAndTestImages(t *testing.T) {
	own := ownImages(t, 23)
	judge, model := classifier(t, "--data", own), filepath.Join(trained(t, "--data", own), "model.safetensors")
	for _, name := range []string{"train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"} {
		if err := os.Remove(filepath.Join(own, name)); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "run")
	args := trainArgs(out, "--data", own, "--iterations", "1")
	if r := asProcess(t, "", nil, args...); r.code != exitOK || r.stderr != "" {
		t.Errorf("of training images alone: %+v", r)
	}
	free := filepath.Join(t.TempDir(), "free")
	args = trainArgs(free, "--data", own, "--iterations", "1")
	conditional := append(args, "--conditional")
	checkFailure(t, asProcess(t, "", nil, conditional...), exitUsage, "the images have no classes to tell the networks", conditional)
	judged := append(args, "--classifier", judge)
	checkFailure(t, asProcess(t, "", nil, judged...), exitFailed, "judging compares with test images: "+own+" has no t10k-images-idx3-ubyte[.gz]", judged)
	evaluate := []string{"evaluate", "--device", "cpu", "--model", model}
	checkFailure(t, asProcess(t, "", nil, evaluate...), exitFailed, "no t10k-images-idx3-ubyte[.gz]", evaluate)
	if r := asProcess(t, "", nil, "data", "--data", own); r.code != exitOK || !strings.Contains(r.stdout, "without the test images: "+own+" has no ") {
		t.Errorf("data: %+v", r)
	}
	// A file that is there, and cannot be read, is told of.
	if err := os.WriteFile(filepath.Join(own, "train-labels-idx1-ubyte"), []byte{0, 0}, 0o666); err != nil {
		t.Fatal(err)
	}
	if r := asProcess(t, "", nil, args...); r.code != exitOK || !strings.Contains(r.stdout, "note    without the training labels: ") {
		t.Errorf("with damaged labels: %+v", r)
	}
}

// What is in the way of judging is found before the run's folder is made.
func TestJudgingCheckedFirst(t *testing.T) {
	small, one := filepath.Join(t.TempDir(), "small"), ownImages(t, 24)
	if err := writeImages(small, 1, 32); err != nil {
		t.Fatal(err)
	}
	of32 := classifier(t, "--data", small)
	images := readFile(t, one, "t10k-images-idx3-ubyte")
	if err := errors.Join(
		os.WriteFile(filepath.Join(one, "t10k-images-idx3-ubyte"), append(idxHeader(0x803, 1, imageSide, imageSide), images[16:16+imageSide*imageSide]...), 0o666),
		os.WriteFile(filepath.Join(one, "t10k-labels-idx1-ubyte"), append(idxHeader(0x801, 1), 0), 0o666)); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "run")
	args := trainArgs(out, "--classifier", of32)
	checkFailure(t, asProcess(t, "", nil, args...), exitFailed, "takes images of 32x32, those of digits are 28x28: gangpu train classifier", args)
	args = trainArgs(out, "--data", one, "--classifier", classifier(t))
	r := asProcess(t, "", nil, args...)
	if r.code != exitFailed || !strings.Contains(r.stderr, "judging compares with at least 2 test images, and "+one+" has 1") {
		t.Errorf("of one test image: %+v", r)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a run that did not begin has a folder")
	}
}

// Where classes come in a period the floor is not that of one of them.
func TestFloorOfPeriodicLabels(t *testing.T) {
	own := filepath.Join(t.TempDir(), "periodic")
	if err := os.Mkdir(own, 0o777); err != nil {
		t.Fatal(err)
	}
	for split, n := range map[string]int{"train": 40, "t10k": 20} {
		pixels, labels := make([]byte, n*imageSide*imageSide), make([]byte, n)
		for i := range n {
			labels[i] = byte(i % 2)
			for p := range imageSide * imageSide / 2 {
				pixels[i*imageSide*imageSide+i%2*imageSide*imageSide/2+p] = byte(100 + 3*i)
			}
		}
		if err := errors.Join(os.WriteFile(filepath.Join(own, split+"-images-idx3-ubyte"), append(idxHeader(0x803, n, imageSide, imageSide), pixels...), 0o666),
			os.WriteFile(filepath.Join(own, split+"-labels-idx1-ubyte"), append(idxHeader(0x801, n), labels...), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	judge := classifier(t, "--data", own, "--epochs", "8")
	model := filepath.Join(trained(t, "--data", own), "model.safetensors")
	r := asProcess(t, "", nil, "evaluate", "--device", "cpu", "--data", own, "--classifier", judge, "--json", "-n", "20", "--model", model)
	var v evaluation
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if c := v.Floor.Classes; len(c) != 2 || min(c[0], c[1]) < 5 {
		t.Errorf("the floor's 20 images are by their class %v", c)
	}
}

// What a classifier cannot know is said.
func TestClassifierWords(t *testing.T) {
	own := ownImages(t, 25)
	relabel := func(split string, label func(i int) byte) {
		t.Helper()
		n := map[string]int{"train": trainImages, "t10k": testImages}[split]
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = label(i)
		}
		if err := os.WriteFile(filepath.Join(own, split+"-labels-idx1-ubyte"), append(idxHeader(0x801, n), labels...), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	args := classifierArgs(filepath.Join(t.TempDir(), "judge"), "--data", own)
	relabel("train", func(int) byte { return 3 })
	checkFailure(t, asProcess(t, "", nil, args...), exitFailed, "all 40 training images in "+own+" are of class 3: a classifier tells at least 2 classes apart", args)
	relabel("train", func(i int) byte { return byte(i % 2) })
	relabel("t10k", func(i int) byte { return byte(i % 3) })
	if r := asProcess(t, "", nil, args...); r.code != exitOK || r.stderr != "gangpu: 4 of 12 test images are of classes that no training image has (2): they count as wrong\n" {
		t.Errorf("%+v", r)
	}
	// It is the classifier of these images, not of the usual ones.
	judge, model := filepath.Join(args[len(args)-3], "model.safetensors"), filepath.Join(trained(t), "model.safetensors")
	r := asProcess(t, "", nil, "evaluate", "--device", "cpu", "--classifier", judge, "-n", "4", model)
	if r.code != exitOK || !strings.Contains(r.stderr, "was trained on own, not on these images of digits") {
		t.Errorf("%+v", r)
	}
}

// A model that a run begins with brings its settings, unless a preset is asked for; arrays that do not fit are told of.
func TestFromBringsSettings(t *testing.T) {
	tutorial := filepath.Join(trained(t), "model.safetensors")
	compact := filepath.Join(trained(t, "--preset", "best"), "model.safetensors")
	for _, c := range []struct {
		args      []string
		want, not string
	}{
		{[]string{"--from", compact}, "with    batch 4, networks compact, latent 64, k 1, alpha 0.2, lr 0.001, ema 0.999; all else is preset tutorial's", "drawn"},
		{[]string{"--from", compact, "--lr", "0.002"}, "networks compact, latent 64, k 1, alpha 0.2, lr 0.002, ema 0.999; ", "drawn"},
		{[]string{"--from", tutorial, "--preset", "best"}, "of the game drawn: there are none of their names and shapes\n", "14 arrays"},
		{[]string{"--from", compact, "--preset", "best"}, "from    " + compact + ": 14 arrays taken\n", "drawn"},
		{[]string{"--from", tutorial}, "with    batch 4; all else is preset tutorial's", "drawn"},
		{[]string{"--preset", "best"}, "networks compact, latent 64", "from    "},
	} {
		args := trainArgs(filepath.Join(t.TempDir(), "run"), append(c.args, "--iterations", "1")...)
		if r := asProcess(t, "", nil, args...); r.code != exitOK || r.stderr != "" || !strings.Contains(r.stdout, c.want) || strings.Contains(r.stdout, c.not) {
			t.Errorf("%q: want %q, not %q: %+v", c.args, c.want, c.not, r)
		}
	}
}

// A dataset that stands in for a model's folder has a layout of its own.
func TestDatasetInsteadOfAFolder(t *testing.T) {
	set := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	set.String("dataset", "", "")
	set.String("data", "", "")
	if err := set.Parse([]string{"--dataset", "maps"}); err != nil {
		t.Fatal(err)
	}
	c := cli.NewContext(cli.NewApp(), set, nil)
	c.Command = &cli.Command{Flags: []cli.Flag{&cli.StringFlag{Name: "dataset"}, &cli.StringFlag{Name: "data"}}}
	for before, want := range map[string]string{`{"folder":"/pairs","layout":"side-by-side"}`: "", `{"dataset":"maps","layout":"pairs"}`: "pairs"} {
		s, o, err := gameSourceOf(c, pix2pix.System, before)
		if err != nil || s.Folder != "" || s.Dataset != "maps" || s.Layout != want || string(o.Layout) != want {
			t.Errorf("instead of %s: %+v and %+v, %v", before, s, o, err)
		}
	}
}
