package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/train"
)

// The nearest images are those that a search of all finds, in more than one block, of any channels.
func TestNearest(t *testing.T) {
	for _, channels := range []int{1, 3} {
		r := rand.New(rand.NewPCG(1, uint64(channels)))
		const count, n = 4500, 7
		images := train.Field{Name: "image", Shape: []int{6, 5, channels}, Bytes: make([]byte, count*30*channels)}
		for i := range images.Bytes {
			images.Bytes[i] = byte(r.IntN(256))
		}
		size := 30 * channels
		to := make([]float32, n*size)
		for i := range to {
			to[i] = r.Float32()
		}
		all := train.Floats(images.Bytes)
		copy(to[2*size:3*size], all[4321*size:])
		got, err := Nearest(openCPU(t, 0), to, images)
		if err != nil {
			t.Fatal(err)
		}
		for i, found := range got {
			want := math.Inf(1)
			for k := range count {
				sum := 0.0
				for p, v := range to[i*size:][:size] {
					d := float64(v) - float64(all[k*size+p])
					sum += d * d
				}
				want = min(want, math.Sqrt(sum))
			}
			if math.Abs(found.Distance-want) > 1e-3 {
				t.Errorf("image %d: number %d at %v, the nearest is at %v", i, found.Index, found.Distance, want)
			}
		}
		if got[2].Distance != 0 || got[2].Index != 4321 {
			t.Errorf("a copy is at %+v", got[2])
		}
		if _, err := Nearest(openCPU(t, 1), to[1:], images); err == nil || !strings.Contains(err.Error(), "[6 5") {
			t.Errorf("images of another size: error %v", err)
		}
	}
}

// A copy of a training image is found out, and drawn beside it.
func TestFindCopies(t *testing.T) {
	training, _ := squares(200, 1)
	test, _ := squares(120, 2)
	generated := train.Floats(slice(test, 100, 5).Bytes)
	copy(generated[3*64:4*64], train.Floats(slice(training, 77, 1).Bytes))
	c, err := FindCopies(openCPU(t, 0), generated, training, test)
	if err != nil {
		t.Fatal(err)
	}
	if c.Images != 5 || c.Least != 0 || !(c.Median > 0.1) || !(c.TestLeast > 0.1) || c.TestMedian < c.TestLeast {
		t.Errorf("found %+v", c)
	}
	pairs := c.Pairs(2, generated, training)
	pair := func(i int) []float32 { return pairs[i*64:][:64] }
	if len(pairs) != 4*64 || !slices.Equal(pair(0), pair(1)) || !slices.Equal(pair(0), generated[3*64:4*64]) || slices.Equal(pair(2), pair(3)) {
		t.Error("the first pair is not the copy, or others are the same")
	}
}
