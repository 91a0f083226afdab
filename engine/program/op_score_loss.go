package program

import (
	"errors"
	"fmt"
)

// ScoreLossKind is what ScoreLoss takes the mean of.
type ScoreLossKind uint8

const (
	// LeastSquares is (s-t)^2 (Mao et al., 2017).
	LeastSquares ScoreLossKind = iota
	// Hinge is max(0, 1 - t*s) (Lim and Ye, 2017), with labels of 1 and -1.
	Hinge
	// Linear is -t*s: with labels of 1 and -1 a difference of means (Arjovsky et al., 2017).
	Linear
)

func (k ScoreLossKind) validate() error {
	if k > Linear {
		return fmt.Errorf("unknown loss %d", k)
	}
	return nil
}

// ScoreLoss is the mean loss of scores s against labels t: of what its kind says.
// Arguments: scores [N], labels [N], loss [1] written.
type ScoreLoss struct {
	N    int
	Kind ScoreLossKind
}

func (ScoreLoss) Name() string      { return "score_loss" }
func (ScoreLoss) Elementwise() bool { return false }
func (o ScoreLoss) Validate() error { return errors.Join(positive("length", o.N), o.Kind.validate()) }

func (o ScoreLoss) Operands() []Operand {
	return []Operand{f32("scores", o.N, Read), f32("labels", o.N, Read), f32("loss", 1, Write)}
}

// ScoreLossGrad is the gradient of ScoreLoss with respect to the scores, times the gradient of what
// follows it: dscores = dloss/N times 2*(s-t), or -t where t*s < 1 and else 0, or -t.
// Arguments: scores [N], labels [N], dloss [1], dscores [N] written.
type ScoreLossGrad struct {
	N    int
	Kind ScoreLossKind
}

func (ScoreLossGrad) Name() string      { return "score_loss_grad" }
func (ScoreLossGrad) Elementwise() bool { return false }

func (o ScoreLossGrad) Validate() error {
	return errors.Join(positive("length", o.N), o.Kind.validate())
}

func (o ScoreLossGrad) Operands() []Operand {
	return []Operand{f32("scores", o.N, Read), f32("labels", o.N, Read), f32("dloss", 1, Read),
		f32("dscores", o.N, Write)}
}
