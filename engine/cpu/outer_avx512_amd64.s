//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The 16 accumulators of 8 rows by 32 columns are Z8 to Z23, two a row. AX BX CX DX DI R8 R9 R10
// point to the rows of A, SI to B's image; R13 walks the pairs.

#define ROW(i, r) \
	MOVQ (outer_rowOffsets+8*i)(R15), r \
	ADDQ outer_a(R15), r

#define LOAD(lo, hi) \
	VMOVUPS.Z (R11), K1, lo   \
	VMOVUPS.Z 64(R11), K2, hi \
	ADDQ      R12, R11

// The operands of a step, and what each row adds: one column of registers and another, a half, or none.
#define STEP \
	MOVQ      pair_b(R13), R12        \
	MOVQ      pair_a(R13), R11        \
	VMOVUPS.Z (SI)(R12*1), K1, Z0

#define FMA(r, z, lo, one, other, hi) \
	VBROADCASTSS (r)(R11*1), z   \
	VFMADD231PS  Z0, z, lo       \
	VFMADD231PS  one, other, hi

#define FMA1(r, z, lo) \
	VBROADCASTSS (r)(R11*1), z \
	VFMADD231PS  Z0, z, lo

#define NEXTSTEP \
	ADDQ $pair__size, R13 \
	DECQ R15

#define STORE(i, lo, hi) \
	CMPQ    BX, $i            \
	JLE     done              \
	VMOVUPS lo, K1, (R11)     \
	VMOVUPS hi, K2, 64(R11)   \
	ADDQ    R12, R11

// func outerAVX512(o *outer)
//
// The loop of type outer, 8 rows by 32 columns; by 24 or 16 if no more are wanted.
TEXT ·outerAVX512(SB), NOSPLIT, $0-8
	MOVQ  o+0(FP), R15
	MOVQ  outer_cols(R15), DX
	MOVQ  $-1, BX
	BZHIQ DX, BX, BX
	KMOVW BX, K1
	SHRQ  $16, BX
	KMOVW BX, K2

	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	MOVQ   outer_start(R15), R11
	TESTQ  R11, R11
	JZ     started
	VMOVUPS.Z (R11), K1, Z8
	VMOVUPS.Z 64(R11), K2, Z9

started:
	VMOVAPS Z8, Z10
	VMOVAPS Z9, Z11
	VMOVAPS Z8, Z12
	VMOVAPS Z9, Z13
	VMOVAPS Z8, Z14
	VMOVAPS Z9, Z15
	VMOVAPS Z8, Z16
	VMOVAPS Z9, Z17
	VMOVAPS Z8, Z18
	VMOVAPS Z9, Z19
	VMOVAPS Z8, Z20
	VMOVAPS Z9, Z21
	VMOVAPS Z8, Z22
	VMOVAPS Z9, Z23

	CMPB outer_accumulate(R15), $0
	JEQ  rows
	MOVQ outer_c(R15), R11
	MOVQ outer_cStride(R15), R12
	MOVQ outer_rows(R15), BX
	LOAD(Z8, Z9)
	CMPQ BX, $1
	JEQ  rows
	LOAD(Z10, Z11)
	CMPQ BX, $2
	JEQ  rows
	LOAD(Z12, Z13)
	CMPQ BX, $3
	JEQ  rows
	LOAD(Z14, Z15)
	CMPQ BX, $4
	JEQ  rows
	LOAD(Z16, Z17)
	CMPQ BX, $5
	JEQ  rows
	LOAD(Z18, Z19)
	CMPQ BX, $6
	JEQ  rows
	LOAD(Z20, Z21)
	CMPQ BX, $7
	JEQ  rows
	LOAD(Z22, Z23)

rows:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, DI)
	ROW(5, R8)
	ROW(6, R9)
	ROW(7, R10)
	MOVQ outer_b(R15), SI
	MOVQ outer_images(R15), R14

image:
	MOVQ outer_pairs(R15), R13
	CMPQ outer_cols(R15), $16
	JLE  narrow
	CMPQ outer_cols(R15), $24
	JLE  mid
	MOVQ outer_steps(R15), R15

	PCALIGN $32
wideStep:
	STEP
	VMOVUPS.Z 64(SI)(R12*1), K2, Z1
	FMA(AX, Z2, Z8, Z1, Z2, Z9)
	FMA(BX, Z3, Z10, Z1, Z3, Z11)
	FMA(CX, Z4, Z12, Z1, Z4, Z13)
	FMA(DX, Z5, Z14, Z1, Z5, Z15)
	FMA(DI, Z6, Z16, Z1, Z6, Z17)
	FMA(R8, Z7, Z18, Z1, Z7, Z19)
	FMA(R9, Z2, Z20, Z1, Z2, Z21)
	FMA(R10, Z3, Z22, Z1, Z3, Z23)
	NEXTSTEP
	JNZ  wideStep
	JMP  next

mid:
	MOVQ outer_steps(R15), R15

	PCALIGN $32
midStep:
	STEP
	VMOVUPS.Z 64(SI)(R12*1), K2, Y1
	FMA(AX, Z2, Z8, Y1, Y2, Y9)
	FMA(BX, Z3, Z10, Y1, Y3, Y11)
	FMA(CX, Z4, Z12, Y1, Y4, Y13)
	FMA(DX, Z5, Z14, Y1, Y5, Y15)
	FMA(DI, Z6, Z16, Y1, Y6, Y17)
	FMA(R8, Z7, Z18, Y1, Y7, Y19)
	FMA(R9, Z2, Z20, Y1, Y2, Y21)
	FMA(R10, Z3, Z22, Y1, Y3, Y23)
	NEXTSTEP
	JNZ  midStep
	JMP  next

narrow:
	MOVQ outer_steps(R15), R15

	PCALIGN $32
narrowStep:
	STEP
	FMA1(AX, Z2, Z8)
	FMA1(BX, Z3, Z10)
	FMA1(CX, Z4, Z12)
	FMA1(DX, Z5, Z14)
	FMA1(DI, Z6, Z16)
	FMA1(R8, Z7, Z18)
	FMA1(R9, Z2, Z20)
	FMA1(R10, Z3, Z22)
	NEXTSTEP
	JNZ  narrowStep

next:
	MOVQ o+0(FP), R15
	MOVQ outer_aImage(R15), R11
	ADDQ R11, AX
	ADDQ R11, BX
	ADDQ R11, CX
	ADDQ R11, DX
	ADDQ R11, DI
	ADDQ R11, R8
	ADDQ R11, R9
	ADDQ R11, R10
	ADDQ outer_bImage(R15), SI
	DECQ R14
	JNZ  image

	MOVQ outer_c(R15), R11
	MOVQ outer_cStride(R15), R12
	MOVQ outer_rows(R15), BX
	STORE(0, Z8, Z9)
	STORE(1, Z10, Z11)
	STORE(2, Z12, Z13)
	STORE(3, Z14, Z15)
	STORE(4, Z16, Z17)
	STORE(5, Z18, Z19)
	STORE(6, Z20, Z21)
	STORE(7, Z22, Z23)

done:
	VZEROUPPER
	RET
