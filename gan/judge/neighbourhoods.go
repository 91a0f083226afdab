package judge

import (
	"fmt"
	"math"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/train"
)

// neighbours is k of the improved precision and recall.
const neighbours = 3

// precisionRecall is the share of generated images that lie among real ones, and of real ones that lie among generated
// ones (Kynkäänniemi et al., 2019, "Improved precision and recall metric for assessing generative models", equation 1):
// an image lies among others if it is no farther from one of them than that one's k-th nearest neighbour of its own kind.
func precisionRecall(dev program.Device, width int, real, generated points) (precision, recall float64, err error) {
	amongReal, amongGenerated := make([]bool, len(generated.radii)), make([]bool, len(real.radii))
	err = squaredDistances(dev, width, real.features, generated.features, func(i, j int, d float64) {
		amongReal[j] = amongReal[j] || d <= real.radii[i]
		amongGenerated[i] = amongGenerated[i] || d <= generated.radii[j]
	})
	return shareOf(amongReal), shareOf(amongGenerated), err
}

func shareOf(x []bool) float64 {
	n := 0
	for _, v := range x {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(x))
}

// radii are the squared distances of points [n, width] to the k-th nearest of the others, to the farthest if there are fewer.
func radii(dev program.Device, width int, x []float32) ([]float64, error) {
	nearest := make([][neighbours]float64, len(x)/width)
	for i := range nearest {
		nearest[i] = [neighbours]float64(slices.Repeat([]float64{math.Inf(1)}, neighbours))
	}
	err := squaredDistances(dev, width, x, x, func(i, j int, d float64) {
		near := &nearest[i]
		if i == j || d >= near[neighbours-1] {
			return
		}
		k := neighbours - 1
		for ; k > 0 && near[k-1] > d; k-- {
			near[k] = near[k-1]
		}
		near[k] = d
	})
	r := make([]float64, len(nearest))
	for i, near := range nearest {
		r[i] = near[min(neighbours, len(nearest)-1)-1]
	}
	return r, err
}

// squaredDistances calls see with each pair of points of a and b [n, width], and the square of their distance. Products of
// all with all are made on a device, a block at a time.
func squaredDistances(dev program.Device, width int, a, b []float32, see func(i, j int, squared float64)) error {
	n, m := len(a)/width, len(b)/width
	rows, columns := min(n, 1000), min(m, 1000)
	p := &program.Program{Name: "products"}
	if err := p.Append("products", program.MatMul{M: rows, N: columns, K: width, TransB: true},
		program.Arg{Storage: "a"}, program.Arg{Storage: "b"}, program.Arg{Storage: "products"}); err != nil {
		return err
	}
	ofA, ofB, products := squaredNorms(a, width), squaredNorms(b, width), make([]float32, rows*columns)
	for i := 0; i < n; i += rows {
		here := min(rows, n-i)
		for j := 0; j < m; j += columns {
			there := min(columns, m-j)
			if err := train.Once(dev, p, map[string][]float32{"a": a[i*width:][:here*width], "b": b[j*width:][:there*width]},
				map[string][]float32{"products": products}); err != nil {
				return fmt.Errorf("finding neighbours: %w", err)
			}
			for r := range here {
				for c, product := range products[r*columns:][:there] {
					see(i+r, j+c, max(ofA[i+r]+ofB[j+c]-2*float64(product), 0))
				}
			}
		}
	}
	return nil
}

func squaredNorms(x []float32, width int) []float64 {
	norms := make([]float64, len(x)/width)
	for i, v := range x {
		norms[i/width] += float64(v) * float64(v)
	}
	return norms
}
