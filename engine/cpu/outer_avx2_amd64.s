//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The 8 accumulators of 4 rows by 16 columns are Y8 to Y15, two a row; Y6 and Y7 mask the columns.
// AX BX CX DX point to the rows of A, SI to B's image; R13 walks the pairs.

#define ROW(i, r) \
	MOVQ (outer_rowOffsets+8*i)(R15), r \
	ADDQ outer_a(R15), r

#define LOAD(lo, hi) \
	VMASKMOVPS (R11), Y6, lo   \
	VMASKMOVPS 32(R11), Y7, hi \
	ADDQ       R12, R11

#define FMA(r, y, lo, hi) \
	VBROADCASTSS (r)(R11*1), y \
	VFMADD231PS  Y0, y, lo     \
	VFMADD231PS  Y1, y, hi

#define FMA1(r, y, lo) \
	VBROADCASTSS (r)(R11*1), y \
	VFMADD231PS  Y0, y, lo

#define STORE(i, lo, hi) \
	CMPQ       BX, $i          \
	JLE        done            \
	VMASKMOVPS lo, Y6, (R11)   \
	VMASKMOVPS hi, Y7, 32(R11) \
	ADDQ       R12, R11

// func outerAVX2(o *outer)
//
// The loop of type outer, 4 rows by 16 columns; by 8 if no more are wanted.
TEXT ·outerAVX2(SB), NOSPLIT, $0-8
	MOVQ    o+0(FP), R15
	MOVQ    outer_cols(R15), DX
	NEGQ    DX
	LEAQ    ·columnMask+64(SB), BX
	VMOVUPS (BX)(DX*4), Y6
	VMOVUPS 32(BX)(DX*4), Y7

	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	MOVQ   outer_start(R15), R11
	TESTQ  R11, R11
	JZ     started
	VMASKMOVPS (R11), Y6, Y8
	VMASKMOVPS 32(R11), Y7, Y9

started:
	VMOVAPS Y8, Y10
	VMOVAPS Y9, Y11
	VMOVAPS Y8, Y12
	VMOVAPS Y9, Y13
	VMOVAPS Y8, Y14
	VMOVAPS Y9, Y15

	CMPB outer_accumulate(R15), $0
	JEQ  rows
	MOVQ outer_c(R15), R11
	MOVQ outer_cStride(R15), R12
	MOVQ outer_rows(R15), BX
	LOAD(Y8, Y9)
	CMPQ BX, $1
	JEQ  rows
	LOAD(Y10, Y11)
	CMPQ BX, $2
	JEQ  rows
	LOAD(Y12, Y13)
	CMPQ BX, $3
	JEQ  rows
	LOAD(Y14, Y15)

rows:
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	MOVQ outer_b(R15), SI
	MOVQ outer_images(R15), R14

image:
	MOVQ outer_pairs(R15), R13
	MOVQ outer_steps(R15), R10
	CMPQ outer_cols(R15), $8
	JLE  narrow

	PCALIGN $32
wide:
	MOVQ pair_b(R13), R12
	MOVQ pair_a(R13), R11
	VMASKMOVPS (SI)(R12*1), Y6, Y0
	VMASKMOVPS 32(SI)(R12*1), Y7, Y1
	FMA(AX, Y2, Y8, Y9)
	FMA(BX, Y3, Y10, Y11)
	FMA(CX, Y4, Y12, Y13)
	FMA(DX, Y5, Y14, Y15)
	ADDQ $pair__size, R13
	DECQ R10
	JNZ  wide
	JMP  next

	PCALIGN $32
narrow:
	MOVQ pair_b(R13), R12
	MOVQ pair_a(R13), R11
	VMASKMOVPS (SI)(R12*1), Y6, Y0
	FMA1(AX, Y2, Y8)
	FMA1(BX, Y3, Y10)
	FMA1(CX, Y4, Y12)
	FMA1(DX, Y5, Y14)
	ADDQ $pair__size, R13
	DECQ R10
	JNZ  narrow

next:

	MOVQ outer_aImage(R15), R11
	ADDQ R11, AX
	ADDQ R11, BX
	ADDQ R11, CX
	ADDQ R11, DX
	ADDQ outer_bImage(R15), SI
	DECQ R14
	JNZ  image

	MOVQ outer_c(R15), R11
	MOVQ outer_cStride(R15), R12
	MOVQ outer_rows(R15), BX
	STORE(0, Y8, Y9)
	STORE(1, Y10, Y11)
	STORE(2, Y12, Y13)
	STORE(3, Y14, Y15)

done:
	VZEROUPPER
	RET
