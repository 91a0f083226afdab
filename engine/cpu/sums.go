package cpu

import "math"

// The sums and maxima of reductions in plain Go, which vector units compute in the same order.

// sumsGo adds up eight places side by side, then these in pairs: the vector units' order.
func sumsGo(v []float32) (sum, squares float64) {
	var s, q [8]float64
	for i, x := range v {
		f := float64(x)
		s[i&7] += f
		q[i&7] += f * f
	}
	pairs := func(a *[8]float64) float64 {
		return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
	}
	return pairs(&s), pairs(&q)
}

func columnSumsGo(sum, squares []float64, v []float32) {
	sum = sum[:len(v)]
	if squares == nil {
		for i, x := range v {
			sum[i] += float64(x)
		}
		return
	}
	squares = squares[:len(v)]
	for i, x := range v {
		f := float64(x)
		sum[i] += f
		squares[i] += f * f
	}
}

func columnMaximaGo(largest []float64, v []float32) {
	largest = largest[:len(v)]
	for i, x := range v {
		largest[i] = larger(largest[i], float64(x))
	}
}

// maxima are those of eight places side by side.
type maxima [8]float64

var noMaxima = func() (m maxima) {
	for i := range m {
		m[i] = math.Inf(-1)
	}
	return m
}()

// largest is the largest number of the places, in turn, after rest, fewer than eight, has been added to them.
func (m *maxima) largest(rest []float32) float64 {
	columnMaximaGo(m[:], rest)
	largest := m[0]
	for _, x := range m[1:] {
		largest = larger(largest, x)
	}
	return largest
}

func maximumGo(v []float32) float64 {
	places := noMaxima
	for ; len(v) >= len(places); v = v[len(places):] {
		columnMaximaGo(places[:], v[:len(places)])
	}
	return places.largest(v)
}
