package cpu

import "gangpu/engine/program"

// A product is cut into tasks of productRows by productCols elements of C, which pack their part
// of A, productDepth columns at a time, and their panels of B, and keep both in the second-level
// cache.
const (
	productRows  = 192 // a multiple of productStep
	productCols  = 256
	productDepth = 512
	// productStep is what the rows of a task are a multiple of: tileRows of every unit, and a cache line.
	productStep = 48
	// rowPad keeps the packed rows of A out of each other's way in the first-level cache.
	rowPad = 16
	// inPlaceDepth is the most columns of A for which its rows are read where they lie: a tile's are not in each
	// other's way then.
	inPlaceDepth = 256
	// A product with so many rows is computed as a convolution by 1x1, which packs B once, one of few rows as that which
	// reads B in place, and the sum of so many outer products of at most so many elements as the gradient of its filter,
	// which packs nothing.
	manyRows   = 1024
	fewWeights = 1 << 12
	// productTasks is how many tasks there should be: where C has fewer blocks, the sums are cut into parts, which
	// have productPartials elements at most. productMACs is what a task should do at least.
	productTasks    = 16
	productPartials = 1 << 20
	productMACs     = 1 << 16
)

var _ = runs(func(op program.MatMul, a arguments, ws *workspace) (kernel, error) {
	e, c := a.epilogue(op.Epilogue)
	return newMatMul(op, a.f32(0), a.f32(1), e, c, ws), nil
})

// newMatMul is C = epilogue(A*B), for each product of a batch.
func newMatMul(op program.MatMul, a, b []float32, e epilogue, c []float32, ws *workspace) kernel {
	if op.M == 1 || op.N == 1 {
		return newMatVec(op, a, b, e, c)
	}
	l := &layout{workspace: ws}
	g := pixels(op.M, op.K, op.N)
	switch {
	case op.Products() > 1 || op.TransA:
	case op.M >= manyRows:
		return directConv2D(g).kernel(a, b, op.TransB, e, c, l)
	case inPlace(op.M, op.K*op.N) && op.TransB:
		return directConv2D(g).inPlaceKernel(a, b, e, c, l)
	case inPlace(op.M, op.K*op.N):
		return newInPlaceConv2D(g, a, b, e, c, l)
	}
	if op.TransA && !op.TransB && op.Products() == 1 && op.K >= manyRows && op.M*op.N <= fewWeights && op.Epilogue == (program.Epilogue{}) {
		return newConv2DFilterGrad(program.Conv2DFilterGrad{Geometry: pixels(op.K, op.M, op.N)}, a, b, c, ws)
	}
	p := newTiledProduct(op, l)
	aStride, bStride := op.Strides()
	multiply := phase{tasks: ceilDiv(op.Products(), p.group) * p.blocks * p.parts, run: func(task, worker int) {
		group, block, part := task/(p.blocks*p.parts), task/p.parts%p.blocks, task%p.parts
		for i := group * p.group; i < min((group+1)*p.group, op.Products()); i++ {
			sums, of := c[i*op.M*op.N:][:op.M*op.N], e
			if p.parts > 1 {
				of = epilogue{}
			}
			if part > 0 {
				sums = p.partials.floats()[(part-1)*op.Products()*op.M*op.N:][i*op.M*op.N:][:op.M*op.N]
			}
			p.multiply(worker, block, part, a[i*aStride:][:op.M*op.K], b[i*bStride:][:op.K*op.N], of, sums)
		}
	}}
	if p.parts == 1 {
		return append(kernel{multiply}, e.afterTiles(c)...)
	}
	rows := op.Products() * op.M
	add := blocks(rows, max(1, elementBlock/op.N), func(first, end, _ int) {
		sum := c[first*op.N : end*op.N]
		for part := range p.parts - 1 {
			unit.axpy(1, p.partials.floats()[part*len(c):][first*op.N:end*op.N], sum)
		}
		e.addBias(sum)
		e.finish(sum, first*op.N)
	})
	return kernel{multiply, add}
}

// pixels is the convolution by 1x1 of so many pixels, as images that fit the caches if there are such.
func pixels(rows, in, out int) program.Geometry {
	g := program.Geometry{Batch: 1, InH: 1, InW: rows, InC: in, OutC: out, FilterH: 1, FilterW: 1, StrideH: 1, StrideW: 1}
	for n := manyRows; n >= 64; n-- {
		if rows%n == 0 {
			g.Batch, g.InW = rows/n, n
			break
		}
	}
	return g
}

// A tiledProduct is a MatMul cut into tasks.
type tiledProduct struct {
	program.MatMul
	rowsOf, colsOf    int // elements of C that a task makes
	blocks, colBlocks int // of a C
	parts, partDepth  int // of a sum
	group             int // products of a task
	partials          region
	rows, panel       region
	aStride           int
	workers           []tileWorker
}

func newTiledProduct(op program.MatMul, l *layout) *tiledProduct {
	p := &tiledProduct{MatMul: op, colsOf: productCols, workers: make([]tileWorker, l.workspace.threads)}
	n, results := op.Products(), op.Products()*op.M*op.N
	rowBlocks := ceilDiv(op.M, productRows)
	p.rowsOf = roundUp(ceilDiv(op.M, rowBlocks), productStep)
	if n*rowBlocks*ceilDiv(op.N, productCols)*max(1, op.K/productDepth) < productTasks/2 {
		p.colsOf = productCols / 2
	}
	p.colBlocks = ceilDiv(op.N, p.colsOf)
	p.blocks = rowBlocks * p.colBlocks
	p.parts = max(1, min(productTasks/(n*p.blocks), op.K/productDepth, 1+productPartials/results))
	p.partDepth = ceilDiv(op.K, p.parts)
	p.parts = ceilDiv(op.K, p.partDepth)
	p.group = max(1, productMACs/(op.M*op.N*op.K))
	if p.parts > 1 {
		p.partials = l.shared((p.parts - 1) * results)
	}
	depth := min(p.partDepth, productDepth)
	p.aStride = depth + rowPad
	p.rows, p.panel = l.perWorker(productRows*p.aStride), l.perWorker(depth*unit.tileCols)
	return p
}

// multiply makes a part of the sums of a block of C.
func (p *tiledProduct) multiply(worker, block, part int, a, b []float32, e epilogue, c []float32) {
	i0, j0 := block/p.colBlocks*p.rowsOf, block%p.colBlocks*p.colsOf
	m, n := min(p.rowsOf, p.M-i0), min(p.colsOf, p.N-j0)
	begin, end := part*p.partDepth, min((part+1)*p.partDepth, p.K)
	rows, stride, panel := p.rows.worker(worker), p.aStride, p.panel.worker(worker)
	inPlace := !p.TransA && p.K <= inPlaceDepth
	if inPlace {
		rows, stride = a[i0*p.K:], p.K
	}
	s, t := &p.workers[worker].segment, &p.workers[worker].tile
	*t = tile{zeros: &rows[0], table: s, segments: 1, b: &panel[0], alpha: 1}
	for k0 := begin; k0 < end; k0 += productDepth {
		t.depth = min(productDepth, end-k0)
		t.accumulate = k0 > begin
		switch {
		case inPlace:
		case p.TransA:
			transpose(rows, stride, a[k0*p.M+i0:], p.M, m, t.depth)
		default:
			for r := range m {
				copy(rows[r*stride:][:t.depth], a[(i0+r)*p.K+k0:])
			}
		}
		for j := j0; j < j0+n; j += unit.tileCols {
			t.cols = min(unit.tileCols, j0+n-j)
			if p.TransB {
				packPanel(panel, b[j*p.K+k0:], p.K, true, t.depth, t.cols)
			} else {
				packPanel(panel, b[k0*p.N+j:], p.N, false, t.depth, t.cols)
			}
			if k0+t.depth == end {
				e.onTile(t, j)
			}
			for i := 0; i < m; i += unit.tileRows {
				if count := min(unit.tileRows, m-i); count != t.rows {
					t.rows = count
					for r := range unit.tileRows {
						row := min(r, count-1)
						s.a[r], t.cOffsets[r] = 4*row*stride, 4*row*p.N
					}
				}
				t.a, t.c = &rows[i*stride], &c[(i0+i)*p.N+j]
				unit.tile(t)
			}
		}
	}
}

// newMatVec is newMatMul where C is a row or a column: bounded by reading the matrix once.
func newMatVec(op program.MatMul, a, b []float32, e epilogue, c []float32) kernel {
	// y = matrix * v, with the matrix [n, K], or [K, n] if transposed.
	matrix, v, n, transposed := a, b, op.M, op.TransA
	matrixStride, vStride := op.Strides()
	if op.N != 1 {
		matrix, v, n, transposed = b, a, op.N, !op.TransB
		matrixStride, vStride = vStride, matrixStride
	}
	block := max(1, 1<<15/op.K)
	if transposed {
		block = 512
	}
	perProduct, group := ceilDiv(n, block), max(1, productMACs/(n*op.K))
	run := func(product, first, end int) {
		y := c[product*n:][first:end]
		matrix, v := matrix[product*matrixStride:], v[product*vStride:][:op.K]
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
		e.finish(y, product*n+first)
	}
	return kernel{{tasks: ceilDiv(op.Products(), group) * perProduct, run: func(task, _ int) {
		first := task % perProduct * block
		for i := task / perProduct * group; i < min((task/perProduct+1)*group, op.Products()); i++ {
			run(i, first, min(first+block, n))
		}
	}}}
}
