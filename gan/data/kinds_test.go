package data

import (
	"bytes"
	"slices"
	"testing"
)

// Pictures of two kinds are those of two classes: all of one after all of the other, wherever reading begins and ends.
func TestKinds(t *testing.T) {
	d := open(t, Options{Folder: folder(t, map[string][]byte{
		"trainA/1.png": numbered(t, 1), "trainA/2.png": numbered(t, 2), "trainA/3.png": numbered(t, 3),
		"trainB/1.png": numbered(t, 4), "trainB/2.png": numbered(t, 5),
		"testA/1.png": numbered(t, 6), "testB/1.png": numbered(t, 7),
	})})
	k := d.Kinds()
	if !slices.Equal(k.Classes, []string{"a", "b"}) || len(k.Splits) != 2 {
		t.Fatalf("classes %v, %d splits", k.Classes, len(k.Splits))
	}
	train, test := k.Split("train"), k.Split("test")
	if !slices.Equal(train.Labels, []int32{0, 0, 0, 1, 1}) || !slices.Equal(test.Labels, []int32{0, 1}) || !train.Paired() {
		t.Errorf("labels %v and %v", train.Labels, test.Labels)
	}
	image := train.Field("image")
	for i := range 5 {
		if got := pixel(t, image, i); got != testColour(i+1) {
			t.Errorf("picture %d is %v, want %v", i, got, testColour(i+1))
		}
	}
	if got := pixel(t, test.Field("image"), 1); got != testColour(7) {
		t.Errorf("the test picture of b is %v", got)
	}
	all, err := image.All()
	if err != nil {
		t.Fatal(err)
	}
	a, errA := d.Split("train").Field("a").All()
	b, errB := d.Split("train").Field("b").All()
	if errA != nil || errB != nil || !bytes.Equal(all, slices.Concat(a, b)) {
		t.Errorf("all pictures are other than those of both kinds: %v, %v", errA, errB)
	}
	for from := range len(all) {
		for _, n := range []int{1, 7, len(all) - from} {
			part := make([]byte, min(n, len(all)-from))
			if _, err := image.at.ReadAt(part, int64(from)); err != nil || !bytes.Equal(part, all[from:from+len(part)]) {
				t.Fatalf("%d bytes from %d are others: %v", n, from, err)
			}
		}
	}
	if k.Kinds() != k {
		t.Error("classes are made of a dataset that has some")
	}
}
