package cpu

import (
	"sync/atomic"
	"time"
)

// peakRounds of the loop last some milliseconds.
const peakRounds = 1 << 20

// Peak is the rate of multiply-adds in registers on all threads at once, two operations each, in operations a second:
// the best of several runs. No kernel can be faster.
func (d *Device) Peak() float64 {
	best := 0.0
	for range 50 {
		start := time.Now()
		d.pool.run(kernel{{tasks: d.pool.threads, run: func(int, int) { unit.fmaLoop(peakRounds) }}})
		rate := 2 * float64(unit.fmaLoopLen*peakRounds*d.pool.threads) / time.Since(start).Seconds()
		best = max(best, rate)
	}
	return best
}

// fmaLoopResult keeps the compiler from leaving the loop out.
var fmaLoopResult atomic.Int32

// fmaLoopGo makes n rounds of 8 multiply-adds.
func fmaLoopGo(n int) {
	var a [8]float32
	x, y := float32(n&1), float32(1)
	for range n {
		a[0] += x * y
		a[1] += x * y
		a[2] += x * y
		a[3] += x * y
		a[4] += x * y
		a[5] += x * y
		a[6] += x * y
		a[7] += x * y
	}
	fmaLoopResult.Store(int32(a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7]))
}
