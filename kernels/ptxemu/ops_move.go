package ptxemu

import (
	"math/bits"
	"time"
)

func move(d, a, _, _ *lanes) { *d = *a }

// specials are the special registers: their type, and how a warp fills the lanes.
var specials = map[string]struct {
	typ  scalar
	fill func(w *warp, d *lanes)
}{
	"%tid.x":             {u32, func(w *warp, d *lanes) { *d = w.tid[0] }},
	"%tid.y":             {u32, func(w *warp, d *lanes) { *d = w.tid[1] }},
	"%tid.z":             {u32, func(w *warp, d *lanes) { *d = w.tid[2] }},
	"%ntid.x":            {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.block[0])) }},
	"%ntid.y":            {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.block[1])) }},
	"%ntid.z":            {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.block[2])) }},
	"%ctaid.x":           {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.idx[0])) }},
	"%ctaid.y":           {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.idx[1])) }},
	"%ctaid.z":           {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.idx[2])) }},
	"%nctaid.x":          {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.grid[0])) }},
	"%nctaid.y":          {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.grid[1])) }},
	"%nctaid.z":          {u32, func(w *warp, d *lanes) { d.splat(uint64(w.blk.run.grid[2])) }},
	"%laneid":            {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return uint64(i) }) }},
	"%lanemask_eq":       {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return 1 << i }) }},
	"%lanemask_lt":       {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return 1<<i - 1 }) }},
	"%lanemask_le":       {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return 2<<i - 1 }) }},
	"%lanemask_gt":       {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return fullMask &^ (2<<i - 1) }) }},
	"%lanemask_ge":       {u32, func(w *warp, d *lanes) { d.each(func(i int) uint64 { return fullMask &^ (1<<i - 1) }) }},
	"%warpid":            {u32, func(w *warp, d *lanes) { d.splat(uint64(w.index)) }},
	"%nwarpid":           {u32, func(w *warp, d *lanes) { d.splat(uint64(len(w.blk.warps))) }},
	"%smid":              {u32, func(w *warp, d *lanes) { d.splat(0) }},
	"%nsmid":             {u32, func(w *warp, d *lanes) { d.splat(1) }},
	"%clock":             {u32, func(w *warp, d *lanes) { d.splat(w.steps & fullMask) }},
	"%clock64":           {u64, func(w *warp, d *lanes) { d.splat(w.steps) }},
	"%globaltimer":       {u64, func(w *warp, d *lanes) { d.splat(uint64(time.Now().UnixNano())) }},
	"%dynamic_smem_size": {u32, func(w *warp, d *lanes) { d.splat(uint64(len(w.blk.shared.data) - w.k.StaticShared)) }},
	"%total_smem_size":   {u32, func(w *warp, d *lanes) { d.splat(uint64(len(w.blk.shared.data))) }},
	"WARP_SZ":            {u32, func(w *warp, d *lanes) { d.splat(warpSize) }},
}

func (d *lanes) splat(v uint64) {
	for i := range d {
		d[i] = v
	}
}

func (d *lanes) each(f func(lane int) uint64) {
	for i := range d {
		d[i] = f(i)
	}
}

func (t formTable) moves() {
	for _, ty := range []scalar{b16, b32, b64, u16, u32, u64, s16, s32, s64, f32, f64} {
		t.add("mov."+ty.String(), form{types: []scalar{ty, ty}, class: classMove, alu: move, build: buildMov})
	}
	for sp, window := range map[string]uint64{"global": 0, "const": 0, "shared": sharedWindow, "local": localWindow} {
		t.add("cvta."+sp+".u64", form{types: []scalar{u64, u64}, class: classMove, build: buildMov, alu: func(d, a, _, _ *lanes) {
			for i := range d {
				d[i] = a[i] + window
			}
		}})
		t.alu("cvta.to."+sp+".u64", classMove, func(d, a, _, _ *lanes) {
			for i := range d {
				d[i] = a[i] - window
			}
		}, u64, u64)
		if sp != "const" { // which the emulator keeps among global memory
			t.add("isspacep."+sp, form{class: classInteger, build: buildIsspacep})
		}
	}
	t.add(implicitDefOpcode, form{class: classNone, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		in.exec = execNothing
		if r := st.operands[0].reg; r.typ == pred {
			_, err := d.predDest(&st.operands[0])
			return err
		}
		_, err := d.dest(&st.operands[0], st.operands[0].reg.typ, strict)
		return err
	}})
}

func buildIsspacep(d *decoder, in *inst, f *form, st *statement) error {
	err := d.count(st, 2)
	if err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[1], u64, strict); err != nil {
		return err
	}
	want := map[string]uint64{"isspacep.shared": sharedWindow, "isspacep.local": localWindow}[st.opcode] >> 48
	in.b, in.exec = in.a, execSetp
	in.cmp = compareInts(func(a, _ uint64) bool { return a>>48 == want })
	in.pd, err = d.predDest(&st.operands[0])
	return err
}

func buildMov(d *decoder, in *inst, f *form, st *statement) error {
	if err := d.count(st, 2); err != nil {
		return err
	}
	dst, src := &st.operands[0], &st.operands[1]
	switch {
	case dst.kind == operandVector:
		return d.buildUnpack(in, f.types[0], dst, src)
	case src.kind == operandVector:
		return d.buildPack(in, f.types[0], dst, src)
	}
	var err error
	if in.d, err = d.dest(dst, f.types[0], strict); err != nil {
		return err
	}
	in.exec, in.alu = execALU, f.alu
	switch {
	case src.kind == operandSpecial:
		s, ok := specials[src.symbol]
		if !ok {
			return d.errorf(src, "unknown special register %s", src.symbol)
		}
		if s.typ.size() != f.types[0].size() || f.types[0].float() {
			return d.errorf(src, "%s is .%v", src.symbol, s.typ)
		}
		in.exec = func(w *warp, in *inst) {
			s.fill(w, &w.tmp)
			w.blend(in.d, &w.tmp)
		}
	case src.kind == operandSymbol:
		if src.v == nil {
			return d.errorf(src, "%s is no variable", src.symbol)
		}
		if f.types[0].size() != 8 && (src.v.space != spaceShared || f.types[0].size() != 4) {
			return d.errorf(src, "the address of %s has 64 bits", src.symbol)
		}
		in.a = d.variable(src.v)
		if off := uint64(src.offset); off != 0 {
			plain := in.alu
			in.alu = func(d, a, b, c *lanes) {
				plain(d, a, b, c)
				for i := range d {
					d[i] += off
				}
			}
		}
	default:
		in.a, err = d.source(src, f.types[1], strict)
	}
	return err
}

// part is the type of an element when a value of type t is cut into n.
func part(t scalar, n int) scalar {
	if n == 0 {
		return noType
	}
	switch t.size() / n {
	case 1:
		return b8
	case 2:
		return b16
	case 4:
		return b32
	}
	return noType
}

// buildPack is mov.b64 d, {lo, hi}.
func (d *decoder) buildPack(in *inst, t scalar, dst, src *operand) error {
	ty := part(t, len(src.elems))
	if ty == noType || !t.untyped() || ty == b8 {
		return d.errorf(src, "cannot pack %d elements", len(src.elems))
	}
	for i := range src.elems {
		s, err := d.source(&src.elems[i], ty, strict)
		if err != nil {
			return err
		}
		in.regs = append(in.regs, s)
	}
	var err error
	in.d, err = d.dest(dst, t, strict)
	in.size = uint8(ty.size())
	in.exec = func(w *warp, in *inst) {
		w.tmp = lanes{}
		for k, r := range in.regs {
			src := w.src(r)
			shift := 8 * int(in.size) * k
			for i := range src {
				w.tmp[i] |= src[i] << shift
			}
		}
		w.blend(in.d, &w.tmp)
	}
	return err
}

// buildUnpack is mov.b64 {lo, hi}, s; an element may be "_".
func (d *decoder) buildUnpack(in *inst, t scalar, dst, src *operand) error {
	ty := part(t, len(dst.elems))
	if ty == noType || !t.untyped() || ty == b8 {
		return d.errorf(dst, "cannot unpack into %d elements", len(dst.elems))
	}
	var err error
	if in.a, err = d.source(src, t, strict); err != nil {
		return err
	}
	for i := range dst.elems {
		if dst.elems[i].kind == operandSink {
			in.regs = append(in.regs, -1)
			continue
		}
		r, err := d.dest(&dst.elems[i], ty, strict)
		if err != nil {
			return err
		}
		in.regs = append(in.regs, r)
	}
	in.size = uint8(ty.size())
	in.exec = func(w *warp, in *inst) {
		s := *w.src(in.a)
		mask := uint64(1)<<(8*in.size) - 1
		for k, r := range in.regs {
			if r < 0 {
				continue
			}
			d := &w.regs[r]
			for m := w.act; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				d[i] = s[i] >> (8 * int(in.size) * k) & mask
			}
		}
	}
	return nil
}
