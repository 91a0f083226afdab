package exchange

import (
	"io"

	"gangpu/internal/atomicfile"
)

func writeBytes(path string, data []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// channelsFirst transposes a filter: (height, width, in, out) to (out, in, height, width) for a
// convolution, and (height, width, out, in) to (in, out, height, width) for a transposed one.
func channelsFirst(shape []int, values []float32) ([]int, []float32) {
	h, w, c, d := shape[0], shape[1], shape[2], shape[3]
	transposed := make([]float32, len(values))
	for i, v := range values {
		pixel, ci, di := i/(c*d), i/d%c, i%d
		transposed[(di*c+ci)*h*w+pixel] = v
	}
	return []int{d, c, h, w}, transposed
}
