package cpu

import "math"

// winogradMatrices are those of F(m, r), which makes m results of a filter of r taps by m+r-1 multiplications, one for
// each of the points, and one for infinity (Lavin and Gray, 2016, "Fast algorithms for convolutional neural networks"):
//
//	y = Aᵀ [(G g) * (Bᵀ d)]
//
// A polynomial is known by its values at the points and its highest coefficient. G evaluates the filter's, each value
// divided by the product of the point's distances to the others; rows of Bᵀ are the products of all x - point but one,
// and the last one of all; Aᵀ has the points' powers.
type winogradMatrices struct {
	m, r    int
	b, g, a smallMatrix // Bᵀ, G, Aᵀ
	gT, aT  smallMatrix // Gᵀ, A
	growth  float64     // of rounding errors; see roundoff
}

func newWinogradMatrices(m, r int, points ...float64) winogradMatrices {
	t := m + r - 1
	infinity := t - 1
	power := func(point, exponent int) float64 {
		x := 1.0
		for range exponent {
			x *= points[point]
		}
		return x
	}
	// factors are the coefficients of the product of all x - point but one, and the product's value there.
	factors := func(but int) (coefficients []float64, value float64) {
		coefficients, value = make([]float64, t), 1
		coefficients[0] = 1
		for i, p := range points {
			if i == but {
				continue
			}
			for j := t - 1; j >= 0; j-- {
				coefficients[j] *= -p
				if j > 0 {
					coefficients[j] += coefficients[j-1]
				}
			}
			if but < infinity {
				value *= points[but] - p
			}
		}
		return coefficients, value
	}
	w := winogradMatrices{
		m: m, r: r,
		b: newSmallMatrix(t, t, func(row, col int) float64 {
			coefficients, _ := factors(row)
			return coefficients[col]
		}),
		g: newSmallMatrix(t, r, func(row, col int) float64 {
			if row == infinity {
				return float64(max(0, col-r+2)) // 1 at the end
			}
			_, value := factors(row)
			return power(row, col) / value
		}),
		a: newSmallMatrix(m, t, func(row, col int) float64 {
			if col == infinity {
				return float64(max(0, row-m+2)) // 1 at the end
			}
			return power(col, row)
		}),
	}
	w.gT, w.aT = w.g.transposed(), w.a.transposed()
	for i := range t {
		w.growth += w.aT.squares(i) * w.b.squares(i) * w.g.squares(i) / float64(m*r)
	}
	return w
}

// winogradError is the most that results may differ from exact ones, relative to their norm, by what roundoff expects.
const winogradError = 1e-5

// roundoff bounds the error of results, or of filters' gradients, relative to their norm, where an element of a
// transformed tile sums n products.
//
// Rounding errors are taken as independent of each other (Higham and Mary, 2019, "A new approach to probabilistic
// rounding error analysis"), with a standard deviation of 2^-24 of what is rounded, the largest that there can be. Values
// are independent, too, and may have any mean. A sum of n products has the error of sqrt(n/2) roundings of it or less.
// The transforms add some, about two for each element of a tile's side.
//
// The transform of the result magnifies the errors. In one direction, element i of a tile has variance n |bᵢ|² |gᵢ|², by
// the norms of rows of Bᵀ and G, and gives its error to a result by aᵢ, a number of Aᵀ, while a result of r taps has
// variance n r. The variance of relative errors is then larger by growth, the mean over the m results of the sum over i of
// aᵢ² |bᵢ|² |gᵢ|² / r, and in two directions by its square. The filter's gradient has G and A in each other's place,
// which gives the same growth.
func (w *winogradMatrices) roundoff(n int) float64 {
	return 0x1p-24 * w.growth * math.Sqrt(float64(n)/2+float64(2*w.in()))
}

// in is how many elements m results read, and how many multiplications they take.
func (w *winogradMatrices) in() int { return w.m + w.r - 1 }

// With 1/2 in place of 2 among the points, errors were measured to be two thirds. On the choice of points see Barabasz,
// Anderson, Soodhalter and Gregg (2018, "Error analysis and improving the accuracy of Winograd convolution for deep
// neural networks").
var (
	winograd4x3 = newWinogradMatrices(4, 3, 0, 1, -1, 0.5, -2)
	winograd2x5 = newWinogradMatrices(2, 5, 0, 1, -1, 0.5, -2)
	winograd3x4 = newWinogradMatrices(3, 4, 0, 1, -1, 0.5, -2)
	winograd3x2 = newWinogradMatrices(3, 2, 0, 1, -1)
)
