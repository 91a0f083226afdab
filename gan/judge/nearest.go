package judge

import (
	"errors"
	"fmt"
	"math"

	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"
)

// Neighbour is the image of a dataset that is nearest to another image.
type Neighbour struct {
	Index    int     // in the dataset
	Distance float64 // Euclidean, of pixels from 0 to 1
}

// Nearest finds the nearest of the images, which are in memory, to each of others, [n, height, width, channels] from 0 to
// 1, by products of all with all on a device. Among images at equal distance, to rounding, it may take any.
func Nearest(dev program.Device, to []float32, images train.Field) ([]Neighbour, error) {
	size, count := sizeOf(images.Shape), images.Rows()
	n := len(to) / size
	switch {
	case n == 0 || len(to)%size != 0:
		return nil, fmt.Errorf("%d numbers are no images of %v [height width channels]", len(to), images.Shape)
	case images.Bytes == nil:
		return nil, errors.New("no images in memory to find the nearest of")
	}
	// A block of images as numbers has no more than 64 MB.
	block := min(2000, max(1<<24/size, 1), count)
	// The numbers of a block and its products, here and on a CPU, and those of the block before until they are collected.
	if err := hostmemory.Check("finding the nearest images", 3*4*uint64(block)*uint64(n+size)); err != nil {
		return nil, err
	}
	p := &program.Program{Name: "products"}
	if err := p.Append("products", program.MatMul{M: n, N: block, K: size, TransB: true},
		program.Arg{Storage: "images"}, program.Arg{Storage: "block"}, program.Arg{Storage: "products"}); err != nil {
		return nil, err
	}
	nearest, least := make([]Neighbour, n), make([]float64, n)
	for i := range least {
		least[i] = math.Inf(1) // the square of the distance, less that of the image's own length
	}
	products := make([]float32, n*block)
	for first := 0; first < count; first += block {
		here := min(block, count-first)
		bytes := images.Bytes[first*size : (first+here)*size]
		if err := train.Once(dev, p, map[string][]float32{"images": to, "block": train.Floats(bytes)},
			map[string][]float32{"products": products}); err != nil {
			return nil, fmt.Errorf("finding the nearest images: %w", err)
		}
		squares := squaredLengths(bytes, size)
		for i := range n {
			for j, product := range products[i*block:][:here] {
				if d := squares[j] - 2*float64(product); d < least[i] {
					least[i], nearest[i].Index = d, first+j
				}
			}
		}
	}
	for i := range nearest {
		nearest[i].Distance = distance(to[i*size:][:size], images.Bytes[nearest[i].Index*size:][:size])
	}
	return nearest, nil
}

// squaredLengths are those of images of bytes, as numbers from 0 to 1.
func squaredLengths(bytes []byte, size int) []float64 {
	squares := make([]float64, len(bytes)/size)
	for i := range squares {
		sum := 0
		for _, p := range bytes[i*size : (i+1)*size] {
			sum += int(p) * int(p)
		}
		squares[i] = float64(sum) / (255 * 255)
	}
	return squares
}

func distance(a []float32, b []byte) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(float32(b[i])/255)
		sum += d * d
	}
	return math.Sqrt(sum)
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
