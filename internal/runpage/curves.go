package runpage

import (
	"math"
	"slices"
	"strconv"
)

// maxBins is how many bins a curve has at most: about as many as a picture of it has columns.
const maxBins = 1024

// curves keeps the numbers of a run of any length, in memory that does not grow: least, mean and
// greatest of bins of iterations. When the bins are full each two become one, so that there are
// always at least half as many, and no extreme is lost.
type curves struct {
	width  int     // iterations a bin has, a power of two
	inLast int     // those that the last bin has so far
	n      int     // bins
	bins   [][]bin // [series][maxBins]
	broken []broken
}

func newCurves(series int) curves {
	c := curves{bins: make([][]bin, series), broken: make([]broken, series)}
	for s := range c.bins {
		c.bins[s] = make([]bin, maxBins)
	}
	return c
}

func (c *curves) clone() curves {
	copied := *c
	copied.bins, copied.broken = slices.Clone(c.bins), slices.Clone(c.broken)
	for s, bins := range c.bins {
		copied.bins[s] = slices.Clone(bins[:c.n])
	}
	return copied
}

// bin is some iterations of a series; those whose number is not finite are left out.
type bin struct {
	count    int32
	min, max float32
	sum      float64
}

// broken is the first number of a series that is not finite; where there is none it is 0.
type broken struct {
	iteration int // of the run, from 0
	value     float32
}

func (c *curves) add(iteration int, values []float32) {
	c.skip()
	for i, v := range values {
		if x := float64(v); !math.IsNaN(x) && !math.IsInf(x, 0) {
			c.bins[i][c.n-1].join(bin{count: 1, min: v, max: v, sum: x})
		} else if c.broken[i].value == 0 {
			c.broken[i] = broken{iteration, v}
		}
	}
}

// skip makes room for an iteration, whose numbers may be unknown.
func (c *curves) skip() {
	if c.n == 0 || c.inLast == c.width {
		if c.n == maxBins {
			c.halve()
		}
		c.width, c.inLast = max(c.width, 1), 0
		for _, bins := range c.bins {
			bins[c.n] = bin{}
		}
		c.n++
	}
	c.inLast++
}

// halve makes one bin of each two.
func (c *curves) halve() {
	for _, bins := range c.bins {
		for i := range maxBins / 2 {
			b := bins[2*i]
			b.join(bins[2*i+1])
			bins[i] = b
		}
	}
	c.n, c.width = maxBins/2, 2*c.width
}

func (b *bin) join(other bin) {
	switch {
	case other.count == 0:
	case b.count == 0:
		*b = other
	default:
		b.count += other.count
		b.min, b.max = min(b.min, other.min), max(b.max, other.max)
		b.sum += other.sum
	}
}

// curvesPart is what a page gets of curves: the bins from one on.
type curvesPart struct {
	Width  int          `json:"width"`
	From   int          `json:"from"`
	Last   int          `json:"last"` // iterations in the last bin
	Series []binsPart   `json:"series"`
	Broken []brokenPart `json:"broken,omitempty"`
}

// binsPart has a number a bin, null where no iteration had a finite one.
type binsPart struct {
	Min  []number `json:"min"`
	Mean []number `json:"mean"`
	Max  []number `json:"max"`
}

type brokenPart struct {
	Series    int    `json:"series"`
	Iteration int    `json:"iteration"`
	Value     string `json:"value"`
}

func (c *curves) part(from int) curvesPart {
	p := curvesPart{Width: c.width, From: from, Last: c.inLast}
	for s := range c.bins {
		n := c.n - from
		b := binsPart{Min: make([]number, n), Mean: make([]number, n), Max: make([]number, n)}
		for i := range n {
			x := &c.bins[s][from+i]
			b.Min[i], b.Mean[i], b.Max[i] = number(math.NaN()), number(math.NaN()), number(math.NaN())
			if x.count > 0 {
				b.Min[i], b.Mean[i], b.Max[i] = number(x.min), number(x.sum/float64(x.count)), number(x.max)
			}
		}
		p.Series = append(p.Series, b)
		if x := c.broken[s]; x.value != 0 {
			p.Broken = append(p.Broken, brokenPart{s, x.iteration, number(x.value).String()})
		}
	}
	return p
}

// number is written with as many digits as a picture shows, and as null if it is not finite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	return []byte(n.String()), nil
}

func (n number) String() string { return strconv.FormatFloat(float64(n), 'g', 4, 64) }
