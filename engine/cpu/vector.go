package cpu

import "unsafe"

func axpyGo(alpha float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += alpha * v
	}
}

func dotGo(x, y []float32) float32 {
	y = y[:len(x)]
	var sum [4]float32
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		sum[0] += x[i] * y[i]
		sum[1] += x[i+1] * y[i+1]
		sum[2] += x[i+2] * y[i+2]
		sum[3] += x[i+3] * y[i+3]
	}
	for i := n; i < len(x); i++ {
		sum[0] += x[i] * y[i]
	}
	return sum[0] + sum[1] + (sum[2] + sum[3])
}

func transpose8x8Go(dst *float32, dstStride int, src *float32, srcStride int) {
	d := unsafe.Slice(dst, 7*dstStride+8)
	s := unsafe.Slice(src, 7*srcStride+8)
	for i := range 8 {
		for j := range 8 {
			d[i*dstStride+j] = s[j*srcStride+i]
		}
	}
}
