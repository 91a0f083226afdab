package judge

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// gaussian is the mean and the covariance of images' features.
type gaussian struct {
	mean       []float64
	covariance *mat.SymDense
}

// gaussianOf estimates both of features [n, width], in float64, the covariance with n-1 in the denominator.
func gaussianOf(features []float32, width int) gaussian {
	n := len(features) / width
	g := gaussian{mean: make([]float64, width), covariance: mat.NewSymDense(width, nil)}
	for i, v := range features {
		g.mean[i%width] += float64(v) / float64(n)
	}
	const block = 1000 // rows in float64 at a time
	for rows := range slices.Chunk(features, block*width) {
		x := mat.NewDense(width, len(rows)/width, nil)
		for i, v := range rows {
			x.Set(i%width, i/width, float64(v)-g.mean[i%width])
		}
		g.covariance.SymRankK(g.covariance, 1/float64(n-1), x)
	}
	return g
}

// frechetDistance is the squared 2-Wasserstein distance of two Gaussians (Fréchet, 1957; Dowson and
// Landau, 1982), as Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to
// a local Nash equilibrium", take it of Inception's features:
//
//	|a.mean-b.mean|^2 + tr(A + B - 2*(A*B)^(1/2)),  A, B the covariances
//
// With A = F'*F, of which there is one where A is singular too, A*B has the eigenvalues of F*B*F', which is symmetric, and
// else zeros: the trace of its root comes without complex numbers.
func frechetDistance(a, b gaussian) (float64, error) {
	if !finite(a, b) {
		return 0, errors.New("features that are not numbers")
	}
	distance := floats.Distance(a.mean, b.mean, 2)
	distance *= distance
	distance += mat.Trace(a.covariance) + mat.Trace(b.covariance)
	if f := factor(a.covariance); f != nil {
		var product mat.Dense
		product.Product(f, mat.DenseCopyOf(b.covariance), f.T()) // a product with a SymDense is tenfold slower
		n, _ := product.Dims()
		symmetric := mat.NewSymDense(n, nil)
		for i := range n {
			for k := i; k < n; k++ {
				symmetric.SetSym(i, k, (product.At(i, k)+product.At(k, i))/2)
			}
		}
		var eigen mat.EigenSym
		if !eigen.Factorize(symmetric, false) {
			return 0, errors.New("the eigenvalues of the covariances' product do not converge")
		}
		for _, v := range eigen.Values(nil) {
			distance -= 2 * math.Sqrt(max(v, 0)) // rounding may have left it below zero
		}
	}
	return max(distance, 0), nil
}

// factor is F [rank, n] of A = F'*F, by Cholesky's decomposition with pivots; nil of zeros.
func factor(a *mat.SymDense) *mat.Dense {
	var c mat.PivotedCholesky
	c.Factorize(a, -1)
	rank := c.Rank()
	if rank == 0 {
		return nil
	}
	u, f := c.RawU(), mat.NewDense(rank, a.SymmetricDim(), nil)
	for k, at := range c.ColumnPivots(nil) {
		for i := range min(rank, k+1) {
			f.Set(i, at, u.At(i, k))
		}
	}
	return f
}

func finite(gaussians ...gaussian) bool {
	for _, g := range gaussians {
		if v := mat.Sum(g.covariance) + floats.Sum(g.mean); math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
