package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

func TestTrain(t *testing.T) {
	out := filepath.Join(t.TempDir(), "deep", "run")
	stdout := succeed(t, trainArgs(out, "--epochs", "2", "--iterations", "12")...)

	tutorial := regexp.MustCompile(`^>(\d), (\d+)/10, d=\d+\.\d{3}, g=\d+\.\d{3}, accuracy real \d+%, fake \d+%$`)
	n := 0
	for line := range strings.Lines(stdout) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, ">") {
			continue
		}
		m := tutorial.FindStringSubmatch(line)
		if m == nil || m[1] != strconv.Itoa(n/10+1) || m[2] != strconv.Itoa(n%10+1) {
			t.Errorf("line of iteration %d: %q", n, line)
		}
		n++
	}
	if n != 12 || !strings.Contains(stdout, out) {
		t.Errorf("%d lines, and the run's folder %s in\n%s", n, out, stdout)
	}

	names := slices.Sorted(maps.Keys(folder(t, out)))
	names = slices.DeleteFunc(names, func(name string) bool { return filepath.Dir(name) == "tensorboard" })
	if want := []string{filepath.Join("checkpoints", "iteration-000010.safetensors"), filepath.Join("checkpoints", "iteration-000012.safetensors"),
		"lock", "metrics.csv", "model.safetensors", "report.html", "run.json", filepath.Join("samples", "epoch-001.png")}; !slices.Equal(names, want) {
		t.Errorf("the run's folder holds %q, want %q", names, want)
	}
	checkPNG(t, gridSide(5), gridSide(5), out, "samples", "epoch-001.png")
	rows := metricsRows(t, out)
	if len(rows) != 12 || !strings.HasPrefix(rows[0], "0,0,") || !strings.HasPrefix(rows[11], "1,1,") {
		t.Errorf("metrics of %d iterations: %q", len(rows), rows)
	}
	if m := readModel(t, out, "model.safetensors"); m.Iterations != 12 || m.Notes["dataset"] != "digits" {
		t.Errorf("after %d iterations, with the notes %q", m.Iterations, m.Notes)
	}
}

func TestTrainSameSeedSameBits(t *testing.T) {
	one := trained(t, "--threads", "1", "--seed", "5")
	three := trained(t, "--threads", "3", "--seed", "5")
	if string(readFile(t, one, "model.safetensors")) != string(readFile(t, three, "model.safetensors")) {
		t.Error("one thread and three give other models")
	}
	if !slices.Equal(metricsRows(t, one), metricsRows(t, three)) {
		t.Error("one thread and three give other metrics")
	}
	other := trained(t, "--threads", "3", "--seed", "6")
	if sameTensors(readTensors(t, one, "model.safetensors"), readTensors(t, other, "model.safetensors")) {
		t.Error("two seeds give one model")
	}
}

func TestTrainSettingsCount(t *testing.T) {
	usual := readTensors(t, trained(t), "model.safetensors")
	for _, setting := range []string{"--k=1", "--alternation=k-steps", "--loss=minimax", "--lr=0.01", "--beta1=0.1",
		"--beta2=0.1", "--epsilon=1", "--alpha=0.1", "--dropout=0", "--latent=10",
		"--loss=least-squares", "--loss=hinge", "--loss=wasserstein", "--loss=wasserstein-gp", "--conditional", "--gradient-penalty=1", "--label-smoothing=0.1", "--lr-d=0.01", "--clip=0.01"} {
		if sameTensors(usual, readTensors(t, trained(t, setting), "model.safetensors")) {
			t.Errorf("%s changes nothing", setting)
		}
	}
}

func TestTrainNumbersRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, want := range []string{"001", "002"} {
		succeed(t, "train", "--device", "cpu", "--batch", "4", "--iterations", "1")
		if rows := metricsRows(t, filepath.Join("runs", want)); len(rows) != 1 {
			t.Errorf("run %s made %d iterations", want, len(rows))
		}
	}
}

func TestTrainRefusesFolderOfAnotherRun(t *testing.T) {
	out := trained(t)
	before := folder(t, out)
	fail(t, exitFailed, "--resume "+out, trainArgs(out)...)
	if !maps.Equal(before, folder(t, out)) {
		t.Error("the other run was changed")
	}
	if err := os.Remove(filepath.Join(out, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, "holds another run (run.json): give another --out\n", trainArgs(out)...)
}

// noGPU skips where there is one.
func noGPU(t *testing.T) {
	t.Helper()
	if !strings.Contains(succeed(t, "devices"), "no GPU: ") {
		t.Skip("there is a GPU")
	}
}

func TestTrainWithoutGPU(t *testing.T) {
	noGPU(t)
	out := filepath.Join(t.TempDir(), "run")
	for _, device := range []string{"0", "cuda:0", "auto"} {
		r := gangpu("train", "--device", device, "--batch", "4", "--iterations", "1", "--out", out+device[:1])
		if r.code != exitOK || !strings.HasPrefix(r.stderr, "gangpu: no GPU: ") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("--device %s: code %d, stderr %q", device, r.code, r.stderr)
		}
		if !strings.Contains(r.stdout, "\ndevice  cpu: ") {
			t.Errorf("--device %s: stdout %q", device, r.stdout)
		}
	}
	out = filepath.Join(t.TempDir(), "run")
	fail(t, exitFailed, "a GPU is required", "train", "--device", "0", "--require-gpu", "--out", out)
	if _, err := os.Stat(out); err == nil {
		t.Error("a run that failed to begin made its folder")
	}
}

// A run that diverges leaves the model as it was saved last, and all metrics.
func TestTrainDiverged(t *testing.T) {
	out := trained(t)
	path := filepath.Join(out, "model.safetensors")
	file := readTensors(t, path)
	kernel, err := file.Tensor("discriminator/dense/kernel")
	if err != nil {
		t.Fatal(err)
	}
	huge := make([]float32, kernel.Len())
	for i := range huge {
		huge[i] = 3e38
	}
	if *kernel, err = safetensors.New(kernel.Name, kernel.Shape, huge); err != nil {
		t.Fatal(err)
	}
	if file.Metadata["sha256"], err = file.Checksum("sha256"); err != nil {
		t.Fatal(err)
	}
	if err := safetensors.Write(path, file); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	// The line of progress is ">1, 3/10".
	fail(t, exitFailed, "in epoch 1, iteration 3;", "train", "--device", "cpu", "--resume", out)
	fail(t, exitFailed, "it began in epoch 1, iteration 3: phase d, discriminator/dense: element 0 of c is +Inf", "train", "--device", "cpu", "--resume", out)
	fail(t, exitFailed, path+" is as it was after 2 iterations", "train", "--device", "cpu", "--resume", out)
	if string(before) != string(readFile(t, path)) {
		t.Error("the saved model was changed")
	}
	if rows := metricsRows(t, out); len(rows) != 3 || !strings.Contains(rows[2], "NaN") && !strings.Contains(rows[2], "Inf") {
		t.Errorf("metrics %q", rows)
	}
}

// Losses beyond measure are spoken of where they begin. A moment of Adam that overflows meanwhile shows in no loss:
// it is found when the state is to be saved, which is then as it was, and where it began is told.
func TestTrainOverflows(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	args := trainArgs(out, "--iterations", "4", "--lr", "1e6")
	r := gangpu(args...)
	warning, failure, _ := strings.Cut(r.stderr, "\n")
	if !strings.HasPrefix(warning, "gangpu: warning: epoch 1, iteration 1: training is diverging: d_loss is 0.") ||
		!strings.Contains(warning, ", where guessing costs 0.693; what was learned is soon lost, if it is not yet; a lower rate (--lr) may help") {
		t.Errorf("warned %q", warning)
	}
	r.stderr = failure
	checkFailure(t, r, exitFailed, "gangpu: training diverged: element ", args)
	checkFailure(t, r, exitFailed, " of adam/v/generator/", args)
	checkFailure(t, r, exitFailed, " is +Inf in epoch 1, iteration 4; it began in epoch 1, iteration 1: g update, generator/adam: element ", args)
	path := filepath.Join(out, "model.safetensors")
	checkFailure(t, r, exitFailed, " of v is +Inf; "+path+" is as it was after 0 iterations", args)
	if got := string(readFile(t, out, "findings.txt")); "gangpu: warning: "+got != warning+"\n" {
		t.Errorf("kept %q", got)
	}
	if m := readModel(t, path); m.Iterations != 0 {
		t.Errorf("the model is after %d iterations", m.Iterations)
	}
	for line := range strings.Lines(r.stdout) {
		if strings.HasPrefix(line, ">") && len(line) > 90 {
			t.Errorf("losses are written out: %s", line)
		}
	}

	// A run whose numbers stay finite ends well, and is warned of too.
	out = filepath.Join(t.TempDir(), "run")
	r = gangpu(trainArgs(out, "--iterations", "4", "--lr", "30")...)
	if r.code != exitOK || !strings.Contains(r.stderr, "training is diverging") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("code %d, stderr %q", r.code, r.stderr)
	}
}

// Where there is no terminal the samples are drawn in plain characters, and fit all the same. Each
// epoch ends with its means, which are those of metrics.csv.
func TestTrainPreview(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	stdout := succeed(t, trainArgs(out, "--epochs", "2", "--preview")...)
	var drawn int
	var ends []string
	for line := range strings.Lines(stdout) {
		switch {
		case strings.Trim(line, " .:-=+*#%@\n") == "" && len(line) > 40:
			drawn++
			if len(line) > 81 {
				t.Errorf("a line of %d columns", len(line)-1)
			}
		case strings.HasPrefix(line, "epoch "):
			ends = append(ends, line)
		}
	}
	if drawn != 2*23 || strings.ContainsAny(stdout, "\x1b▀") {
		t.Errorf("two epochs drew %d lines in\n%s", drawn, stdout)
	}
	sum := 0.0
	for _, row := range metricsRows(t, out)[10:] {
		d, err := strconv.ParseFloat(strings.Split(row, ",")[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += d
	}
	want := fmt.Sprintf("epoch 2/2  mean d=%.3f g=", sum/10)
	if len(ends) != 2 || !strings.HasPrefix(ends[1], want) || !strings.HasSuffix(ends[1], "%  "+filepath.Join(out, "samples", "epoch-002.png")+"\n") {
		t.Errorf("epochs end with %q, want %q", ends, want)
	}
	if plain := succeed(t, trainArgs(filepath.Join(t.TempDir(), "run"), "--iterations", "10")...); strings.Contains(plain, strings.Repeat(" ", 20)) {
		t.Errorf("an epoch without --preview says\n%s", plain)
	}
}
