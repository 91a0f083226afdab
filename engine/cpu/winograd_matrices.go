package cpu

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
	return w
}

// in is how many elements m results read, and how many multiplications they take.
func (w *winogradMatrices) in() int { return w.m + w.r - 1 }

// With 1/2 in place of 2 among the points, errors were measured to be two thirds. On the choice of points see Barabasz,
// Anderson, Soodhalter and Gregg (2018, "Error analysis and improving the accuracy of Winograd convolution for deep
// neural networks").
var (
	winograd4x3 = newWinogradMatrices(4, 3, 0, 1, -1, 0.5, -2)
	winograd2x5 = newWinogradMatrices(2, 5, 0, 1, -1, 0.5, -2)
	winograd3x2 = newWinogradMatrices(3, 2, 0, 1, -1)
)
