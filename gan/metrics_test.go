package gan

import (
	"errors"
	"math"
	"strings"
	"testing"
)

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
