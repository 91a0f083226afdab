package gan

import (
	"errors"
	"fmt"
	"math"

	"gangpu/engine/program"
	"gangpu/internal/hostmemory"
)

// Neighbour is the image of a dataset that is nearest to a sample.
type Neighbour struct {
	Index    int     // in the dataset
	Distance float64 // Euclidean, of pixels from 0 to 1
}

// Nearest finds the nearest of the images to each sample, by products of all with all on a device.
// Among images at equal distance, to rounding, it may take any.
func Nearest(dev program.Device, s Samples, images Images) (_ []Neighbour, err error) {
	if err := images.validate([]int{s.Height, s.Width}); err != nil {
		return nil, err
	}
	if s.Count < 1 {
		return nil, errors.New("no samples to find the nearest images to")
	}
	a := newArrays(dev)
	defer func() { err = errors.Join(err, a.close()) }()
	nearest := make([]Neighbour, s.Count)
	best := make([]float64, s.Count) // the square of the distance, less that of the sample's own norm
	for i := range best {
		best[i] = math.Inf(1)
	}
	const block = 2000
	// A block as numbers and its products, here and on a CPU, and those of the block before until they are collected.
	if err := hostmemory.Check("finding the nearest images", 3*4*block*uint64(s.Count+s.Height*s.Width)); err != nil {
		return nil, err
	}
	squares := squaredNorms(images)
	for first := 0; first < images.Count; first += block {
		n := min(block, images.Count-first)
		products, err := productsWith(a, s, images, first, n)
		if err != nil {
			return nil, fmt.Errorf("finding the nearest images: %w", err)
		}
		for i := range s.Count {
			for j, product := range products[i*n : (i+1)*n] {
				if d := squares[first+j] - 2*float64(product); d < best[i] {
					best[i], nearest[i].Index = d, first+j
				}
			}
		}
	}
	for i := range nearest {
		nearest[i].Distance = distance(s.Sample(i).Pixels, images.Slice(nearest[i].Index, 1).Samples(1).Pixels)
	}
	return nearest, nil
}

// productsWith are those of each sample with n images from first on: [samples, n].
func productsWith(a *arrays, s Samples, images Images, first, n int) ([]float32, error) {
	const samples, block, products = "samples", "block", "products"
	pixels := s.Height * s.Width
	p := &program.Program{Name: "products"}
	if err := p.Append("products", program.MatMul{M: s.Count, N: n, K: pixels, TransB: true},
		arg(samples), arg(block), arg(products)); err != nil {
		return nil, err
	}
	if err := a.alloc(p); err != nil {
		return nil, err
	}
	values := make([]float32, s.Count*n)
	err := errors.Join(write(a, samples, 0, s.Pixels), write(a, block, 0, images.Slice(first, n).Samples(n).Pixels))
	if err == nil {
		err = a.once(p)
	}
	if err == nil {
		err = read(a, products, 0, values)
	}
	return values, err
}

func squaredNorms(images Images) []float64 {
	norms := make([]float64, images.Count)
	n := images.Rows * images.Cols
	for i := range norms {
		sum := 0
		for _, p := range images.Pixels[i*n : (i+1)*n] {
			sum += int(p) * int(p)
		}
		norms[i] = float64(sum) / (255 * 255)
	}
	return norms
}

func distance(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
