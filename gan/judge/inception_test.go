package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gangpu/gan/judge/inception"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// FID, precision and recall of two sets of pictures are those that inception/testdata/reference.py found by PyTorch and
// SciPy. Covariances of so few have not all directions.
func TestInceptionScores(t *testing.T) {
	const folder = "inception/testdata/"
	expected, err := safetensors.Read(folder + "expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]train.Field{}
	for _, name := range []string{"training", "generated"} {
		of, err := expected.Tensor("images/" + name)
		if err != nil {
			t.Fatal(err)
		}
		fields[name] = train.Field{Name: name, Shape: of.Shape[1:], Bytes: of.Data}
	}
	n, err := inception.Open(folder+"network.safetensors", fields["training"].Shape)
	if err != nil {
		t.Fatal(err)
	}
	dev, told := openCPU(t, 0), map[string]int{}
	j, err := NewInceptionJudge(dev, n, 40, fields["training"], fields["generated"], func(what string, done, total int) {
		if done < told[what] || done >= total {
			t.Errorf("%s: %d of %d after %d", what, done, total, told[what])
		}
		told[what] = done
	})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	got := j.Floor()
	if got.Images != 30 || got.Training != 40 || told["training images"] != 32 {
		t.Errorf("%+v, told of %v", got, told)
	}
	for name, v := range map[string]float64{"fid": got.FID, "precision": got.Precision, "recall": got.Recall} {
		want, err := strconv.ParseFloat(expected.Metadata[name], 64)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(v-want) <= 1e-4*want) {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if _, err := NewInceptionJudge(dev, n, 1, fields["training"], fields["generated"], nil); err == nil || !strings.Contains(err.Error(), "at least 2") {
		t.Errorf("by 1 image: error %v", err)
	}
}

// Radii and shares are those of all distances, in more than one block.
func TestPrecisionRecall(t *testing.T) {
	const width, n, m = 3, 1100, 1030
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, deviation float64) points {
		p := points{features: make([]float32, n*width)}
		for i := range p.features {
			p.features[i] = float32(deviation * r.NormFloat64())
		}
		return p
	}
	distance := func(a, b points, i, j int) float64 {
		d := 0.0
		for c := range width {
			x := float64(a.features[i*width+c]) - float64(b.features[j*width+c])
			d += x * x
		}
		return d
	}
	dev := openCPU(t, 0)
	real, generated := draw(n, 2), draw(m, 1)
	for _, p := range []*points{&real, &generated} {
		var err error
		if p.radii, err = radii(dev, width, p.features); err != nil {
			t.Fatal(err)
		}
		for i, got := range p.radii {
			var all []float64
			for j := range p.radii {
				if j != i {
					all = append(all, distance(*p, *p, i, j))
				}
			}
			slices.Sort(all)
			if math.Abs(got-all[2]) > 1e-5 {
				t.Fatalf("point %d: the third neighbour is at %v squared, want %v", i, got, all[2])
			}
		}
	}
	among := func(of, x points) float64 {
		count := 0
		for i := range x.radii {
			for j := range of.radii {
				if distance(x, of, i, j) <= of.radii[j] {
					count++
					break
				}
			}
		}
		return float64(count) / float64(len(x.radii))
	}
	precision, recall, err := precisionRecall(dev, width, real, generated)
	if want := [2]float64{among(real, generated), among(generated, real)}; err != nil || precision != want[0] || recall != want[1] || precision == recall {
		t.Errorf("precision %v, recall %v, error %v, want %v", precision, recall, err, want)
	}
	if r, err := radii(dev, width, []float32{0, 0, 0, 0, 2, 0}); err != nil || !slices.Equal(r, []float64{4, 4}) {
		t.Errorf("of two points: %v, error %v", r, err)
	}
}
