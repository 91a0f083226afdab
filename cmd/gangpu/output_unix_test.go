//go:build linux || darwin

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gangpu/internal/runfolder"
)

// keras exports a run's model for Keras.
func keras(t *testing.T, run string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gan.h5")
	succeed(t, "export", "--model", filepath.Join(run, "model.safetensors"), "--out", file)
	return file
}

// symlink makes a link in a folder of its own, and returns it.
func symlink(t *testing.T, to, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func hardLink(t *testing.T, to, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Link(to, path); err != nil {
		t.Skipf("no hard link can be made here: %v", err)
	}
	return path
}

// writers are command lines without their last word, the file to write, with an ending that fits.
func writers(t *testing.T, run string) map[string][]string {
	t.Helper()
	model := filepath.Join(run, "model.safetensors")
	return map[string][]string{
		"a.png":         {"generate", "--device", "cpu", "--model", model, "-n", "2", "--out"},
		"b.npy":         {"generate", "--device", "cpu", "--model", model, "-n", "2", "--npy"},
		"c.gif":         {"generate", "--device", "cpu", "--model", model, "-n", "2", "--gif"},
		"d.png":         {"evaluate", "--device", "cpu", "--model", filepath.Join(trained(t), "model.safetensors"), "--nearest"},
		"e.h5":          {"export", "--model", model, "--out"},
		"f.onnx":        {"export", "--model", model, "--out"},
		"g.safetensors": {"export", "--model", model, "--out"},
		"h.safetensors": {"import", "--keras", keras(t, run), "--out"},
		"i.svg":         {"plot", "--out"},
		"j.dot":         {"summary", "--dot"},
		"k.png":         {"data", "--grid"},
	}
}

// withOut is a command line that writes to file.
func withOut(args []string, run, file string) []string {
	args = append(append([]string{}, args...), file)
	if args[0] == "plot" {
		args = append(args, run)
	}
	return args
}

// A link stays one, and the file that it leads to is written. A named pipe gets what a file would.
func TestOutputThroughLinkAndPipe(t *testing.T) {
	run := trained(t)
	for name, args := range writers(t, run) {
		dir := t.TempDir()
		file := filepath.Join(dir, name)
		link := symlink(t, file, name)
		for range 2 { // the file is not there before, then it is
			succeed(t, withOut(args, run, link)...)
			if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Fatalf("%q replaced the link (%v)", args, err)
			}
		}
		want := readFile(t, file)
		pipe := filepath.Join(dir, "pipe-"+name)
		if err := syscall.Mkfifo(pipe, 0o666); err != nil {
			t.Skipf("cannot make a pipe: %v", err)
		}
		got := make(chan []byte)
		go func() {
			b, _ := os.ReadFile(pipe)
			got <- b
		}()
		succeed(t, withOut(args, run, pipe)...)
		if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			t.Fatalf("%q replaced the pipe (%v)", args, err)
		}
		if b := <-got; !bytes.Equal(b, want) {
			t.Errorf("%q wrote %d bytes into a pipe, other than the %d of a file", args, len(b), len(want))
		}
	}
}

// What is written to stdout as a file comes after what is there, and nothing else comes there. It is named by
// its descriptor: a command that failed the test on /dev/stdout would break the machine if root ran it.
func TestOutputToStdout(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd/1"); err != nil {
		t.Skipf("there is no /proc here, to name stdout as a file: %v", err)
	}
	run := trained(t)
	for name, args := range writers(t, run) {
		if args[0] == "plot" || args[0] == "export" {
			continue // the path's ending is to tell the format
		}
		file := filepath.Join(t.TempDir(), name)
		succeed(t, withOut(args, run, file)...)
		stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := command(t, withOut(args, run, "/proc/self/fd/1")...)
		cmd.Stdout, cmd.Stderr = stdout, &stderr
		if _, err := stdout.WriteString("before\n"); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Run(); err != nil {
			t.Errorf("%q: %v: %s", args, err, stderr.String())
		}
		stdout.Close()
		if got, want := readFile(t, stdout.Name()), append([]byte("before\n"), readFile(t, file)...); !bytes.Equal(got, want) {
			t.Errorf("%q wrote %d bytes to stdout, want %d", args, len(got), len(want))
		}
		if !strings.Contains(stderr.String(), "/proc/self/fd/1") {
			t.Errorf("%q said on stderr %q", args, stderr.String())
		}
	}
}

// A run whose newest state was moved to another disk and linked back is saved there.
func TestLinkedModel(t *testing.T) {
	run := trained(t)
	model := filepath.Join(run, "model.safetensors")
	moved := filepath.Join(t.TempDir(), "moved.safetensors")
	if err := os.Rename(model, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(moved, model); err != nil {
		t.Fatal(err)
	}
	resume := func(iterations string) {
		t.Helper()
		succeed(t, "train", "--device", "cpu", "--resume", run, "--iterations", iterations)
	}
	resume("4")
	if info, err := os.Lstat(model); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced (%v)", err)
	}
	if m := readModel(t, moved); m.Iterations != 4 {
		t.Errorf("the linked state is of %d iterations, want 4", m.Iterations)
	}

	// A link to a checkpoint is no other place for the newest state: the checkpoint keeps its own.
	checkpoint := runfolder.Folder(run).Checkpoint(4)
	if err := os.Remove(model); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("checkpoints", filepath.Base(checkpoint)), model); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, checkpoint)
	resume("6")
	if !bytes.Equal(before, readFile(t, checkpoint)) {
		t.Error("a later state was written over a checkpoint")
	}
	if m := readModel(t, model); m.Iterations != 6 {
		t.Errorf("the newest state is of %d iterations, want 6", m.Iterations)
	}

	// One whose place is gone is refused before anything is trained.
	if err := os.Remove(model); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "gone", "model.safetensors")
	if err := os.Symlink(gone, model); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, gone, "train", "--device", "cpu", "--resume", run, "--iterations", "8")
	fail(t, exitFailed, gone, "train", "--device", "cpu", "--resume", checkpoint, "--iterations", "8")
	if rows := metricsRows(t, run); len(rows) != 6 {
		t.Errorf("the refused run has metrics of %d iterations, want 6", len(rows))
	}
}

// No command replaces a file that it reads, by whatever name.
func TestOutputOverInput(t *testing.T) {
	run := trained(t, "--iterations", "10")
	r := runfolder.Folder(run)
	model, h5 := r.Model(), keras(t, run)
	data := filepath.Join(t.TempDir(), "data")
	if err := writeImages(data, 1, imageSide); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(data, "train-images-idx3-ubyte")
	classifier, judged := classifier(t), filepath.Join(trained(t), "model.safetensors")
	earlier := filepath.Join(t.TempDir(), "bench.json")
	succeed(t, "bench", "--device", "cpu", "--batch", "4", "--steps", "1", "--warmup", "1", "--json", earlier)

	pictures, pages, onnx := t.TempDir(), t.TempDir(), t.TempDir()
	for path, to := range map[string]string{
		filepath.Join(pictures, "00007.png"): model, filepath.Join(pages, "index.html"): model, filepath.Join(onnx, "generator.onnx"): model,
	} {
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	generate := []string{"generate", "--device", "cpu", "--model", model, "-n", "2"}
	evaluate := []string{"evaluate", "--device", "cpu", "--model", judged, "--classifier", classifier, "--data", data}
	export := []string{"export", "--model", model}
	for _, c := range []struct {
		input string
		args  []string
	}{
		{h5, []string{"import", "--keras", h5, "--out", h5}},
		{h5, []string{"import", "--keras", h5, "--out", symlink(t, h5, "x.safetensors")}},
		{h5, []string{"import", "--keras", hardLink(t, h5, "x.h5"), "--out", h5}},
		{model, append(generate, "--npy", model)},
		{model, append(generate, "--out", symlink(t, model, "x.png"))},
		{model, append(generate, "--gif", hardLink(t, model, "x.gif"))},
		{model, append(generate, "--images", pictures)},
		{r.Sample(1), []string{"generate", "--run", run, "--gif", r.Sample(1)}},
		{model, []string{"generate", "--run", run, "--gif", model}},
		{judged, append(evaluate, "--nearest", judged)},
		{classifier, append(evaluate, "--nearest", symlink(t, classifier, "x.png"))},
		{images, append(evaluate, "--nearest", images)},
		{model, append(export, "--out", symlink(t, model, "x.h5"))},
		{model, append(export, "--out", symlink(t, model, "x.onnx"))},
		{model, append(export, "--out", model)},
		{model, append(export, "--out", pages, "--format", "web")},
		{model, append(export, "--out", onnx, "--format", "onnx")},
		{r.Metrics(), []string{"plot", "--out", symlink(t, r.Metrics(), "x.png"), run}},
		{r.Sample(1), []string{"plot", "--out", r.Sample(1), run}},
		{images, []string{"data", "--data", data, "--grid", symlink(t, images, "x.png")}},
		{earlier, []string{"bench", "--device", "cpu", "--batch", "4", "--steps", "1", "--warmup", "1", "--compare", earlier, "--json", earlier}},
	} {
		before := readFile(t, c.input)
		fail(t, exitFailed, "it would replace ", c.args...)
		if !bytes.Equal(before, readFile(t, c.input)) {
			t.Errorf("%q changed %s", c.args, c.input)
		}
	}
	if err := os.Remove(r.Report()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(r.Metrics(), r.Report()); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, "is the same file as", "report", run)
	metricsRows(t, run)

	file := filepath.Join(t.TempDir(), "x")
	fail(t, exitUsage, "it is what --out writes, too", append(generate, "--out", file, "--npy", symlink(t, file, "y"))...)
}

// An output that cannot be made is refused before anything else is looked at, here inputs that are not there.
func TestOutputsFirst(t *testing.T) {
	dir := t.TempDir()
	none, file := filepath.Join(dir, "none"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	nowhere := symlink(t, filepath.Join(none, "x.png"), "link.png")
	in, model := filepath.Join(none, "x.safetensors"), filepath.Join(dir, "no-model")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"no folder " + none, []string{"generate", "--model", model, "--out", in}},
		{"no folder " + none, []string{"generate", "--model", model, "--out", nowhere}},
		{"it is a folder", []string{"generate", "--model", model, "--gif", dir}},
		{"no folder " + none, []string{"generate", "--model", model, "--npy", in}},
		{"not a folder", []string{"generate", "--model", model, "--images", file}},
		{"not a directory", []string{"generate", "--model", model, "--images", filepath.Join(file, "x")}},
		{"no folder " + none, []string{"generate", "--run", model, "--gif", in}},
		{"no folder " + none, []string{"evaluate", "--model", model, "--nearest", in}},
		{"no folder " + none, []string{"export", "--model", model, "--out", in}},
		{"not a folder", []string{"export", "--model", model, "--format", "web", "--out", file}},
		{"not a folder", []string{"export", "--model", model, "--format", "onnx", "--out", file}},
		{"no folder " + none, []string{"import", "--keras", model, "--out", in}},
		{"no folder " + none, []string{"plot", "--out", nowhere, model}},
		{"no folder " + none, []string{"data", "--data", in, "--grid", nowhere}},
		{"no folder " + none, []string{"bench", "--json", in}},
		{"no folder " + none, []string{"summary", "--dot", in}},
		{"not a folder", []string{"train", "--data", in, "--out", file}},
		{"not a directory", []string{"train", "--data", in, "--out", filepath.Join(file, "x")}},
	} {
		fail(t, exitFailed, c.want, c.args...)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a folder was made")
	}
	// Folders are made.
	model = filepath.Join(trained(t), "model.safetensors")
	succeed(t, "generate", "--device", "cpu", "--model", model, "-n", "1", "--images", filepath.Join(none, "deep"))
	succeed(t, "export", "--model", model, "--format", "onnx", "--out", filepath.Join(none, "onnx"))
}
