package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/engine/collective/mpi/mpitest"
	"gangpu/gan/run"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// Of the images that all tests use unless they say otherwise: 10 iterations an epoch at batch 4.
const (
	trainImages = 40
	testImages  = 12
	imageSide   = 28
)

// asCommand in the environment makes the test binary the command itself, for tests of what only
// a process shows.
const asCommand = "GANGPU_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(testMain(m))
}

// testMain runs the tests where nothing of the user's is seen or changed, and nothing is fetched.
func testMain(m *testing.M) int {
	home, err := os.MkdirTemp("", "gangpu-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(home)
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "GANGPU_") && name != referenceVariable && !strings.HasPrefix(name, mpitest.Variable) {
			os.Unsetenv(name)
		}
	}
	data := filepath.Join(home, "digits")
	for name, value := range map[string]string{"HOME": home, "XDG_CACHE_HOME": home, "LocalAppData": home, "GOPROXY": "off", "GANGPU_DATA": data} {
		os.Setenv(name, value)
	}
	if err := writeImages(data, 1, imageSide); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// writeImages makes a folder of the four IDX files, of random squares.
func writeImages(dir string, seed uint64, side int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for split, n := range map[string]int{"train": trainImages, "t10k": testImages} {
		pixels := make([]byte, n*side*side)
		labels := make([]byte, n)
		for i := range n {
			labels[i] = byte(i % 10)
			y, x := r.IntN(side-8), r.IntN(side-8)
			for j := range 64 {
				pixels[(i*side+y+j/8)*side+x+j%8] = byte(128 + r.IntN(128))
			}
		}
		for name, content := range map[string][]byte{
			split + "-images-idx3-ubyte": append(idxHeader(0x803, n, side, side), pixels...),
			split + "-labels-idx1-ubyte": append(idxHeader(0x801, n), labels...),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

func idxHeader(words ...int) []byte {
	var b []byte
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, uint32(w))
	}
	return b
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func gangpu(args ...string) result { return gangpuContext(context.Background(), args...) }

func gangpuContext(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := execute(ctx, append([]string{"gangpu"}, args...), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// succeed runs a command that must say nothing on stderr, and returns its stdout.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := gangpu(args...)
	if r.code != exitOK || r.stderr != "" {
		t.Fatalf("gangpu %s: code %d, stderr %q", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// fail runs a command that must end with that code and one line on stderr that contains want.
func fail(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	checkFailure(t, gangpu(args...), code, want, args)
}

func checkFailure(t *testing.T, r result, code int, want string, args []string) {
	t.Helper()
	if r.code != code {
		t.Errorf("gangpu %s: code %d, want %d", strings.Join(args, " "), r.code, code)
	}
	if !strings.HasPrefix(r.stderr, "gangpu: ") || strings.Count(r.stderr, "\n") != 1 || !strings.HasSuffix(r.stderr, "\n") {
		t.Errorf("gangpu %s: want one line, got stderr\n%s", strings.Join(args, " "), r.stderr)
	}
	if !strings.Contains(r.stderr, want) {
		t.Errorf("gangpu %s: want %q, got stderr\n%s", strings.Join(args, " "), want, r.stderr)
	}
}

// trainArgs are those of a run that takes a moment.
func trainArgs(out string, more ...string) []string {
	return append([]string{"train", "--device", "cpu", "--batch", "4", "--out", out}, more...)
}

// trained makes a short run and returns its folder.
func trained(t *testing.T, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	succeed(t, trainArgs(out, append([]string{"--iterations", "2"}, more...)...)...)
	return out
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readTensors(t *testing.T, path ...string) *safetensors.File {
	t.Helper()
	f, err := safetensors.Read(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readModel(t *testing.T, path ...string) *train.Model {
	t.Helper()
	m, err := train.Load(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sameTensors reports whether both files hold the same bits.
func sameTensors(a, b *safetensors.File) bool {
	return slices.EqualFunc(a.Tensors, b.Tensors, func(x, y safetensors.Tensor) bool {
		return x.Name == y.Name && bytes.Equal(x.Data, y.Data)
	})
}

// metricsRows are the lines of a run's metrics.csv after the header, without the seconds.
func metricsRows(t *testing.T, run string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(readFile(t, run, "metrics.csv")), "\n"), "\n")
	if lines[0] != "epoch,iteration,d_loss,accuracy_real,accuracy_fake,g_loss,seconds" {
		t.Fatalf("metrics.csv begins with %q", lines[0])
	}
	rows := lines[1:]
	for i, l := range rows {
		rows[i] = l[:strings.LastIndexByte(l, ',')]
	}
	return rows
}

// checkPNG decodes a picture, which must be of that size and not of one colour.
func checkPNG(t *testing.T, width, height int, path ...string) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(readFile(t, path...)))
	if err != nil {
		t.Fatalf("%v: %v", path, err)
	}
	if got := picture.Bounds().Size(); got != image.Pt(width, height) {
		t.Errorf("%v is of %v, want %dx%d", path, got, width, height)
	}
	gray, ok := picture.(*image.Gray)
	if !ok || slices.Min(gray.Pix) == slices.Max(gray.Pix) {
		t.Errorf("%v is empty, or not grey", path)
	}
}

// gridSide is the width of a picture of so many samples in a row.
func gridSide(samples int) int {
	return samples*(imageSide*run.SampleGrid.Scale+run.SampleGrid.Gap) + run.SampleGrid.Gap
}

// folder is all that is in one: contents by path.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path[len(dir)+1:]] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
