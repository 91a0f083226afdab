package classifier_test

import (
	"testing"

	"gangpu/gan/games/classifier"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// A classifier learns a pattern that tells the class, and a model file tells it as well.
func TestLearnsAndClassifies(t *testing.T) {
	const rows, classes = 30, 3
	d := traintest.Images(rows, 8, 8, 1, classes)
	image := &d.Tables[0].Fields[0]
	image.Low, image.High = 0, 1
	for i := range rows {
		for j := range 64 {
			image.Bytes[i*64+j] = byte(10 + j%7)
			if j/21 == i%classes {
				image.Bytes[i*64+j] = byte(200 + i)
			}
		}
	}
	s := classifier.Settings{Filters: 8, Features: 16, Dropout: 0.1, Rate: 5e-3}
	g, err := classifier.New(s, train.Input{Height: 8, Width: 8, Channels: 1, Classes: classes, Iterations: 120})
	if err != nil {
		t.Fatal(err)
	}
	tr := traintest.New(t, g, d)
	for range 120 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.NewRunner(traintest.CPU(t), m, classifier.Use, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pixels := make([]float32, rows*64)
	for i, v := range image.Bytes {
		pixels[i] = float32(v) / 255
	}
	y, err := r.Run(map[string][]float32{"image": pixels}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(y) != 2 || len(y[0]) != rows*classes || len(y[1]) != rows*16 {
		t.Fatalf("%d results", len(y))
	}
	var labels []int32
	for i := range rows {
		labels = append(labels, int32(i%classes))
	}
	accuracy, err := classifier.Accuracy(r, *image, labels)
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.95 {
		t.Errorf("%v of the images are told rightly", accuracy)
	}
	for i := range labels {
		labels[i] = (labels[i] + 1) % classes
	}
	if accuracy, err = classifier.Accuracy(r, *image, labels); err != nil || accuracy > 0.05 {
		t.Errorf("%v of wrong labels are told rightly (%v)", accuracy, err)
	}
}
