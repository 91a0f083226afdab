package program

// BCEWithLogits is the mean binary cross-entropy of logits z against labels t in [0,1]:
//
//	loss = mean over i of max(z,0) - z*t + log(1+exp(-|z|))
//
// which is -t*log(s(z)) - (1-t)*log(1-s(z)) without its overflow.
// Arguments: logits [N], labels [N], loss [1] written.
type BCEWithLogits struct{ N int }

func (BCEWithLogits) Name() string          { return "bce" }
func (BCEWithLogits) Elementwise() bool     { return false }
func (o BCEWithLogits) Validate() error     { return positive("length", o.N) }
func (o BCEWithLogits) Operands() []Operand { return scored(o.N, "loss") }

// BCEWithLogitsGrad is the gradient of BCEWithLogits with respect to the logits, times the
// gradient of what follows it: dlogits = dloss*(sigmoid(z)-t)/N.
// Arguments: logits [N], labels [N], dloss [1], dlogits [N] written.
type BCEWithLogitsGrad struct{ N int }

func (BCEWithLogitsGrad) Name() string      { return "bce_grad" }
func (BCEWithLogitsGrad) Elementwise() bool { return false }
func (o BCEWithLogitsGrad) Validate() error { return positive("length", o.N) }

func (o BCEWithLogitsGrad) Operands() []Operand {
	return []Operand{f32("logits", o.N, Read), f32("labels", o.N, Read), f32("dloss", 1, Read),
		f32("dlogits", o.N, Write)}
}

// BinaryAccuracy is the share of predictions on the labels' side: of i with
// (logits[i] > 0) == (labels[i] > 0.5). Arguments: logits [N], labels [N], accuracy [1] written.
type BinaryAccuracy struct{ N int }

func (BinaryAccuracy) Name() string          { return "binary_accuracy" }
func (BinaryAccuracy) Elementwise() bool     { return false }
func (o BinaryAccuracy) Validate() error     { return positive("length", o.N) }
func (o BinaryAccuracy) Operands() []Operand { return scored(o.N, "accuracy") }

// scored are the operands of a number that n logits and their labels give.
func scored(n int, result string) []Operand {
	return []Operand{f32("logits", n, Read), f32("labels", n, Read), f32(result, 1, Write)}
}
