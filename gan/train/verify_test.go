package train_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// A reference that has nothing to compare with is refused, and one of several shards. What a reference says of real games
// is tested in package games.
func TestVerifyNothing(t *testing.T) {
	g := game()
	file := reference(t, g)
	step, err := train.ReadStep(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := step.Verify(cpu(t), g); err == nil || !strings.Contains(err.Error(), "no results") {
		t.Errorf("error is %v", err)
	}
	file.Metadata["train"] = `{"batch": 8, "shards": 2, "seed": 5}`
	if _, err := train.ReadStep(file); err == nil || !strings.Contains(err.Error(), "2 shards") {
		t.Errorf("error is %v", err)
	}
}

func reference(t *testing.T, g train.Game) *safetensors.File {
	t.Helper()
	tr := newTrainer(t, cpu(t), g, train.Settings{Batch: 8, Shards: 1, Seed: 5})
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	file := &safetensors.File{Metadata: map[string]string{"format": train.StepFormat, "system": "small", "settings": "{}",
		"train": text(tr.Settings()), "input": text(train.Input{Height: 8, Width: 8, Channels: 3, Classes: 3}), "phases": "[]"}}
	for _, a := range m.Arrays {
		if strings.HasPrefix(a.Name, "average/") {
			continue
		}
		tensor, err := safetensors.New("before/"+a.Name, a.Shape, a.Values)
		if err != nil {
			t.Fatal(err)
		}
		file.Tensors = append(file.Tensors, tensor)
	}
	return file
}
