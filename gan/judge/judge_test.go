package judge

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/mnist"
)

func openCPU(t testing.TB, threads int) program.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// diagonal is a Gaussian of independent features.
func diagonal(mean, deviation []float64) gaussian {
	g := gaussian{mean: mean, covariance: mat.NewSymDense(len(mean), nil)}
	for i, s := range deviation {
		g.covariance.SetSym(i, i, s*s)
	}
	return g
}

// random is a Gaussian whose covariance has the given rank.
func random(rng *rand.Rand, n, rank int) gaussian {
	g := gaussian{mean: make([]float64, n), covariance: mat.NewSymDense(n, nil)}
	factor := mat.NewDense(n, rank, nil)
	for i := range n {
		g.mean[i] = rng.NormFloat64()
		for k := range rank {
			factor.Set(i, k, rng.NormFloat64())
		}
	}
	g.covariance.SymOuterK(1, factor)
	return g
}

func distanceOf(t *testing.T, a, b gaussian) float64 {
	t.Helper()
	d, err := frechetDistance(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Of independent features the distance is that of the means and of the standard deviations.
func TestFrechetDistanceClosedForms(t *testing.T) {
	a := diagonal([]float64{1, -2, 0}, []float64{1, 0.5, 3})
	b := diagonal([]float64{1.5, -2, 2}, []float64{0.2, 0.5, 0})
	near(t, "distance of diagonal ones", distanceOf(t, a, b), 0.25+4+0.64+9, 1e-12)
	rng := rand.New(rand.NewPCG(1, 2))
	// Of a singular covariance, rounding leaves roots of 1e-16 instead of zeros.
	for _, x := range []struct {
		rank      int
		tolerance float64
	}{{3, 1e-4}, {20, 1e-9}} {
		c, tolerance := random(rng, 20, x.rank), x.tolerance
		near(t, "distance to itself", distanceOf(t, c, c), 0, tolerance)
		shifted := gaussian{mean: append([]float64(nil), c.mean...), covariance: c.covariance}
		shifted.mean[4] += 3
		shifted.mean[7] -= 4
		near(t, "distance of a shift by 5", distanceOf(t, c, shifted), 25, tolerance)
		scaled := gaussian{mean: c.mean, covariance: mat.NewSymDense(20, nil)}
		scaled.covariance.ScaleSym(9, c.covariance) // tr(A + 9A - 2*3A)
		near(t, "distance of three times as wide", distanceOf(t, c, scaled), 4*mat.Trace(c.covariance), tolerance)
	}
	if _, err := frechetDistance(a, diagonal([]float64{1, 2, math.NaN()}, []float64{1, 1, 1})); err == nil {
		t.Error("features that are not numbers have a distance")
	}
}

// The root of the covariances' product by Denman and Beavers' iteration, without eigenvalues.
func TestFrechetDistanceByIteration(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		n := 2 + rng.IntN(9)
		a, b := random(rng, n, 2*n), random(rng, n, 2*n)
		var root, inverse, nextRoot, nextInverse mat.Dense
		root.Mul(a.covariance, b.covariance)
		inverse.CloneFrom(mat.NewDiagDense(n, ones(n)))
		for range 60 {
			if err := nextRoot.Inverse(&inverse); err != nil {
				t.Fatal(err)
			}
			if err := nextInverse.Inverse(&root); err != nil {
				t.Fatal(err)
			}
			nextRoot.Add(&root, &nextRoot)
			nextInverse.Add(&inverse, &nextInverse)
			root.Scale(0.5, &nextRoot)
			inverse.Scale(0.5, &nextInverse)
		}
		want := mat.Trace(a.covariance) + mat.Trace(b.covariance) - 2*mat.Trace(&root)
		for i := range n {
			want += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i])
		}
		near(t, "distance", distanceOf(t, a, b), want, 1e-8*want)
		near(t, "distance the other way", distanceOf(t, b, a), want, 1e-8*want)
	}
}

func ones(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func TestGaussianOf(t *testing.T) {
	g := gaussianOf(gan.Recognition{Count: 3, Features: []float32{1, 10, 2, 20, 6, 60}}, 2)
	near(t, "mean", g.mean[0], 3, 1e-15)
	near(t, "mean", g.mean[1], 30, 1e-15)
	near(t, "variance", g.covariance.At(0, 0), 7, 1e-14)
	near(t, "covariance", g.covariance.At(1, 0), 70, 1e-13)
	near(t, "variance", g.covariance.At(1, 1), 700, 1e-12)
}

// squares are images of 8x8 with a bright corner each, of four classes in turn.
func squares(count int, seed uint64) gan.Images {
	rng := rand.New(rand.NewPCG(seed, 0))
	images := gan.Images{Pixels: make([]byte, count*64), Count: count, Rows: 8, Cols: 8, Labels: make([]byte, count)}
	for i := range count {
		images.Labels[i] = byte(i % 4)
		for p := range 64 {
			if y, x := p/8/4, p%8/4; 2*y+x == i%4 {
				images.Pixels[i*64+p] = byte(100 + rng.IntN(156))
			}
		}
	}
	return images
}

func newJudge(t *testing.T, threads int, o Options) *Judge {
	t.Helper()
	dev := openCPU(t, threads)
	training := squares(200, 1)
	c, err := gan.TrainClassifier(dev, gan.ClassifierSettings{Epochs: 4, Batch: 20, LearningRate: 3e-3, Seed: 1}, training, nil)
	if err != nil {
		t.Fatal(err)
	}
	test := squares(120, 2)
	j, err := New(dev, c, o, training, test)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// Real images score well, worse ones worse, and the same images the same on any number of threads.
func TestJudge(t *testing.T) {
	o := Options{Images: 200, Confidence: 0.6}
	j := newJudge(t, 1, o)
	floor := j.Floor()
	if floor.Images != 200 || floor.ClassesSeen != 4 || floor.ClassifierScore < 3.8 || floor.ClassifierScore > 4 || floor.Confident < 0.95 ||
		!reflect.DeepEqual(floor.Classes, []int{50, 50, 50, 50}) {
		t.Errorf("the training images score %+v", floor)
	}
	test := squares(120, 2)
	same, err := j.Score(test.Samples(120))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "distance of the test images to themselves", same.FrechetDistance, 0, 1e-6)
	if !(floor.FrechetDistance > same.FrechetDistance+1e-3) {
		t.Errorf("the training images are at %v of the test images", floor.FrechetDistance)
	}
	oneClass := test.Samples(120)
	for i := range 120 {
		copy(oneClass.Pixels[i*64:(i+1)*64], oneClass.Pixels[i/4*4*64:][:64])
	}
	collapsed, err := j.Score(oneClass)
	if err != nil {
		t.Fatal(err)
	}
	if collapsed.ClassesSeen != 1 || collapsed.Classes[0] != 120 || !(collapsed.ClassifierScore < 1.1) || !(collapsed.FrechetDistance > 10*floor.FrechetDistance) {
		t.Errorf("images of one class score %+v", collapsed)
	}
	if other := newJudge(t, 3, o).Floor(); !reflect.DeepEqual(other, floor) {
		t.Errorf("on three threads the training images score %+v, on one %+v", other, floor)
	}
	if _, err := j.Score(gan.Samples{Count: 1, Height: 8, Width: 8, Pixels: make([]float32, 64)}); err == nil {
		t.Error("one image has a score")
	}
}

// Judging a few images at a time is judging all.
func TestScoreSampler(t *testing.T) {
	j := newJudge(t, 0, Options{Images: 2*Batch + 30, Confidence: 0.3})
	s := gan.DefaultSettings()
	s.Height, s.Width, s.Latent, s.Batch = 8, 8, 6, 16
	model, err := gan.Tutorial(s)
	if err != nil {
		t.Fatal(err)
	}
	training := squares(64, 1)
	trainer, err := gan.NewTrainer(openCPU(t, 0), s, model, training)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	sampler, err := trainer.Sampler(Batch)
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.ScoreSampler(sampler, 5)
	if err != nil {
		t.Fatal(err)
	}
	noise, err := sampler.Noise(5, 2*Batch+30)
	if err != nil {
		t.Fatal(err)
	}
	all, err := sampler.Generate(noise)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := j.Score(all); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the sampler's images score %+v, all at once %+v (%v)", got, want, err)
	}
}

// Scores of logits whose probabilities are known.
func TestClassify(t *testing.T) {
	j := newJudge(t, 0, Options{Images: 10, Confidence: 0.6})
	for _, c := range []struct {
		probabilities []float64 // rows of four
		want          Scores
	}{
		{[]float64{.25, .25, .25, .25, .25, .25, .25, .25}, Scores{ClassifierScore: 1, Classes: []int{2, 0, 0, 0}, ConfidentClasses: []int{0, 0, 0, 0}}},
		{[]float64{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0},
			Scores{ClassifierScore: 2, Confident: 1, Classes: []int{2, 0, 2, 0}, ConfidentClasses: []int{2, 0, 2, 0}, ClassesSeen: 2}},
		{[]float64{.7, .1, .1, .1, .1, .5, .2, .2}, Scores{Confident: 0.5, Classes: []int{1, 1, 0, 0}, ConfidentClasses: []int{1, 0, 0, 0}, ClassesSeen: 1,
			ClassifierScore: math.Exp((.7*math.Log(.7/.4) + .1*math.Log(.1/.3) + .2*math.Log(.1/.15) +
				.1*math.Log(.1/.4) + .5*math.Log(.5/.3) + .4*math.Log(.2/.15)) / 2)}},
	} {
		known := gan.Recognition{Count: len(c.probabilities) / 4}
		for _, p := range c.probabilities {
			known.Logits = append(known.Logits, float32(3+math.Log(p+1e-30)))
		}
		got := Scores{}
		j.classify(&got, known)
		near(t, "classifier score", got.ClassifierScore, c.want.ClassifierScore, 1e-5)
		got.ClassifierScore = c.want.ClassifierScore
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("probabilities %v score %+v, want %+v", c.probabilities, got, c.want)
		}
	}
}

// One image in sixty is too little for a class of four to be seen, two are enough.
func TestClassesSeen(t *testing.T) {
	j := newJudge(t, 0, Options{Images: 10, Confidence: 0.6})
	known := gan.Recognition{Count: 60, Logits: make([]float32, 60*4)}
	for i := range 60 {
		class := 0
		switch {
		case i < 2:
			class = 1
		case i < 3:
			class = 2
		}
		known.Logits[4*i+class] = 20
	}
	var s Scores
	if j.classify(&s, known); s.ClassesSeen != 2 {
		t.Errorf("%v confident images of each class: %d classes seen, want 2", s.ConfidentClasses, s.ClassesSeen)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{"1 images": {1, 0.5}, "confidence of 0": {2, 0}, "confidence of 1.5": {2, 1.5}, "NaN": {2, math.NaN()}} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", o, err, want)
		}
	}
}

// A copy of a training image is found out, and drawn beside it.
func TestFindCopies(t *testing.T) {
	training := squares(200, 1)
	test := squares(120, 2)
	generated := test.Slice(100, 5).Samples(5)
	copy(generated.Sample(3).Pixels, training.Slice(77, 1).Samples(1).Pixels)
	c, err := FindCopies(openCPU(t, 0), generated, training, test)
	if err != nil {
		t.Fatal(err)
	}
	if c.Images != 5 || c.Least != 0 || !(c.Median > 0.1) || !(c.TestLeast > 0.1) || c.TestMedian < c.TestLeast {
		t.Errorf("found %+v", c)
	}
	pairs := c.Pairs(2, generated, training)
	if pairs.Count != 4 || !reflect.DeepEqual(pairs.Sample(0).Pixels, pairs.Sample(1).Pixels) ||
		!reflect.DeepEqual(pairs.Sample(0).Pixels, generated.Sample(3).Pixels) || reflect.DeepEqual(pairs.Sample(2).Pixels, pairs.Sample(3).Pixels) {
		t.Error("the first pair is not the copy, or others are the same")
	}
}

// The classifier that ships is the one whose sum is beside it, and knows MNIST's test images.
func TestMNISTClassifier(t *testing.T) {
	if _, err := decode(append(mnistClassifier[:len(mnistClassifier)-1:len(mnistClassifier)-1], 0x7f), mnistClassifierSum); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("an altered classifier: error %v", err)
	}
	c, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	if c.Height() != 28 || c.Width() != 28 || c.Classes() != 10 || c.Features() != 64 || c.Settings != gan.DefaultClassifierSettings() {
		t.Errorf("the classifier takes %dx%d, gives %d classes, %d features, settings %+v", c.Height(), c.Width(), c.Classes(), c.Features(), c.Settings)
	}
	data, err := mnist.Open(t.Context(), mnist.Options{})
	if err != nil {
		t.Skipf("MNIST is not to be had: %v", err)
	}
	r, err := gan.NewRecognizer(openCPU(t, 0), c, Batch)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	test := gan.Images{Pixels: data.Test.Images, Count: data.Test.Count, Rows: data.Test.Rows, Cols: data.Test.Cols}
	known, err := r.Recognize(test.Samples(test.Count))
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, class := range known.Classes() {
		if class == int(data.Test.Labels[i]) {
			right++
		}
	}
	if right < 9920 {
		t.Errorf("%d of 10,000 test images are classified rightly, want at least 9,920", right)
	}
}
