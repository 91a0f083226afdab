package run_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/run"
	games "gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/othermodule"
)

// A game's run goes on from its folder, with the same model in the end, whoever made the game.
func TestRunOfAGame(t *testing.T) {
	g, err := dcgan.New(dcgan.Settings{Latent: 4, Filters: 2, Loss: nn.NonSaturating, Rate: 2e-4, Beta1: 0.5}, games.Input{Height: 16, Width: 16, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	d := traintest.Images(12, 16, 16, 3, 0)
	folder := filepath.Join(t.TempDir(), "run")
	r, err := run.Create(folder, run.LoadGame)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(context.Background(), run.OfGame(traintest.New(t, g, d)), run.Options{Iterations: 4}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = run.Resume(folder, run.LoadGame); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	saved, _ := r.Saved()
	again, err := games.Resume(traintest.CPU(t), g, run.ModelOf(saved), d)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := r.Train(context.Background(), run.OfGame(again), run.Options{Iterations: 6}); err != nil {
		t.Fatal(err)
	}
	whole := traintest.New(t, g, d)
	for range 6 {
		if err := whole.Step(); err != nil {
			t.Fatal(err)
		}
	}
	want, err := whole.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	got, err := games.Load(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range want.Arrays {
		for j, v := range a.Values {
			if got.Arrays[i].Values[j] != v {
				t.Fatalf("%s differs from a run that was never stopped", a.Name)
			}
		}
	}
	csv, err := os.ReadFile(filepath.Join(folder, "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(csv), "epoch,iteration,accuracy_real,accuracy_fake,d_loss,g_loss,seconds\n") || strings.Count(string(csv), "\n") != 7 {
		t.Errorf("metrics.csv is\n%s", csv)
	}
	if _, err := os.Stat(filepath.Join(folder, "samples", "epoch-001.png")); err != nil {
		t.Error(err)
	}
}

// A module of somebody else's trains a game of its own.
func TestAnotherModuleTrains(t *testing.T) {
	out := othermodule.Run(t, `package main

import (
	"context"
	"fmt"
	"os"

	"gangpu/engine"
	"gangpu/gan/nn"
	"gangpu/gan/run"
	"gangpu/gan/train"
)

func main() {
	if err := mean(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// mean trains one array of pixels to be the mean of all images.
func mean(folder string) error {
	network := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		return []*nn.Node{nn.Add(nn.Scale(nn.Reshape(x[0], 2, 2, 1), 0), l.Parameter("pixels", nn.Zeros, 2, 2, 1))}
	}
	game := train.Game{
		Name:     "mean",
		Networks: []train.Network{{Name: "mean", Net: network}},
		Phases: []train.Phase{{Name: "fit", Trains: []string{"mean"}, Optimizer: train.SGD{Rate: train.Constant(1)},
			Loss: func(b *train.Builder) *nn.Node { return b.Term("loss", 1, nn.L2(b.Apply("mean", b.Noise("z", 4)), b.Data("image"))) }}},
		Sample: func(b *train.Builder) *nn.Node { return b.Apply("mean", b.Noise("z", 4)) },
	}
	image := train.Field{Name: "image", Shape: []int{2, 2, 1}, Bytes: []byte{51, 102, 153, 204, 51, 102, 153, 204}}
	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{})
	if err != nil {
		return err
	}
	defer dev.Close()
	t, err := train.New(dev, game, train.Settings{Batch: 2, Shards: 1, Seed: 1}, train.Data{Tables: []train.Table{{Rows: 2, Fields: []train.Field{image}}}})
	if err != nil {
		return err
	}
	defer t.Close()
	r, err := run.Create(folder, run.LoadGame)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Train(context.Background(), run.OfGame(t), run.Options{Iterations: 40}); err != nil {
		return err
	}
	p, err := t.Samples(1)
	fmt.Println(p.Values)
	return err
}
`, filepath.Join(t.TempDir(), "run"))
	if want := "[51 102 153 204]\n"; out != want {
		t.Errorf("the mean is %q, want %q", out, want)
	}
}
