package nn

import (
	"fmt"

	"gangpu/engine/program"
)

// Distribution is what numbers an input is filled with.
type Distribution string

const (
	Normal  Distribution = "normal"  // of mean 0 and deviation 1
	Uniform Distribution = "uniform" // in [0, 1)
	Mask    Distribution = "mask"    // of a dropout: 0 with probability Rate, else 1/(1-Rate)
)

// Draw is an input that is filled with random numbers before its graph is computed.
type Draw struct {
	Name         string // of the input
	Distribution Distribution
	Rate         float64 // of a mask
	Shape        []int   // the batch first
	At           program.Arg
}

// Random adds an input of random numbers, which lies in a storage of its own name. A name is drawn once: asking
// again gives the same numbers.
func (g *Graph) Random(name string, d Distribution, rate float64, shape ...int) *Node {
	_, known := g.byName[name]
	at := program.Arg{Storage: "draw/" + name}
	n := g.Input(name, at, shape...)
	if !known && g.err == nil {
		g.draws = append(g.draws, Draw{Name: name, Distribution: d, Rate: rate, Shape: n.Shape(), At: at})
	}
	return n
}

// Op is the operation of a program that fills the draw, of n elements from the first on.
func (d Draw) Op(draw program.Draw, n int) (program.Op, error) {
	switch d.Distribution {
	case Normal:
		return program.Normal{N: n, Draw: draw, Stddev: 1}, nil
	case Uniform:
		return program.Uniform{N: n, Draw: draw, High: 1}, nil
	case Mask:
		return program.DropoutMask{N: n, Draw: draw, Rate: float32(d.Rate)}, nil
	}
	return nil, fmt.Errorf("draw %q: no distribution %q", d.Name, d.Distribution)
}

// Len is the number of elements.
func (d Draw) Len() int { return size(d.Shape) }

// size is the number of elements of an array of that shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
