package gan

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func tutorial(t *testing.T, s Settings) Model {
	t.Helper()
	m, err := Tutorial(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Counts are by Keras's arithmetic: a Dense has in*out+out, a convolution h*w*in*out+out.
func TestTutorialParameters(t *testing.T) {
	l, err := tutorial(t, DefaultSettings()).layouts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		layout *Layout
		total  int
		want   []Parameter
	}{
		{l.generator, 316_736 + 36_928 + 18_464 + 25_089, []Parameter{
			{Name: "generator/dense/kernel", Shape: []int{100, 3136}},
			{Name: "generator/dense/bias", Shape: []int{3136}},
			{Name: "generator/conv2d_transpose/kernel", Shape: []int{3, 3, 64, 64}},
			{Name: "generator/conv2d_transpose/bias", Shape: []int{64}},
			{Name: "generator/conv2d_transpose_1/kernel", Shape: []int{3, 3, 32, 64}},
			{Name: "generator/conv2d_transpose_1/bias", Shape: []int{32}},
			{Name: "generator/conv2d/kernel", Shape: []int{28, 28, 32, 1}},
			{Name: "generator/conv2d/bias", Shape: []int{1}},
		}},
		{l.discriminator, 320 + 18_496 + 3_137, []Parameter{
			{Name: "discriminator/conv2d/kernel", Shape: []int{3, 3, 1, 32}},
			{Name: "discriminator/conv2d/bias", Shape: []int{32}},
			{Name: "discriminator/conv2d_1/kernel", Shape: []int{3, 3, 32, 64}},
			{Name: "discriminator/conv2d_1/bias", Shape: []int{64}},
			{Name: "discriminator/dense/kernel", Shape: []int{3136, 1}},
			{Name: "discriminator/dense/bias", Shape: []int{1}},
		}},
	} {
		if got := c.layout.ParameterCount(); got != c.total {
			t.Errorf("%s has %d parameters, want %d", c.layout.Name, got, c.total)
		}
		end := 0
		for i, p := range c.layout.Parameters() {
			if p.Name != c.want[i].Name || !slices.Equal(p.Shape, c.want[i].Shape) {
				t.Errorf("parameter %d is %s %v, want %s %v", i, p.Name, p.Shape, c.want[i].Name, c.want[i].Shape)
			}
			if p.Offset < end || p.Offset%alignment != 0 {
				t.Errorf("%s begins at %d, the one before it ends at %d", p.Name, p.Offset, end)
			}
			end = p.Offset + p.Len()
		}
		if end > c.layout.Len {
			t.Errorf("%s: parameters end at %d of %d", c.layout.Name, end, c.layout.Len)
		}
	}
}

func TestLayoutShapes(t *testing.T) {
	l, err := tutorial(t, DefaultSettings()).layouts()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int{{3136}, {3136}, {7, 7, 64}, {14, 14, 64}, {14, 14, 64}, {28, 28, 32}, {28, 28, 32}, {28, 28, 1}, {28, 28, 1}}
	for i, layer := range l.generator.Layers {
		if !slices.Equal(layer.Out, want[i]) {
			t.Errorf("%s makes %v, want %v", layer.Name, layer.Out, want[i])
		}
	}
	want = [][]int{{14, 14, 32}, {14, 14, 32}, {14, 14, 32}, {7, 7, 64}, {7, 7, 64}, {3136}, {1}}
	for i, layer := range l.discriminator.Layers {
		if !slices.Equal(layer.Out, want[i]) {
			t.Errorf("%s makes %v, want %v", layer.Name, layer.Out, want[i])
		}
	}
}

func TestLayoutErrorsNameTheLayer(t *testing.T) {
	image := []int{8, 8, 1}
	for name, c := range map[string]struct {
		input  []int
		layers []Layer
		want   string
	}{
		"dense on image":    {image, []Layer{Dense{Units: 3}}, "net/dense: input [8 8 1] is not flat"},
		"no units":          {[]int{4}, []Layer{Dense{Units: 2}, Dense{}}, "net/dense_1: 0 units"},
		"conv on row":       {[]int{4}, []Layer{Conv2D{Filters: 1, Kernel: Size{3, 3}, Stride: Size{1, 1}}}, "net/conv2d: input [4] is no image"},
		"no stride":         {image, []Layer{Conv2D{Filters: 1, Kernel: Size{3, 3}}}, "net/conv2d: vertical stride is 0"},
		"padding":           {image, []Layer{Conv2D{Filters: 1, Kernel: Size{3, 3}, Stride: Size{1, 1}, Padding: "full"}}, `net/conv2d: padding "full"`},
		"valid too large":   {image, []Layer{Conv2D{Filters: 1, Kernel: Size{9, 9}, Stride: Size{1, 1}, Padding: "valid"}}, "net/conv2d: a 9x9 filter"},
		"transpose no out":  {image, []Layer{Conv2DTranspose{Kernel: Size{3, 3}, Stride: Size{2, 2}}}, "net/conv2d_transpose: 0 filters"},
		"reshape":           {image, []Layer{Reshape{Shape: []int{63}}}, "net/reshape: input [8 8 1] has 64 elements, shape [63] has 63"},
		"negative reshape":  {image, []Layer{Reshape{Shape: []int{-8, -8}}}, "net/reshape: shape [-8 -8]"},
		"dropout":           {image, []Layer{Dropout{Rate: 1}}, "net/dropout: rate is 1"},
		"slope":             {image, []Layer{LeakyReLU{Alpha: -1}}, "net/leaky_relu: alpha is -1"},
		"no parameters":     {image, []Layer{Flatten{}}, "net: no layer has parameters"},
		"no input":          {nil, []Layer{Dense{Units: 1}}, "net: input shape []"},
		"output too large":  {[]int{4}, []Layer{Dense{Units: 1 << 30}}, "net/dense: an output of [1073741824] is too large"},
		"kernel too large":  {[]int{1 << 20}, []Layer{Dense{Units: 1 << 20}}, "net/dense: a kernel of [1048576 1048576] is too large"},
		"stride too large":  {image, []Layer{Conv2D{Filters: 1, Kernel: Size{3, 3}, Stride: Size{1, math.MaxInt}}, Dense{Units: 1}}, "net/conv2d: a stride of [1 9223372036854775807] is too large"},
		"wrapping stride":   {image, []Layer{Conv2DTranspose{Filters: 1, Kernel: Size{3, 3}, Stride: Size{1<<61 + 1, 1}}}, "net/conv2d_transpose: a stride of"},
		"overflowing shape": {image, []Layer{Reshape{Shape: []int{1 << 32, 1 << 32, 64}}}, "net/reshape"},
	} {
		_, err := Network{Name: "net", Input: c.input, Layers: c.layers}.Layout()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestModelErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Model)
		want   string
	}{
		"names": {func(m *Model) { m.Generator.Name = "g" }, `"g" and "discriminator"`},
		"no noise": {func(m *Model) {
			m.Generator.Input = []int{10, 10}
			m.Generator.Layers = append([]Layer{Flatten{}}, m.Generator.Layers...)
		}, "no row of noise"},
		"two logits": {func(m *Model) { m.Discriminator.Layers[6] = Dense{Units: 2} }, "not one logit"},
		"sizes":      {func(m *Model) { m.Discriminator.Input = []int{32, 32, 1} }, "makes [28 28 1] but discriminator takes [32 32 1]"},
		"colours":    {func(m *Model) { m.Generator.Layers[7] = Conv2D{Filters: 3, Kernel: Size{3, 3}, Stride: Size{1, 1}} }, "no grey image"},
	} {
		m := tutorial(t, DefaultSettings())
		c.change(&m)
		if _, err := m.layouts(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	s := DefaultSettings()
	s.Height = 27
	if _, err := Tutorial(s); err == nil {
		t.Error("the tutorial's model was made for 27 rows")
	}
}

func TestModelJSON(t *testing.T) {
	want := tutorial(t, DefaultSettings())
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `{"conv2d_transpose":{"filters":64,"kernel":[3,3],"stride":[2,2]}}`) {
		t.Errorf("JSON %s", data)
	}
	var got Model
	if err := strictly(data, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{
		`{"name":"n","input":[1],"layers":[{"lstm":{}}]}`,
		`{"name":"n","input":[1],"layers":[{"dense":{"units":1},"flatten":{}}]}`,
		`{"name":"n","input":[1],"layers":[{"dense":{"neurons":1}}]}`,
		`{"name":"n","input":[1],"layers":[{}]}`,
	} {
		if err := json.Unmarshal([]byte(bad), new(Network)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
