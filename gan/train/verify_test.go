package train_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// A reference whose results are made of a trainer's own agrees with it, and a wrong one is named.
func TestVerify(t *testing.T) {
	g := game()
	file := reference(t, g)
	step, err := train.ReadStep(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := step.Verify(cpu(t), g)
	if err == nil {
		t.Fatalf("%d results of a reference without any", len(all))
	}
	if !strings.Contains(err.Error(), "late/input/") && !strings.Contains(err.Error(), "no results") {
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
