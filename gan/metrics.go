package gan

import "fmt"

// Metrics are the numbers of an iteration: of its own steps, or of the last step of a network
// that made none.
type Metrics struct {
	Epoch     int // from 0
	Iteration int // within the epoch, from 0
	DLoss     float32
	GLoss     float32
	// The shares of the last D step's images that D called rightly, before its update.
	AccuracyReal float32
	AccuracyFake float32
}

// DivergedError says that a loss, a weight or a moment of Adam is no longer a number.
type DivergedError struct {
	Epoch, Iteration int    // where it was found, as in Metrics
	What             string // "the discriminator's loss"
	Value            float32
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("training diverged: %s is %v in %s", e.What, e.Value, position(e.Epoch, e.Iteration))
}

// Diverged marks the error as one that ends a run.
func (e *DivergedError) Diverged() {}

// position tells people where in a run something happened. They count from 1.
func position(epoch, iteration int) string {
	return fmt.Sprintf("epoch %d, iteration %d", epoch+1, iteration+1)
}

// check reports a loss that is not finite.
func (m Metrics) check() error {
	for _, v := range []struct {
		what  string
		value float32
	}{{"the discriminator's loss", m.DLoss}, {"the generator's loss", m.GLoss}} {
		if !isFinite(v.value) {
			return &DivergedError{Epoch: m.Epoch, Iteration: m.Iteration, What: v.what, Value: v.value}
		}
	}
	return nil
}
