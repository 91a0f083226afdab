package tfevents

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The bytes that TensorBoard 2.21's own RecordWriter and messages make of the same events.
const golden = "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9" +
	"0f000000000000006d532b090900001040fc54d94110053a0208014aa1e10c" +
	"2b00000000000000861bc34b0900001040fc54d94110052a1e0a0d0a066c6f73732f64150000303f0a0d0a066c6f73732f6715000000c0db193ac6" +
	"2c00000000000000f4aecc450900001040fc54d94110ac022a1e0a1c0a0773616d706c6573221108021003180122096e6f74206120504e47d67be2c7"

func TestEventFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run", "tensorboard")
	w, err := create(folder, 5, func() time.Time { return time.Unix(1700000000, 250_000_000) })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Scalars(5, Scalar{"loss/d", 0.6875}, Scalar{"loss/g", -2}); err != nil {
		t.Fatal(err)
	}
	if err := w.Image(300, Image{Tag: "samples", Width: 3, Height: 2, PNG: []byte("not a PNG")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*tfevents*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q (%v)", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(data); got != golden {
		t.Errorf("got  %s\nwant %s", got, golden)
	}
}

func TestSessionsHaveFilesOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	for range 2 {
		w, err := Create(folder, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 2 {
		t.Errorf("%d files (%v)", len(files), err)
	}
}

func TestScalarsAllocateNothing(t *testing.T) {
	w, err := Create(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	step := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		step++
		if err := w.Scalars(step, Scalar{"loss/d", 1}, Scalar{"loss/g", 2}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func TestCreateFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file, 1); err == nil {
		t.Error("made an event file in a file")
	}
}
