package judge

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// gaussian is the mean and the covariance of images' features.
type gaussian struct {
	mean       []float64
	covariance *mat.SymDense
}

// gaussianOf estimates both in float64, the covariance with n-1 in the denominator.
func gaussianOf(known recognition, features int) gaussian {
	x := mat.NewDense(known.count, features, nil)
	for i, v := range known.features {
		x.RawMatrix().Data[i] = float64(v)
	}
	g := gaussian{mean: make([]float64, features), covariance: mat.NewSymDense(features, nil)}
	for c := range features {
		g.mean[c] = stat.Mean(mat.Col(nil, c, x), nil)
	}
	stat.CovarianceMatrix(g.covariance, x, nil)
	return g
}

// frechetDistance is the squared 2-Wasserstein distance of two Gaussians (Fréchet, 1957; Dowson and
// Landau, 1982), as Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to
// a local Nash equilibrium", take it of Inception's features:
//
//	|a.mean-b.mean|^2 + tr(A + B - 2*(A*B)^(1/2)),  A, B the covariances
//
// A*B has the eigenvalues of A^(1/2)*B*A^(1/2), which is symmetric, so that its root's trace comes
// without complex numbers and exists where A and B are singular.
func frechetDistance(a, b gaussian) (float64, error) {
	var eigen mat.EigenSym
	if !finite(a, b) {
		return 0, errors.New("features that are not numbers")
	}
	if !eigen.Factorize(a.covariance, true) {
		return 0, errors.New("the eigenvalues of the features' covariance do not converge")
	}
	n := len(a.mean)
	var vectors, root, product mat.Dense
	eigen.VectorsTo(&vectors)
	roots := eigen.Values(nil)
	for i, v := range roots {
		roots[i] = math.Sqrt(max(v, 0)) // rounding may have left it below zero
	}
	root.Product(&vectors, mat.NewDiagDense(n, roots), vectors.T())
	product.Product(&root, b.covariance, &root)
	symmetric := mat.NewSymDense(n, nil)
	for i := range n {
		for k := i; k < n; k++ {
			symmetric.SetSym(i, k, (product.At(i, k)+product.At(k, i))/2)
		}
	}
	if !eigen.Factorize(symmetric, false) {
		return 0, errors.New("the eigenvalues of the covariances' product do not converge")
	}
	distance := floats.Distance(a.mean, b.mean, 2)
	distance *= distance
	distance += mat.Trace(a.covariance) + mat.Trace(b.covariance)
	for _, v := range eigen.Values(nil) {
		distance -= 2 * math.Sqrt(max(v, 0))
	}
	return max(distance, 0), nil
}

func finite(gaussians ...gaussian) bool {
	for _, g := range gaussians {
		if v := mat.Sum(g.covariance) + floats.Sum(g.mean); math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
