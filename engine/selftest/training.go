package selftest

import (
	"math/rand/v2"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// builder makes a program whose storages are named as they are used.
type builder struct {
	program.Program
	views  map[string]program.View
	params int // elements given out of storage "params"
}

// in returns a view of n elements of an external storage of that name and type.
func (b *builder) in(name string, t program.DType, n int) program.View {
	return b.storage(program.Storage{Name: name, DType: t, Len: n})
}

// tmp returns a view of n elements of scratch.
func (b *builder) tmp(name string, n int) program.View {
	return b.storage(program.Storage{Name: name, Len: n, Scratch: true})
}

func (b *builder) storage(s program.Storage) program.View {
	if v, ok := b.views[s.Name]; ok {
		return v
	}
	b.Storages = append(b.Storages, s)
	b.views[s.Name] = program.View{Storage: len(b.Storages) - 1, Len: s.Len}
	return b.views[s.Name]
}

// param returns the next n elements of the parameters, and those of their gradient.
func (b *builder) param(n int) (value, grad program.View) {
	value, grad = b.in("params", program.Float32, n), b.in("grads", program.Float32, n)
	value.Offset, grad.Offset = b.params, b.params
	value.Len, grad.Len = n, n
	b.params += n
	for _, v := range []program.View{value, grad} {
		b.Storages[v.Storage].Len = b.params
	}
	return value, grad
}

func (b *builder) step(name string, op program.Op, args ...program.View) {
	b.Steps = append(b.Steps, program.Step{Op: op, Name: name, Args: args})
}

// trainingProgram is an iteration of a GAN in small: a generator and a discriminator on 4x4
// images, the loss, the gradients back to the generator's noise, and an update of both, with
// parameters in one storage and activations in scratch.
func trainingProgram() *program.Program {
	const (
		batch  = 4
		latent = 5
	)
	leaky := program.Activation{Kind: program.LeakyReLUActivation, Alpha: 0.3}
	up := program.Geometry{Batch: batch, InH: 4, InW: 4, InC: 2, OutC: 3, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}
	last := program.Geometry{Batch: batch, InH: 4, InW: 4, InC: 2, OutC: 1, FilterH: 4, FilterW: 4, StrideH: 1, StrideW: 1}
	down := program.Geometry{Batch: batch, InH: 4, InW: 4, InC: 1, OutC: 3, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}
	hidden := up.OutLen() / batch
	flat := down.OutLen() / batch

	b := &builder{Program: program.Program{Name: "training"}, views: map[string]program.View{}}
	step, labels := b.in("step", program.Uint32, 1), b.in("labels", program.Float32, batch)
	loss, accuracy := b.in("loss", program.Float32, 1), b.in("accuracy", program.Float32, 1)
	images := b.in("images", program.Float32, down.InLen())
	w1, dw1 := b.param(latent * hidden)
	b1, db1 := b.param(hidden)
	w2, dw2 := b.param(up.FilterLen())
	b2, db2 := b.param(up.InC)
	w3, dw3 := b.param(last.FilterLen())
	w4, dw4 := b.param(down.FilterLen())
	b4, db4 := b.param(down.OutC)
	w5, dw5 := b.param(flat)
	b5, db5 := b.param(1)

	z, h1, h2, h3 := b.tmp("z", batch*latent), b.tmp("h1", up.OutLen()), b.tmp("h2", up.InLen()), b.tmp("h3", last.OutLen())
	h4, h5, mask := b.tmp("h4", down.OutLen()), b.tmp("h5", down.OutLen()), b.tmp("mask", down.OutLen())
	logits, dlogits, one := b.tmp("logits", batch), b.tmp("dlogits", batch), b.tmp("one", 1)
	d4, d3, d2, d1 := b.tmp("d4", down.OutLen()), b.tmp("d3", down.InLen()), b.tmp("d2", up.InLen()), b.tmp("d1", up.OutLen())

	b.step("noise", program.Normal{N: batch * latent, Draw: program.Draw{Seed: 1}, Stddev: 1}, step, z)
	dense := program.MatMul{M: batch, N: hidden, K: latent, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}
	b.step("g/dense", dense, z, w1, b1, h1)
	b.step("g/conv2d_transpose", program.Conv2DTranspose{Geometry: up, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}, h1, w2, b2, h2)
	b.step("g/conv2d", program.Conv2D{Geometry: last, Epilogue: program.Epilogue{Activation: program.Activation{Kind: program.SigmoidActivation}}}, h2, w3, h3)
	b.step("images", elementwise(images.Len, 1, same), h3, images)
	b.step("d/conv2d", program.Conv2D{Geometry: down, Epilogue: program.Epilogue{Bias: true, Activation: leaky}}, h3, w4, b4, h4)
	b.step("d/mask", program.DropoutMask{N: mask.Len, Draw: program.Draw{Seed: 1, Stream: 1}, Rate: 0.4}, step, mask)
	b.step("d/dropout", elementwise(mask.Len, 2, product), h4, mask, h5)
	b.step("d/dense", program.MatMul{M: batch, N: 1, K: flat, Epilogue: program.Epilogue{Bias: true}}, h5, w5, b5, logits)
	b.step("loss", program.NewMean(batch, bce), logits, labels, loss)
	b.step("accuracy", program.NewMean(batch, right), logits, labels, accuracy)

	b.step("one", program.Fill{N: 1, Value: 1}, one)
	b.step("loss/grad", program.NewMap([]int{batch}, bceGrad(batch), []int{batch}, []int{batch}, []int{1}), logits, labels, one, dlogits)
	b.step("d/dense/filter", program.MatMul{M: flat, N: 1, K: batch, TransA: true}, h5, dlogits, dw5)
	b.step("d/dense/bias", columnSum(batch, 1), dlogits, db5)
	b.step("d/dense/input", program.MatMul{M: batch, N: flat, K: 1, TransB: true}, dlogits, w5, d4)
	b.step("d/dropout/grad", elementwise(mask.Len, 2, product), d4, mask, d4)
	b.step("d/leaky_relu/grad", program.LeakyReLUGrad{N: mask.Len, Alpha: 0.3}, h4, d4, d4)
	b.step("d/conv2d/filter", program.Conv2DFilterGrad{Geometry: down}, h3, d4, dw4)
	b.step("d/conv2d/bias", columnSum(d4.Len/down.OutC, down.OutC), d4, db4)
	b.step("d/conv2d/input", program.Conv2DInputGrad{Geometry: down}, d4, w4, d3)
	b.step("g/sigmoid/grad", elementwise(d3.Len, 2, func(x ...expr.Expr) expr.Expr { return x[1].Mul(x[0]).Mul(expr.Const(1).Sub(x[0])) }), h3, d3, d3)
	b.step("g/conv2d/filter", program.Conv2DFilterGrad{Geometry: last}, h2, d3, dw3)
	b.step("g/conv2d/input", program.Conv2DInputGrad{Geometry: last}, d3, w3, d2)
	b.step("g/leaky_relu2/grad", program.LeakyReLUGrad{N: d2.Len, Alpha: 0.3}, h2, d2, d2)
	b.step("g/conv2d_transpose/filter", program.Conv2DFilterGrad{Geometry: up}, d2, h1, dw2)
	b.step("g/conv2d_transpose/bias", columnSum(d2.Len/up.InC, up.InC), d2, db2)
	b.step("g/conv2d_transpose/input", program.Conv2D{Geometry: up}, d2, w2, d1)
	b.step("g/leaky_relu1/grad", program.LeakyReLUGrad{N: d1.Len, Alpha: 0.3}, h1, d1, d1)
	b.step("g/dense/filter", program.MatMul{M: latent, N: hidden, K: batch, TransA: true}, z, d1, dw1)
	b.step("g/dense/bias", columnSum(batch, hidden), d1, db1)

	n := b.params
	whole := func(name string) program.View { v := b.in(name, program.Float32, n); v.Offset, v.Len = 0, n; return v }
	adam := program.Adam{N: n, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-4}
	b.step("adam", adam, whole("grads"), step, b.in("rate", program.Float32, 2), whole("params"), whole("m"), whole("v"))
	b.step("count", program.Increment{N: 1, Delta: 1}, step)
	return &b.Program
}

// trainingStart is what trainingProgram's storages hold before the first iteration.
func trainingStart(p *program.Program) arrays {
	rng := rand.New(rand.NewPCG(11, 12))
	start := poisoned(p)
	for i, s := range p.Storages {
		switch a := start[i].(type) {
		case []uint32:
			clear(a)
		case []float32:
			switch s.Name {
			case "rate":
				rate := program.LearningRate(0.01)
				copy(a, rate[:])
			case "params":
				for j := range a {
					a[j] = float32(0.4 * rng.NormFloat64())
				}
			case "labels", "m", "v":
				clear(a)
				if s.Name == "labels" {
					a[0], a[2] = 1, 0.9
				}
			}
		}
	}
	return start
}

// generateProgram runs p's generator alone, on other scratch: the steps up to its images.
func generateProgram() *program.Program {
	p := trainingProgram()
	p.Name = "generate"
	for i, s := range p.Steps {
		if s.Name == "images" {
			p.Steps = p.Steps[:i+1]
			break
		}
	}
	// Only what these steps use, in another order.
	kept := &program.Program{Name: p.Name}
	for i := len(p.Steps) - 1; i >= 0; i-- {
		for j, v := range p.Steps[i].Args {
			s := p.Storages[v.Storage]
			k := 0
			for k < len(kept.Storages) && kept.Storages[k].Name != s.Name {
				k++
			}
			if k == len(kept.Storages) {
				kept.Storages = append(kept.Storages, s)
			}
			p.Steps[i].Args[j].Storage = k
		}
	}
	kept.Steps = p.Steps
	return kept
}

// sumsProgram has long sums whose results are read, overwritten, left to the end, or overwrite what
// was read before.
func sumsProgram() *program.Program {
	b := &builder{Program: program.Program{Name: "sums"}, views: map[string]program.View{}}
	in := func(name string, n int) program.View { return b.in(name, program.Float32, n) }
	params := func(offset, n int) program.View {
		v := in("params", 1<<13)
		v.Offset, v.Len = offset, n
		return v
	}
	narrow := columnSum(1200, 3)
	wide := columnSum(160, 40)
	product := program.MatMul{M: 6, N: 1, K: 640}
	scratch := b.tmp("scratch", 3)
	b.step("read at once", narrow, params(1, 3600), scratch)
	b.step("reads", times(3, 2), scratch, in("doubled", 3))
	b.step("over what was read", narrow, params(100, 3600), scratch)
	b.step("left to the end", wide, params(7, 6400), in("wide", 40))
	b.step("in one sum with others", product, params(0, 3840), params(11, 640), in("product", 6))
	b.step("reads later", elementwise(3, 1, same), scratch, in("copy", 3))
	b.step("overwritten", narrow, params(2, 3600), in("filled", 3))
	b.step("overwrites", program.Fill{N: 3, Value: 5}, in("filled", 3))
	b.step("before the sum of the same place", program.Fill{N: 40, Value: 6}, in("last", 40))
	b.step("twice in one place", wide, params(900, 6400), in("last", 40))
	b.step("and again", wide, params(901, 6400), in("last", 40))
	return &b.Program
}

// constantsProgram fills scratch that is only read, that is overwritten before and after, in part and
// in place, and arrays that are not scratch; and it carries a constant.
func constantsProgram() *program.Program {
	b := &builder{Program: program.Program{Name: "constants"}, views: map[string]program.View{}}
	in := func(name string) program.View { return b.in(name, program.Float32, 4) }
	constant, twice, scaled, partly := b.tmp("constant", 4), b.tmp("twice", 4), b.tmp("scaled", 4), b.tmp("partly", 6)
	fill := func(value float32, v program.View) { b.step("fill", program.Fill{N: v.Len, Value: value}, v) }
	add := elementwise(4, 2, sum)
	fill(1, constant)
	b.step("counts the runs", add, in("m"), constant, in("m"))
	fill(2, twice)
	b.step("reads the first value", add, constant, twice, in("first"))
	fill(3, twice)
	b.step("reads the second value", add, constant, twice, in("second"))
	fill(4, scaled)
	b.step("in place", times(4, 2), scaled, scaled)
	b.step("reads it", add, constant, scaled, in("third"))
	fill(5, partly)
	part := partly
	part.Offset, part.Len = 2, 4
	b.step("reads a part", add, part, constant, in("fourth"))
	b.step("overwrites it", elementwise(4, 1, same), in("m"), part)
	b.step("reads it again", add, part, constant, in("fifth"))
	fill(6, in("v"))
	b.step("overwrites an array", elementwise(4, 1, same), constant, in("v"))
	carried := b.tmp("carried", 4)
	b.Storages[carried.Storage].Constant = []float32{0.5, -1, 2, 7}
	b.step("reads what the program carries", add, carried, constant, in("sixth"))
	return &b.Program
}

// Operations that these programs are made of, beside those of package program.

func elementwise(n, operands int, f func(x ...expr.Expr) expr.Expr) program.Map {
	return program.NewMap([]int{n}, f, slices.Repeat([][]int{{n}}, operands)...)
}

func same(x ...expr.Expr) expr.Expr    { return x[0] }
func sum(x ...expr.Expr) expr.Expr     { return x[0].Add(x[1]) }
func product(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }

func times(n int, factor float64) program.Map {
	return elementwise(n, 1, func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(factor)) })
}

// columnSum adds up the rows of a matrix.
func columnSum(rows, columns int) program.Reduce {
	x := program.Dense([]int{rows, columns}).Permute([]int{1, 0})
	return program.Reduce{Kept: []int{columns}, Reduced: []int{rows}, In: []program.Source{{Len: rows * columns, Index: x}}, Code: "in 0 -> 0"}
}

// bce is the binary cross-entropy of a logit against a label, bceGrad the gradient of the mean of n of them, times that
// of what follows.
func bce(x ...expr.Expr) expr.Expr { return x[0].Softplus().Sub(x[0].Mul(x[1])) }

func bceGrad(n int) func(x ...expr.Expr) expr.Expr {
	return func(x ...expr.Expr) expr.Expr {
		return x[0].Sigmoid().Sub(x[1]).Mul(x[2]).Mul(expr.Const(1 / float64(n)))
	}
}

func right(x ...expr.Expr) expr.Expr {
	return expr.Const(0).Less(x[0]).Equal(expr.Const(0.5).Less(x[1]))
}
