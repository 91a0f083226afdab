package exchange

import (
	"fmt"
	"strings"
	"testing"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Layers of graphs with classes, and with statistics: what each makes of a sample, and the numbers of its arrays, which
// are those of the graph all together.
func TestLayers(t *testing.T) {
	models := gameModels(t)
	for name, want := range map[string]string{
		"tutorial-conditional": "generator/dense [768] 49920, generator/class_embedding [768] 3840, generator/conv2d_transpose [8 8 48] 20784, " +
			"generator/conv2d_transpose_1 [16 16 24] 10392, generator/conv2d [16 16 1] 217",
		"acgan-auxiliary": "generator/embedding [32] 160",
		"dcgan":           "generator/batch_norm [4 4 ",
	} {
		layers, err := Layers(models[name], train.SampleUse)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		numbers := 0
		for _, l := range layers {
			got = append(got, fmt.Sprintf("%s %v %d", l.Name, l.Output, l.Numbers))
			numbers += l.Numbers
		}
		if text := strings.Join(got, ", "); !strings.Contains(text, want) {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
		all := 0
		for _, in := range models[name].Uses[train.SampleUse].Inputs {
			if a, ok := models[name].Array(in.Name); ok {
				all += len(a.Values)
			}
		}
		if numbers != all {
			t.Errorf("%s: %d numbers in layers, the graph reads %d", name, numbers, all)
		}
	}
	if _, err := Layers(models["dcgan"], "none"); err == nil || !strings.Contains(err.Error(), `no graph "none"`) {
		t.Errorf("of a graph that is not there: %v", err)
	}
}

// A spectral norm's kernel comes from arrays alone: it is no layer, but part of the one that multiplies by it.
func TestLayersOfNormedKernels(t *testing.T) {
	game := train.Game{Name: "spectral", Networks: []train.Network{{Name: "n", Net: func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		return []*nn.Node{l.Conv2D(x[0], nn.Conv{Filters: 3, Kernel: 3, Stride: 2, NoBias: true, Spectral: true})}
	}}}, Uses: []train.Use{{Name: "use", Build: func(b *train.Builder) []*nn.Node { return b.ApplyAll("n", b.Data("image")) }}}}
	m, err := Blank(game, []int{8, 6, 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := Layers(m, "use")
	if got, want := fmt.Sprint(layers), "[{n/conv2d [4 3 3] 30}]"; err != nil || got != want { // a kernel of 27, a vector of 3
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
