package train_test

import (
	"slices"
	"testing"

	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// pooling is a game whose one phase tells what went into a pool and what came out.
func pooling(size int) train.Game {
	scale := func(l *nn.Layers, x []*nn.Node) []*nn.Node { return []*nn.Node{l.Dense(x[0], nn.Units{N: 1})} }
	return train.Game{Name: "pooling", Settings: struct{}{}, Networks: []train.Network{{Name: "n", Net: scale}},
		Phases: []train.Phase{{Name: "p", Trains: []string{"n"}, Optimizer: train.SGD{Rate: train.Constant(1e-3)}, Loss: func(b *train.Builder) *nn.Node {
			x := b.Noise("x", 3)
			y := b.Pool("x", x, size)
			for i := range b.Batch() {
				b.Metric([]string{"in_0", "in_1"}[i], nn.Mean(nn.Examples(x, i, i+1)))
				b.Metric([]string{"out_0", "out_1"}[i], nn.Mean(nn.Examples(y, i, i+1)))
			}
			return b.Term("loss", 1, nn.Mean(b.Apply("n", y)))
		}}}}
}

// Each example comes back as it is, or as one of an earlier batch, in whose place it is kept.
func TestPool(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *train.Trainer{
		"cpu": func(t testing.TB) *train.Trainer {
			tr, err := train.New(traintest.CPU(t), pooling(5), train.Settings{Batch: 2, Shards: 1, Seed: 3}, traintest.Images(4, 2, 2, 1, 0))
			if err != nil {
				t.Fatal(err)
			}
			return tr
		},
		"emulated": func(t testing.TB) *train.Trainer {
			tr, err := train.New(traintest.Emulated(t), pooling(5), train.Settings{Batch: 2, Shards: 1, Seed: 3}, traintest.Images(4, 2, 2, 1, 0))
			if err != nil {
				t.Fatal(err)
			}
			return tr
		},
	} {
		tr := open(t)
		defer tr.Close()
		const places, steps = 3, 40 // of an example: 5 is rounded up to 6
		var pool [2][]float32
		swaps := 0
		for step := range steps {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			m, err := tr.Metrics()
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 {
				in, out := m[2*i], m[2*i+1]
				at := slices.Index(pool[i], out)
				switch {
				case step < places && in == out:
					pool[i] = append(pool[i], in)
				case step >= places && in == out:
				case step >= places && at >= 0:
					pool[i][at] = in
					swaps++
				default:
					t.Fatalf("%s: step %d: %v went in and %v came out of %v", name, step, in, out, pool[i])
				}
			}
		}
		if n := 2 * (steps - places); swaps < n/4 || swaps > 3*n/4 {
			t.Errorf("%s: %d of %d examples were replaced", name, swaps, n)
		}
	}
}

// A pool is part of the state, and each shard has its own.
func TestPoolResumes(t *testing.T) {
	d := traintest.Images(4, 2, 2, 1, 0)
	s := train.Settings{Batch: 4, Shards: 2, Seed: 3}
	steps := func(tr *train.Trainer, n int) *train.Model {
		t.Helper()
		defer tr.Close()
		for range n {
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
	begin := func() *train.Trainer {
		tr, err := train.New(traintest.CPU(t), pooling(4), s, d)
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	whole := steps(begin(), 9)
	tr, err := train.Resume(traintest.CPU(t), pooling(4), steps(begin(), 5), d)
	if err != nil {
		t.Fatal(err)
	}
	parts := steps(tr, 4)
	for _, a := range whole.Arrays {
		if b, ok := parts.Array(a.Name); !ok || !slices.Equal(a.Values, b.Values) {
			t.Errorf("%s is other after a resume", a.Name)
		}
	}
	pool, ok := whole.Array("kept/p/pool/x")
	if !ok || !slices.Equal(pool.Shape, []int{2, 2, 2, 3}) || slices.Equal(pool.Values[:12], pool.Values[12:]) || slices.Contains(pool.Values, 0) {
		t.Errorf("the pools are %v", pool)
	}
}
