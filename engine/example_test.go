package engine_test

import (
	"fmt"
	"log"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/expr"
)

// An operation of one's own is a function on expressions: it runs on every device, fused with what is around it,
// and is differentiable.
func ExampleMap() {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(4),
		gorgonia.WithValue(tensor.New(tensor.WithBacking([]float32{-2, -0.5, 0.5, 2}))))

	// Mish, x*tanh(softplus(x)) (Misra, 2019).
	y, err := engine.Map("mish", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0].Softplus().Tanh()) }, x)
	if err != nil {
		log.Fatal(err)
	}
	loss, err := engine.Sum(y)
	if err != nil {
		log.Fatal(err)
	}
	gradients, err := engine.Grad(loss, x)
	if err != nil {
		log.Fatal(err)
	}

	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	vm, err := engine.NewVM(g, dev, engine.WithOutputs(y, gradients[0]))
	if err != nil {
		log.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n%.4f\n", y.Value().Data(), gradients[0].Value().Data())
	// Output:
	// [-0.2525 -0.2207 0.3752 1.9440]
	// [-0.1084 0.2895 0.8864 1.0693]
}
