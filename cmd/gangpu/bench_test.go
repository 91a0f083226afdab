package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/bench"
)

func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures the machine's rates, which takes the race detector long")
	}
	file := filepath.Join(t.TempDir(), "result.json")
	var out, errs bytes.Buffer
	args := []string{"gangpu", "bench", "--batch", "2", "--steps", "1", "--warmup", "0", "--device", "cpu", "--threads", "1", "--layers", "--json", file}
	if code := execute(context.Background(), args, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	for _, want := range []string{"tutorial, preset tutorial, images of 28 x 28 pixels of 1 channel", "iteration median", "phase g median", "images/s", "generator/conv2d_transpose_1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	r, err := bench.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.Batch != 2 || r.Threads != 1 || len(r.Devices) != 1 || r.Devices[0].Name != "cpu" || r.Versions["gangpu"] == "" {
		t.Errorf("the result is %+v", r)
	}

	out.Reset()
	args = []string{"gangpu", "bench", "--batch", "2", "--steps", "1", "--warmup", "0", "--device", "cpu", "--compare", file}
	if code := execute(context.Background(), args, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	if !strings.Contains(out.String(), "ratio") {
		t.Errorf("no ratio in\n%s", &out)
	}
	out.Reset()
	args = append(args, "--game", "wgan", "--size", "16", "--shards", "2", "--layers")
	if code := execute(context.Background(), args, &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "game wgan") {
		t.Errorf("exit code %d comparing two games: %s", code, &errs)
	}
	for _, want := range []string{"wgan, preset penalty, images of 16 x 16 pixels of 3 channels, batch 2 in 2 shards", "phase critic median", "critic/conv2d_1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

func TestBenchCompile(t *testing.T) {
	var out, errs bytes.Buffer
	if code := execute(context.Background(), []string{"gangpu", "bench", "--compile"}, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	if !strings.Contains(out.String(), "ms to build") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("it says %q", &out)
	}
}

func TestBenchUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--game chess", exitUsage, `unknown game "chess"`},
		{"--game dcgan --preset best", exitUsage, `no preset "best"`},
		{"--game dcgan --set filters", exitUsage, `"" is no int`},
		{"--game dcgan --set colour=1", exitUsage, `no setting "colour"`},
		{"--game dcgan --phase critic", exitUsage, `no phase "critic"`},
		{"--size 30", exitUsage, "divide by 4"},
		{"--game dcgan --size 30", exitUsage, "cannot be halved"},
		{"--size 4000", exitUsage, "--size 4000"},
		{"--shards 3", exitUsage, "power of two"},
		{"--batch 3", exitUsage, "cuts a batch of 3 into 2 parts"},
		{"--batch 1000000", exitUsage, "--batch 1000000"},
		{"--conv --batch 0", exitUsage, "--batch 0"},
		{"--conv --threads 9999", exitUsage, "--threads 9999"},
		{"--conv --batch 1 --shapes 9x9", exitFailed, `no shape of the grid has "9x9" in its name`},
		{"--conv --batch 1 --pytorch missing-python", exitFailed, "missing-python"},
		{"--steps 0", exitUsage, "0 measurements"},
		{"--warmup -1", exitUsage, "-1 iterations of warm-up"},
		{"--device tpu", exitUsage, `unknown device "tpu"`},
		{"--device cpu,emulated", exitUsage, "--roofline counts"},
		{"--device cpu,cpu", exitUsage, "device cpu is given twice"},
		{"--device 0 --device cuda:0", exitUsage, "device cuda:0 is given twice"},
		{"--precision fp8", exitUsage, `unknown precision "fp8"`},
		{"--threads 9999", exitUsage, "--threads 9999"},
		{"--device cpu --precision tf32", exitFailed, "fp32, not in tf32"},
		{"--compare missing.json", exitFailed, "missing.json"},
		{"more", exitUsage, `no argument "more"`},
	} {
		var out, errs bytes.Buffer
		code := execute(context.Background(), append([]string{"gangpu", "bench"}, strings.Fields(c.args)...), &out, &errs)
		if code != c.code || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("bench %s: exit code %d, want %d, and %q, want one line with %q", c.args, code, c.code, &errs, c.want)
		}
	}
}
