package bench

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/acgan"
	"gangpu/gan/train"
)

// renamed is a device under another name, as a second device beside the first.
type renamed struct {
	program.Device
	name string
}

func (r renamed) Info() program.Info {
	info := r.Device.Info()
	info.Name = r.name
	return info
}

func TestRun(t *testing.T) {
	r, err := Run([]program.Device{openCPU(t), renamed{openCPU(t), "other"}}, Options{Batch: 4, Measurements: 3, Warmup: 1, Layers: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Devices) != 2 || r.Batch != 4 || r.K != 2 || r.Measurements != 3 || r.Warmup != 1 {
		t.Fatalf("the result is %+v", r)
	}
	first, other := &r.Devices[0], &r.Devices[1]
	if first.Difference != nil || first.Ratio != 0 {
		t.Errorf("the first device differs from itself: %+v, %v", first.Difference, first.Ratio)
	}
	if d := other.Difference; d == nil || d.Parameters != 0 || d.Losses != 0 || d.To != "cpu" || d.Iterations != 4 {
		t.Errorf("the same device differs: %+v", d)
	}
	if want := other.Iteration.Median / first.Iteration.Median; other.Ratio != want {
		t.Errorf("the ratio is %v, want %v", other.Ratio, want)
	}
	for _, d := range r.Devices {
		if len(d.Phases) != 2 || d.Phases[0].Name != "d" || d.Phases[0].Share != 0.5 || d.Phases[1].Name != "g" || d.Phases[1].Share != 1 {
			t.Fatalf("the phases are %+v", d.Phases)
		}
		for _, times := range []*Times{&d.Iteration, &d.Phases[0].Times, &d.Phases[1].Times} {
			if !(times.P10 > 0 && times.P10 <= times.Median && times.Median <= times.P90) {
				t.Errorf("%s: the quantiles are %+v", d.Name, times)
			}
		}
		if want := 4 / d.Iteration.Median; math.Abs(d.ImagesPerSecond-want) > 1e-9*want {
			t.Errorf("%v images/s, want %v", d.ImagesPerSecond, want)
		}
		// The dataset is most of what a small batch holds.
		if least := 59_000 * 28 * 28; d.DeviceMemory < least {
			t.Errorf("%d bytes on the device, want at least %d", d.DeviceMemory, least)
		}
		if f := d.Floor; !(f.Seconds >= d.Work.FLOPs/f.FLOPRate && f.Seconds >= d.Work.Bytes/f.ByteRate && f.Seconds > 0) {
			t.Errorf("the floor of %+v is %+v", d.Work, f)
		}
		var flops, bytes float64
		for _, l := range d.Layers {
			flops += l.FLOPs
			bytes += l.Bytes
			if sum := l.Forward + l.InputGrad + l.FilterGrad + l.Rest; !(l.Time > 0) || math.Abs(sum-l.Time) > 1e-9*l.Time {
				t.Errorf("%s: the passes take %v, the layer %v", l.Name, sum, l.Time)
			}
		}
		if math.Abs(flops-d.Work.FLOPs) > 1 || math.Abs(bytes-d.Work.Bytes) > 1 {
			t.Errorf("the layers count %v FLOP and %v bytes, the iteration %+v", flops, bytes, d.Work)
		}
	}
	for _, name := range []string{"inputs", "generator/dense", "generator/conv2d_transpose_1", "generator/conv2d", "generator/update",
		"discriminator/conv2d_1", "discriminator/dropout", "discriminator/update", "others"} {
		if n := len(slices.DeleteFunc(slices.Clone(first.Layers), func(l Layer) bool { return l.Name != name })); n != 1 {
			t.Errorf("%d layers are called %s", n, name)
		}
	}
	t.Run("JSON", func(t *testing.T) { testRoundTrip(t, r) })
}

func TestRunRefuses(t *testing.T) {
	dev := openCPU(t)
	for name, o := range map[string]Options{
		"an odd batch":       {Batch: 5, Measurements: 1},
		"no measurement":     {Batch: 4},
		"a negative warm-up": {Batch: 4, Measurements: 1, Warmup: -1},
	} {
		if _, err := Run([]program.Device{dev}, o); err == nil {
			t.Errorf("%s is measured", name)
		}
	}
	if _, err := Run(nil, Options{Batch: 4, Measurements: 1}); err == nil {
		t.Error("no device is measured")
	}
}

func testRoundTrip(t *testing.T, r *Result) {
	r.Notes = []string{"no GPU: none"}
	r.Versions = map[string]string{"gangpu": "v1"}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"iteration"`, `"median"`, `"p10"`, `"p90"`, `"phases"`, `"share"`, `"images_per_second"`, `"layers"`, `"difference"`, `"ratio"`} {
		if !strings.Contains(b.String(), key) {
			t.Errorf("the JSON has no key %s", key)
		}
	}
	file := filepath.Join(t.TempDir(), "result.json")
	if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	back, err := ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, r) {
		t.Errorf("read back: %+v, want %+v", back, r)
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	for name, content := range map[string]string{"cut.json": `{"devices": [`, "empty.json": `{}`, "zero.json": `{"devices":[{"name":"cpu"}]}`,
		"other.json": `{"name":"other","devices":[{"iteration":{"median":1}}]}`} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQuantiles(t *testing.T) {
	if got, want := *timesOf([]float64{5, 1, 4, 2, 3}), (Times{Median: 3, P10: 1.4, P90: 4.6}); math.Abs(got.P10-want.P10) > 1e-12 ||
		math.Abs(got.P90-want.P90) > 1e-12 || got.Median != want.Median {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := *timesOf([]float64{7}); got != (Times{7, 7, 7}) {
		t.Errorf("of one sample: %+v", got)
	}
}

func TestDifference(t *testing.T) {
	a := numbers{names: []string{"x", "y"}, parameters: [][]float32{{3, 4}, {1, 0}}, losses: []float64{2, 1}}
	b := numbers{names: a.names, parameters: [][]float32{{3, 4.5}, {1, 0.25}}, losses: []float64{2.5, 1}}
	d, err := differenceTo(a, b)
	if err != nil || d.Parameters != 0.25 || d.Parameter != "y" || d.Losses != 0.25 {
		t.Errorf("the difference is %+v, %v", d, err)
	}
	b.parameters[0][0] = float32(math.NaN())
	if _, err := differenceTo(a, b); err == nil || !strings.Contains(err.Error(), "x is not finite") {
		t.Errorf("the difference to no number: %v", err)
	}
}

func TestLayerNames(t *testing.T) {
	n := layerNames{networks: []string{"generator", "discriminator"}, layers: []string{"generator/conv2d", "generator/conv2d_1",
		"generator/block/conv2d", "discriminator/dropout"}}
	for step, want := range map[string][2]string{
		"concat":                           {"others", "rest"},
		"generator/conv2d":                 {"generator/conv2d", ""},
		"generator/conv2d_1/input_grad":    {"generator/conv2d_1", "input_grad"},
		"generator/conv2d/leaky_relu/grad": {"generator/conv2d", "leaky_relu/grad"},
		"generator/block/conv2d/sum":       {"generator/block/conv2d", "sum"},
		"generator/scale":                  {"generator", "rest"}, // of a parameter of the network's own
	} {
		if layer, pass := n.body(step); layer != want[0] || pass != want[1] {
			t.Errorf("%s is %s, %s, want %v", step, layer, pass, want)
		}
	}
	for step, want := range map[string]string{"z": "inputs", "class of fakes": "inputs", "discriminator/dropout/mask": "discriminator/dropout",
		"discriminator 2/dropout/mask": "discriminator/dropout"} {
		if layer := n.draw(step); layer != want {
			t.Errorf("the draw %s is of %s, want %s", step, layer, want)
		}
	}
	for step, want := range map[string]string{"generator/adam": "generator/update", "generator/average": "generator/update", "metrics": "others"} {
		if layer := n.update(step); layer != want {
			t.Errorf("%s is of %s, want %s", step, layer, want)
		}
	}
}

// A game of colours and classes, whose batches are computed in parts.
func TestRunGame(t *testing.T) {
	system := acgan.System
	preset := system.Presets[0]
	s := preset.Settings.(acgan.Settings)
	s.Filters = 2
	preset.Settings = s
	system.Presets = []train.Preset{preset}
	dev := openCPU(t)
	o := Options{System: system, Batch: 4, Shards: 2, Measurements: 1, Layers: true, Input: Noise(system, 16)}
	r, err := Run([]program.Device{dev}, o)
	if err != nil {
		t.Fatal(err)
	}
	d := r.Devices[0]
	var flops float64
	for _, l := range d.Layers {
		flops += l.FLOPs
	}
	if math.Abs(flops-d.Work.FLOPs) > 1 || flops <= 0 || len(d.Phases) != 2 {
		t.Errorf("the layers count %v FLOP: %+v", flops, d)
	}
	out := text(t, func(b *strings.Builder) error { return r.WriteTable(b) })
	contains(t, out, "acgan, preset auxiliary, images of 16 x 16 pixels of 3 channels, batch 4 in 2 shards; an iteration is 1 d + 1 g;",
		"phase d median", "generator/conv2d_transpose_1")
	if err := r.WriteComparison(&strings.Builder{}, sample(1)); err == nil || !strings.Contains(err.Error(), "game tutorial") {
		t.Errorf("two games are compared: %v", err)
	}
	o.Input.Classes = 0
	if _, err := Run([]program.Device{dev}, o); err == nil {
		t.Error("a game of classes is measured without any")
	}
}

// What was measured before phases were listed is read: of bench/results, gangpu's own.
func TestReadEarly(t *testing.T) {
	r, err := ReadFile("results/2026-11-24-cpu-2core.json")
	if err != nil {
		t.Fatal(err)
	}
	d := r.Devices[0]
	if len(d.Phases) != 2 || d.Phases[0].Name != "d" || !(d.Phases[0].Median > 0 && d.Phases[1].Median > d.Phases[0].Median) {
		t.Errorf("the phases are %+v", d.Phases)
	}
	now := sample(1)
	now.Batch, now.K, now.Game, now.Input = r.Batch, r.K, "tutorial", &digits
	now.Devices[0].Phases = []PhaseTimes{{Name: "d", Times: Times{Median: 1}}}
	got := text(t, func(b *strings.Builder) error { return now.WriteComparison(b, r) })
	contains(t, got, "iteration median 1000 ms", "phase d median 1000 ms")
}
