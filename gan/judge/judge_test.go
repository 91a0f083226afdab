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
	"gangpu/gan/games/classifier"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
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
	g := gaussianOf([]float32{1, 10, 2, 20, 6, 60}, 2)
	near(t, "mean", g.mean[0], 3, 1e-15)
	near(t, "mean", g.mean[1], 30, 1e-15)
	near(t, "variance", g.covariance.At(0, 0), 7, 1e-14)
	near(t, "covariance", g.covariance.At(1, 0), 70, 1e-13)
	near(t, "variance", g.covariance.At(1, 1), 700, 1e-12)
}

// squares are images of 8x8 with a bright corner each, of four classes in turn, and their labels.
func squares(count int, seed uint64) (train.Field, []int32) {
	rng := rand.New(rand.NewPCG(seed, 0))
	images := train.Field{Name: "image", Shape: []int{8, 8, 1}, Bytes: make([]byte, count*64)}
	labels := make([]int32, count)
	for i := range count {
		labels[i] = int32(i % 4)
		for p := range 64 {
			if y, x := p/8/4, p%8/4; 2*y+x == i%4 {
				images.Bytes[i*64+p] = byte(100 + rng.IntN(156))
			}
		}
	}
	return images, labels
}

// slice are n of the images from first on.
func slice(images train.Field, first, n int) train.Field {
	size := sizeOf(images.Shape)
	images.Bytes = images.Bytes[first*size : (first+n)*size]
	return images
}

// trained is a small classifier of images of four classes.
func trained(t *testing.T, dev program.Device, images train.Field, labels []int32) *train.Model {
	t.Helper()
	class, err := train.OneHot("class", labels, 4)
	if err != nil {
		t.Fatal(err)
	}
	in := train.Input{Height: images.Shape[0], Width: images.Shape[1], Channels: images.Shape[2], Classes: 4, Iterations: 60}
	g, err := classifier.New(classifier.Settings{Filters: 16, Features: 32, Dropout: 0.1, Rate: 6e-3}, in)
	if err != nil {
		t.Fatal(err)
	}
	d := train.Data{Tables: []train.Table{{Rows: len(labels), Fields: []train.Field{images, class}}}}
	tr, err := train.New(dev, g, train.Settings{Batch: 20, Shards: 1, Seed: 1}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for range in.Iterations {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newJudge(t *testing.T, threads int, o Options) *Judge {
	t.Helper()
	dev := openCPU(t, threads)
	training, labels := squares(200, 1)
	test, _ := squares(120, 2)
	j, err := New(dev, trained(t, dev, training, labels), o, training, test)
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
	test, _ := squares(120, 2)
	same, err := j.Score(train.Floats(test.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "distance of the test images to themselves", same.FrechetDistance, 0, 1e-6)
	if !(floor.FrechetDistance > same.FrechetDistance+1e-3) {
		t.Errorf("the training images are at %v of the test images", floor.FrechetDistance)
	}
	oneClass := train.Floats(test.Bytes)
	for i := range 120 {
		copy(oneClass[i*64:(i+1)*64], oneClass[i/4*4*64:][:64])
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
	for _, n := range []int{64, 129} {
		if _, err := j.Score(make([]float32, n)); err == nil {
			t.Errorf("%d numbers have a score", n)
		}
	}
}

// Judging a few images at a time is judging all; those of a sampler that takes classes are of the labels'.
func TestScoreSampler(t *testing.T) {
	j := newJudge(t, 0, Options{Images: 2*Batch + 30, Confidence: 0.3})
	images, labels := squares(64, 1)
	class, err := train.OneHot("class", labels, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, conditional := range []bool{false, true} {
		s := tutorial.Best()
		s.Latent, s.Conditional = 6, conditional
		g, err := tutorial.New(s, train.Input{Height: 8, Width: 8, Channels: 1, Classes: 4})
		if err != nil {
			t.Fatal(err)
		}
		trainer, err := train.New(openCPU(t, 0), g, train.Settings{Batch: 16, Shards: 1, Seed: 1},
			train.Data{Tables: []train.Table{{Rows: 64, Fields: []train.Field{images, class}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		sampler, err := trainer.Sampler(Batch)
		if err != nil {
			t.Fatal(err)
		}
		got, err := j.ScoreSampler(sampler, 5, []int32{2, -1, 3, 3})
		if err != nil {
			t.Fatal(err)
		}
		inputs, err := sampler.Noise(5, 2*Batch+30)
		if err != nil {
			t.Fatal(err)
		}
		if conditional {
			if err := sampler.OfClasses(inputs, 2*Batch+30, 2, 3, 3); err != nil {
				t.Fatal(err)
			}
		}
		all, err := sampler.Generate(inputs, 2*Batch+30)
		if err != nil {
			t.Fatal(err)
		}
		want, err := j.Score(all)
		if conditional {
			known, err := j.recognizer.recognize(all, 2*Batch+30)
			if err != nil {
				t.Fatal(err)
			}
			want.Asked, want.Right = make([]int, 4), make([]int, 4)
			for i, class := range known.likeliest() {
				asked := []int{2, 3, 3}[i*3/(2*Batch+30)]
				want.Asked[asked]++
				if class == asked {
					want.Right[asked]++
				}
			}
			if right := float64(want.Right[2] + want.Right[3]); got.Accuracy() != right/(2*Batch+30) {
				t.Errorf("accuracy %v, want %v of %d", got.Accuracy(), right, 2*Batch+30)
			}
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the sampler's images score %+v, all at once %+v (%v)", got, want, err)
		}
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
		known := recognition{count: len(c.probabilities) / 4}
		for _, p := range c.probabilities {
			known.logits = append(known.logits, float32(3+math.Log(p+1e-30)))
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
	known := recognition{count: 60, logits: make([]float32, 60*4)}
	for i := range 60 {
		class := 0
		switch {
		case i < 2:
			class = 1
		case i < 3:
			class = 2
		}
		known.logits[4*i+class] = 20
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

// The classifier that ships is the one whose sum is beside it, and knows MNIST's test images.
func TestMNISTClassifier(t *testing.T) {
	if _, err := decode(append(mnistClassifier[:len(mnistClassifier)-1:len(mnistClassifier)-1], 0x7f), mnistClassifierSum); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("an altered classifier: error %v", err)
	}
	m, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	settings, err := classifier.System.Decode(m.GameSettings)
	if err != nil || m.Game != classifier.System.Name || settings != classifier.System.Presets[0].Settings {
		t.Errorf("the game %s with the settings %+v (%v)", m.Game, settings, err)
	}
	r, err := newRecognizer(openCPU(t, 0), m)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !reflect.DeepEqual(r.image, []int{28, 28, 1}) || r.classes != 10 || r.features != 64 {
		t.Errorf("the classifier takes %v, gives %d classes, %d features", r.image, r.classes, r.features)
	}
	// What the file's earlier form, of the weights as they were trained, made of a pattern.
	pattern := make([]byte, 28*28)
	for i := range pattern {
		y, x := i/28, i%28
		pattern[i] = byte(y*y + 3*x*y + 7*x)
	}
	known, err := r.recognize(train.Floats(pattern), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1.8174467, -8.772143, 4.9295006, 3.72176, -16.481136, -1.0394825, 0.62996495, -16.030003, 15.974857, 1.9071538} {
		near(t, "logit of a pattern", float64(known.logits[i]), want, 1e-4)
	}
	for i, want := range []float64{3.230867, -0.5895102, -0.5691554, 1.2410243, -0.66737133, -0.8377088, 1.3176063, 3.4197888} {
		near(t, "feature of a pattern", float64(known.features[i]), want, 1e-4)
	}
	data, err := mnist.Open(t.Context(), mnist.Options{})
	if err != nil {
		t.Skipf("MNIST is not to be had: %v", err)
	}
	if known, err = r.recognize(train.Floats(data.Test.Images), data.Test.Count); err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, class := range known.likeliest() {
		if class == int(data.Test.Labels[i]) {
			right++
		}
	}
	// On another processor rounding may decide an image or two otherwise.
	if right < 9924 || right > 9928 {
		t.Errorf("%d of 10,000 test images are classified rightly, want 9,926", right)
	}
}
