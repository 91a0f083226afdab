package nn

import (
	"fmt"
	"strings"
)

// Adversarial is what a discriminator and a generator minimise. s is the discriminator's score of an image, before
// any sigmoid.
type Adversarial string

const (
	// NonSaturating: D minimises the cross-entropy of real images and fakes, G that of fakes against "real"
	// (Goodfellow et al., 2014, section 3).
	NonSaturating Adversarial = "non-saturating"
	// LeastSquaresGame: D minimises (s-1)^2 of real images and s^2 of fakes, G (s-1)^2 (Mao et al., 2017, equation 9).
	LeastSquaresGame Adversarial = "least-squares"
	// HingeGame: D minimises max(0, 1-s) of real images and max(0, 1+s) of fakes, G -s (Lim and Ye, 2017).
	HingeGame Adversarial = "hinge"
	// Wasserstein: D minimises the mean s of fakes less that of real images, G -s (Arjovsky et al., 2017). It needs a
	// critic whose slope is bounded.
	Wasserstein Adversarial = "wasserstein"
)

// Adversarials are all of them.
var Adversarials = []Adversarial{NonSaturating, LeastSquaresGame, HingeGame, Wasserstein}

// Validate reports a game that there is not.
func (a Adversarial) Validate() error {
	var names []string
	for _, b := range Adversarials {
		if a == b {
			return nil
		}
		names = append(names, string(b))
	}
	return fmt.Errorf("loss is %q, want one of %s", a, strings.Join(names, ", "))
}

// Real and Fake are D's loss of either half, Generator is G's of what D says of its images: means.
func (a Adversarial) Real(scores *Node) *Node {
	switch a {
	case NonSaturating:
		return BCE(scores, 1)
	case LeastSquaresGame:
		return LeastSquares(scores, 1)
	case HingeGame:
		return Hinge(scores, 1)
	case Wasserstein:
		return Scale(Mean(scores), -1)
	}
	return scores.graph.fail(a.Validate())
}

// Fake is D's loss of generated images.
func (a Adversarial) Fake(scores *Node) *Node {
	switch a {
	case NonSaturating:
		return BCE(scores, 0)
	case LeastSquaresGame:
		return LeastSquares(scores, 0)
	case HingeGame:
		return Hinge(scores, -1)
	case Wasserstein:
		return Mean(scores)
	}
	return scores.graph.fail(a.Validate())
}

// Generator is G's loss of generated images.
func (a Adversarial) Generator(scores *Node) *Node {
	switch a {
	case NonSaturating:
		return BCE(scores, 1)
	case LeastSquaresGame:
		return LeastSquares(scores, 1)
	case HingeGame, Wasserstein:
		return Scale(Mean(scores), -1)
	}
	return scores.graph.fail(a.Validate())
}

// Boundary is the score that tells real from fake.
func (a Adversarial) Boundary() float64 {
	if a == LeastSquaresGame {
		return 0.5
	}
	return 0
}
