package cpu

import (
	"runtime"
	"testing"
)

// When run returns, all tasks are done, whether the caller found its helpers done by looking or slept until they were: tasks
// last from less than a look to more than all looks, and there are more workers than processors.
func TestPoolWaitsForAllTasks(t *testing.T) {
	const threads = 8
	p := newPool(threads)
	defer p.close()
	var work int
	results, spun := make([]int, threads), make([]float64, threads)
	k := kernel{{tasks: threads, run: func(task, _ int) {
		for i := range work * task {
			spun[task] += float64(i)
			if i%1000 == 999 {
				runtime.Gosched()
			}
		}
		results[task]++
	}}}
	for i := range 2000 {
		work = i % 20 * 300
		p.run(k)
		for task, n := range results {
			if n != i+1 {
				t.Fatalf("after %d runs task %d was done %d times", i+1, task, n)
			}
		}
	}
}
