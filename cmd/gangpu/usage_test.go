package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, c := range []struct {
		want string
		args []string
	}{
		{`unknown command "trian"`, []string{"trian"}},
		{`unknown command "trian"`, []string{"trian", "--batch", "4"}},
		{"unknown flag --nonsense; gangpu help lists", []string{"--nonsense"}},
		{"unknown flag --nonsense; gangpu train --help", []string{"train", "--nonsense"}},
		{"unknown flag --nonsense; gangpu train pix2pix --help", []string{"train", "pix2pix", "--nonsense"}},
		{"unknown flag -x", []string{"train", "-x", "3"}},
		{`train knows no game "epochs"`, []string{"train", "epochs", "3"}},
		{`takes no argument "epochs"`, []string{"generate", "epochs", "3"}},
		{`takes no argument "grid.png"`, []string{"generate", "--model", "m", "grid.png"}},
		{`takes no argument "x"`, []string{"version", "x"}},
		{"--epochs", []string{"train", "--epochs"}},
		{"--batch", []string{"train", "--batch", "many"}},
		{"--batch 0: want 1 to 65536", []string{"train", "--batch", "0"}},
		{"--batch -2", []string{"train", "--batch", "-2"}},
		{"cuts a batch of 3 into 2 parts", []string{"train", "--batch", "3"}},
		{"--batch 1000000000000", []string{"train", "--batch", "1000000000000"}},
		{"--epochs 0", []string{"train", "--epochs", "0"}},
		{"--epochs 9000000000000000000", []string{"train", "--epochs", "9000000000000000000"}},
		{"k is 0", []string{"train", "--k", "0"}},
		{"latent is 0", []string{"train", "--latent", "0"}},
		{"learning rate", []string{"train", "--lr", "-1"}},
		{"learning rate", []string{"train", "--lr", "NaN"}},
		{"beta1", []string{"train", "--beta1", "1"}},
		{"dropout", []string{"train", "--dropout", "1"}},
		{"ema", []string{"train", "--ema", "1"}},
		{"alpha", []string{"train", "--alpha", "2"}},
		{`"wassertein", want one of non-saturating`, []string{"train", "--loss", "wassertein"}},
		{"without a clip", []string{"train", "--loss", "wasserstein", "--clip", "0"}},
		{"without a gradient penalty", []string{"train", "--loss", "wasserstein-gp", "--gradient-penalty", "0"}},
		{"label smoothing", []string{"train", "--loss", "hinge", "--label-smoothing", "0.1"}},
		{"clip", []string{"train", "--clip", "-1"}},
		{`"never"`, []string{"train", "--alternation", "never"}},
		{"--seed", []string{"train", "--seed", "-1"}},
		{`--serve: "here" is no port`, []string{"train", "--serve", "here"}},
		{`--serve: "" is no port`, []string{"train", "--serve", ""}},
		{`--serve: "1:2:3" is no address`, []string{"train", "--serve", "1:2:3"}},
		{"--iterations -1", []string{"train", "--iterations", "-1"}},
		{`unknown device "foo"`, []string{"train", "--device", "foo"}},
		{`unknown device "-1"`, []string{"train", "--device", "-1"}},
		{`unknown precision "x"`, []string{"train", "--precision", "x"}},
		{"--threads -1", []string{"train", "--threads", "-1"}},
		{`unknown dataset "cifar"`, []string{"train", "--dataset", "cifar"}},
		{`unknown dataset "cifar"`, []string{"data", "--dataset", "cifar"}},
		{`unknown device "foo"`, []string{"evaluate", "--device", "foo", "--model", "m"}},
		{`unknown device "foo"`, []string{"verify", "--device", "foo", "--reference", "r"}},
		{`unknown device "foo"`, []string{"selftest", "--device", "foo"}},
		{"--batch 0", []string{"summary", "--batch", "0"}},
		{"no run to draw", []string{"plot"}},
		{"no run to report", []string{"report"}},
		{"--out x.jpg: what is written is a PNG", []string{"generate", "--model", "m", "--out", "x.jpg"}},
		{"--grid x.webp: what is written is a PNG", []string{"data", "--grid", "x.webp"}},
		{"--nearest x.GIF: what is written is a PNG", []string{"evaluate", "--nearest", "x.GIF", "m"}},
		{"--out curves.gif: want a name that ends with .png or .svg", []string{"plot", "--out", "curves.gif", "runs/001"}},
		{"--out comes after a run", []string{"plot", "runs/001", "--out", "curves.svg"}},
		{"bash, zsh, fish", []string{"completion"}},
		{"bash, zsh, fish", []string{"completion", "tcsh"}},
		{"bash, zsh, fish", []string{"completion", "bash", "zsh"}},
	} {
		fail(t, exitUsage, c.want, c.args...)
	}
	t.Setenv("GANGPU_EPOCHS", "few")
	fail(t, exitUsage, "GANGPU_EPOCHS", "train")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("usage errors left %v (%v)", entries, err)
	}
}

func TestTrainRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o666); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(dir, "small")
	if err := writeImages(small, 1, 30); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut")
	if err := writeImages(cut, 1, imageSide); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(cut, "train-images-idx3-ubyte")
	if err := os.Truncate(images, 1000); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "run")
	fail(t, exitFailed, "is not a folder", trainArgs(file)...)
	fail(t, exitFailed, file, trainArgs(filepath.Join(file, "run"))...)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	fail(t, exitFailed, "--serve "+taken.Addr().String()+": ", trainArgs(out, "--serve", taken.Addr().String())...)
	fail(t, exitFailed, "nowhere", trainArgs(out, "--data", filepath.Join(dir, "nowhere"))...)
	fail(t, exitFailed, images, trainArgs(out, "--data", cut)...)
	fail(t, exitUsage, "30x30", trainArgs(out, "--data", small)...)
	fail(t, exitFailed, "tf32", trainArgs(out, "--precision", "tf32")...)
	fail(t, exitFailed, "a GPU is required", trainArgs(out, "--require-gpu")...)
	if string(readFile(t, file)) != "kept" {
		t.Error("a file was overwritten")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a run that failed to begin made its folder")
	}
}

func TestReadOnlyFolder(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		f.Close()
		t.Skip("this user may write to read-only folders")
	}
	fail(t, exitFailed, dir, trainArgs(filepath.Join(dir, "run"))...)
	fail(t, exitFailed, dir, "generate", "--device", "cpu", "--model", model, "--out", filepath.Join(dir, "grid.png"))
	fail(t, exitFailed, dir, "summary", "--dot", filepath.Join(dir, "model.dot"))
	fail(t, exitFailed, dir, "data", "--grid", filepath.Join(dir, "grid.png"))
}
