package train

import (
	"gangpu/engine/expr"
	"gangpu/gan/nn"
)

// TranslateUse is the name of the use that makes images, from 0 to 1, of images in that range.
const TranslateUse = "translate"

// Colours is images in the game's range as images from 0 to 1; what is beyond is cut off.
func (b *Builder) Colours(x *nn.Node) *nn.Node {
	low, high := b.game.colours()
	return nn.Map("colours", func(x ...expr.Expr) expr.Expr {
		return x[0].Sub(expr.Const(low)).Mul(expr.Const(1 / (high - low))).Max(expr.Const(0)).Min(expr.Const(1))
	}, x)
}
