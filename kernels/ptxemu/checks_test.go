package ptxemu

import (
	"errors"
	"strings"
	"testing"
)

// kernelOf wraps instructions into a kernel with two pointers, in %in and %out, and the thread's number in %me. The
// header takes lines 1 to 22, so that the first instruction of body is on line 23.
func kernelOf(declarations, body string) string {
	return `.version 7.0
.target sm_80
.address_size 64
` + strings.ReplaceAll(declarations, "\n", " ") + `
.visible .entry test(
	.param .u64 in_param,
	.param .u64 out_param
)
{
	.reg .pred %p<8>;
	.reg .b16 %h<8>;
	.reg .b32 %r<16>, %me;
	.reg .b64 %l<16>, %in, %out, %mine;
	.reg .f32 %f<8>;

	ld.param.u64 %in, [in_param];
	ld.param.u64 %out, [out_param];
	mov.u32 %me, %tid.x;
	shl.b32 %r15, %me, 2;
	mov.u32 %r14, %ctaid.x;
	mul.wide.u32 %l15, %me, 4;
	add.s64 %mine, %out, %l15;
` + body + `
	ret;
}
`
}

type session struct {
	*Driver
	t       *testing.T
	in, out uint64 // 4096 bytes each; in holds zeros, out has never been written
}

func newSession(t *testing.T, opt Options) *session {
	s := &session{Driver: New(opt), t: t}
	if err := s.Open(0); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*uint64{&s.in, &s.out} {
		var err error
		if *p, err = s.MemAlloc(4096); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.MemsetD8(s.in, 0, 4096); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) function(ptx string) uint64 {
	s.t.Helper()
	m, err := s.ModuleLoad([]byte(ptx))
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := s.ModuleFunction(m, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

func (s *session) run(ptx string, blocks, threads uint32) error {
	s.t.Helper()
	return s.Launch(s.function(ptx), [3]uint32{blocks, 1, 1}, [3]uint32{threads, 1, 1}, 0, 0, []uint64{s.in, s.out})
}

const words = ".shared .align 16 .b8 cells[4096];"

// Each kernel has one bug. want is what the message must say; a kernel whose bug only the checkers find runs to
// its end without them.
var planted = []struct {
	name, declarations, body string
	blocks, threads          uint32
	want                     string
	code                     int
	always                   bool // found without checkers too
}{
	{name: "global load past the end", body: "ld.global.u32 %r0, [%in+4096];", want: "global address 0x7f00001000, past the end|outside any allocation; below it: an allocation of 4096 bytes at 0x7f00000000, offset 4096", code: 700, always: true},
	{name: "global load before the start", body: "ld.global.u32 %r0, [%in+-4];", want: "no allocation below it", code: 700, always: true},
	{name: "access across the end", body: "ld.global.v2.u32 {%r0, %r1}, [%in+4096];", want: "outside any allocation", code: 700, always: true},
	{name: "null pointer", body: "mov.u64 %l0, 0; st.global.u32 [%l0+8], %me;", want: "a null pointer", code: 700, always: true},
	{name: "one thread out of bounds", body: "setp.ne.s32 %p0, %me, 77; mov.u64 %l0, %in; @%p0 bra $go; add.s64 %l0, %l0, 4160;\n$go: ld.global.u32 %r0, [%l0];",
		threads: 128, want: "thread (77,0,0)", code: 700, always: true},
	{name: "misaligned global", body: "ld.global.u32 %r0, [%in+2];", want: "misaligned: reads 4 bytes at 0x7f00000002 (an allocation of 4096 bytes at 0x7f00000000, offset 2)", code: 716, always: true},
	{name: "misaligned vector", body: "ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%in+8];", want: "misaligned: reads 16 bytes", code: 716, always: true},
	{name: "misaligned shared", declarations: words, body: "st.shared.u32 [cells+1], %me;", want: "misaligned: writes 4 bytes", code: 716, always: true},
	{name: "shared past the end", declarations: words, body: "mov.u64 %l0, cells; st.shared.u32 [%l0+4096], %me;", want: "past the block's 4096 bytes of shared memory", code: 700, always: true},
	{name: "local past the end", declarations: "", body: ".local .align 4 .b8 depot[16]; mov.u64 %l0, depot; st.local.u32 [%l0+16], %me;", want: "past the thread's 16 bytes of local memory", code: 700, always: true},
	{name: "parameter past the end", body: "mov.b64 %l0, in_param; ld.param.u64 %l1, [%l0+16];", want: "offset 16 of 16 bytes of parameters", code: 700, always: true},
	{name: "store to constant memory", declarations: ".const .align 4 .u32 k = 7;", body: "mov.u64 %l0, k; cvta.const.u64 %l1, %l0; st.u32 [%l1], %me;", want: "constant memory", code: 700, always: true},

	{name: "global never written", body: "ld.global.u32 %r0, [%out+12];", want: "never written: an allocation of 4096 bytes at 0x7f00002000, offset 12", code: 719},
	{name: "half written", body: "mov.u16 %h0, 1; st.global.u16 [%out], %h0; ld.global.u32 %r0, [%out];", declarations: "", want: "were never written", code: 719},
	{name: "shared never written", declarations: words, body: "ld.shared.u32 %r0, [cells+64];", want: "shared memory at 0x40 that the block has never written", code: 719},
	{name: "local never written", body: ".local .align 4 .b8 depot[16]; ld.local.u32 %r0, [depot+4];", want: "local memory at 0x4 that the thread has never written", code: 719},
	{name: "register never written", body: "add.s32 %r0, %r1, 1;", want: "register that was never written: %r1", code: 719},
	{name: "register written on one path", body: "setp.lt.u32 %p0, %me, 16; @%p0 mov.u32 %r1, 5; add.s32 %r0, %r1, 1;", threads: 32, want: "thread (16,0,0): reads a register that was never written: %r1", code: 719},
	{name: "predicate never written", body: "selp.b32 %r0, 1, 2, %p3;", want: "predicate that was never written", code: 719},
	{name: "guard never written", body: "@%p3 mov.u32 %r0, 1;", want: "guard is a predicate that was never written", code: 719},

	{name: "race of warps", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; st.shared.u32 [%l0], %me; xor.b32 %r0, %me, 32; mul.wide.u32 %l1, %r0, 4; mov.u64 %l2, cells; add.s64 %l1, %l1, %l2; ld.shared.u32 %r1, [%l1];",
		threads: 64, want: "never written|shared-memory race: reads shared address 0x0, which thread (0,0,0) wrote since the last barrier", code: 719},
	{name: "race of lanes", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; st.shared.u32 [%l0], %me; xor.b32 %r0, %me, 1; mul.wide.u32 %l1, %r0, 4; mov.u64 %l2, cells; add.s64 %l1, %l1, %l2; ld.shared.u32 %r1, [%l1];",
		threads: 32, want: "shared-memory race: reads shared address 0x4, which thread (1,0,0) wrote", code: 719},
	{name: "two threads write one word", declarations: words, body: "st.shared.u32 [cells], %me;", threads: 32, want: "shared-memory race: writes shared address 0x0, which thread (0,0,0) wrote", code: 719},
	{name: "write after others read", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; st.shared.u32 [%l0], %me; bar.sync 0; ld.shared.u32 %r0, [cells]; setp.eq.s32 %p0, %me, 33; @%p0 st.shared.u32 [cells], %me;",
		threads: 64, want: "shared-memory race: writes shared address 0x0, which thread", code: 719},
	{name: "cp.async read too early", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; add.s64 %l1, %in, %l15; cp.async.ca.shared.global [%l0], [%l1], 4; cp.async.commit_group; ld.shared.u32 %r0, [%l0];",
		threads: 32, want: "before the cp.async that fills them was waited for", code: 719},
	{name: "cp.async waited for by its thread alone", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; add.s64 %l1, %in, %l15; cp.async.ca.shared.global [%l0], [%l1], 4; cp.async.wait_all; ld.shared.u32 %r0, [cells+4];",
		threads: 32, want: "shared-memory race: reads shared address 0x4, which thread (1,0,0) wrote", code: 719},
	{name: "cp.async over what others still read", declarations: words, body: "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; st.shared.u32 [%l0], %me; bar.sync 0; ld.shared.u32 %r0, [cells]; setp.eq.s32 %p0, %me, 33; @%p0 cp.async.ca.shared.global [cells], [%in], 4; cp.async.wait_all;",
		threads: 64, want: "shared-memory race: writes shared address 0x0, which thread", code: 719},
	{name: "cp.async misaligned", declarations: words, body: "cp.async.cg.shared.global [cells], [%in+8], 16;", want: "misaligned: copies 16 bytes", code: 716, always: true},
	{name: "cp.async out of bounds", declarations: words, body: "cp.async.cg.shared.global [cells], [%in+4096], 16;", want: "outside any allocation", code: 700, always: true},
	{name: "blocks write one word", body: "st.global.u32 [%mine], %r14;", blocks: 2, want: "global-memory race: writes 0x7f00002000, which block (0,0,0) of this launch has written", code: 719},
	{name: "block reads what another wrote", body: "setp.eq.s32 %p0, %r14, 0; @%p0 st.global.u32 [%in], %me; @!%p0 ld.global.u32 %r0, [%in];", blocks: 2, want: "global-memory race: reads 0x7f00000000, which block (0,0,0)", code: 719},
	{name: "read-only load of what the kernel wrote", body: "st.global.u32 [%mine], %me; ld.global.nc.u32 %r0, [%mine];", want: "read-only cache", code: 719},

	{name: "barrier behind an exit", body: "setp.lt.u32 %p0, %me, 40; @%p0 bra $stay; exit;\n$stay: bar.sync 0;", threads: 64, want: "waits for lanes 8-31 that exited", code: 719},
	{name: "barrier of some warps", body: "setp.lt.u32 %p0, %me, 32; @!%p0 bra $end; bar.sync 0;\n$end:", threads: 64, want: "barrier 0 reached by part of the block: 32 of 64 threads have arrived, 32 have exited", code: 719},
	{name: "divergent barriers", body: "and.b32 %r0, %me, 1; setp.eq.s32 %p0, %r0, 0; @%p0 bra $even; bar.sync 0; bra $end;\n$even: bar.sync 0;\n$end:", threads: 32, want: "barrier reached by part of a warp", code: 719, always: true},
	{name: "different barriers", body: "setp.lt.u32 %p0, %me, 32; @%p0 bra $low; bar.sync 1; bra $end;\n$low: bar.sync 2;\n$end:", threads: 64, want: "barrier 2 reached by part of the block: 32 of 64", code: 719, always: true},
	{name: "barrier number", body: "bar.sync 16;", want: "barrier 16: there are 16", code: 719, always: true},
	{name: "shuffle without all lanes", body: "setp.lt.u32 %p0, %me, 16; @%p0 bra $end; shfl.sync.idx.b32 %r0, %me, 0, 31, -1;\n$end:", threads: 32, want: "waits for lanes 0-15 that exited", code: 719, always: true},
	{name: "shuffle from outside its mask", body: "setp.lt.u32 %p0, %me, 16; @!%p0 bra $end; shfl.sync.idx.b32 %r0, %me, 20, 31, 65535;\n$end:", threads: 32, want: "takes the value of lane 20, which does not take part", code: 719},
	{name: "mask without its own lane", body: "bar.warp.sync 1;", threads: 32, want: "leaves out the lane that executes it", code: 719, always: true},
	{name: "divergent uniform branch", body: "setp.lt.u32 %p0, %me, 16; @%p0 bra.uni $end;\n$end:", threads: 32, want: "diverges: lanes 0-15 branch, lanes 16-31 do not", code: 719, always: true},
	{name: "infinite loop", body: "$again: bra $again;", want: "an infinite loop?", code: 719, always: true},
	{name: "trap", body: "trap;", want: "trap", code: 719, always: true},
}

func TestCheckersFindPlantedBugs(t *testing.T) {
	for _, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			ptx := kernelOf(c.declarations, c.body)
			s := newSession(t, Options{Checks: true, Budget: 10000, Workers: 1})
			err := s.run(ptx, max(c.blocks, 1), max(c.threads, 1))
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatalf("not found: %v", err)
			}
			if !containsAny(err.Error(), c.want) {
				t.Errorf("%v\nwant %q", err, c.want)
			}
			if f.Code() != c.code || f.Kernel != "test" || f.Line < 23 || f.Col < 1 || f.Instruction == "" {
				t.Errorf("code %d (want %d), kernel %q, line %d, column %d, instruction %q", f.Code(), c.code, f.Kernel, f.Line, f.Col, f.Instruction)
			}
			if err := s.MemFree(s.in); err == nil || !strings.Contains(err.Error(), "lost") {
				t.Errorf("after a fault: %v, want a lost context", err)
			}

			s = newSession(t, Options{Budget: 10000, Workers: 1})
			if err := s.run(ptx, max(c.blocks, 1), max(c.threads, 1)); c.always != (err != nil) {
				t.Errorf("without checks: %v", err)
			}
		})
	}
}

func containsAny(s, alternatives string) bool {
	for want := range strings.SplitSeq(alternatives, "|") {
		if strings.Contains(s, want) {
			return true
		}
	}
	return false
}

// What is right must pass all checkers.
func TestCheckersAcceptCorrectKernels(t *testing.T) {
	exchange := "mov.u64 %l0, cells; add.s64 %l0, %l0, %l15; st.shared.u32 [%l0], %me; SYNC xor.b32 %r0, %me, 1; mul.wide.u32 %l1, %r0, 4; mov.u64 %l2, cells; add.s64 %l1, %l1, %l2; ld.shared.u32 %r1, [%l1]; st.global.u32 [%mine], %r1;"
	for _, c := range []struct {
		name, declarations, body string
		blocks, threads          uint32
	}{
		{"exchange over a barrier", words, strings.Replace(exchange, "SYNC", "bar.sync 0;", 1), 1, 64},
		{"exchange over bar.warp.sync", words, strings.Replace(exchange, "SYNC", "bar.warp.sync -1;", 1), 1, 64},
		{"exchange over shfl.sync", words, strings.Replace(exchange, "SYNC", "shfl.sync.idx.b32 %r5, %me, 0, 31, -1;", 1), 1, 64},
		{"all read one word", words, "setp.eq.s32 %p0, %me, 0; @%p0 st.shared.u32 [cells], %me; bar.sync 0; ld.shared.u32 %r0, [cells]; ld.shared.u32 %r0, [cells]; bar.sync 0; @%p0 st.shared.u32 [cells], %r0;", 1, 96},
		{"bytes of one word", words, "mov.u64 %l0, cells; cvt.u64.u32 %l1, %me; add.s64 %l0, %l0, %l1; st.shared.u8 [%l0], %me; ld.shared.u8 %r0, [%l0];", 1, 64},
		{"atomics of all threads", words + ".global .align 4 .u32 total;", "atom.global.add.u32 %r0, [total], 1; setp.eq.s32 %p0, %me, 0; @%p0 st.shared.u32 [cells], 0; bar.sync 0; atom.shared.add.u32 %r0, [cells], 1;", 4, 64},
		{"warp barriers in two branches", "", "setp.lt.u32 %p0, %me, 16; @%p0 bra $low; bar.warp.sync -1; bra $end;\n$low: bar.warp.sync -1;\n$end:", 1, 32},
		{"early exit without barrier", "", "setp.lt.u32 %p0, %me, 20; @!%p0 exit; st.global.u32 [%mine], %me;", 1, 64},
		{"undefined value copied around", "", "setp.lt.u32 %p0, %me, 20;\n// implicit-def: %r1\n@%p0 bra $end; mov.u32 %r1, 5;\n$end: mov.u32 %r2, %r1;", 1, 32},
		{"last block reads what all wrote", ".global .align 4 .u32 count;", "mul.wide.u32 %l0, %r14, 4; add.s64 %l0, %out, %l0; st.global.u32 [%l0], %r14; membar.gl; atom.global.add.u32 %r0, [count], 1; setp.ne.s32 %p0, %r0, 3; @%p0 exit; ld.volatile.global.u32 %r1, [%out];", 4, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, Options{Checks: true})
			if err := s.run(kernelOf(c.declarations, c.body), c.blocks, c.threads); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, declarations, body, want string }{
		{"unknown opcode", "", "frobnicate.u32 %r0, %r1;", "x.ptx:23:1: unknown instruction frobnicate.u32"},
		{"unknown modifier", "", "  add.sat.wrap.s32 %r0, %r1, %r2;", "x.ptx:23:3: unknown instruction add.sat.wrap.s32"},
		{"unknown behind a guard", "", "@%p0 tex.2d.v4.f32 %r0, %r1;", "x.ptx:23:6: unknown instruction tex.2d.v4.f32"},
		{"float register in integer instruction", "", "add.s32 %r0, %f1, %r2;", "x.ptx:23:14: add.s32: register %f1 is .f32, the instruction needs .s32"},
		{"narrow register", "", "add.s64 %l0, %r1, %l2;", "register %r1 is .b32, the instruction needs .s64"},
		{"predicate as data", "", "add.s32 %r0, %p1, %r2;", "register %p1 is .pred"},
		{"float literal in integer instruction", "", "add.s32 %r0, %r1, 0f3F800000;", "literal"},
		{"integer literal in float instruction", "", "add.f32 %f0, %f1, 1;", "integer literal"},
		{"undeclared register", "", "add.s32 %r0, %q1, %r2;", "%q1"},
		{"register beyond its family", "", "add.s32 %r0, %r16, %r2;", "%r16"},
		{"too few operands", "", "add.s32 %r0, %r1;", "add.s32 has 2 operands, want 3"},
		{"unknown label", "", "bra $nowhere;", "x.ptx:23:5: unknown label $nowhere"},
		{"label twice", "", "$a: $a: ret;", "label $a is defined twice"},
		{"unknown variable", "", "ld.global.u32 %r0, [nothing];", "nothing is neither a register nor a variable"},
		{"wrong space", words, "ld.global.u32 %r0, [cells];", "cells is in shared memory"},
		{"special register", "", "mov.u32 %r0, %pm0;", "unknown special register %pm0"},
		{"unknown function", "", "call.uni nowhere;", "want the name of a function"},
		{"missing semicolon", "", "mov.u32 %r0, 1", "where"},
		{"unknown directive", ".texref t;", "", "x.ptx:4:1: unknown directive \".texref\""},
		{"unclosed comment", "", "/* mov", "comment is not closed"},
		{"character", "", "add.s32 %r0 ? %r1;", "unexpected character '?'"},
		{"recursion", ".func f() { call.uni f; ret; }", "", "f calls itself"},
		{"number", "", "mov.u32 %r0, 0f12;", "is no number"},
		{"predicate in memory", "", ".local .pred flag;", "flag: only a register is of type .pred"},
		{"predicate as parameter", ".func f(.param .pred flag) { ret; }", "", "flag: only a register is of type .pred"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("x.ptx", []byte(kernelOf(c.declarations, c.body)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.ptx:") {
				t.Errorf("%v\nwant %q", err, c.want)
			}
		})
	}
	low := strings.Replace(kernelOf("", "cp.async.wait_all;"), "sm_80", "sm_70", 1)
	if _, err := Parse("x.ptx", []byte(low)); err == nil || !strings.Contains(err.Error(), "cp.async.wait_all needs sm_80") {
		t.Errorf("%v, want a complaint about the target", err)
	}
}
