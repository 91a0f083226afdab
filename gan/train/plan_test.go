package train_test

import (
	"strings"
	"testing"

	"gangpu/gan/train"
)

func TestPlan(t *testing.T) {
	s := train.Settings{Batch: 8, Shards: 1, Seed: 5}
	p, err := train.NewPlan(game(), s, dataOf(30))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := p.WriteSummary(&out); err != nil {
		t.Fatal(err)
	}
	// A dense layer [11, 96] without a bias; a batch norm with gamma and beta of 6 and as much state; the transposed one.
	for _, line := range []string{"dense 96 1056 0", "batch_norm 4 x 4 x 6 12 12", "conv2d_transpose 8 x 8 x 3 291 0", "all 1359"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), line) {
			t.Errorf("no %q in\n%s", line, out.String())
		}
	}
	bytes, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	double := s
	double.Batch = 16
	q, err := train.NewPlan(game(), double, dataOf(30))
	if err != nil {
		t.Fatal(err)
	}
	more, err := q.Bytes()
	if err != nil || more <= bytes || more > 2*bytes {
		t.Errorf("a batch of 8 takes %d bytes, one of 16 %d (%v)", bytes, more, err)
	}
	if n := train.LargestBatch(game(), s, dataOf(30), more); n != 16 {
		t.Errorf("a batch of %d fits, want 16", n)
	}
	if n := train.LargestBatch(game(), s, dataOf(30), 1000); n != 0 {
		t.Errorf("a batch of %d fits into a kilobyte", n)
	}
	// But for the power iteration of the spectral norm, which does not depend on the batch.
	flops, moved := p.Work()
	twice, movedTwice := q.Work()
	if flops <= 0 || twice > 2*flops || twice < 1.9*flops || movedTwice <= moved {
		t.Errorf("%v and %v operations, %v and %v bytes", flops, twice, moved, movedTwice)
	}
}
