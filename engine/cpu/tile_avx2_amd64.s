//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The 12 accumulators of 6 rows by 16 columns are Y4 to Y15, two a row. The rows of A are pointed
// to by AX BX CX DX DI R8, at their ends, with R15 counting up from -depth to 0; B by SI.

#define ROW(i, r) \
	MOVQ    (segment_a+8*i)(R15), r \
	TESTQ   r, r                    \
	CMOVQLT R10, r                  \
	ADDQ    R9, r

#define FMA(r, y, lo, hi) \
	VBROADCASTSS (r)(R15*4), y \
	VFMADD231PS  Y0, y, lo     \
	VFMADD231PS  Y1, y, hi

#define FMA1(r, y, lo) \
	VBROADCASTSS (r)(R15*4), y \
	VFMADD231PS  Y0, y, lo

#define ACCUMULATE(i, lo, hi) \
	MOVQ       (tile_cOffsets+8*i)(R14), DX \
	VMASKMOVPS (CX)(DX*1), Y0, Y2           \
	VADDPS     Y2, lo, lo                   \
	VMASKMOVPS 32(CX)(DX*1), Y1, Y3         \
	VADDPS     Y3, hi, hi

#define ADDBIAS(lo, hi) \
	VADDPS Y2, lo, lo \
	VADDPS Y3, hi, hi

// x > 0 ? x : alpha*x, with zeros in Y0 and alpha in Y1. Predicate 0x1A: not greater than, or not
// a number.
#define LEAKYRELU(x) \
	VCMPPS    $0x1A, Y0, x, Y2 \
	VMULPS    Y1, x, Y3        \
	VBLENDVPS Y2, Y3, x, x

#define STORE(i, lo, hi) \
	CMPQ       BX, $i                       \
	JLE        done                         \
	MOVQ       (tile_cOffsets+8*i)(R14), DX \
	VMASKMOVPS lo, Y0, (CX)(DX*1)           \
	VMASKMOVPS hi, Y1, 32(CX)(DX*1)

// func tileAVX2(t *tile)
//
// The loop of type tile, 6 rows by 16 columns; by 8 if no more are wanted.
TEXT ·tileAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R14
	VXORPS  Y4, Y4, Y4
	VMOVAPS Y4, Y5
	VMOVAPS Y4, Y6
	VMOVAPS Y4, Y7
	VMOVAPS Y4, Y8
	VMOVAPS Y4, Y9
	VMOVAPS Y4, Y10
	VMOVAPS Y4, Y11
	VMOVAPS Y4, Y12
	VMOVAPS Y4, Y13
	VMOVAPS Y4, Y14
	VMOVAPS Y4, Y15

	MOVQ  tile_segments(R14), R13
	TESTQ R13, R13
	JZ    finish
	MOVQ  tile_depth(R14), R11
	MOVQ  tile_a(R14), R9
	MOVQ  tile_zeros(R14), R10
	SUBQ  R9, R10
	LEAQ  (R9)(R11*4), R9
	NEGQ  R11
	MOVQ  tile_table(R14), R12

segment:
	MOVQ R12, R15
	MOVQ tile_b(R14), SI
	ADDQ segment_b(R15), SI
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, DI)
	ROW(5, R8)
	MOVQ R11, R15
	CMPQ tile_cols(R14), $8
	JLE  narrow

	PCALIGN $32
wide:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	FMA(AX, Y2, Y4, Y5)
	FMA(BX, Y3, Y6, Y7)
	FMA(CX, Y2, Y8, Y9)
	FMA(DX, Y3, Y10, Y11)
	FMA(DI, Y2, Y12, Y13)
	FMA(R8, Y3, Y14, Y15)
	ADDQ $64, SI
	INCQ R15
	JNZ  wide
	JMP  next

	PCALIGN $32
narrow:
	VMOVUPS (SI), Y0
	FMA1(AX, Y2, Y4)
	FMA1(BX, Y3, Y6)
	FMA1(CX, Y2, Y8)
	FMA1(DX, Y3, Y10)
	FMA1(DI, Y2, Y12)
	FMA1(R8, Y3, Y14)
	ADDQ $64, SI
	INCQ R15
	JNZ  narrow

next:
	ADDQ $segment__size, R12
	DECQ R13
	JNZ  segment

finish:
	MOVQ tile_c(R14), CX
	MOVQ tile_cols(R14), DX
	NEGQ DX
	LEAQ ·columnMask+64(SB), SI
	LEAQ (SI)(DX*4), SI

	CMPB    tile_accumulate(R14), $0
	JEQ     bias
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	ACCUMULATE(0, Y4, Y5)
	ACCUMULATE(1, Y6, Y7)
	ACCUMULATE(2, Y8, Y9)
	ACCUMULATE(3, Y10, Y11)
	ACCUMULATE(4, Y12, Y13)
	ACCUMULATE(5, Y14, Y15)

bias:
	MOVQ       tile_bias(R14), BX
	TESTQ      BX, BX
	JZ         activation
	VMOVUPS    (SI), Y0
	VMOVUPS    32(SI), Y1
	VMASKMOVPS (BX), Y0, Y2
	VMASKMOVPS 32(BX), Y1, Y3
	ADDBIAS(Y4, Y5)
	ADDBIAS(Y6, Y7)
	ADDBIAS(Y8, Y9)
	ADDBIAS(Y10, Y11)
	ADDBIAS(Y12, Y13)
	ADDBIAS(Y14, Y15)

activation:
	CMPL         tile_alpha(R14), $0x3F800000 // 1
	JEQ          store
	VXORPS       Y0, Y0, Y0
	VBROADCASTSS tile_alpha(R14), Y1
	LEAKYRELU(Y4)
	LEAKYRELU(Y5)
	LEAKYRELU(Y6)
	LEAKYRELU(Y7)
	LEAKYRELU(Y8)
	LEAKYRELU(Y9)
	LEAKYRELU(Y10)
	LEAKYRELU(Y11)
	LEAKYRELU(Y12)
	LEAKYRELU(Y13)
	LEAKYRELU(Y14)
	LEAKYRELU(Y15)

store:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	MOVQ    tile_rows(R14), BX
	STORE(0, Y4, Y5)
	STORE(1, Y6, Y7)
	STORE(2, Y8, Y9)
	STORE(3, Y10, Y11)
	STORE(4, Y12, Y13)
	STORE(5, Y14, Y15)

done:
	VZEROUPPER
	RET
