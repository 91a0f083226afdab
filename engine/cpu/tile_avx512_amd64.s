//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The 24 accumulators of 12 rows by 32 columns are Z8 to Z31, two a row.
// The rows of A are pointed to by AX BX CX DX DI R8 R9 R10 R11 R12 R13 R14, at their ends, with
// R15 counting up from -depth to 0; B by SI.

// ROW points r at row i of the segment that R15 points to, or at the zeros.
#define ROW(i, r) \
	MOVQ    (segment_a+8*i)(R15), r \
	TESTQ   r, r                    \
	CMOVQLT outside-24(SP), r       \
	ADDQ    aEnd-16(SP), r

#define FMA2(r, z, lo, hi) \
	VBROADCASTSS (r)(R15*4), z \
	VFMADD231PS  Z0, z, lo     \
	VFMADD231PS  Z1, z, hi

// By one column of registers and a half.
#define FMA15(r, z, y, lo, hi) \
	VBROADCASTSS (r)(R15*4), z \
	VFMADD231PS  Z0, z, lo     \
	VFMADD231PS  Y1, y, hi

#define FMA1(r, z, lo) \
	VBROADCASTSS (r)(R15*4), z \
	VFMADD231PS  Z0, z, lo

#define ACCUMULATE(i, lo, hi) \
	MOVQ      (tile_cOffsets+8*i)(AX), DX \
	VMOVUPS.Z (CX)(DX*1), K1, Z0          \
	VMOVUPS.Z 64(CX)(DX*1), K2, Z1        \
	VADDPS    Z0, lo, lo                  \
	VADDPS    Z1, hi, hi

#define ADDBIAS(lo, hi) \
	VADDPS Z0, lo, lo \
	VADDPS Z1, hi, hi

// Predicate 0x1A: not greater than, or not a number.
#define LEAKYRELU(lo, hi) \
	VCMPPS $0x1A, Z2, lo, K3  \
	VMULPS Z3, lo, K3, lo     \
	VCMPPS $0x1A, Z2, hi, K4  \
	VMULPS Z3, hi, K4, hi

#define STORE(i, lo, hi) \
	CMPQ    BX, $i                      \
	JLE     done                        \
	MOVQ    (tile_cOffsets+8*i)(AX), DX \
	VMOVUPS lo, K1, (CX)(DX*1)          \
	VMOVUPS hi, K2, 64(CX)(DX*1)

// func tileAVX512(t *tile)
//
// The loop of type tile, 12 rows by 32 columns; by 24 or 16 if no more are wanted.
TEXT ·tileAVX512(SB), NOSPLIT, $40-8
	MOVQ t+0(FP), AX
	VPXORQ Z8, Z8, Z8
	VMOVAPS Z8, Z9
	VMOVAPS Z8, Z10
	VMOVAPS Z8, Z11
	VMOVAPS Z8, Z12
	VMOVAPS Z8, Z13
	VMOVAPS Z8, Z14
	VMOVAPS Z8, Z15
	VMOVAPS Z8, Z16
	VMOVAPS Z8, Z17
	VMOVAPS Z8, Z18
	VMOVAPS Z8, Z19
	VMOVAPS Z8, Z20
	VMOVAPS Z8, Z21
	VMOVAPS Z8, Z22
	VMOVAPS Z8, Z23
	VMOVAPS Z8, Z24
	VMOVAPS Z8, Z25
	VMOVAPS Z8, Z26
	VMOVAPS Z8, Z27
	VMOVAPS Z8, Z28
	VMOVAPS Z8, Z29
	VMOVAPS Z8, Z30
	VMOVAPS Z8, Z31

	MOVQ tile_segments(AX), BX
	TESTQ BX, BX
	JZ   finish
	MOVQ BX, segments-8(SP)
	MOVQ tile_depth(AX), DX
	MOVQ tile_a(AX), BX
	MOVQ tile_zeros(AX), CX
	SUBQ BX, CX
	MOVQ CX, outside-24(SP)
	LEAQ (BX)(DX*4), BX
	MOVQ BX, aEnd-16(SP)
	MOVQ tile_table(AX), R15

segment:
	MOVQ R15, table-32(SP)
	MOVQ t+0(FP), AX
	MOVQ tile_b(AX), SI
	ADDQ segment_b(R15), SI
	ROW(0, AX)
	ROW(1, BX)
	ROW(2, CX)
	ROW(3, DX)
	ROW(4, DI)
	ROW(5, R8)
	ROW(6, R9)
	ROW(7, R10)
	ROW(8, R11)
	ROW(9, R12)
	ROW(10, R13)
	ROW(11, R14)
	MOVQ t+0(FP), R15
	CMPQ tile_cols(R15), $24
	JLE  fewer
	MOVQ tile_depth(R15), R15
	NEGQ R15

	PCALIGN $32
wideLoop:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	FMA2(AX, Z2, Z8, Z9)
	FMA2(BX, Z3, Z10, Z11)
	FMA2(CX, Z4, Z12, Z13)
	FMA2(DX, Z5, Z14, Z15)
	FMA2(DI, Z6, Z16, Z17)
	FMA2(R8, Z7, Z18, Z19)
	FMA2(R9, Z2, Z20, Z21)
	FMA2(R10, Z3, Z22, Z23)
	FMA2(R11, Z4, Z24, Z25)
	FMA2(R12, Z5, Z26, Z27)
	FMA2(R13, Z6, Z28, Z29)
	FMA2(R14, Z7, Z30, Z31)
	ADDQ $128, SI
	INCQ R15
	JNZ  wideLoop
	JMP  next

fewer:
	CMPQ tile_cols(R15), $16
	MOVQ tile_depth(R15), R15
	JLE  narrow
	NEGQ R15

	PCALIGN $32
midLoop:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Y1
	FMA15(AX, Z2, Y2, Z8, Y9)
	FMA15(BX, Z3, Y3, Z10, Y11)
	FMA15(CX, Z4, Y4, Z12, Y13)
	FMA15(DX, Z5, Y5, Z14, Y15)
	FMA15(DI, Z6, Y6, Z16, Y17)
	FMA15(R8, Z7, Y7, Z18, Y19)
	FMA15(R9, Z2, Y2, Z20, Y21)
	FMA15(R10, Z3, Y3, Z22, Y23)
	FMA15(R11, Z4, Y4, Z24, Y25)
	FMA15(R12, Z5, Y5, Z26, Y27)
	FMA15(R13, Z6, Y6, Z28, Y29)
	FMA15(R14, Z7, Y7, Z30, Y31)
	ADDQ $128, SI
	INCQ R15
	JNZ  midLoop
	JMP  next

narrow:
	NEGQ R15

	PCALIGN $32
narrowLoop:
	VMOVUPS (SI), Z0
	FMA1(AX, Z2, Z8)
	FMA1(BX, Z3, Z10)
	FMA1(CX, Z4, Z12)
	FMA1(DX, Z5, Z14)
	FMA1(DI, Z6, Z16)
	FMA1(R8, Z7, Z18)
	FMA1(R9, Z2, Z20)
	FMA1(R10, Z3, Z22)
	FMA1(R11, Z4, Z24)
	FMA1(R12, Z5, Z26)
	FMA1(R13, Z6, Z28)
	FMA1(R14, Z7, Z30)
	ADDQ $128, SI
	INCQ R15
	JNZ  narrowLoop

next:
	MOVQ table-32(SP), R15
	ADDQ $segment__size, R15
	DECQ segments-8(SP)
	JNZ  segment

finish:
	MOVQ  t+0(FP), AX
	MOVQ  tile_c(AX), CX
	MOVQ  tile_cols(AX), DX
	MOVQ  $-1, BX
	BZHIQ DX, BX, BX
	KMOVW BX, K1
	SHRQ  $16, BX
	KMOVW BX, K2

	CMPB tile_accumulate(AX), $0
	JEQ  bias
	ACCUMULATE(0, Z8, Z9)
	ACCUMULATE(1, Z10, Z11)
	ACCUMULATE(2, Z12, Z13)
	ACCUMULATE(3, Z14, Z15)
	ACCUMULATE(4, Z16, Z17)
	ACCUMULATE(5, Z18, Z19)
	ACCUMULATE(6, Z20, Z21)
	ACCUMULATE(7, Z22, Z23)
	ACCUMULATE(8, Z24, Z25)
	ACCUMULATE(9, Z26, Z27)
	ACCUMULATE(10, Z28, Z29)
	ACCUMULATE(11, Z30, Z31)

bias:
	MOVQ  tile_bias(AX), BX
	TESTQ BX, BX
	JZ    activation
	VMOVUPS.Z (BX), K1, Z0
	VMOVUPS.Z 64(BX), K2, Z1
	ADDBIAS(Z8, Z9)
	ADDBIAS(Z10, Z11)
	ADDBIAS(Z12, Z13)
	ADDBIAS(Z14, Z15)
	ADDBIAS(Z16, Z17)
	ADDBIAS(Z18, Z19)
	ADDBIAS(Z20, Z21)
	ADDBIAS(Z22, Z23)
	ADDBIAS(Z24, Z25)
	ADDBIAS(Z26, Z27)
	ADDBIAS(Z28, Z29)
	ADDBIAS(Z30, Z31)

activation:
	CMPL tile_alpha(AX), $0x3F800000 // 1
	JEQ  store
	VPXORQ Z2, Z2, Z2
	VBROADCASTSS tile_alpha(AX), Z3
	LEAKYRELU(Z8, Z9)
	LEAKYRELU(Z10, Z11)
	LEAKYRELU(Z12, Z13)
	LEAKYRELU(Z14, Z15)
	LEAKYRELU(Z16, Z17)
	LEAKYRELU(Z18, Z19)
	LEAKYRELU(Z20, Z21)
	LEAKYRELU(Z22, Z23)
	LEAKYRELU(Z24, Z25)
	LEAKYRELU(Z26, Z27)
	LEAKYRELU(Z28, Z29)
	LEAKYRELU(Z30, Z31)

store:
	MOVQ tile_rows(AX), BX
	STORE(0, Z8, Z9)
	STORE(1, Z10, Z11)
	STORE(2, Z12, Z13)
	STORE(3, Z14, Z15)
	STORE(4, Z16, Z17)
	STORE(5, Z18, Z19)
	STORE(6, Z20, Z21)
	STORE(7, Z22, Z23)
	STORE(8, Z24, Z25)
	STORE(9, Z26, Z27)
	STORE(10, Z28, Z29)
	STORE(11, Z30, Z31)

done:
	VZEROUPPER
	RET
