package gan

import (
	"fmt"
	"math"
)

// Loss says what the generator minimises. The discriminator's loss is the binary cross-entropy
// of both alike.
type Loss string

const (
	// NonSaturating is -log D(G(z)): the binary cross-entropy of the fakes against the label
	// "real". Its gradient is large where D rejects the fakes.
	NonSaturating Loss = "non-saturating"
	// Minimax is log(1 - D(G(z))), the value function of the two-player game (Goodfellow et al.,
	// 2014, equation 1). It is at most 0, and -log 2 where D cannot tell.
	Minimax Loss = "minimax"
)

// Alternation says how steps of D and G follow each other.
type Alternation string

const (
	// EveryK makes a D step only in iterations whose index within the epoch divides by K, then
	// always a G step.
	EveryK Alternation = "every-k"
	// KSteps makes K D steps, each on new images, then a G step (Goodfellow et al., 2014,
	// algorithm 1).
	KSteps Alternation = "k-steps"
)

// Settings are all that decides a run, beside the model, the images and the device.
type Settings struct {
	Height      int         `json:"height"` // of an image, pixels
	Width       int         `json:"width"`
	Latent      int         `json:"latent"` // normals that an image is made from
	Batch       int         `json:"batch"`  // images of a step: in a D step, half of them are real
	Epochs      int         `json:"epochs"`
	K           int         `json:"k"`
	Alternation Alternation `json:"alternation"`
	Loss        Loss        `json:"loss"`
	Alpha       float64     `json:"alpha"`   // LeakyReLU's slope below zero
	Dropout     float64     `json:"dropout"` // share of D's activations set to zero in training

	LearningRate float64 `json:"learning_rate"` // Adam's, the same for both networks
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	Epsilon      float64 `json:"epsilon"`

	// EMA is the decay of the exponential moving average of G's weights that images are made by;
	// 0 is none.
	EMA float64 `json:"ema,omitempty"`

	Seed uint64 `json:"seed"` // of all random numbers
}

// DefaultSettings are the tutorial's.
func DefaultSettings() Settings {
	return Settings{
		Height: 28, Width: 28, Latent: 100, Batch: 256, Epochs: 100,
		K: 2, Alternation: EveryK, Loss: NonSaturating, Alpha: 0.3, Dropout: 0.4,
		LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-7,
		Seed: 1,
	}
}

// Validate reports the first setting that no run can have.
func (s Settings) Validate() error {
	for _, c := range []struct {
		name string
		v    int
	}{{"image height", s.Height}, {"image width", s.Width}, {"latent size", s.Latent}, {"epochs", s.Epochs}, {"k", s.K}} {
		if c.v < 1 {
			return fmt.Errorf("%s is %d, want at least 1", c.name, c.v)
		}
	}
	if s.Batch < 2 || s.Batch%2 != 0 {
		return fmt.Errorf("batch is %d, want an even number, at least 2: half real, half fake", s.Batch)
	}
	if s.Alternation != EveryK && s.Alternation != KSteps {
		return fmt.Errorf("alternation is %q, want %q or %q", s.Alternation, EveryK, KSteps)
	}
	if s.Loss != NonSaturating && s.Loss != Minimax {
		return fmt.Errorf("loss is %q, want %q or %q", s.Loss, NonSaturating, Minimax)
	}
	for _, c := range []struct {
		name string
		v    float64
	}{{"dropout", s.Dropout}, {"beta1", s.Beta1}, {"beta2", s.Beta2}, {"ema", s.EMA}} {
		if !(c.v >= 0 && c.v < 1) {
			return fmt.Errorf("%s is %v, want 0 or more and less than 1", c.name, c.v)
		}
	}
	if !(s.Alpha >= 0 && s.Alpha <= 1) {
		return fmt.Errorf("alpha is %v, want 0 to 1", s.Alpha)
	}
	for _, c := range []struct {
		name string
		v    float64
	}{{"learning rate", s.LearningRate}, {"epsilon", s.Epsilon}} {
		if !(c.v > 0) || math.IsInf(c.v, 0) {
			return fmt.Errorf("%s is %v, want a positive number", c.name, c.v)
		}
	}
	return nil
}
