package cpu

import "gangpu/engine/program"

// A product is cut into tasks of productRows by productCols elements of C, which pack their part
// of A, productDepth columns at a time, and their panels of B, and keep both in the second-level
// cache.
const (
	productRows  = 192 // a multiple of every unit's tileRows
	productCols  = 256
	productDepth = 512
	// rowPad keeps the packed rows of A out of each other's way in the first-level cache.
	rowPad = 16
)

// newMatMuls is newMatMul for each product of a batch: their tasks run side by side.
func newMatMuls(op program.MatMul, a, b []float32, e epilogue, c []float32, ws *workspace) kernel {
	n := op.Products()
	if n == 1 {
		return newMatMul(op, a, b, e, c, ws)
	}
	all := make([]kernel, n)
	for i := range all {
		all[i] = newMatMul(op, a[i*op.M*op.K:][:op.M*op.K], b[i*op.K*op.N:][:op.K*op.N], e, c[i*op.M*op.N:][:op.M*op.N], ws)
	}
	joined := make(kernel, len(all[0])) // of as many phases: they are of one shape
	for p := range joined {
		tasks := all[0][p].tasks
		joined[p] = phase{tasks: n * tasks, run: func(task, worker int) { all[task/tasks][p].run(task%tasks, worker) }}
	}
	return joined
}

// newMatMul is C = epilogue(A*B).
func newMatMul(op program.MatMul, a, b []float32, e epilogue, c []float32, ws *workspace) kernel {
	if op.M == 1 || op.N == 1 {
		return newMatVec(op, a, b, e, c)
	}
	var (
		depthBlock = min(op.K, productDepth)
		aStride    = depthBlock + rowPad
		l          = layout{workspace: ws}
		rows       = l.perWorker(productRows * aStride)
		panel      = l.perWorker(depthBlock * unit.tileCols)
		workers    = make([]tileWorker, ws.threads)
		colBlocks  = ceilDiv(op.N, productCols)
	)
	multiply := phase{tasks: ceilDiv(op.M, productRows) * colBlocks, run: func(task, worker int) {
		i0, j0 := task/colBlocks*productRows, task%colBlocks*productCols
		m, n := min(productRows, op.M-i0), min(productCols, op.N-j0)
		rows, panel := rows.worker(worker), panel.worker(worker)
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{a: &rows[0], zeros: &rows[0], table: s, segments: 1, b: &panel[0], alpha: 1}
		for k0 := 0; k0 < op.K; k0 += depthBlock {
			t.depth = min(depthBlock, op.K-k0)
			t.accumulate = k0 > 0
			last := k0+t.depth == op.K
			if op.TransA {
				transpose(rows, aStride, a[k0*op.M+i0:], op.M, m, t.depth)
			} else {
				for r := range m {
					copy(rows[r*aStride:][:t.depth], a[(i0+r)*op.K+k0:])
				}
			}
			for j := j0; j < j0+n; j += unit.tileCols {
				t.cols = min(unit.tileCols, j0+n-j)
				if op.TransB {
					packPanel(panel, b[j*op.K+k0:], op.K, true, t.depth, t.cols)
				} else {
					packPanel(panel, b[k0*op.N+j:], op.N, false, t.depth, t.cols)
				}
				for i := 0; i < m; i += unit.tileRows {
					t.rows = min(unit.tileRows, m-i)
					t.c = &c[(i0+i)*op.N+j]
					if last {
						e.onTile(t, j)
					}
					for r := range unit.tileRows {
						row := min(r, t.rows-1)
						s.a[r] = 4 * (i + row) * aStride
						t.cOffsets[r] = 4 * row * op.N
					}
					unit.tile(t)
				}
			}
		}
	}}
	return append(kernel{multiply}, e.afterTiles(c)...)
}

// newMatVec is newMatMul where C is a row or a column: bounded by reading the matrix once.
func newMatVec(op program.MatMul, a, b []float32, e epilogue, c []float32) kernel {
	// y = matrix * v, with the matrix [n, K], or [K, n] if transposed.
	matrix, v, n, transposed := a, b, op.M, op.TransA
	if op.N != 1 {
		matrix, v, n, transposed = b, a, op.N, !op.TransB
	}
	block := max(1, 1<<15/op.K)
	if transposed {
		block = 512
	}
	return kernel{blocks(n, block, func(first, end, _ int) {
		y := c[first:end]
		if transposed {
			clear(y)
			for k, x := range v {
				unit.axpy(x, matrix[k*n+first:k*n+end], y)
			}
		} else {
			for i := range y {
				y[i] = unit.dot(v, matrix[(first+i)*op.K:][:op.K])
			}
		}
		switch {
		case e.bias == nil:
		case op.N == 1:
			for i := range y {
				y[i] += e.bias[0]
			}
		default:
			unit.axpy(1, e.bias[first:end], y)
		}
		e.finish(y, first)
	})}
}
