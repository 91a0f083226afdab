package cpu

import "math"

// sigmoidGo is y = 1/(1+exp(-x)).
func sigmoidGo(x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}
