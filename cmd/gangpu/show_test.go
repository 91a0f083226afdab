package main

import (
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

// Tests of the commands that show something.

// writeForeign makes a sound safetensors file that is nothing of ours.
func writeForeign(t *testing.T) string {
	t.Helper()
	x, err := safetensors.New("weight", []int{2}, []float32{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "foreign.safetensors")
	if err := safetensors.Write(path, &safetensors.File{Tensors: []safetensors.Tensor{x}}); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestData(t *testing.T) {
	grid := filepath.Join(t.TempDir(), "grid.png")
	stdout := succeed(t, "data", "--grid", grid)
	for _, line := range []string{
		`(?m)^digits in .*digits$`,
		`(?m)^train-images-idx3-ubyte +[0-9a-f]{64} +no$`,
		`(?m)^t10k-labels-idx1-ubyte +[0-9a-f]{64} +no$`,
		`(?m)^training +40 +28x28 +\[4 4 4 4 4 4 4 4 4 4\]$`,
		`(?m)^test +12 +28x28 +\[2 2 1 1 1 1 1 1 1 1\]$`,
		`(?m)^25 images in .*grid.png$`,
	} {
		if !regexp.MustCompile(line).MatchString(stdout) {
			t.Errorf("no line %s in\n%s", line, stdout)
		}
	}
	checkPNG(t, gridSide(5), gridSide(5), grid)
	fail(t, exitFailed, "train-images", "data", "--data", t.TempDir())
}

func TestSummary(t *testing.T) {
	dot := filepath.Join(t.TempDir(), "model.dot")
	stdout := succeed(t, "summary", "--dot", dot)
	for _, want := range []string{"Total params: 397,217\n", "Total params: 21,953\n", "Total params: 419,170\n", "(None, 28, 28, 1)", dot} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	graph := string(readFile(t, dot))
	if !strings.HasPrefix(graph, "digraph gan {") || !strings.HasSuffix(graph, "}\n") || !strings.Contains(graph, "conv2d_transpose_1: Conv2DTranspose") {
		t.Errorf("the graph is\n%s", graph)
	}
	if small := succeed(t, "summary", "--latent", "10"); !strings.Contains(small, "Total params: 114,977\n") {
		t.Errorf("a latent size of 10 gives\n%s", small)
	}
}

func TestVersion(t *testing.T) {
	version := succeed(t, "version")
	if !strings.HasPrefix(version, "gangpu ") || !strings.Contains(version, runtime.Version()) || strings.Count(version, "\n") != 1 {
		t.Errorf("version %q", version)
	}
	if flag := succeed(t, "--version"); flag != version {
		t.Errorf("--version says %q, version %q", flag, version)
	}
}

func TestDevices(t *testing.T) {
	if stdout := succeed(t, "devices"); !regexp.MustCompile(`(?m)^cpu +\S.*\d threads?\b`).MatchString(stdout) {
		t.Errorf("got\n%s", stdout)
	}
}

func TestHelp(t *testing.T) {
	all := succeed(t, "help")
	for _, args := range [][]string{{}, {"--help"}, {"-h"}, {"h"}} {
		if got := succeed(t, args...); got != all {
			t.Errorf("gangpu %s says\n%s", strings.Join(args, " "), got)
		}
	}
	for _, c := range newApp(nil, nil).Commands {
		if !regexp.MustCompile(`(?m)^   ` + c.Name + `\b.* ` + regexp.QuoteMeta(c.Usage) + `$`).MatchString(all) {
			t.Errorf("help does not list %s", c.Name)
		}
		help := succeed(t, "help", c.Name)
		if flag := succeed(t, c.Name, "--help"); (flag != help && c.Name != "help") || !strings.Contains(help, c.Usage) {
			t.Errorf("help of %s is\n%s, its --help\n%s", c.Name, help, flag)
		}
		for _, f := range c.Flags {
			if name := f.Names()[0]; !strings.Contains(help, "-"+name+" ") {
				t.Errorf("help of %s lacks %s", c.Name, name)
			}
		}
	}
	fail(t, exitUsage, `unknown command "nonsense"`, "help", "nonsense")
}
