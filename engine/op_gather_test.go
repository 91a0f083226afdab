package engine

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// rowNumbers is an input of whole numbers, some of which name no row of a table of so many.
func (b *network) rowNumbers(name string, count int, shape ...int) *gorgonia.Node {
	return b.fill(name, func() float64 { return float64(b.rng.IntN(count+2) - 1) }, shape...)
}

func init() {
	operations["gather"] = func(b *network) *gorgonia.Node {
		return b.must(Gather(b.parameter("table", 4, 2, 3), b.rowNumbers("index", 4, 3, 2)))
	}
	operations["scatter_add"] = func(b *network) *gorgonia.Node {
		return b.must(scatterAdd(label{}, 4, b.parameter("x", 3, 2, 5), b.rowNumbers("index", 4, 3, 2)))
	}
}

func TestGather(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	table := b.parameter("table", 3, 2)
	next := 0
	index := b.fill("index", func() float64 { next++; return []float64{2, 0, 2, -1, 3, 0.5, math.NaN(), 1}[next-1] }, 2, 4)
	y := b.must(Gather(table, index))
	if !y.Shape().Eq(tensor.Shape{2, 4, 2}) {
		t.Errorf("shape %v", y.Shape())
	}
	rows := table.Value().Data().([]float64)
	zero := []float64{0, 0}
	want := slices.Concat(rows[4:6], rows[0:2], rows[4:6], zero, zero, zero, zero, rows[2:4])
	if got := b.value(y); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	dy := b.input("dy", 2, 4, 2)
	d := dy.Value().Data().([]float64)
	want = []float64{d[2], d[3], d[14], d[15], d[0] + d[4], d[1] + d[5]}
	if got := b.value(b.must(VJP(y, dy, table))); !slices.Equal(got, want) {
		t.Errorf("gradient %v, want %v", got, want)
	}
	if row := b.must(Gather(b.input("vector", 3), b.fill("second", func() float64 { return 1 }))); !row.IsScalar() {
		t.Errorf("an element of a vector has shape %v", row.Shape())
	}
	if _, err := Gather(b.fill("scalar", func() float64 { return 1 }), index); err == nil || !strings.Contains(err.Error(), "no rows") {
		t.Errorf("rows of a scalar: error %v", err)
	}
	if _, err := VJP(y, dy, index); err == nil {
		t.Error("index has a gradient")
	}
}
