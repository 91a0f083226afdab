package ptxgen

import (
	"fmt"
	"math"
	"slices"

	"gangpu/engine/program"
)

// maxElements is the number of elements that 32-bit signed places can tell apart.
const maxElements = math.MaxInt32

// source is an operand as a kernel reads it.
type source struct {
	program.Walk
	address string // register
	aligned bool   // the address is a multiple of 16
}

// newSource checks that all numbers of an index fit 32 bits.
func newSource(s program.Source, x program.Index, shape []int, aligned bool) (source, error) {
	if s.Len > maxElements {
		return source{}, fmt.Errorf("%d elements, at most %d", s.Len, maxElements)
	}
	w := x.Walk(shape)
	for _, g := range w.Guards {
		low, high := program.Axis{Offset: g.Offset, Coef: g.Coef}.Range(shape)
		if low < math.MinInt32 || high > math.MaxInt32 || g.Limit > math.MaxInt32 {
			return source{}, fmt.Errorf("its index reaches from %d to %d", low, high)
		}
	}
	return source{Walk: w, aligned: aligned}, nil
}

// guarded reports whether a condition depends on dimension d.
func (s *source) guarded(d int) bool {
	return slices.ContainsFunc(s.Guards, func(g program.Guard) bool { return g.Coef[d] != 0 })
}

// fixed reports whether the element is the same all along dimension d.
func (s *source) fixed(d int) bool { return s.Stride[d] == 0 && !s.guarded(d) }

// quads reports whether the elements of four neighbours along the last dimension, from a multiple of four on, can
// be read by one access.
func (s *source) quads() bool {
	last := len(s.Stride) - 1
	if !s.aligned || last < 0 || s.Stride[last] != 1 || s.guarded(last) || s.Base%4 != 0 {
		return false
	}
	for _, stride := range s.Stride[:last] {
		if stride%4 != 0 {
			return false
		}
	}
	return !slices.ContainsFunc(s.Guards, func(g program.Guard) bool { return g.Stride%4 != 0 })
}

// place is where a source is read, as far as coordinates are known.
type place struct {
	s         *source
	offset    number   // in elements, without the parts of guards that divide
	numerator []number // of each guard
}

func (s *source) start() place {
	p := place{s: s, offset: constant(s.Base)}
	for _, g := range s.Guards {
		p.numerator = append(p.numerator, constant(g.Offset))
	}
	return p
}

// along adds the coordinates of dimensions from first on.
func (b *builder) along(p place, first int, coordinates []number) place {
	p.numerator = slices.Clone(p.numerator)
	for i, c := range coordinates {
		p.offset = b.plus(p.offset, c, p.s.Stride[first+i])
		for j, g := range p.s.Guards {
			p.numerator[j] = b.plus(p.numerator[j], c, g.Coef[first+i])
		}
	}
	return p
}

// spot is the address of an element, and the condition of reading it: "" for always.
type spot struct {
	address string
	when    string
	never   bool
}

// spot ends the work on a place.
func (b *builder) spot(p place) spot {
	var at spot
	offset := p.offset
	for j, g := range p.s.Guards {
		v := p.numerator[j]
		if v.isConstant() {
			if v.c < 0 || v.c >= g.Limit || v.c%g.Div != 0 {
				return spot{never: true}
			}
			if g.Div > 1 {
				offset = b.plus(offset, constant(v.c/g.Div), g.Stride)
			}
			continue
		}
		at.when = b.and("lt.", "u32", at.when, v.reg, constant(g.Limit).String())
		if g.Div > 1 {
			q := b.quotient(v, g.Div)
			at.when = b.and("eq.", "s32", at.when, b.plus(v, q, -g.Div).reg, "0")
			offset = b.plus(offset, q, g.Stride)
		}
	}
	at.address = p.s.address
	switch {
	case !offset.isConstant():
		at.address = b.op64("mad.wide.s32", offset.reg, "4", p.s.address)
	case offset.c != 0:
		at.address = b.op64("add.s64", p.s.address, fmt.Sprint(4*offset.c))
	}
	return at
}

// and is a comparison that holds where another condition holds, too.
func (b *builder) and(compare, kind, when, x, y string) string {
	if when == "" {
		return b.setp(compare+kind, x, y)
	}
	return b.setp(compare+"and."+kind, x, y, when)
}

// load reads an element so many behind a spot.
func (b *builder) load(at spot, elements int) string {
	if at.never {
		return b.op("mov.b32", "0")
	}
	if at.when == "" {
		return b.op("ld.global.b32", memory(at.address, elements))
	}
	d := b.op("mov.b32", "0")
	b.emit("@%s ld.global.b32 %s, %s", at.when, d, memory(at.address, elements))
	return d
}

// load4 reads four neighbours.
func (b *builder) load4(at spot) (d [4]string) {
	guard := ""
	for j := range d {
		if d[j] = b.word(); at.when != "" || at.never {
			b.emit("mov.b32 %s, 0", d[j])
		}
	}
	if at.never {
		return d
	}
	if at.when != "" {
		guard = "@" + at.when + " "
	}
	b.emit("%sld.global.v4.b32 {%s, %s, %s, %s}, %s", guard, d[0], d[1], d[2], d[3], memory(at.address, 0))
	return d
}

func memory(address string, elements int) string {
	if elements == 0 {
		return "[" + address + "]"
	}
	return fmt.Sprintf("[%s+%d]", address, 4*elements)
}

// neighbours reads the elements of four points that follow each other along the last dimension, from a place that
// has the first one's coordinates.
func (b *builder) neighbours(p place) (d [4]string) {
	last := len(p.s.Stride) - 1
	if p.s.quads() {
		return b.load4(b.spot(p))
	}
	if !p.s.guarded(last) {
		at := b.spot(p)
		for j := range d {
			d[j] = b.load(at, j*p.s.Stride[last])
		}
		return d
	}
	for j := range d {
		d[j] = b.load(b.spot(b.along(p, last, []number{constant(j)})), 0)
	}
	return d
}
