package traintest

import (
	"path/filepath"
	"slices"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// Resumes makes so many iterations of a batch of 4 at a stretch, and again from the file that was saved after the half: to
// the same bits. All numbers have to be finite, and all parameters and states of all networks have to change, but for those
// of some networks. It returns the model that came of it.
func Resumes(t testing.TB, dev program.Device, g train.Game, d train.Data, iterations int, except ...string) *train.Model {
	t.Helper()
	steps := func(tr *train.Trainer, n int) *train.Model {
		for range n {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Metrics(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := tr.Snapshot()
		if err == nil {
			err = tr.CheckFinite(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tr, err := train.New(dev, g, train.Settings{Batch: 4, Shards: 1, Seed: 3, Iterations: iterations}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	before := steps(tr, 0)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := steps(tr, iterations/2).Save(path); err != nil {
		t.Fatal(err)
	}
	whole := steps(tr, iterations-iterations/2)
	for _, n := range g.Networks {
		for _, p := range tr.Parameters(n.Name).List {
			a, _ := before.Array(p.Name)
			b, _ := whole.Array(p.Name)
			if slices.Equal(a.Values, b.Values) != slices.Contains(except, n.Name) {
				t.Errorf("%s stays as it was, or does not where it is to", p.Name)
			}
		}
	}
	saved, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := train.Resume(dev, g, saved, d)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	parts := steps(again, iterations-iterations/2)
	if len(parts.Arrays) != len(whole.Arrays) {
		t.Errorf("%d arrays after a resume, %d without", len(parts.Arrays), len(whole.Arrays))
	}
	for _, a := range whole.Arrays {
		if b, ok := parts.Array(a.Name); !ok || !slices.Equal(a.Values, b.Values) {
			t.Errorf("%s is other after a resume", a.Name)
		}
	}
	return whole
}

// Use runs a use of a model for two examples of the data, and returns its first result.
func Use(t testing.TB, m *train.Model, use string, d train.Data) []float32 {
	t.Helper()
	r, err := train.NewRunner(CPU(t), m, use, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inputs := map[string][]float32{}
	for _, f := range d.Tables[0].Fields {
		for _, v := range f.Bytes[:2*len(f.Bytes)/d.Tables[0].Rows] {
			inputs[f.Name] = append(inputs[f.Name], float32(v)/255)
		}
	}
	y, err := r.Run(inputs, 2)
	if err != nil {
		t.Fatal(err)
	}
	return y[0]
}
