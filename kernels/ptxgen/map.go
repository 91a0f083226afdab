package ptxgen

import (
	"fmt"
	"strconv"

	"gangpu/engine/program"
	"gangpu/kernels"
)

// quadCost is the cost of an expression above which a thread takes one point: beyond about as many instructions
// a point, a large GPU is busy computing rather than reading, and the text for four points would be long.
const quadCost = 96

// quadRegisters bounds the values that four points at once may have at hand.
const quadRegisters = 144

// mapKernel is a map as it is written.
type mapKernel struct {
	*builder
	code    *code
	shape   []int
	sources []source
	results []string // addresses
	aligned []bool   // of the results
	quad    bool     // a thread takes four points
	row     bool     // they are in one row: they share all coordinates but the last
}

// Map writes a map, whose operands' addresses are multiples of 16 where aligned says so, in the order of
// op.Operands().
func Map(op program.Map, aligned []bool) (*Launch, error) {
	k, err := parse(op.Code)
	if err != nil {
		return nil, err
	}
	n, err := points(op.Shape)
	if err != nil {
		return nil, err
	}
	indices := make([]program.Index, len(op.In))
	for i, s := range op.In {
		indices[i] = s.Index
	}
	m := &mapKernel{builder: &builder{}, code: k, aligned: aligned[len(op.In):]}
	m.shape, indices = program.Simplify(op.Shape, indices)
	if m.sources, err = newSources(op.In, indices, m.shape, aligned); err != nil {
		return nil, err
	}
	params, x, y, numbers, err := m.parameters(len(op.In), len(k.results), "points")
	if err != nil {
		return nil, err
	}
	for i := range m.sources {
		m.sources[i].address = x[i]
	}
	m.results = y
	rank := len(m.shape)
	m.quad = rank > 0 && k.cost <= quadCost && 4*(len(k.inputs)+len(k.results))+k.live <= quadRegisters
	m.row = rank == 1 || rank > 1 && m.shape[rank-1]%4 == 0
	perThread := 1
	if m.quad {
		perThread = 4
	}
	m.write(numbers[0], n%perThread != 0)
	kernel := m.finish("map", params, 0, k.angles)
	return &Launch{kernel, kernels.Grid{blocks(n, Threads*perThread), 1, 1}, []uint32{uint32(n)}}, nil
}

func (m *mapKernel) write(points string, tail bool) {
	end := m.label()
	thread := m.op("mad.lo.u32", m.op("mov.u32", "%ctaid.x"), strconv.Itoa(Threads), m.op("mov.u32", "%tid.x"))
	if !m.quad {
		m.emit("@%s bra %s", m.setp("ge.u32", thread, points), end)
		m.point(number{reg: thread})
		m.place(end)
		m.emit("ret")
		return
	}
	first := m.op("shl.b32", thread, "2")
	m.emit("@%s bra %s", m.setp("ge.u32", first, points), end)
	loop := m.label()
	if tail {
		behind := m.op("add.u32", first, "4")
		m.emit("@%s bra %s", m.setp("gt.u32", behind, points), loop)
	}
	m.points(number{reg: first})
	if tail {
		m.emit("bra.uni %s", end)
		m.place(loop)
		m.point(number{reg: first})
		m.emit("add.u32 %s, %s, 1", first, first)
		m.emit("@%s bra %s", m.setp("lt.u32", first, points), loop)
	}
	m.place(end)
	m.emit("ret")
}

// point makes point number n.
func (m *mapKernel) point(n number) {
	p := m.coordinates(n, m.shape)
	in := map[int]string{}
	for _, i := range m.code.inputs {
		in[i] = m.load(m.spot(m.along(m.sources[i].start(), 0, p)), 0)
	}
	m.code.setLevels(func(int) level { return perPoint })
	v := newValues(len(m.code.all))
	m.evaluate(m.code, v, once, perPoint, func(i int) string { return in[i] })
	for r, y := range m.results {
		m.emit("st.global.b32 [%s], %s", m.op64("mad.wide.u32", n.reg, "4", y), m.result(m.code, v, r))
	}
}

// points makes four from number n on.
func (m *mapKernel) points(n number) {
	last := len(m.shape) - 1
	var p []number
	var each [4][]number
	if m.row {
		p = m.coordinates(n, m.shape)
	} else {
		for j := range each {
			each[j] = m.coordinates(m.plus(n, constant(j), 1), m.shape)
		}
	}
	in, shared := map[int][4]string{}, map[int]bool{}
	for _, i := range m.code.inputs {
		s := &m.sources[i]
		switch {
		case m.row && s.fixed(last):
			v := m.load(m.spot(m.along(s.start(), 0, p)), 0)
			in[i], shared[i] = [4]string{v, v, v, v}, true
		case m.row:
			in[i] = m.neighbours(m.along(s.start(), 0, p))
		case s.aligned && s.Base%4 == 0 && s.IsDense(m.shape):
			in[i] = m.load4(spot{address: m.op64("mad.wide.u32", n.reg, "4", m.op64("add.s64", s.address, strconv.Itoa(4*s.Base)))})
		default:
			var d [4]string
			for j := range d {
				d[j] = m.load(m.spot(m.along(s.start(), 0, each[j])), 0)
			}
			in[i] = d
		}
	}
	m.code.setLevels(func(i int) level {
		if shared[i] {
			return perQuad
		}
		return perPoint
	})
	common := newValues(len(m.code.all))
	m.evaluate(m.code, common, once, perQuad, func(i int) string { return in[i][0] })
	out := make([][4]string, len(m.results))
	for j := range 4 {
		v := common.clone()
		m.evaluate(m.code, v, perPoint, perPoint, func(i int) string { return in[i][j] })
		for r := range m.results {
			out[r][j] = m.result(m.code, v, r)
		}
	}
	for r, y := range m.results {
		m.store4(m.op64("mad.wide.u32", n.reg, "4", y), out[r], m.aligned[r])
	}
}

func (b *builder) store4(address string, v [4]string, aligned bool) {
	if aligned {
		b.emit("st.global.v4.b32 [%s], {%s, %s, %s, %s}", address, v[0], v[1], v[2], v[3])
		return
	}
	for j := range v {
		b.emit("st.global.b32 %s, %s", memory(address, j), v[j])
	}
}

// newSources are the operands, with their indices in a simplified iteration.
func newSources(in []program.Source, indices []program.Index, shape []int, aligned []bool) ([]source, error) {
	all := make([]source, len(in))
	for i, s := range in {
		var err error
		if all[i], err = newSource(s, indices[i], shape, aligned[i]); err != nil {
			return nil, fmt.Errorf("operand x%d: %w", i, err)
		}
	}
	return all, nil
}

// points is the number of points of a shape.
func points(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if n *= d; n > maxElements {
			return 0, fmt.Errorf("an iteration of %v points, at most %d", shape, maxElements)
		}
	}
	return n, nil
}

func blocks(n, size int) uint32 { return uint32((n + size - 1) / size) }
