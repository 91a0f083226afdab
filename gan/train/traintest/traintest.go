// Package traintest helps to test games.
package traintest

import (
	"slices"
	"testing"

	"gangpu/engine"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/kernels/ptxemu"
)

// CPU is the CPU as a device, until the test ends.
func CPU(t testing.TB) program.Device {
	t.Helper()
	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// Emulated is the emulator of a GPU as a device, under all of its checks, until the test ends.
func Emulated(t testing.TB) program.Device {
	t.Helper()
	dev, err := cuda.Open(ptxemu.New(ptxemu.Options{Checks: true}), 0, cuda.Options{Name: "emulated", Precision: "fp32"})
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

// Images are data of so many images with a pattern, in [-1, 1], and their classes if there are any.
func Images(rows, height, width, channels, classes int) train.Data {
	image := train.Field{Name: "image", Shape: []int{height, width, channels}, Low: -1, High: 1}
	labels := make([]int32, rows)
	for i := range rows {
		if classes > 0 {
			labels[i] = int32(i % classes)
		}
		for j := range height * width * channels {
			image.Bytes = append(image.Bytes, byte(31*i+7*j+i*j))
		}
	}
	fields := []train.Field{image}
	if classes > 0 {
		class, err := train.OneHot("class", labels, classes)
		if err != nil {
			panic(err)
		}
		fields = append(fields, class)
	}
	return train.Data{Tables: []train.Table{{Rows: rows, Fields: fields}}}
}

// Pairs are data of so many pairs of pictures "a" and "b", in [-1, 1]: b is a with its colours turned, and smoother.
func Pairs(rows, height, width, channels int) train.Data {
	d := Images(rows, height, width, channels, 0)
	a := d.Tables[0].Fields[0]
	a.Name = "a"
	b := a
	b.Name, b.Bytes = "b", make([]byte, len(a.Bytes))
	for i, v := range a.Bytes {
		b.Bytes[i] = byte((255-int(v))/2 + int(a.Bytes[max(i-channels, 0)])/4)
	}
	d.Tables[0].Fields = []train.Field{a, b}
	return d
}

// New is a trainer of the game on the CPU, with a batch of 4, until the test ends.
func New(t testing.TB, g train.Game, d train.Data) *train.Trainer {
	t.Helper()
	tr, err := train.New(CPU(t), g, train.Settings{Batch: 4, Shards: 1, Seed: 3}, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// Parameters is the number of trained parameters of a network.
func Parameters(t testing.TB, g train.Game, network string, d train.Data) int {
	t.Helper()
	p, err := train.Networks(g, d)
	if err != nil {
		t.Fatal(err)
	}
	return p[network].Count()
}

// Run makes three iterations, and images by the model that is saved; of a game that shows pictures of others, by the
// trainer. All numbers have to be finite, and all parameters
// and states of all networks have to change, except some.
func Run(t testing.TB, g train.Game, d train.Data, except ...string) {
	t.Helper()
	tr := New(t, g, d)
	before, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Metrics(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.CheckFinite(after); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Networks {
		for _, p := range tr.Parameters(n.Name).List {
			a, _ := before.Array(p.Name)
			b, _ := after.Array(p.Name)
			same := true
			for i, v := range a.Values {
				same = same && v == b.Values[i]
			}
			if same && !slices.Contains(except, p.Name) {
				t.Errorf("%s stays as it was", p.Name)
			}
		}
	}
	if g.Show != nil {
		tr.HeldOut = d
		if p, columns, err := tr.ShowHeldOut(3); err != nil || columns != len(tr.Showing()) || p.Count%columns != 0 {
			t.Errorf("%d pictures in %d columns are shown: %v", p.Count, columns, err)
		}
		return
	}
	s, err := train.NewSampler(CPU(t), after, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Samples(1, 3); err != nil {
		t.Fatal(err)
	}
}
