package runplot

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/internal/runfolder"
)

func TestSmooth(t *testing.T) {
	nan := math.NaN()
	got := smooth([]float64{nan, 2, 4, 6, nan, 8, math.Inf(1), nan, nan}, 3)
	want := []float64{nan, 2, 3, 4, 5, 7, 8, 8, nan}
	if !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every bin keeps its extremes, in their order; what is left is of the curve.
func TestDecimate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 7, 100, 10_007} {
		x, y := make([]float64, n), make([]float64, n)
		for i := range y {
			x[i], y[i] = float64(i), random.NormFloat64()
		}
		if n > 50 {
			y[40], y[n-3] = math.NaN(), math.Inf(1)
		}
		const bins = 50
		kept := decimate(x, y, bins)
		if len(kept) > 2*bins || n <= bins && len(kept) != n {
			t.Errorf("of %d points %d are kept", n, len(kept))
		}
		last := -1.0
		for _, p := range kept {
			if p.X <= last || p.Y != y[int(p.X)] {
				t.Fatalf("of %d points one is %v", n, p)
			}
			last = p.X
		}
		per := (n + bins - 1) / bins
		for first := 0; first < n; first += per {
			var in []float64
			for _, v := range y[first:min(first+per, n)] {
				if finite(v) {
					in = append(in, v)
				}
			}
			for _, v := range []float64{slices.Min(in), slices.Max(in)} {
				if !slices.Contains(column(kept), v) {
					t.Fatalf("of %d points the extreme %v from %d on is lost", n, v, first)
				}
			}
		}
	}
}

var columns = []runfolder.Column{{Name: "d_loss"}, {Name: "g_loss"},
	{Name: "accuracy_real", Axis: "accuracy", Share: true}, {Name: "accuracy_fake", Axis: "accuracy", Share: true}}

// newRun is one of so many iterations, ten an epoch.
func newRun(name string, iterations int) Run {
	r := Run{Name: name, IterationsPerEpoch: 10, Columns: columns, Guides: []runfolder.Guide{{Axis: "loss", Value: math.Ln2, Label: "log 2"}}}
	for i := range iterations {
		wave := float32(math.Sin(float64(i) / 5))
		r.Rows = append(r.Rows, runfolder.Row{Epoch: i / 10, Iteration: i % 10,
			Values: []float32{0.69 + 0.1*wave, 0.7 - 0.1*wave, 0.5 + wave/2, 0.5 - wave/2}})
	}
	return r
}

func save(t *testing.T, name string, runs ...Run) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := Save(path, runs); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// texts are those of an SVG, which must be sound XML.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var all []string
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%.2000s", err, svg)
		}
		if text, ok := token.(xml.CharData); ok {
			all = append(all, strings.TrimSpace(string(text)))
		}
	}
}

func TestSVG(t *testing.T) {
	one := texts(t, save(t, "one.svg", newRun("runs/001", 100)))
	for _, want := range []string{"loss", "accuracy", "d", "g", "real", "fake", "log 2", "epochs", "100%", "10"} {
		if !slices.Contains(one, want) {
			t.Errorf("no %q in %q", want, one)
		}
	}
	spike, broken, wasserstein := newRun("spike & co", 100), newRun("broken", 57), newRun("w", 30)
	spike.Rows[3].Values[1] = 80
	broken.Rows[56].Values[0] = float32(math.NaN())
	if got := texts(t, save(t, "spike.svg", spike)); !slices.Contains(got, "loss (at most 80, above the picture)") {
		t.Errorf("a spike is not told in %q", got)
	}
	wasserstein.Guides = nil
	several := texts(t, save(t, "several.SVG", spike, broken, wasserstein))
	for _, want := range []string{"loss: d, and dashed g", "spike & co", "broken", "w", "d is NaN in epoch 6"} {
		if !slices.Contains(several, want) {
			t.Errorf("no %q in %q", want, several)
		}
	}
	if alone := texts(t, save(t, "w.svg", wasserstein)); slices.Contains(alone, "log 2") {
		t.Error("a loss for which guessing costs nothing has a line at log 2")
	}
	if slices.Contains(several, "classifier Fréchet distance") {
		t.Error("runs that were not judged have a panel of distances")
	}
	spike.Measure = &runfolder.Measure{Name: "distance", Label: "classifier Fréchet distance"}
	spike.Judgements = []runfolder.Judgement{{Epoch: 1, Score: 1400}, {Epoch: 3, Score: math.NaN()}, {Epoch: 10, Score: 90}}
	if got := texts(t, save(t, "judged.svg", spike, wasserstein)); !slices.Contains(got, "classifier Fréchet distance") || !slices.Contains(got, "1000") {
		t.Errorf("no distances in %q", slices.Compact(got))
	}
	spike.Guides = append(spike.Guides, runfolder.Guide{Axis: "classifier Fréchet distance", Value: 20_000, Label: "noise"})
	if got := texts(t, save(t, "baseline.svg", spike)); !slices.Contains(got, "noise, 2e+04") || !slices.Contains(got, "100000") {
		t.Errorf("no baseline of the distances in %q", slices.Compact(got))
	}
	for i := range broken.Rows { // not one number
		broken.Rows[i].Values[0], broken.Rows[i].Values[1] = float32(math.NaN()), float32(math.NaN())
	}
	texts(t, save(t, "broken.svg", broken))
}

// Columns of any names are drawn, an axis a panel; runs that have others beside each other.
func TestOddColumns(t *testing.T) {
	odd := Run{Name: "odd", IterationsPerEpoch: 2, Columns: []runfolder.Column{{Name: "G/l1"}, {Name: "d_loss"}, {Name: "G/mask", Share: true}, {Name: "lr", Axis: "learning rate"}},
		Guides: []runfolder.Guide{{Axis: "learning rate", Value: 3e-4, Label: "the first rate"}}, Measure: &runfolder.Measure{Name: "psnr", Higher: true},
		Judgements: []runfolder.Judgement{{Epoch: 1, Score: -1}, {Epoch: 2, Score: 25}}}
	for i := range 10 {
		odd.Rows = append(odd.Rows, runfolder.Row{Epoch: i / 2, Iteration: i % 2, Values: []float32{0.5, 2, 0.25, 0}})
	}
	one := texts(t, save(t, "odd.svg", odd))
	for _, want := range []string{"loss", "G l1", "d", "share", "G mask", "100%", "learning rate", "lr", "the first rate, 0.0003", "psnr"} {
		if !slices.Contains(one, want) {
			t.Errorf("no %q in %q", want, one)
		}
	}
	both := texts(t, save(t, "both.svg", newRun("usual", 20), odd))
	for _, want := range []string{"loss: d, dashed g, and dotted G l1", "accuracy: real, and dashed fake", "share", "usual", "odd"} {
		if !slices.Contains(both, want) {
			t.Errorf("no %q in %q", want, both)
		}
	}
}

// The picture has the colours of both curves, and that of where a number is not finite if one is.
func TestPNG(t *testing.T) {
	colours := func(runs ...Run) map[color.RGBA]int {
		picture, err := png.Decode(strings.NewReader(save(t, "curves.png", runs...)))
		if err != nil {
			t.Fatal(err)
		}
		if picture.Bounds().Size() != image.Pt(1080, 816) {
			t.Errorf("the picture is of %v", picture.Bounds().Size())
		}
		count := map[color.RGBA]int{}
		for y := range 816 {
			for x := range 1080 {
				count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
			}
		}
		return count
	}
	red := color.RGBA{192, 24, 43, 255}
	well := colours(newRun("a", 100))
	if well[palette[0]] < 500 || well[palette[1]] < 500 || well[red] != 0 {
		t.Errorf("%d pixels are of d, %d of g, %d of what is not finite", well[palette[0]], well[palette[1]], well[red])
	}
	broken := newRun("a", 100)
	broken.Rows[50].Values[1] = float32(math.Inf(1))
	if n := colours(broken)[red]; n < 300 {
		t.Errorf("an infinity is marked by %d pixels", n)
	}
	if n := colours(newRun("a", 50), newRun("b", 80), newRun("c", 20))[palette[2]]; n < 100 {
		t.Errorf("%d pixels are of the third run", n)
	}
}

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, r := range map[string]Run{"curves.gif": newRun("a", 10), "curves": newRun("a", 10), "curves.png": newRun("a", 0)} {
		if err := Save(filepath.Join(dir, name), []Run{r}); err == nil {
			t.Errorf("%d iterations were drawn into %s", len(r.Rows), name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("refusals left %v (%v)", entries, err)
	}
}
