package ptxemu

import "math"

// compare makes a comparison of lanes; equal comparisons of all types share their loops through bits of the result:
// less, equal and greater.
func compareInts[T integer](f func(a, b T) bool) func(a, b *lanes) uint32 {
	return func(a, b *lanes) uint32 {
		var set uint32
		for i := range a {
			if f(T(a[i]), T(b[i])) {
				set |= 1 << i
			}
		}
		return set
	}
}

func compareFloats(f func(a, b float64) bool, double, flush bool) func(a, b *lanes) uint32 {
	return func(a, b *lanes) uint32 {
		var set uint32
		for i := range a {
			x, y := a[i], b[i]
			var hit bool
			switch {
			case double:
				hit = f(f64of(x), f64of(y))
			case flush:
				hit = f(float64(f32of(flush32(x))), float64(f32of(flush32(y))))
			default:
				hit = f(float64(f32of(x)), float64(f32of(y)))
			}
			if hit {
				set |= 1 << i
			}
		}
		return set
	}
}

func intComparisons[T integer]() map[string]func(a, b *lanes) uint32 {
	return map[string]func(a, b *lanes) uint32{
		"eq": compareInts(func(a, b T) bool { return a == b }), "ne": compareInts(func(a, b T) bool { return a != b }),
		"lt": compareInts(func(a, b T) bool { return a < b }), "le": compareInts(func(a, b T) bool { return a <= b }),
		"gt": compareInts(func(a, b T) bool { return a > b }), "ge": compareInts(func(a, b T) bool { return a >= b }),
	}
}

var floatComparisons = map[string]func(a, b float64) bool{
	"eq": func(a, b float64) bool { return a == b }, "ne": func(a, b float64) bool { return a < b || a > b },
	"lt": func(a, b float64) bool { return a < b }, "le": func(a, b float64) bool { return a <= b },
	"gt": func(a, b float64) bool { return a > b }, "ge": func(a, b float64) bool { return a >= b },
	"equ": func(a, b float64) bool { return !(a < b || a > b) }, "neu": func(a, b float64) bool { return a != b },
	"ltu": func(a, b float64) bool { return !(a >= b) }, "leu": func(a, b float64) bool { return !(a > b) },
	"gtu": func(a, b float64) bool { return !(a <= b) }, "geu": func(a, b float64) bool { return !(a < b) },
	"num": func(a, b float64) bool { return a == a && b == b }, "nan": func(a, b float64) bool { return a != a || b != b },
}

func ltS32(a, b *lanes) (set uint32) {
	for i := range a {
		if int32(a[i]) < int32(b[i]) {
			set |= 1 << i
		}
	}
	return set
}

func (t formTable) setp(cmp string, ty scalar, ftz string, f func(a, b *lanes) uint32) {
	for mode, combined := range []string{combineNone: "", combineAnd: ".and", combineOr: ".or", combineXor: ".xor"} {
		name := "setp." + cmp + combined + ftz + "." + ty.String()
		t.add(name, form{types: []scalar{ty, ty}, class: classInteger, build: func(d *decoder, in *inst, fm *form, st *statement) error {
			in.cmp, in.mode = f, uint8(mode)
			return buildSetp(d, in, fm, st)
		}})
	}
}

func buildSetp(d *decoder, in *inst, f *form, st *statement) error {
	want := 3
	if in.mode != combineNone {
		want = 4
	}
	if err := d.count(st, want); err != nil {
		return err
	}
	var err error
	// Sources first: a comparison may overwrite the predicate that it combines with.
	if in.a, err = d.source(&st.operands[1], f.types[0], strict); err != nil {
		return err
	}
	if in.b, err = d.source(&st.operands[2], f.types[1], strict); err != nil {
		return err
	}
	if want == 4 {
		if in.pa, in.paNot, err = d.predicate(&st.operands[3]); err != nil {
			return err
		}
	}
	in.exec = execSetp
	return d.predPair(in, &st.operands[0])
}

// predPair resolves the destination p or p|q.
func (d *decoder) predPair(in *inst, o *operand) error {
	var err error
	if o.kind == operandPair {
		if in.pd2, err = d.predDest(&o.elems[1]); err != nil {
			return err
		}
		o = &o.elems[0]
	}
	in.pd, err = d.predDest(o)
	return err
}

func intSetp[T integer](t formTable, ty scalar, names ...string) {
	all := intComparisons[T]()
	if len(names) == 0 {
		names = []string{"eq", "ne", "lt", "le", "gt", "ge"}
	}
	for _, n := range names {
		f := all[n]
		if n == "lt" && ty == s32 {
			f = ltS32
		}
		t.setp(n, ty, "", f)
	}
}

func (t formTable) predicates() {
	intSetp[int16](t, s16)
	intSetp[int32](t, s32)
	intSetp[int64](t, s64)
	unsigned := map[string]string{"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
	intSetp[uint16](t, u16)
	intSetp[uint32](t, u32)
	intSetp[uint64](t, u64)
	for alias, n := range unsigned {
		t.setp(alias, u16, "", intComparisons[uint16]()[n])
		t.setp(alias, u32, "", intComparisons[uint32]()[n])
		t.setp(alias, u64, "", intComparisons[uint64]()[n])
	}
	intSetp[uint16](t, b16, "eq", "ne")
	intSetp[uint32](t, b32, "eq", "ne")
	intSetp[uint64](t, b64, "eq", "ne")
	for n, f := range floatComparisons {
		t.setp(n, f32, "", compareFloats(f, false, false))
		t.setp(n, f32, ".ftz", compareFloats(f, false, true))
		t.setp(n, f64, "", compareFloats(f, true, false))
	}
	for name, f := range map[string]func(v float64, tiny float64) bool{
		"finite":     func(v, _ float64) bool { return !math.IsInf(v, 0) && v == v },
		"infinite":   func(v, _ float64) bool { return math.IsInf(v, 0) },
		"number":     func(v, _ float64) bool { return v == v },
		"notanumber": func(v, _ float64) bool { return v != v },
		"normal":     func(v, tiny float64) bool { return !math.IsInf(v, 0) && math.Abs(v) >= tiny },
		"subnormal":  func(v, tiny float64) bool { return v != 0 && math.Abs(v) < tiny },
	} {
		t.testp(name, f32, compareFloats(func(a, _ float64) bool { return f(a, 0x1p-126) }, false, false))
		t.testp(name, f64, compareFloats(func(a, _ float64) bool { return f(a, 0x1p-1022) }, true, false))
	}
	for mode, name := range []string{combineNone: "mov", combineAnd: "and", combineOr: "or", combineXor: "xor"} {
		t.add(name+".pred", form{class: classInteger, build: func(d *decoder, in *inst, f *form, st *statement) error {
			in.mode = uint8(mode)
			return buildPredLogic(d, in, f, st)
		}})
	}
	t.add("not.pred", form{class: classInteger, build: func(d *decoder, in *inst, f *form, st *statement) error {
		err := buildPredLogic(d, in, f, st)
		in.paNot = ^in.paNot
		return err
	}})
	for _, ty := range []scalar{b16, b32, b64, u16, u32, u64, s16, s32, s64, f32, f64} {
		t.add("selp."+ty.String(), form{types: []scalar{ty, ty, ty}, class: classInteger, build: buildSelp})
		if ty.size() > 2 {
			t.slct(ty)
		}
	}
}

func (t formTable) testp(name string, ty scalar, f func(a, b *lanes) uint32) {
	t.add("testp."+name+"."+ty.String(), form{class: classInteger, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		err := d.count(st, 2)
		if err != nil {
			return err
		}
		if in.a, err = d.source(&st.operands[1], ty, strict); err != nil {
			return err
		}
		in.b, in.cmp, in.exec = in.a, f, execSetp
		return d.predPair(in, &st.operands[0])
	}})
}

func buildPredLogic(d *decoder, in *inst, _ *form, st *statement) error {
	n := 2
	if in.mode != combineNone {
		n = 3
	}
	err := d.count(st, n)
	if err != nil {
		return err
	}
	in.exec = execPredLogic
	if o := &st.operands[1]; o.kind == operandImmediate && n == 2 {
		in.exec, in.offset = execPredSet, o.imm
	} else if in.pa, in.paNot, err = d.predicate(o); err != nil {
		return err
	}
	if n == 3 {
		if in.pb, in.pbNot, err = d.predicate(&st.operands[2]); err != nil {
			return err
		}
	}
	in.pd, err = d.predDest(&st.operands[0])
	return err
}

// execPredSet is mov.pred of a literal.
func execPredSet(w *warp, in *inst) {
	var v uint32
	if in.offset != 0 {
		v = fullMask
	}
	w.setPred(in.pd, v)
}

func buildSelp(d *decoder, in *inst, f *form, st *statement) error {
	err := d.count(st, 4)
	if err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[1], f.types[0], strict); err != nil {
		return err
	}
	if in.b, err = d.source(&st.operands[2], f.types[0], strict); err != nil {
		return err
	}
	if in.pa, in.paNot, err = d.predicate(&st.operands[3]); err != nil {
		return err
	}
	in.d, err = d.dest(&st.operands[0], f.types[0], strict)
	in.exec = execSelp
	return err
}

// slct: d = c >= 0 ? a : b.
func (t formTable) slct(ty scalar) {
	t.alu("slct."+ty.String()+".s32", classInteger, lane3(func(a, b uint64, c int32) uint64 {
		if c >= 0 {
			return a
		}
		return b
	}), ty, ty, ty, s32)
	t.alu("slct."+ty.String()+".f32", classInteger, func(d, a, b, c *lanes) {
		for i := range d {
			if f32of(c[i]) >= 0 {
				d[i] = a[i]
			} else {
				d[i] = b[i]
			}
		}
	}, ty, ty, ty, f32)
}
