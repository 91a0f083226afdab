package srgan_test

import (
	"math"
	"strings"
	"testing"

	"gangpu/gan/fidelity"
	"gangpu/gan/games/srgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// A run shows the bicubic enlargement, what the network makes and the image, and is judged by luma first, without a border.
// A network that begins as the bicubic enlargement has its measures, and is told not to be better.
func TestShowsAndJudges(t *testing.T) {
	s := toy(t, "small")
	s.Average = 0
	in := toyInput
	in.Height, in.Width = 32, 32
	g, err := srgan.New(s, in)
	if err != nil {
		t.Fatal(err)
	}
	d := traintest.Images(6, 32, 32, 3, 0)
	tr := traintest.New(t, g, d)
	tr.HeldOut = d
	r, err := tr.Runner(train.ShowUse, fidelity.Batch)
	if err != nil {
		t.Fatal(err)
	}
	j, err := fidelity.NewJudge(fidelity.Subject{Showing: tr.Showing(), Runner: r, HeldOut: d, Training: d, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if !strings.Contains(j.Baselines, "bicubic as image has L1") || !strings.Contains(j.Baselines, "of luma PSNR") || strings.Contains(j.Baselines, "the mean") {
		t.Errorf("baselines %q", j.Baselines)
	}
	judging := j.Judging(1)
	scores, err := judging.Score()
	if err != nil || len(scores) != 5 || len(judging.Measures) != 5 || judging.Measures[0].Name != "psnr_luma" || !judging.Measures[0].Higher {
		t.Fatalf("%v by %v: %v", scores, judging.Measures, err)
	}
	if line := judging.Line(scores); !strings.Contains(line, "NOT nearer to image than bicubic") {
		t.Errorf("a run is told %q", line)
	}
	if short := judging.Shortfall(); !strings.Contains(short, "NOT nearer to image than bicubic (PSNR of luma ") {
		t.Errorf("a run ends short of %q", short)
	}
	// By hand: the bicubic enlargement of each row, cut by four pixels.
	p, columns, err := tr.ShowHeldOut(18)
	if err != nil || columns != 3 || p.Count != 18 {
		t.Fatalf("%d pictures in %d columns: %v", p.Count, columns, err)
	}
	want := 0.0
	const size = 32 * 32 * 3
	at := func(i int) []float32 {
		all := make([]float32, size)
		for k, v := range p.Values[i*size : (i+1)*size] {
			all[k] = float32(v) / 255
		}
		return fidelity.Luma(fidelity.Cut(all, 32, 32, 3, 4))
	}
	for row := range 6 {
		want += fidelity.PSNR(at(3*row), at(3*row+2)) / 6
	}
	if math.Abs(scores[0]-want) > 0.02 {
		t.Errorf("PSNR of luma %v, want %v", scores[0], want)
	}
}
