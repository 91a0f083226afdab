package gan

import (
	"fmt"
	"math"
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

	LearningRate float64 `json:"learning_rate"` // Adam's
	// LearningRateD is Adam's for D (Heusel et al., 2017, give D a larger one); 0 is LearningRate.
	LearningRateD float64 `json:"learning_rate_d,omitempty"`
	Beta1         float64 `json:"beta1"`
	Beta2         float64 `json:"beta2"`
	Epsilon       float64 `json:"epsilon"`

	// LabelSmoothing is what the label of real images is less than 1 in D's cross-entropy (Salimans et
	// al., 2016, one-sided); 0 with other losses.
	LabelSmoothing float64 `json:"label_smoothing,omitempty"`
	// GradientPenalty is the weight of the penalty on the length of D's gradient with respect to its
	// input that is added to D's loss, whichever it is (Gulrajani et al., 2017); 0 is none.
	GradientPenalty float64 `json:"gradient_penalty,omitempty"`
	// Clip is the largest magnitude that a D step leaves a weight of D; 0 is none.
	Clip float64 `json:"clip,omitempty"`

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
	if err := s.validateLoss(); err != nil {
		return err
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
	for _, c := range []struct {
		name string
		v    float64
	}{{"discriminator's learning rate", s.LearningRateD}, {"clip", s.Clip}, {"gradient penalty", s.GradientPenalty}} {
		if !(c.v >= 0) || math.IsInf(c.v, 0) {
			return fmt.Errorf("%s is %v, want a positive number, or 0 for none of its own", c.name, c.v)
		}
	}
	return nil
}
