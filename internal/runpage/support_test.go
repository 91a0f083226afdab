package runpage

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"gangpu/gan/picture"
	"gangpu/internal/runfolder"
)

// Of the runs of these tests.
const (
	perEpoch = 20
	epochs   = 4
)

// Their columns.
const (
	dLoss = iota
	gLoss
	accuracyReal
	accuracyFake
	series
)

var columns = []runfolder.Column{{Name: "d_loss"}, {Name: "g_loss"},
	{Name: "accuracy_real", Axis: "accuracy", Share: true}, {Name: "accuracy_fake", Axis: "accuracy", Share: true}}

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
	info := &runfolder.Info{
		State: runfolder.Running, Architecture: "tutorial", Settings: json.RawMessage(`{"learning_rate":0.0002,"loss":"non-saturating"}`), Dataset: runfolder.Dataset{Name: "digits <&>", Images: 60000},
		IterationsAsked: epochs * perEpoch, IterationsPerEpoch: perEpoch, Columns: columns,
		Guides:   []runfolder.Guide{{Axis: "loss", Value: math.Ln2, Label: "log 2"}},
		Measure:  &runfolder.Measure{Name: "classifier_frechet_distance", Label: "distance"},
		Sessions: []runfolder.Session{{Begun: time.Now(), Command: []string{"gangpu", "train"}, Version: "gangpu 1", Device: "cpu", Precision: "fp32"}},
	}
	if err := folder.WriteInfo(info); err != nil {
		t.Fatal(err)
	}
	return New(folder, info)
}

// metrics are the values of an iteration that went as they do.
func metrics(iteration int) []float32 {
	wave := float32(math.Sin(float64(iteration)))
	return []float32{dLoss: 0.69 + 0.1*wave, gLoss: 0.7 - 0.1*wave, accuracyReal: 0.5 + wave/3, accuracyFake: 0.5 - wave/3}
}

// row is that of an iteration.
func row(iteration int) runfolder.Row {
	return runfolder.Row{Epoch: iteration / perEpoch, Iteration: iteration % perEpoch, Values: metrics(iteration), Taken: 50 * time.Millisecond}
}

// train makes iterations up to the given number, and the grids of the epochs that end.
func train(t *testing.T, r *Recorder, iterations int) {
	t.Helper()
	for r.now.iterations < iterations {
		i := r.now.iterations
		r.Iteration(metrics(i), 50*time.Millisecond)
		if (i+1)%perEpoch == 0 {
			s := picture.Pixels{Count: 25, Height: 28, Width: 28, Channels: 1, Values: make([]uint8, 25*28*28)}
			for p := range s.Values {
				s.Values[p] = uint8(50 * (i/perEpoch + 1))
			}
			if err := (picture.Grid{Gap: 4, Scale: 3}).SavePNG(r.folder.Sample((i+1)/perEpoch), s); err != nil {
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
