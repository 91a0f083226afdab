package train_test

import (
	"math"
	"slices"
	"testing"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// Normal numbers beyond the truncation are drawn again, and others stay.
func TestTruncation(t *testing.T) {
	m, _ := dcganModel(t)
	s, err := train.NewSampler(traintest.CPU(t), m, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	whole, err := s.Noise(5, 50)
	if err != nil {
		t.Fatal(err)
	}
	s.Truncation = 0.4
	some, err := s.Noise(5, 50)
	if err != nil {
		t.Fatal(err)
	}
	within, squares := 0, 0.0
	for i, v := range whole["z"] {
		got := some["z"][i]
		squares += float64(got) * float64(got)
		switch {
		case math.Abs(float64(got)) > 0.4:
			t.Fatalf("number %d is %v", i, got)
		case math.Abs(float64(v)) <= 0.4:
			if within++; got != v {
				t.Fatalf("number %d is %v, was %v", i, got, v)
			}
		}
	}
	if n := len(whole["z"]); within < n/5 || within > n/2 { // of which 31% are to be
		t.Errorf("%d of %d numbers were within the truncation", within, n)
	}
	// The variance of a normal number within +-T is 1 - 2*T*density(T)/P.
	want := 1 - 2*0.4*math.Exp(-0.08)/math.Sqrt(2*math.Pi)/math.Erf(0.4/math.Sqrt2)
	if got := squares / float64(len(some["z"])); math.Abs(got-want) > 0.15*want {
		t.Errorf("the variance is %v, want %v", got, want)
	}
}

// Standing statistics are those of what the norm's layer makes of the noise: here of a dense layer.
func TestStanding(t *testing.T) {
	m, latent := dcganModel(t)
	const batch, batches, truncation, first = 6, 3, 0.7, "generator/batch_norm"
	dev := traintest.CPU(t)
	standing, err := m.Standing(dev, batch, batches, 9, truncation)
	if err != nil {
		t.Fatal(err)
	}
	s, err := train.NewSampler(dev, m, batch)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Truncation = truncation
	inputs, err := s.Noise(9, batch*batches)
	if err != nil {
		t.Fatal(err)
	}
	kernel, _ := m.Used("generator/dense/kernel")
	gotMean, _ := standing.Used(first + "/moving_mean")
	gotVariance, _ := standing.Used(first + "/moving_variance")
	outputs, channels := kernel.Shape[1], len(gotMean.Values)
	for c := range channels {
		mean, variance := 0.0, 0.0
		for b := range batches {
			n, sum, squares := 0.0, 0.0, 0.0
			for i := range batch {
				z := inputs["z"][(b*batch+i)*latent:][:latent]
				for pixel := range outputs / channels {
					y := 0.0
					for k, v := range z {
						y += float64(v) * float64(kernel.Values[k*outputs+pixel*channels+c])
					}
					n, sum, squares = n+1, sum+y, squares+y*y
				}
			}
			mean, variance = mean+sum/n/batches, variance+(squares/n-sum/n*sum/n)/batches
		}
		if got := float64(gotMean.Values[c]); math.Abs(got-mean) > 1e-6 {
			t.Errorf("the mean of channel %d is %v, want %v", c, got, mean)
		}
		if got := float64(gotVariance.Values[c]); math.Abs(got-variance) > 1e-5*variance {
			t.Errorf("the variance of channel %d is %v, want %v", c, got, variance)
		}
	}
	// The model itself stays, and so does all else of it.
	for _, a := range m.Arrays {
		b, _ := standing.Array(a.Name)
		used, _ := m.Used(first + "_1/moving_mean")
		if same := slices.Equal(a.Values, b.Values); a.Name == used.Name && same || a.Name == "generator/dense/kernel" && !same {
			t.Errorf("%s stays: %v", a.Name, same)
		}
	}
}

// dcganModel is one with an average of its weights, and the length of its noise.
func dcganModel(t *testing.T) (*train.Model, int) {
	t.Helper()
	s := dcgan.System.Presets[1].Settings.(dcgan.Settings)
	s.Latent, s.Filters = 20, 2
	g, err := dcgan.New(s, train.Input{Height: 16, Width: 16, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr := traintest.New(t, g, traintest.Images(8, 16, 16, 3, 0))
	for range 2 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return m, s.Latent
}
