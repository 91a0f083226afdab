package cpu

import "gangpu/engine/program"

const (
	// biasGradRow is about how many elements are summed side by side, whole rows of dy, and
	// biasGradBlock how many of dy a task sums.
	biasGradRow   = 1 << 10
	biasGradBlock = 1 << 17
)

// newBiasGrad sums blocks of rows of dy, then the blocks' sums.
func newBiasGrad(op program.BiasGrad, dy, db []float32, ws *workspace) kernel {
	l := layout{workspace: ws}
	wide := max(1, biasGradRow/op.Channels) * op.Channels
	block := max(1, biasGradBlock/wide) * wide
	tasks := ceilDiv(len(dy), block)
	sums := l.shared(tasks * op.Channels)
	rows := l.perWorker(wide)
	sum := phase{tasks: tasks, run: func(task, worker int) {
		row := rows.worker(worker)[:wide]
		clear(row)
		part := dy[task*block : min((task+1)*block, len(dy))]
		for ; len(part) >= wide; part = part[wide:] {
			unit.axpy(1, part[:wide], row)
		}
		unit.axpy(1, part, row)
		fold(sums.floats()[task*op.Channels:][:op.Channels], row)
	}}
	return kernel{sum, {tasks: 1, run: func(int, int) { fold(db, sums.floats()) }}}
}

// fold sets dst to the sum of the rows of src, each as long as dst.
func fold(dst, src []float32) {
	clear(dst)
	for ; len(src) > 0; src = src[len(dst):] {
		unit.axpy(1, src[:len(dst)], dst)
	}
}
