package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/bench"
)

func TestRoofline(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes some seconds for both steps")
	}
	file := filepath.Join(t.TempDir(), "roofline.json")
	var out, errs bytes.Buffer
	args := []string{"gangpu", "bench", "--roofline", "--device", "emulated", "--batch", "2", "--card", "a100", "--json", file}
	if code := execute(context.Background(), args, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	for _, want := range []string{"tutorial, preset tutorial, images of 28 x 28 pixels of 1 channel, batch 2, tf32", "predicted for a100", "generator/conv2d/filter_grad", "moves", "iteration, 0.5 phase d + 1 phase g"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	r, err := bench.ReadRoofline(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.Batch != 2 || r.Card.Name != "a100" || r.Versions["gangpu"] == "" {
		t.Errorf("the result is of batch %d on %s, versions %v", r.Batch, r.Card.Name, r.Versions)
	}
	stdout := succeed(t, "bench", "--roofline", "--game", "acgan", "--size", "16", "--batch", "2")
	if !strings.Contains(stdout, "acgan, preset auxiliary") || !strings.Contains(stdout, "discriminator/conv2d_1/moments") {
		t.Errorf("it says\n%s", stdout)
	}
}

func TestRooflineUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--card h200", exitUsage, "--card is of use with --roofline only"},
		{"--roofline --card gtx", exitUsage, `unknown card "gtx"`},
		{"--roofline --device cpu", exitUsage, "--device emulated"},
		{"--roofline --device 0,1", exitUsage, "of one GPU"},
		{"--roofline --layers", exitUsage, "--layers has no meaning"},
		{"--roofline --batch 3", exitUsage, "cuts a batch of 3 into 2 parts"},
		{"--roofline --card v100 --precision tf32", exitFailed, "v100 has no tf32"},
	} {
		var out, errs bytes.Buffer
		code := execute(context.Background(), append([]string{"gangpu", "bench"}, strings.Fields(c.args)...), &out, &errs)
		if code != c.code || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("bench %s: exit code %d, want %d, and %q, want one line with %q", c.args, code, c.code, &errs, c.want)
		}
	}
}
