package train

import (
	"fmt"
	"math/rand/v2"
)

// Rows is the number of the field's rows.
func (f Field) Rows() int {
	if f.Pictures != nil {
		return f.Pictures.Count
	}
	return len(f.Bytes) / max(f.size(), 1)
}

// Draw returns n of the rows, all if there are no more, in their order: [n, shape...]; of pictures that are cropped as
// they are loaded, whole ones. They are drawn at random, the same ones at any time: evenly spaced ones would be of few
// classes where these come in a period.
func (f Field) Draw(n int) ([]byte, error) {
	rows, each := f.Rows(), f.size()
	if f.Pictures != nil {
		each = f.Pictures.Size()
	}
	n = min(n, rows)
	drawn := make([]byte, 0, n*each)
	// Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
	r := rand.New(rand.NewPCG(1, 0))
	for i := 0; n > 0; i++ {
		if r.IntN(rows-i) >= n {
			continue
		}
		n--
		if f.Pictures == nil {
			drawn = append(drawn, f.Bytes[i*each:][:each]...)
			continue
		}
		end := len(drawn)
		drawn = drawn[:end+each]
		if err := f.Pictures.Read(i, drawn[end:]); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return drawn, nil
}

// Floats are bytes of a field, from 0 to 255, as numbers from 0 to 1.
func Floats(bytes []byte) []float32 {
	y := make([]float32, len(bytes))
	for i, v := range bytes {
		y[i] = float32(v) / 255
	}
	return y
}
