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

// A graph of Gorgonia's own operations trains on any device: the machine is another, and the step may be taken there too.
func ExampleVM_Step() {
	g := gorgonia.NewGraph()
	x := gorgonia.NewMatrix(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(4, 2),
		gorgonia.WithValue(tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))))
	y := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("y"), gorgonia.WithShape(4),
		gorgonia.WithValue(tensor.New(tensor.WithBacking([]float32{-1, 1, 1, 3}))))
	w := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("w"), gorgonia.WithShape(2), gorgonia.WithInit(gorgonia.Zeroes()))
	b := gorgonia.NewScalar(g, tensor.Float32, gorgonia.WithName("b"), gorgonia.WithValue(float32(0)))
	out := gorgonia.Must(gorgonia.Add(gorgonia.Must(gorgonia.Mul(x, w)), b))
	cost := gorgonia.Must(gorgonia.Mean(gorgonia.Must(gorgonia.Square(gorgonia.Must(gorgonia.Sub(out, y))))))
	if _, err := gorgonia.Grad(cost, w, b); err != nil {
		log.Fatal(err)
	}

	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{}) // "auto" is the first GPU
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	vm, err := engine.NewVM(g, dev) // was gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w, b))
	if err != nil {
		log.Fatal(err)
	}
	defer vm.Close()
	solver := gorgonia.NewMomentum(gorgonia.WithLearnRate(0.1), gorgonia.WithMomentum(0.5))
	for range 200 {
		if err := vm.Step(solver, w, b); err != nil { // was vm.RunAll, solver.Step, vm.Reset
			log.Fatal(err)
		}
	}
	if err := vm.Download(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f %.3f\n", w.Value().Data(), b.Value().Data())
	// Output:
	// [2.000 2.000] -1.000
}
