package gan

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Loss names what D and G minimise. s is D's score of an image, its output before any sigmoid; D is
// the probability that the sigmoid makes of it.
type Loss string

const (
	// NonSaturating: D minimises the binary cross-entropy of both halves of its batch, G that of the
	// fakes against the label "real", -log D(G(z)), whose gradient is large where D rejects them
	// (Goodfellow et al., 2014, section 3).
	NonSaturating Loss = "non-saturating"
	// Minimax: D the same, G log(1 - D(G(z))), the value function of the two-player game (equation
	// 1 there). It is at most 0, and -log 2 where D cannot tell.
	Minimax Loss = "minimax"
	// LeastSquares: D the mean of (s-1)^2 of the real and (s+1)^2 of the fakes, G (s-1)^2/2 (Mao et
	// al., 2017, equation 2 with a = -1 and b = c = 1, so that 0 divides real from fake).
	LeastSquares Loss = "least-squares"
	// Hinge: D the mean max(0, 1-s) of the real plus max(0, 1+s) of the fakes, G -s (Lim and Ye,
	// 2017; Miyato et al., 2018, equations 16 and 17).
	Hinge Loss = "hinge"
	// Wasserstein: D the mean s of the fakes less that of the real, G -s (Arjovsky et al., 2017).
	// Clip keeps D's slope finite.
	Wasserstein Loss = "wasserstein"
	// WassersteinGP: the same with a penalty on D's slope instead of the clip (Gulrajani et al., 2017).
	WassersteinGP Loss = "wasserstein-gp"
)

// Losses lists all.
func Losses() []Loss {
	return []Loss{NonSaturating, Minimax, LeastSquares, Hinge, Wasserstein, WassersteinGP}
}

// WithLoss is s with another loss, and what else that loss's paper says that it needs: Wasserstein's
// RMSProp is Adam without momentum. The rate is not the papers' but stays what suits the model, or
// half of that where D's weights are clipped.
func (s Settings) WithLoss(l Loss) Settings {
	s.Loss = l
	switch l {
	case Wasserstein:
		s.K, s.Alternation, s.Dropout = 5, KSteps, 0
		s.LearningRate, s.Beta1, s.Beta2, s.Clip = s.LearningRate/2, 0, 0.99, 0.01
	case WassersteinGP:
		s.K, s.Alternation, s.Dropout = 5, KSteps, 0
		s.Beta1, s.Beta2, s.GradientPenalty = 0, 0.9, 10
	}
	return s
}

// form is how a loss is computed: D's is a mean over its whole batch, with one label for the real
// half and one for the fakes, G's a mean with one target.
type form struct {
	real, fake, target float32
	d, g               term
}

// term is a mean of a loss of scores and their labels, times a factor.
type term struct {
	loss   loss
	factor float32
}

// loss is one of package engine, and what it is the mean of.
type loss struct {
	mean func(scores, labels *gorgonia.Node) (*gorgonia.Node, error)
	each func(x ...expr.Expr) expr.Expr
}

var (
	crossEntropy = loss{engine.BCEWithLogits, engine.BCE}
	leastSquares = loss{engine.L2, engine.SquaredError}
	hinge        = loss{engine.Hinge, engine.HingeOf}
	linear       = loss{engine.Linear, engine.LinearOf}
)

// forms of all losses. Where a paper adds D's means over either half, the factor is 2.
var forms = map[Loss]form{
	NonSaturating: {real: 1, fake: 0, target: 1, d: term{crossEntropy, 1}, g: term{crossEntropy, 1}},
	Minimax:       {real: 1, fake: 0, target: 0, d: term{crossEntropy, 1}, g: term{crossEntropy, -1}},
	LeastSquares:  {real: 1, fake: -1, target: 1, d: term{leastSquares, 1}, g: term{leastSquares, 0.5}},
	Hinge:         {real: 1, fake: -1, target: 1, d: term{hinge, 2}, g: term{linear, 1}},
	Wasserstein:   {real: 1, fake: -1, target: 1, d: term{linear, 2}, g: term{linear, 1}},
	WassersteinGP: {real: 1, fake: -1, target: 1, d: term{linear, 2}, g: term{linear, 1}},
}

func (s Settings) validateLoss() error {
	if _, ok := forms[s.Loss]; !ok {
		var names []string
		for _, l := range Losses() {
			names = append(names, string(l))
		}
		return fmt.Errorf("loss is %q, want one of %s", s.Loss, strings.Join(names, ", "))
	}
	switch {
	case !(s.LabelSmoothing >= 0 && s.LabelSmoothing < 0.5):
		return fmt.Errorf("label smoothing is %v, want 0 or more and less than 0.5", s.LabelSmoothing)
	case s.LabelSmoothing > 0 && s.Loss != NonSaturating && s.Loss != Minimax:
		return fmt.Errorf("label smoothing is for cross-entropy, and the loss is %s", s.Loss)
	case s.Loss == Wasserstein && s.Clip == 0:
		return fmt.Errorf("the loss %s without a clip has no lower bound", s.Loss)
	case s.Loss == WassersteinGP && s.GradientPenalty == 0:
		return fmt.Errorf("the loss %s without a gradient penalty has no lower bound", s.Loss)
	}
	return nil
}

// node is the term's value, a scalar.
func (t term) node(scores, labels *gorgonia.Node) (*gorgonia.Node, error) {
	loss, err := t.loss.mean(scores, labels)
	if err != nil || t.factor == 1 {
		return loss, err
	}
	return engine.Scale(loss, t.factor)
}

// op is the term of n scores without its factor.
func (t term) op(n int) program.Op { return program.NewMean(n, t.loss.each) }
