package engine

import (
	"math"

	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
)

// Attention is the scaled dot-product attention of queries [batch, n, depth] to keys [batch, m, depth] with values
// [batch, m, width] (Vaswani et al., 2017, equation 1): softmax(queries*keys'/sqrt(depth))*values, [batch, n, width].
func Attention(queries, keys, values *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "attention"
	if err := checkInputs(op, input{"queries", queries, 3}, input{"keys", keys, 3}, input{"values", values, 3}); err != nil {
		return nil, err
	}
	scale := expr.Const(1 / math.Sqrt(float64(queries.Shape()[2])))
	scores, err := BatchMatMul(queries, keys, false, true)
	if err != nil {
		return nil, err
	}
	scaled, err := mapOf(after(queries, op), func(x ...expr.Expr) expr.Expr { return x[0].Mul(scale) }, scores)
	if err != nil {
		return nil, err
	}
	weights, err := Softmax(scaled)
	if err != nil {
		return nil, err
	}
	return BatchMatMul(weights, values, false, false)
}
