package exchange

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestChainErrorsNameTheLayer(t *testing.T) {
	image := []int{8, 8, 1}
	for name, c := range map[string]struct {
		input  []int
		layers []layer
		want   string
	}{
		"dense on image":    {image, []layer{dense{Units: 3}}, "net/dense: input [8 8 1] is not flat"},
		"no units":          {[]int{4}, []layer{dense{Units: 2}, dense{}}, "net/dense_1: 0 units"},
		"conv on row":       {[]int{4}, []layer{conv2d{Filters: 1, Kernel: pair{3, 3}, Stride: pair{1, 1}}}, "net/conv2d: input [4] is no image"},
		"no stride":         {image, []layer{conv2d{Filters: 1, Kernel: pair{3, 3}}}, "net/conv2d: vertical stride is 0"},
		"padding":           {image, []layer{conv2d{Filters: 1, Kernel: pair{3, 3}, Stride: pair{1, 1}, Padding: "full"}}, `net/conv2d: padding "full"`},
		"valid too large":   {image, []layer{conv2d{Filters: 1, Kernel: pair{9, 9}, Stride: pair{1, 1}, Padding: "valid"}}, "net/conv2d: a 9x9 filter"},
		"transpose no out":  {image, []layer{conv2dTranspose{Kernel: pair{3, 3}, Stride: pair{2, 2}}}, "net/conv2d_transpose: 0 filters"},
		"reshape":           {image, []layer{reshape{Shape: []int{63}}}, "net/reshape: input [8 8 1] has 64 elements, shape [63] has 63"},
		"negative reshape":  {image, []layer{reshape{Shape: []int{-8, -8}}}, "net/reshape: shape [-8 -8]"},
		"dropout":           {image, []layer{dropout{Rate: 1}}, "net/dropout: rate is 1"},
		"slope":             {image, []layer{leakyReLU{Alpha: -1}}, "net/leaky_relu: alpha is -1"},
		"no parameters":     {image, []layer{flatten{}}, "net: no layer has parameters"},
		"no input":          {nil, []layer{dense{Units: 1}}, "net: input shape []"},
		"output too large":  {[]int{4}, []layer{dense{Units: 1 << 30}}, "net/dense: an output of [1073741824] is too large"},
		"kernel too large":  {[]int{1 << 20}, []layer{dense{Units: 1 << 20}}, "net/dense: a kernel of [1048576 1048576] is too large"},
		"stride too large":  {image, []layer{conv2d{Filters: 1, Kernel: pair{3, 3}, Stride: pair{1, math.MaxInt}}, dense{Units: 1}}, "net/conv2d: a stride of [1 9223372036854775807] is too large"},
		"wrapping stride":   {image, []layer{conv2dTranspose{Filters: 1, Kernel: pair{3, 3}, Stride: pair{1<<61 + 1, 1}}}, "net/conv2d_transpose: a stride of"},
		"overflowing shape": {image, []layer{reshape{Shape: []int{1 << 32, 1 << 32, 64}}}, "net/reshape"},
	} {
		_, err := chain{Name: "net", Input: c.input, Layers: c.layers}.layout()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestChainsErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*chains)
		want   string
	}{
		"names": {func(m *chains) { m.Generator.Name = "g" }, `"g" and "discriminator"`},
		"no noise": {func(m *chains) {
			m.Generator.Input = []int{10, 10}
			m.Generator.Layers = append([]layer{flatten{}}, m.Generator.Layers...)
		}, "no row of noise"},
		"two logits": {func(m *chains) { m.Discriminator.Layers[len(m.Discriminator.Layers)-1] = dense{Units: 2} }, "not one logit"},
		"sizes":      {func(m *chains) { m.Discriminator.Input = []int{32, 32, 1} }, "makes [28 28 1] but discriminator takes [32 32 1]"},
		"colours": {func(m *chains) {
			m.Generator.Layers[len(m.Generator.Layers)-2] = conv2d{Filters: 3, Kernel: pair{3, 3}, Stride: pair{1, 1}}
		}, "no grey image"},
	} {
		m, err := tutorialChains()
		if err != nil {
			t.Fatal(err)
		}
		c.change(&m)
		if _, _, _, err := m.layouts(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestChainJSONRefused(t *testing.T) {
	for want, bad := range map[string]string{
		`layer 0: unknown kind "lstm"`: `{"name":"n","input":[1],"layers":[{"lstm":{}}]}`,
		"layer 0 has 2 kinds":          `{"name":"n","input":[1],"layers":[{"dense":{"units":1},"flatten":{}}]}`,
		`unknown field "neurons"`:      `{"name":"n","input":[1],"layers":[{"dense":{"neurons":1}}]}`,
		"layer 0 has 0 kinds":          `{"name":"n","input":[1],"layers":[{}]}`,
	} {
		if err := json.Unmarshal([]byte(bad), new(chain)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", bad, err, want)
		}
	}
}
