package judge

import (
	"math/rand/v2"
	"testing"

	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
)

// Images of a game are judged as grey ones are: real ones score near the floor, noise far from it.
func TestJudgeOfColours(t *testing.T) {
	dev := openCPU(t, 2)
	colours := func(n int, seed uint64) (train.Field, []int32) {
		grey := squares(n, seed)
		f := train.Field{Name: "image", Shape: []int{8, 8, 3}}
		for _, p := range grey.Pixels {
			f.Bytes = append(f.Bytes, p, 255-p, p/2)
		}
		var labels []int32
		for _, l := range grey.Labels {
			labels = append(labels, int32(l))
		}
		return f, labels
	}
	training, labels := colours(200, 1)
	class, err := train.OneHot("class", labels, 4)
	if err != nil {
		t.Fatal(err)
	}
	d := train.Data{Tables: []train.Table{{Rows: 200, Fields: []train.Field{training, class}}}}
	g, err := classifier.New(classifier.Settings{Filters: 8, Features: 16, Dropout: 0.1, Rate: 3e-3},
		train.Input{Height: 8, Width: 8, Channels: 3, Classes: 4, Iterations: 60})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.New(dev, g, train.Settings{Batch: 20, Shards: 1, Seed: 1}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for range 60 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	test, _ := colours(120, 2)
	j, err := NewOf(dev, m, Options{Images: 100, Confidence: 0.6}, training, test)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if f := j.Floor(); f.ClassesSeen != 4 || f.Confident < 0.9 {
		t.Errorf("the floor is %+v", f)
	}
	noise := make([]float32, 100*8*8*3)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = r.Float32()
	}
	s, err := j.score(noise, 100)
	if err != nil {
		t.Fatal(err)
	}
	if s.FrechetDistance < 5*j.Floor().FrechetDistance {
		t.Errorf("noise has the distance %v, real images %v", s.FrechetDistance, j.Floor().FrechetDistance)
	}
	test.Shape = []int{4, 16, 3}
	test.Bytes = test.Bytes[:50*4*8*3]
	if _, err := NewOf(dev, m, Options{Images: 100, Confidence: 0.6}, training, test); err == nil {
		t.Error("images of another size are judged")
	}
}
