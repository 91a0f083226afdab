package judge

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

// earlierVariable names the file of MNIST's classifier in its earlier form, of which TestWriteMNISTClassifier makes the one
// that is part of the package: mnist-classifier.md.
const earlierVariable = "GANGPU_EARLIER_CLASSIFIER"

func TestWriteMNISTClassifier(t *testing.T) {
	path := os.Getenv(earlierVariable)
	if path == "" {
		t.Skipf("%s names no file", earlierVariable)
	}
	earlier, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	preset, err := classifier.System.Preset("")
	if err != nil {
		t.Fatal(err)
	}
	const images, batch, epochs = 60_000, 100, 12
	g, err := classifier.System.New(preset.Settings, train.Input{Height: 28, Width: 28, Channels: 1, Classes: 10, Iterations: epochs * images / batch})
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := traintest.New(t, g, traintest.Images(10, 28, 28, 1, 10).In(0, 1)).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	m := drawn.UsedAlone()
	if len(m.Arrays) != len(earlier.Tensors) {
		t.Fatalf("%d arrays, of a file with %d", len(m.Arrays), len(earlier.Tensors))
	}
	for i := range earlier.Tensors {
		values, err := safetensors.Values[float32](&earlier.Tensors[i])
		if err != nil {
			t.Fatal(err)
		}
		a, ok := m.Array(earlier.Tensors[i].Name)
		if !ok || fmt.Sprint(a.Shape) != fmt.Sprint(earlier.Tensors[i].Shape) {
			t.Fatalf("the game has no array %s of %v", earlier.Tensors[i].Name, earlier.Tensors[i].Shape)
		}
		copy(a.Values, values)
	}
	m.Settings = train.Settings{Batch: batch, Shards: 1, Seed: 1, Iterations: epochs * images / batch}
	m.Iterations, m.Rows, m.Device, m.Counters = m.Settings.Iterations, images, "cpu", nil
	m.Data = train.Description{Name: "mnist", Classes: strings.Split("0123456789", "")}
	m.Notes = map[string]string{}
	for k, v := range earlier.Metadata {
		if name, ok := strings.CutPrefix(k, "note/"); ok {
			m.Notes[name] = v
		}
	}
	const file = "mnist-classifier"
	if err := m.Save(file + ".safetensors"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x  %s.safetensors\n", sha256.Sum256(content), file)
	if err := os.WriteFile(file+".sha256", []byte(sum), 0o666); err != nil {
		t.Fatal(err)
	}
}
