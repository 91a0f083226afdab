package gan

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestMetricsWriter(t *testing.T) {
	var b strings.Builder
	for i, header := range []bool{true, false} {
		w, err := NewMetricsWriter(&b, header)
		if err != nil {
			t.Fatal(err)
		}
		m := Metrics{Epoch: i, Iteration: 233, DLoss: 0.682, GLoss: 0.6951, AccuracyReal: 0.7, AccuracyFake: 1}
		if err := w.Write(m, 1500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	want := "epoch,iteration,d_loss,g_loss,accuracy_real,accuracy_fake,seconds\n" +
		"0,233,0.682,0.6951,0.7,1,1.500000\n1,233,0.682,0.6951,0.7,1,1.500000\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestMetricsWriterFull(t *testing.T) {
	w, err := NewMetricsWriter(full{}, true)
	if err == nil {
		err = errors.Join(w.Write(Metrics{}, 0), w.Flush())
	}
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v, want the writer's error", err)
	}
}

func TestMetricsDiverged(t *testing.T) {
	m := Metrics{Epoch: 3, Iteration: 17, DLoss: 1, GLoss: float32(math.NaN())}
	var diverged *DivergedError
	if err := m.check(); !errors.As(err, &diverged) || !strings.Contains(err.Error(), "generator's loss is NaN in epoch 4, iteration 18") {
		t.Errorf("got %v", err)
	}
	m.DLoss = float32(math.Inf(1))
	if err := m.check(); err == nil || !strings.Contains(err.Error(), "discriminator's loss is +Inf") {
		t.Errorf("got %v", err)
	}
	if err := (Metrics{DLoss: 1, GLoss: -2}).check(); err != nil {
		t.Errorf("a finite iteration: %v", err)
	}
}
