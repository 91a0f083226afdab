package ptxemu

import (
	"math/bits"
	"strings"
)

// fragment says how a warp holds the operands of an mma.sync with m = 16 and n = 8: with g = lane/4 and t = lane%4,
//
//	A (16 x k): registers alternate between rows g and g+8, then move k/2 columns on (where there are four)
//	B (k x 8):  column g
//	C, D:       (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1)
//
// A register of a 32-bit type holds column t, one of a 16-bit type columns 2t and 2t+1.
type fragment struct {
	k     int
	typ   scalar
	aRegs int
	bRegs int
}

var fragments = map[string]fragment{
	"m16n8k4.row.col.f32.tf32.tf32.f32":  {4, tf32, 2, 1},
	"m16n8k8.row.col.f32.tf32.tf32.f32":  {8, tf32, 4, 2},
	"m16n8k8.row.col.f32.bf16.bf16.f32":  {8, bf16, 2, 1},
	"m16n8k16.row.col.f32.bf16.bf16.f32": {16, bf16, 4, 2},
	"m16n8k16.row.col.f32.f16.f16.f32":   {16, f16, 4, 2},
}

func (t formTable) matrices() {
	for name, fr := range fragments {
		t.add("mma.sync.aligned."+name, form{class: classMatrix, target: 80, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			return buildMMA(d, in, st, fr)
		}})
	}
	for n, count := range map[int]string{1: "x1", 2: "x2", 4: "x4"} {
		for _, trans := range []string{"", ".trans"} {
			t.add("ldmatrix.sync.aligned.m8n8."+count+trans+".shared.b16", form{class: classLoad, target: 75,
				build: func(d *decoder, in *inst, _ *form, st *statement) error { return buildLdmatrix(d, in, st, n) }})
		}
	}
}

// buildMMA is mma d, a, b, c: in.regs holds d, a, b and c in turn.
func buildMMA(d *decoder, in *inst, st *statement, fr fragment) error {
	if err := d.count(st, 4); err != nil {
		return err
	}
	counts := []int{4, fr.aRegs, fr.bRegs, 4}
	regs := make([][]int32, 4)
	for _, k := range []int{1, 2, 3, 0} {
		elems, err := d.elements(&st.operands[k], counts[k])
		if err != nil {
			return err
		}
		for i := range elems {
			var r int32
			switch k {
			case 0:
				r, err = d.dest(&elems[i], f32, strict)
			case 3:
				r, err = d.source(&elems[i], f32, strict)
			default:
				r, err = d.source(&elems[i], b32, strict)
			}
			if err != nil {
				return err
			}
			regs[k] = append(regs[k], r)
		}
	}
	for _, r := range regs {
		in.regs = append(in.regs, r...)
	}
	in.exec = func(w *warp, in *inst) { execMMA(w, in, fr) }
	return nil
}

// element returns element e of a register, as the matrix unit reads it: of tf32 it sees the upper 19 bits.
func (fr fragment) element(v uint64, e int) float32 {
	if fr.typ == tf32 {
		return f32of(v &^ 0x1fff)
	}
	return halfValue(v>>(16*e)&0xffff, fr.typ)
}

// execMMA sums the k products and c in float64 and rounds once. Hardware truncates partial sums in ways that
// NVIDIA does not document.
func execMMA(w *warp, in *inst, fr fragment) {
	if !w.converge(in, fullMask) {
		return
	}
	w.counts.matrix += uint64(2 * 16 * 8 * fr.k)
	if w.blk.run.noProducts {
		return
	}
	d, rest := in.regs[:4], in.regs[4:]
	ra, rest := rest[:fr.aRegs], rest[fr.aRegs:]
	rb, rc := rest[:fr.bRegs], rest[fr.bRegs:]
	per := 4 / fr.typ.size()
	if fr.typ == tf32 {
		per = 1
	}
	var a [16][16]float64
	var b [8][16]float64 // transposed
	for i, r := range ra {
		for lane, v := range w.src(r) {
			row, col := lane/4+i%2*8, lane%4*per+i/2*4*per
			for e := range per {
				a[row][col+e] = float64(fr.element(v, e))
			}
		}
	}
	for i, r := range rb {
		for lane, v := range w.src(r) {
			for e := range per {
				b[lane/4][lane%4*per+i*4*per+e] = float64(fr.element(v, e))
			}
		}
	}
	var c [4]*lanes
	for i, r := range rc {
		c[i] = w.src(r)
	}
	var out [4]lanes
	for lane := range warpSize {
		for i := range 4 {
			row, col := &a[lane/4+i/2*8], &b[lane%4*2+i%2]
			sum := float64(f32of(c[i][lane]))
			for k := range fr.k {
				sum += float64(row[k] * col[k])
			}
			out[i][lane] = f32bits(float32(sum))
		}
	}
	for i, r := range d {
		w.regs[r] = out[i]
	}
}

// buildLdmatrix is ldmatrix {d, ...}, [a].
func buildLdmatrix(d *decoder, in *inst, st *statement, n int) error {
	err := d.count(st, 2)
	if err != nil {
		return err
	}
	if in.space, err = d.address(in, &st.operands[1], spaceShared); err != nil {
		return err
	}
	elems, err := d.elements(&st.operands[0], n)
	if err != nil {
		return err
	}
	for i := range elems {
		r, err := d.dest(&elems[i], b32, strict)
		if err != nil {
			return err
		}
		in.regs = append(in.regs, r)
	}
	d.memoryAccess(in, b32)
	if strings.Contains(st.opcode, ".trans") {
		in.mode = 1
	}
	in.exec = execLdmatrix
	return nil
}

// execLdmatrix loads 8 x 8 matrices of 16-bit elements: lane 8m+r holds the address of row r of matrix m, and gets
// from each matrix elements 2t and 2t+1 of row g, or with .trans of column g.
func execLdmatrix(w *warp, in *inst) {
	if !w.converge(in, fullMask) {
		return
	}
	base := *w.src(in.a)
	for m, r := range in.regs {
		if w.blk.traffic != nil {
			w.countWavefronts(&base, in.offset, 16, 0xff<<(8*m))
		}
		var rows [8][8]uint16
		for row := range rows {
			lane := 8*m + row
			b := w.bytes(in, spaceShared, lane, base[lane]+in.offset, 16, accessRead)
			if b == nil {
				return
			}
			for col := range 8 {
				rows[row][col] = le.Uint16(b[2*col:])
			}
		}
		for lane := range warpSize {
			g, t := lane/4, lane%4*2
			lo, hi := rows[g][t], rows[g][t+1]
			if in.mode != 0 {
				lo, hi = rows[t][g], rows[t+1][g]
			}
			w.regs[r][lane] = uint64(hi)<<16 | uint64(lo)
		}
	}
	w.counts.sharedBytes += uint64(bits.OnesCount32(w.act)) * 4 * uint64(len(in.regs))
}
