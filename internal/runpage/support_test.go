package runpage

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"gangpu/gan"
	"gangpu/gan/picture"
	"gangpu/internal/runfolder"
)

// Of the runs of these tests.
const (
	perEpoch = 20
	epochs   = 4
)

// newRun is a recorder of a run that begins in a new folder.
func newRun(t *testing.T) *Recorder {
	t.Helper()
	folder, lock, err := runfolder.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	settings := gan.DefaultSettings()
	settings.Epochs = epochs
	info := &runfolder.Info{
		State: runfolder.Running, Architecture: "tutorial", Settings: settings, Dataset: runfolder.Dataset{Name: "digits <&>", Images: 60000},
		IterationsAsked: epochs * perEpoch, IterationsPerEpoch: perEpoch,
		Sessions: []runfolder.Session{{Begun: time.Now(), Command: []string{"gangpu", "train"}, Version: "gangpu 1", Device: "cpu", Precision: "fp32"}},
	}
	if err := folder.WriteInfo(info); err != nil {
		t.Fatal(err)
	}
	return New(folder, info)
}

// metrics are those of an iteration that went as they do.
func metrics(iteration int) gan.Metrics {
	wave := float32(math.Sin(float64(iteration)))
	return gan.Metrics{Epoch: iteration / perEpoch, Iteration: iteration % perEpoch,
		DLoss: 0.69 + 0.1*wave, GLoss: 0.7 - 0.1*wave, AccuracyReal: 0.5 + wave/3, AccuracyFake: 0.5 - wave/3}
}

// train makes iterations up to the given number, and the grids of the epochs that end.
func train(t *testing.T, r *Recorder, iterations int) {
	t.Helper()
	for r.now.iterations < iterations {
		i := r.now.iterations
		r.Iteration(metrics(i), 50*time.Millisecond)
		if (i+1)%perEpoch == 0 {
			s := gan.Samples{Count: 25, Height: 28, Width: 28, Pixels: make([]float32, 25*28*28)}
			for p := range s.Pixels {
				s.Pixels[p] = float32(i/perEpoch+1) / 5
			}
			if err := s.SavePNG(r.folder.Sample((i+1)/perEpoch), picture.Grid{Gap: 4, Scale: 3}); err != nil {
				t.Fatal(err)
			}
			r.Epoch()
		}
	}
}

// told is the next message to a page that had this, as it reads it.
func told(t *testing.T, r *Recorder, h *had) map[string]any {
	t.Helper()
	text, err := json.Marshal(r.message(h))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.NewDecoder(strings.NewReader(string(text))).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}
