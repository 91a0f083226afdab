package engine

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
)

// trainingGraph is D on a batch, with its loss.
func trainingGraph(t *testing.T) (b *network, loss *gorgonia.Node) {
	b = newNetwork(t, tensor.Float32, 7)
	loss = b.bce(b.discriminator(b.input("images", 8, 9, 9, 1), "", 4, program.Same), "labels")
	if _, err := gorgonia.Grad(loss, b.parameters...); err != nil {
		t.Fatal(err)
	}
	return b, loss
}

// train takes Adam steps with Gorgonia's solver and returns the losses and all parameters.
func train(t *testing.T, b *network, loss *gorgonia.Node, vm gorgonia.VM) (losses, parameters []float32) {
	t.Helper()
	defer vm.Close()
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-2))
	for range 5 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, float32(*loss.Value().(*gorgonia.F32)))
		if err := solver.Step(gorgonia.NodesToValueGrads(b.parameters)); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
	}
	for _, n := range b.parameters {
		parameters = append(parameters, n.Value().Data().([]float32)...)
	}
	return losses, parameters
}

func TestVMTrainsLikeTapeMachine(t *testing.T) {
	b, loss := trainingGraph(t)
	wantLosses, want := train(t, b, loss, gorgonia.NewTapeMachine(b.g))
	if wantLosses[4] >= wantLosses[0] {
		t.Fatalf("losses %v do not fall", wantLosses)
	}
	processor, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer processor.Close()
	for _, c := range []struct {
		name      string
		dev       program.Device
		tolerance float64
	}{{"reference", &referenceDevice{}, 0}, {"cpu", processor, 1e-4}} {
		t.Run(c.name, func(t *testing.T) {
			b, loss := trainingGraph(t)
			vm, err := NewVM(b.g, c.dev)
			if err != nil {
				t.Fatal(err)
			}
			losses, parameters := train(t, b, loss, vm)
			if e := relativeError(losses, wantLosses); !(e <= c.tolerance) {
				t.Errorf("losses %v, want %v", losses, wantLosses)
			}
			if e := relativeError(parameters, want); !(e <= c.tolerance) {
				t.Errorf("parameters differ by %v", e)
			}
		})
	}
}

func relativeError(got, want []float32) float64 {
	var diff, norm float64
	for i, w := range want {
		diff += math.Pow(float64(got[i]-w), 2)
		norm += math.Pow(float64(w), 2)
	}
	return math.Sqrt(diff / norm)
}

// G's step through a frozen D: the outputs are its loss and its gradients, and nothing of D's.
func TestVMOutputs(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	images := b.generator(b.input("noise", 2, 3), 2, 2, 3)
	wrt := b.parameters
	loss := b.bce(b.discriminator(images, "", 2, program.Same), "labels")
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	want := tape[float32](t, append(gorgonia.Nodes{loss, images}, grads...)...)

	dev := &referenceDevice{}
	vm, err := NewVM(b.g, dev)
	if err != nil {
		t.Fatal(err)
	}
	b.g.UnbindAllNonInputs()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, n := range append(gorgonia.Nodes{loss, images}, grads...) {
		if i == 1 {
			continue // images are no root
		}
		if got, err := elements[float32](n.Value()); err != nil || !slices.Equal(got, want[i]) {
			t.Errorf("%s is %v, want %v; %v", describe(n), got, want[i], err)
		}
	}
	for i, n := range wrt {
		if got, err := n.Grad(); err != nil || !slices.Equal(got.Data().([]float32), want[2+i]) {
			t.Errorf("gradient of %s is %v, want %v; %v", describe(n), got, want[2+i], err)
		}
	}
	for _, s := range vm.Program().Steps {
		if strings.HasPrefix(s.Name, "discriminator") && strings.HasSuffix(s.Name, "filter_grad") {
			t.Errorf("step %s computes a gradient that no one asked for", s.Name)
		}
	}
	forward, err := NewVM(b.g, dev, WithOutputs(images))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(forward.Program().Steps); n != 4 {
		t.Errorf("%d steps make images, want 4:\n%v", n, forward.Program())
	}
	if err := forward.RunAll(); err != nil || !slices.Equal(images.Value().Data().([]float32), want[1]) {
		t.Errorf("images are %v, want %v; %v", images.Value(), want[1], err)
	}
	for _, v := range []*VM{vm, forward} {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		if err := v.RunAll(); err == nil {
			t.Error("a closed VM runs")
		}
		if err := v.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	}
	if dev.allocated != 0 {
		t.Errorf("%d arrays are left on the device", dev.allocated)
	}
}

// Differentiation also makes the gradient of the images here, which is a root that no one wants.
func TestVMLeavesOutDeadGradients(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.must(Flatten(b.input("images", 2, 3, 3, 1)))
	if _, err := gorgonia.Grad(b.bce(b.dense("dense", x, 1), "labels"), b.parameters...); err != nil {
		t.Fatal(err)
	}
	vm, err := NewVM(b.g, &referenceDevice{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if got, want := stepOps(vm.Program()), []string{"matmul", "map_sum", "matmul", "sum"}; !slices.Equal(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
}

func TestVMErrors(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := gorgonia.NewMatrix(b.g, tensor.Float32, gorgonia.WithShape(2, 3), gorgonia.WithName("x"))
	dev := &referenceDevice{}
	vm, err := NewVM(b.g, dev, WithOutputs(b.leaky(x)))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	expect := func(want string) {
		t.Helper()
		if err := vm.RunAll(); err == nil || !strings.Contains(err.Error(), "x [2 3]") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name the input and %q", err, want)
		}
	}
	expect("no value")
	view, err := tensor.New(tensor.WithShape(2, 6), tensor.Of(tensor.Float32)).Slice(nil, gorgonia.S(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	if err := gorgonia.Let(x, view.(*tensor.Dense)); err != nil {
		t.Fatal(err)
	}
	expect("contiguous")
	value := tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float32))
	if err := gorgonia.Let(x, value); err != nil {
		t.Fatal(err)
	}
	if err := value.Reshape(3, 2); err != nil {
		t.Fatal(err)
	}
	expect("shape (3, 2)")
	if _, err := NewVM(b.g, dev, WithOutputs(b.must(gorgonia.Sparsemax(x)))); err == nil || !strings.Contains(err.Error(), "Sparsemax") {
		t.Errorf("error %v does not name the operation", err)
	}
}
