package ptxemu

// scalar is a PTX fundamental type.
type scalar uint8

const (
	noType scalar = iota
	pred
	b8
	b16
	b32
	b64
	u8
	u16
	u32
	u64
	s8
	s16
	s32
	s64
	f16
	bf16
	f32
	f64
	f16x2
	bf16x2
	tf32
)

var scalarNames = [...]string{
	noType: "none", pred: "pred", b8: "b8", b16: "b16", b32: "b32", b64: "b64", u8: "u8", u16: "u16",
	u32: "u32", u64: "u64", s8: "s8", s16: "s16", s32: "s32", s64: "s64", f16: "f16", bf16: "bf16", f32: "f32",
	f64: "f64", f16x2: "f16x2", bf16x2: "bf16x2", tf32: "tf32",
}

var scalarByName = func() map[string]scalar {
	m := make(map[string]scalar, len(scalarNames))
	for t, name := range scalarNames {
		if scalar(t) != noType {
			m[name] = scalar(t)
		}
	}
	return m
}()

func (t scalar) String() string { return scalarNames[t] }

// size is the type's width in bytes; 0 for a predicate.
func (t scalar) size() int {
	switch t {
	case b8, u8, s8:
		return 1
	case b16, u16, s16, f16, bf16:
		return 2
	case b32, u32, s32, f32, f16x2, bf16x2, tf32:
		return 4
	case b64, u64, s64, f64:
		return 8
	}
	return 0
}

func (t scalar) signed() bool { return t == s8 || t == s16 || t == s32 || t == s64 }

func (t scalar) float() bool { return t == f32 || t == f64 || t == f16 }

func (t scalar) untyped() bool {
	switch t {
	case b8, b16, b32, b64, f16x2, bf16x2, bf16, tf32:
		return true
	}
	return false
}

// accepts says whether an operand of an instruction with type t may be a register declared as reg: PTX
// wants the same width, and both integers, both floats, or one of them untyped.
func (t scalar) accepts(reg scalar) bool {
	if t == pred || reg == pred {
		return t == reg
	}
	return t.size() == reg.size() && (t.untyped() || reg.untyped() || t.float() == reg.float())
}

// holds is the relaxed rule of ld, st and cvt: a register may be wider than the type.
func (t scalar) holds(reg scalar) bool {
	if t == pred || reg == pred {
		return t == reg
	}
	if t.accepts(reg) {
		return true
	}
	return reg.size() > t.size() && !(t.float() && !reg.untyped()) && !reg.float()
}

// space is a PTX state space.
type space uint8

const (
	spaceGeneric space = iota
	spaceGlobal
	spaceShared
	spaceLocal
	spaceParam
	spaceConst
)

var spaceNames = [...]string{"generic", "global", "shared", "local", "param", "const"}

func (s space) String() string { return spaceNames[s] }

var spaceByName = map[string]space{
	"global": spaceGlobal, "shared": spaceShared, "shared::cta": spaceShared, "local": spaceLocal,
	"param": spaceParam, "const": spaceConst,
}
