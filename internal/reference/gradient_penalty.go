package reference

import "math"

// Interpolate is y = weight[r]*a + (1-weight[r])*b in every row r.
func Interpolate[E Float](weight, a, b, y []E) {
	columns := len(y) / len(weight)
	for i := range y {
		w := weight[i/columns]
		y[i] = w*a[i] + (1-w)*b[i]
	}
}

// GradientPenalty is the mean over the rows of g of (||g[r]|| - 1)^2, into penalty [1].
func GradientPenalty[E Float](rows int, g, penalty []E) {
	var sum E
	for r := range rows {
		n := rowNorm(g[r*len(g)/rows : (r+1)*len(g)/rows])
		sum += (n - 1) * (n - 1)
	}
	penalty[0] = sum / E(rows)
}

// GradientPenaltyGrad is GradientPenalty's gradient, times dpenalty [1]; 0 in a row of zeros.
func GradientPenaltyGrad[E Float](rows int, g, dpenalty, dg []E) {
	for r := range rows {
		row := g[r*len(g)/rows : (r+1)*len(g)/rows]
		n := rowNorm(row)
		for c, v := range row {
			d := 2 / E(rows) * dpenalty[0] * (n - 1) / n * v
			if n == 0 {
				d = 0
			}
			dg[r*len(row)+c] = d
		}
	}
}

func rowNorm[E Float](row []E) E {
	var sum E
	for _, v := range row {
		sum += v * v
	}
	return E(math.Sqrt(float64(sum)))
}
