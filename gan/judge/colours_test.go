package judge

import (
	"math/rand/v2"
	"testing"

	"gangpu/gan/train"
)

// Images in colour are judged as grey ones are: real ones score near the floor, noise far from it.
func TestJudgeOfColours(t *testing.T) {
	dev := openCPU(t, 2)
	colours := func(n int, seed uint64) (train.Field, []int32) {
		grey, labels := squares(n, seed)
		f := train.Field{Name: "image", Shape: []int{8, 8, 3}}
		for _, p := range grey.Bytes {
			f.Bytes = append(f.Bytes, p, 255-p, p/2)
		}
		return f, labels
	}
	training, labels := colours(200, 1)
	m := trained(t, dev, training, labels)
	test, _ := colours(120, 2)
	j, err := New(dev, m, Options{Images: 100, Confidence: 0.6}, training, test)
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
	s, err := j.Score(noise)
	if err != nil {
		t.Fatal(err)
	}
	if s.FrechetDistance < 5*j.Floor().FrechetDistance {
		t.Errorf("noise has the distance %v, real images %v", s.FrechetDistance, j.Floor().FrechetDistance)
	}
	test.Shape = []int{4, 16, 3}
	test.Bytes = test.Bytes[:50*4*8*3]
	if _, err := New(dev, m, Options{Images: 100, Confidence: 0.6}, training, test); err == nil {
		t.Error("images of another size are judged")
	}
}
