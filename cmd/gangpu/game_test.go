package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// animals makes a folder of pictures of several sizes, in two classes.
func animals(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "animals")
	for i := range 12 {
		class := []string{"cat", "dog"}[i%2]
		for _, split := range []string{"train", "test"} {
			putPicture(t, filepath.Join(root, split, class, fmt.Sprintf("%02d.png", i)), 17+i, 16, color.RGBA{uint8(20 * i), 200, uint8(7 * i), 255})
		}
	}
	return root
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// A run of a game on a folder of pictures, stopped and resumed, ends with the same bits, on the CPU and on the emulator;
// its model makes images without the game.
func TestTrainGame(t *testing.T) {
	ownCache(t)
	root := animals(t)
	for _, device := range []string{"cpu", "emulated"} {
		if device == "emulated" && testing.Short() {
			continue // minutes under the race detector
		}
		dir := t.TempDir()
		whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
		// A game by --data that is not the environment's.
		args := []string{"train", "acgan", "--data", root, "--size", "16", "--filters", "2", "--latent", "4", "--embedding", "2", "--batch", "4",
			"--device", device, "--log-every", "0s"}
		out := succeed(t, append(args, "--iterations", "3", "--out", whole)...)
		contains(t, out, "game    acgan: class-conditional GAN", "images  animals, 12 of 16 x 16, 3 channels, 2 classes", "d=", "class")
		succeed(t, append(args, "--iterations", "2", "--out", parts)...)
		out = succeed(t, "train", "--resume", parts, "--iterations", "3", "--device", device)
		fail(t, exitUsage, "is a run of the game acgan: gangpu train --resume goes on with it", "train", "dcgan", "--resume", parts)
		contains(t, out, "model   "+filepath.Join(parts, "model.safetensors")+", after 3 iterations")
		model := filepath.Join(whole, "model.safetensors")
		if hashOf(t, model) != hashOf(t, filepath.Join(parts, "model.safetensors")) {
			t.Errorf("%s: the resumed run ends with other bits", device)
		}
		if device != "cpu" {
			continue
		}
		contains(t, succeed(t, "summary", "--model", model), "game acgan, 3 iterations of batch 4", "classes cat, dog", "graph     sample: ", "class [2] (example)", "LAYER OF SAMPLE", "generator/embedding           [2]",
			"generator/embedding/kernel", "of optimizers, averages and pools")
		header, err := os.ReadFile(filepath.Join(whole, "metrics.csv"))
		if err != nil {
			t.Fatal(err)
		}
		contains(t, string(header), "epoch,iteration,accuracy_real,accuracy_fake,d_loss,accuracy_class,d_class_loss,g_loss,g_class_loss,seconds\n")
		npy := filepath.Join(dir, "x.npy")
		contains(t, succeed(t, "generate", "--model", model, "-n", "3", "--digit", "1", "--npy", npy, "--gif", filepath.Join(dir, "x.gif"),
			"--out", filepath.Join(dir, "x.png"), "--device", "cpu"), "float32 [3, 16, 16, 3] in "+npy, "3 images in ")
		if r := gangpu("generate", "--model", model, "--digit", "2", "--npy", npy, "--device", "cpu"); r.code != exitUsage || !strings.Contains(r.stderr, "the model knows 0 to 1") {
			t.Errorf("code %d, stderr %q", r.code, r.stderr)
		}
		// Truncated noise makes other images, and so do statistics that stand for the running averages.
		var made []string
		for _, flags := range [][]string{{}, {"--standing", "2"}, {"--truncation", "0.3", "--standing", "0"}, {"--truncation", "0.3"}} {
			succeed(t, append([]string{"generate", "--model", model, "-n", "3", "--npy", npy, "--device", "cpu"}, flags...)...)
			if sum := hashOf(t, npy); slices.Contains(made, sum) {
				t.Errorf("%v makes the same images as without", flags)
			} else {
				made = append(made, sum)
			}
		}
		fail(t, exitUsage, "--truncation 0: want 0.01 or more", "generate", "--model", model, "--truncation", "0", "--npy", npy)
		fail(t, exitUsage, "--standing -1: want 0 to 1000", "generate", "--model", model, "--standing", "-1", "--npy", npy)
		// Another run begins with its networks; one of another width cannot.
		contains(t, succeed(t, append(args, "--iterations", "1", "--out", filepath.Join(dir, "tuned"), "--from", model)...), "arrays taken\n")
		r := gangpu(append(args, "--filters", "3", "--iterations", "1", "--out", filepath.Join(dir, "other"), "--from", whole)...)
		if r.code != exitFailed || r.stderr == "" {
			t.Errorf("code %d, stderr %q", r.code, r.stderr)
		}
	}
}

// Images of a model of tags are asked for by their names.
func TestTags(t *testing.T) {
	ownCache(t)
	root, run := animals(t), filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "acgan", "--preset", "drawings-small", "--data", root, "--size", "16", "--filters", "8", "--latent", "2", "--blocks", "1",
		"--batch", "4", "--iterations", "1", "--device", "cpu", "--out", run)
	model, npy := filepath.Join(run, "model.safetensors"), filepath.Join(t.TempDir(), "x.npy")
	var made []string
	for _, tags := range []string{"cat", "dog", "dog, cat"} {
		succeed(t, "generate", "--model", model, "-n", "2", "--tags", tags, "--npy", npy, "--device", "cpu")
		made = append(made, hashOf(t, npy))
	}
	if made[0] == made[1] || made[1] == made[2] {
		t.Error("other tags make the same images")
	}
	succeed(t, "generate", "--model", model, "-n", "2", "--digit", "1", "--npy", npy, "--device", "cpu")
	if hashOf(t, npy) != made[1] {
		t.Error("the second class is not its tag")
	}
	fail(t, exitUsage, "the model knows cat, dog", "generate", "--model", model, "--tags", "bird", "--npy", npy)

	// How many images have the tags that they were asked for by is said by a tagger of the same data, and by no classifier.
	judged := map[string]string{}
	for _, preset := range []string{"tags", "small"} {
		out := filepath.Join(t.TempDir(), preset)
		said := succeed(t, "train", "classifier", "--preset", preset, "--data", root, "--size", "16", "--batch", "4", "--epochs", "1", "--device", "cpu", "--out", out)
		contains(t, said, map[string]string{"tags": "F1 of the tags of 12 test images", "small": "of 12 test images are classified rightly"}[preset])
		judged[preset] = filepath.Join(out, "model.safetensors")
	}
	contains(t, succeed(t, "evaluate", "--tagger", judged["tags"], "-n", "20", "--device", "cpu", model),
		"20 generated images by the tags of 12 test images", "TAG    ASKED  HAVE IT", "cat       12", "dog        8")
	if out := succeed(t, "evaluate", "--tagger", judged["tags"], "-n", "20", "--device", "cpu", model, model); strings.Count(out, "50.00%") != 3 || !strings.Contains(out, "TAG PRECISION") {
		t.Errorf("the table of two models is\n%s", out)
	}
	fail(t, exitFailed, "is not a tagger", "evaluate", "--tagger", judged["small"], "--device", "cpu", model)
	fail(t, exitFailed, "is not a classifier", "evaluate", "--classifier", judged["tags"], "--device", "cpu", model)
	fail(t, exitUsage, "want one of them", "generate", "--model", model, "--tags", "cat", "--digit", "1", "--npy", npy)
}

// stopping interrupts a command once it has said something.
type stopping struct {
	io.Writer
	at     string
	cancel context.CancelCauseFunc
}

func (s *stopping) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.at) {
		s.cancel(&signalError{syscall.SIGINT})
	}
	return s.Writer.Write(p)
}

// What lists runs says how a stopped run of a game goes on.
func TestRunsOfGames(t *testing.T) {
	ownCache(t)
	root, dir := animals(t), t.TempDir()
	ctx, cancel := context.WithCancelCause(context.Background())
	var out, stderr bytes.Buffer
	code := execute(ctx, []string{"gangpu", "train", "dcgan", "--data", root, "--size", "16", "--filters", "2", "--batch", "4", "--log-every", "0s",
		"--out", filepath.Join(dir, "run"), "--device", "cpu"}, &stopping{&out, "epoch 1/", cancel}, &stderr)
	if code == exitOK || !strings.Contains(stderr.String(), "go on with: gangpu train --resume "+filepath.Join(dir, "run")) {
		t.Fatalf("code %d, stderr %q", code, stderr.String())
	}
	contains(t, succeed(t, "runs", dir), "run: go on with: gangpu train --resume "+filepath.Join(dir, "run"))
}

// A game is judged by a classifier that is a game itself.
func TestJudgedGame(t *testing.T) {
	ownCache(t)
	root, dir := animals(t), t.TempDir()
	out := succeed(t, "train", "classifier", "--data", root, "--size", "16", "--filters", "4", "--features", "8", "--batch", "4", "--epochs", "1",
		"--out", filepath.Join(dir, "classifier"), "--device", "cpu")
	contains(t, out, "of 12 test images are classified rightly")
	out = succeed(t, "train", "dcgan", "--data", root, "--size", "16", "--filters", "2", "--latent", "4", "--batch", "4", "--epochs", "1",
		"--classifier", filepath.Join(dir, "classifier", "model.safetensors"), "--out", filepath.Join(dir, "run"), "--device", "cpu")
	contains(t, out, "judge   12 training images have classifier Fréchet distance", "judged  classifier Fréchet distance")
	scores, err := os.ReadFile(filepath.Join(dir, "run", "judge.csv"))
	if err != nil {
		t.Fatal(err)
	}
	out = succeed(t, "evaluate", "--classifier", filepath.Join(dir, "classifier", "model.safetensors"), "-n", "20", "--device", "cpu",
		filepath.Join(dir, "run", "model.safetensors"))
	contains(t, out, "12 test images of animals, after 3 iterations of dcgan\n", "20 generated images, judged by the classifier (training images in brackets)\n")
	contains(t, string(scores), "epoch,iterations,classifier_frechet_distance,classifier_score,confident,classes_seen,seconds\n1,3,")
}

func TestGameDryRun(t *testing.T) {
	ownCache(t)
	root := animals(t)
	out := succeed(t, "train", "wgan", "--data", root, "--size", "16", "--filters", "2", "--latent", "4", "--batch", "4", "--dry-run", "--device", "cpu")
	contains(t, out, "GENERATOR", "CRITIC", "layer_norm", "all ", "GFLOP", "s an iteration, measured")
	// Of a game that grows, the stages that the run comes to.
	out = succeed(t, "train", "progan", "--preset", "small", "--data", root, "--size", "16", "--filters", "2", "--latent", "4", "--batch", "4",
		"--hold", "4", "--fade", "8", "--epochs", "2", "--dry-run", "--device", "cpu")
	fields := strings.Join(strings.Fields(out), " ")
	contains(t, fields, "STAGE UNTIL ITERATION BATCH IMAGES GFLOP", "4 x 4 1 4 4 0.00 ", "8 x 8 fades in 3 4 8 ", "8 x 8 4 4 4 ", "16 x 16 fades in 6 4 8 ", "6 iterations take")
	if strings.Contains(fields, "16 x 16 6") {
		t.Errorf("a stage that the run does not come to is shown:\n%s", out)
	}
}

func TestGameRefusals(t *testing.T) {
	ownCache(t)
	root := animals(t)
	for want, args := range map[string][]string{
		"train knows no game \"dcgn\"":              {"dcgn"},
		"--seed comes behind the name of the game":  {"--seed", "3", "dcgan"},
		"a gradient penalty needs a critic without": {"wgan", "--data", root, "--size", "16", "--norm", "batch"},
		"cannot be halved to a few pixels":          {"dcgan", "--data", root, "--size", "30"},
		"want a power of two":                       {"dcgan", "--data", root, "--size", "16", "--shards", "3"},
		"cannot be cut into 8 shards":               {"dcgan", "--data", root, "--size", "16", "--batch", "12", "--shards", "8"},
		"unknown dataset \"emojis\"":                {"dcgan", "--dataset", "emojis"},
		"one of them says which images are meant":   {"dcgan", "--data", root, "--dataset", "emoji"},
		"dcgan has no preset \"best\"":              {"dcgan", "--preset", "best"},
		"--epochs 0: want 1 to":                     {"dcgan", "--epochs", "0"},
	} {
		r := gangpu(append([]string{"train"}, args...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, want) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("train %s: code %d, stderr %q, want one line with %q", strings.Join(args, " "), r.code, r.stderr, want)
		}
	}
	// Pictures that cannot be read are all told of, and left out if asked.
	bad := filepath.Join(root, "train", "cat", "00.png")
	if err := os.WriteFile(bad, []byte("<html>"), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "dcgan", "--data", root, "--size", "16", "--filters", "2", "--batch", "4", "--iterations", "1", "--device", "cpu"}
	r := gangpu(append(args, "--out", filepath.Join(t.TempDir(), "a"))...)
	if r.code != exitFailed || !strings.Contains(r.stderr, "00.png") || !strings.Contains(r.stderr, "--skip-bad goes on without") {
		t.Errorf("code %d, stderr %q", r.code, r.stderr)
	}
	contains(t, succeed(t, append(args, "--skip-bad", "--out", filepath.Join(t.TempDir(), "b"))...), "1 file skipped")
}

func TestGames(t *testing.T) {
	out := succeed(t, "games")
	for _, s := range systems {
		contains(t, out, s.Title+": "+trainLine(s.Name)+"\n", s.Paper, s.Presets[0].Description)
	}
}

// Images of a model of styles are truncated in all layers or in some, mixed, and walked between; how smooth it is is measured.
func TestStyles(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	succeed(t, "train", "stylegan", "--preset", "small", "--data", animals(t), "--size", "16", "--filters", "2", "--latent", "3", "--styles", "4", "--mapping", "2",
		"--grow=false", "--batch", "4", "--iterations", "1", "--device", "cpu", "--out", run)
	model, npy := filepath.Join(run, "model.safetensors"), filepath.Join(dir, "x.npy")
	pixels := func(flags ...string) []byte {
		t.Helper()
		succeed(t, append([]string{"generate", "--model", model, "-n", "2", "--npy", npy, "--device", "cpu"}, flags...)...)
		file, err := os.ReadFile(npy)
		if err != nil {
			t.Fatal(err)
		}
		return file[128:] // behind the header
	}
	const image = 4 * 16 * 16 * 3
	plain, truncated, first := pixels(), pixels("--truncation", "0.3"), pixels("--truncation", "0.3", "--truncated-layers", "2")
	if len(plain) != 2*image || slices.Equal(plain, truncated) || slices.Equal(plain, first) || slices.Equal(truncated, first) {
		t.Error("truncated styles make the same images")
	}
	walk := pixels("--interpolate", "3")
	if len(walk) != 6*image || !slices.Equal(walk[:image], plain[:image]) || !slices.Equal(walk[3*image:][:image], plain[image:]) {
		t.Error("a walk does not come past the images")
	}
	if slices.Equal(walk[image:][:image], plain[:image]) {
		t.Error("a walk stands still")
	}
	contains(t, succeed(t, "evaluate", "--device", "cpu", "-n", "20", model), "lengths of 20 paths: ", " in z, ", " in w\n")
	fail(t, exitUsage, "--truncated-layers 2: want 1 or more, and --truncation", "generate", "--model", model, "--truncated-layers", "2", "--npy", npy)
}
