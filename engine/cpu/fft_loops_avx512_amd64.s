//go:build !noasm

#include "textflag.h"

// MASKS sets K1 and K2 to the lanes that two vectors have of the CX that are left.
#define MASKS \
	MOVQ   CX, R8; \
	CMPQ   R8, $32; \
	JLT    2(PC); \
	MOVQ   $32, R8; \
	MOVQ   $-1, R9; \
	BZHIQ  R8, R9, R9; \
	KMOVD  R9, K1; \
	KSHIFTRD $16, K1, K2

// ROW adds the product of a matrix element with two vectors.
#define ROW(offset, acc0, acc1) \
	VBROADCASTSS offset(R11), Z31; \
	VFMADD231PS  Z29, Z31, acc0; \
	VFMADD231PS  Z30, Z31, acc1

// ROW1 is ROW with one vector.
#define ROW1(offset, acc0) VFMADD231PS.BCST offset(R11), Z29, acc0

#define STORE(acc0, acc1) \
	VMOVUPS acc0, K1, (R13); \
	VMOVUPS acc1, K2, 64(R13); \
	ADDQ    DX, R13

#define STORE1(acc0) \
	VMOVUPS acc0, K1, (R13); \
	ADDQ    DX, R13

#define ZERO2(a, b) \
	VPXORQ a, a, a; \
	VPXORQ b, b, b

// func productAVX512(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int)
//
//	out[r*outStride+l] = sum over k of m[k*rows+r] * in[k*inStride+l]
//
// in blocks of 11, 8, 4 and 1 rows by 32 lanes, or 16 at the end.
TEXT ·productAVX512(SB), NOSPLIT, $0-64
	MOVQ rows+0(FP), AX
	SHLQ $2, AX              // from one column of m to the next
	MOVQ in+24(FP), SI
	MOVQ inStride+32(FP), BX
	SHLQ $2, BX
	MOVQ out+40(FP), DI
	MOVQ outStride+48(FP), DX
	SHLQ $2, DX
	MOVQ lanes+56(FP), CX

lanes:
	MASKS
	MOVQ m+16(FP), R10       // of the block's first row
	MOVQ DI, R13
	MOVQ rows+0(FP), R14     // left
	CMPQ CX, $16
	JLE  narrow

rows11:
	CMPQ R14, $11
	JLT  rows8
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)
	ZERO2(Z14, Z15)
	ZERO2(Z16, Z17)
	ZERO2(Z18, Z19)
	ZERO2(Z20, Z21)

depth11:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ROW(4, Z2, Z3)
	ROW(8, Z4, Z5)
	ROW(12, Z6, Z7)
	ROW(16, Z8, Z9)
	ROW(20, Z10, Z11)
	ROW(24, Z12, Z13)
	ROW(28, Z14, Z15)
	ROW(32, Z16, Z17)
	ROW(36, Z18, Z19)
	ROW(40, Z20, Z21)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth11
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	STORE(Z16, Z17)
	STORE(Z18, Z19)
	STORE(Z20, Z21)
	ADDQ $44, R10
	SUBQ $11, R14
	JMP  rows11

rows8:
	CMPQ R14, $7
	JLT  rows4
	JE   rows7
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)
	ZERO2(Z14, Z15)

depth8:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ROW(4, Z2, Z3)
	ROW(8, Z4, Z5)
	ROW(12, Z6, Z7)
	ROW(16, Z8, Z9)
	ROW(20, Z10, Z11)
	ROW(24, Z12, Z13)
	ROW(28, Z14, Z15)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth8
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	ADDQ $32, R10
	SUBQ $8, R14
	JMP  rows8

rows7:
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)
	ZERO2(Z8, Z9)
	ZERO2(Z10, Z11)
	ZERO2(Z12, Z13)

depth7:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ROW(4, Z2, Z3)
	ROW(8, Z4, Z5)
	ROW(12, Z6, Z7)
	ROW(16, Z8, Z9)
	ROW(20, Z10, Z11)
	ROW(24, Z12, Z13)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth7
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	JMP  next

rows4:
	CMPQ R14, $3
	JLT  rows1
	JE   rows3
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)

depth4:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ROW(4, Z2, Z3)
	ROW(8, Z4, Z5)
	ROW(12, Z6, Z7)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth4
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	ADDQ $16, R10
	SUBQ $4, R14
	JMP  rows4

rows3:
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)

depth3:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ROW(4, Z2, Z3)
	ROW(8, Z4, Z5)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth3
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	JMP  next

rows1:
	TESTQ R14, R14
	JZ   next
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)

depth1:
	VMOVUPS.Z (R12), K1, Z29
	VMOVUPS.Z 64(R12), K2, Z30
	ROW(0, Z0, Z1)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth1
	STORE(Z0, Z1)
	ADDQ $4, R10
	DECQ R14
	JMP  rows1

	// At most 16 lanes.
narrow:
	CMPQ R14, $8
	JLT  narrow1
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)
	ZERO2(Z4, Z5)
	ZERO2(Z6, Z7)

narrowDepth8:
	VMOVUPS.Z (R12), K1, Z29
	ROW1(0, Z0)
	ROW1(4, Z1)
	ROW1(8, Z2)
	ROW1(12, Z3)
	ROW1(16, Z4)
	ROW1(20, Z5)
	ROW1(24, Z6)
	ROW1(28, Z7)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  narrowDepth8
	STORE1(Z0)
	STORE1(Z1)
	STORE1(Z2)
	STORE1(Z3)
	STORE1(Z4)
	STORE1(Z5)
	STORE1(Z6)
	STORE1(Z7)
	ADDQ $32, R10
	SUBQ $8, R14
	JMP  narrow

narrow1:
	TESTQ R14, R14
	JZ   next
	MOVQ R10, R11
	MOVQ SI, R12
	MOVQ depth+8(FP), R15
	VPXORQ Z0, Z0, Z0

narrowDepth1:
	VMOVUPS.Z (R12), K1, Z29
	ROW1(0, Z0)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  narrowDepth1
	STORE1(Z0)
	ADDQ $4, R10
	DECQ R14
	JMP  narrow1

next:
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JGT  lanes
	VZEROUPPER
	RET

// func butterflyAVX512(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int)
//
//	sum[i*sumStride+l], diff[i*diffStride+l] = a[i*aStride+l] + b[i*bStride+l], a[i*aStride+l] - b[i*bStride+l]
TEXT ·butterflyAVX512(SB), NOSPLIT, $0-80
	MOVQ n+0(FP), AX
	MOVQ a+16(FP), SI
	MOVQ b+24(FP), DI
	MOVQ sum+48(FP), R10
	MOVQ diff+56(FP), R11

row:
	MOVQ lanes+8(FP), CX
	XORQ BX, BX

lanes:
	MASKS
	VMOVUPS.Z (SI)(BX*1), K1, Z0
	VMOVUPS.Z 64(SI)(BX*1), K2, Z1
	VMOVUPS.Z (DI)(BX*1), K1, Z2
	VMOVUPS.Z 64(DI)(BX*1), K2, Z3
	VADDPS Z2, Z0, Z4
	VADDPS Z3, Z1, Z5
	VSUBPS Z2, Z0, Z6
	VSUBPS Z3, Z1, Z7
	VMOVUPS Z4, K1, (R10)(BX*1)
	VMOVUPS Z5, K2, 64(R10)(BX*1)
	VMOVUPS Z6, K1, (R11)(BX*1)
	VMOVUPS Z7, K2, 64(R11)(BX*1)
	ADDQ $128, BX
	SUBQ $32, CX
	JGT  lanes

	MOVQ aStride+32(FP), DX
	LEAQ (SI)(DX*4), SI
	MOVQ bStride+40(FP), DX
	LEAQ (DI)(DX*4), DI
	MOVQ sumStride+64(FP), DX
	LEAQ (R10)(DX*4), R10
	MOVQ diffStride+72(FP), DX
	LEAQ (R11)(DX*4), R11
	DECQ AX
	JNZ  row
	VZEROUPPER
	RET

// func complexDotAVX512(rows, lanes int, a, v, y *float32, yStride, yImag int)
//
//	y[r*yStride]       = sum over l of re(a[r,l]) * re(v[r,l]) + im(a[r,l]) * im(v[r,l])
//	y[r*yStride+yImag] = sum over l of im(a[r,l]) * re(v[r,l]) - re(a[r,l]) * im(v[r,l])
TEXT ·complexDotAVX512(SB), NOSPLIT, $0-56
	MOVQ rows+0(FP), AX
	MOVQ a+16(FP), SI
	MOVQ v+24(FP), DI
	MOVQ y+32(FP), R10
	MOVQ yImag+48(FP), R11
	MOVQ yStride+40(FP), R12
	MOVQ lanes+8(FP), BX
	SHLQ $2, BX              // from real to imaginary parts

row:
	MOVQ lanes+8(FP), CX
	ZERO2(Z0, Z1)
	ZERO2(Z2, Z3)

lanes:
	MASKS
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z 64(SI), K2, Z5
	VMOVUPS.Z (SI)(BX*1), K1, Z6
	VMOVUPS.Z 64(SI)(BX*1), K2, Z7
	VMOVUPS.Z (DI), K1, Z8
	VMOVUPS.Z 64(DI), K2, Z9
	VMOVUPS.Z (DI)(BX*1), K1, Z10
	VMOVUPS.Z 64(DI)(BX*1), K2, Z11
	VFMADD231PS Z4, Z8, Z0
	VFMADD231PS Z5, Z9, Z1
	VFMADD231PS Z6, Z8, Z2
	VFMADD231PS Z7, Z9, Z3
	VFMADD231PS Z6, Z10, Z0
	VFMADD231PS Z7, Z11, Z1
	VFNMADD231PS Z4, Z10, Z2
	VFNMADD231PS Z5, Z11, Z3
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JGT  lanes
	// CX is what the last vectors went beyond the lanes, negative.
	LEAQ (SI)(CX*4), SI
	LEAQ (DI)(CX*4), DI
	ADDQ BX, SI
	ADDQ BX, DI

	VADDPS Z1, Z0, Z0
	VADDPS Z3, Z2, Z2
	VEXTRACTF64X4 $1, Z0, Y1
	VEXTRACTF64X4 $1, Z2, Y3
	VADDPS Y1, Y0, Y0
	VADDPS Y3, Y2, Y2
	VUNPCKLPS Y2, Y0, Y4
	VUNPCKHPS Y2, Y0, Y5
	VADDPS Y5, Y4, Y4        // re, im, re, im in each half
	VEXTRACTF128 $1, Y4, X5
	VADDPS X5, X4, X4
	VMOVHLPS X4, X4, X5
	VADDPS X5, X4, X4
	VMOVSS X4, (R10)
	VEXTRACTPS $1, X4, (R10)(R11*4)
	LEAQ (R10)(R12*4), R10
	DECQ AX
	JNZ  row
	VZEROUPPER
	RET

// func complexAxpyAVX512(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32)
//
//	re(out[r,l]) += yr * re(v[r,l]) - yi * im(v[r,l])
//	im(out[r,l]) += yr * im(v[r,l]) + yi * re(v[r,l])
//
// where yr = y[r*yStride] and yi = sign * y[r*yStride+yImag].
TEXT ·complexAxpyAVX512(SB), NOSPLIT, $0-64
	MOVQ rows+0(FP), AX
	VMOVSS sign+16(FP), X31
	MOVQ y+24(FP), R10
	MOVQ yStride+32(FP), R12
	MOVQ yImag+40(FP), R11
	MOVQ v+48(FP), SI
	MOVQ out+56(FP), DI
	MOVQ lanes+8(FP), BX
	SHLQ $2, BX

row:
	MOVQ lanes+8(FP), CX
	VBROADCASTSS (R10), Z0
	VMULSS (R10)(R11*4), X31, X1
	VBROADCASTSS X1, Z1

lanes:
	MASKS
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z 64(SI), K2, Z5
	VMOVUPS.Z (SI)(BX*1), K1, Z6
	VMOVUPS.Z 64(SI)(BX*1), K2, Z7
	VMOVUPS.Z (DI), K1, Z8
	VMOVUPS.Z 64(DI), K2, Z9
	VMOVUPS.Z (DI)(BX*1), K1, Z10
	VMOVUPS.Z 64(DI)(BX*1), K2, Z11
	VFMADD231PS Z4, Z0, Z8
	VFMADD231PS Z5, Z0, Z9
	VFMADD231PS Z6, Z0, Z10
	VFMADD231PS Z7, Z0, Z11
	VFNMADD231PS Z6, Z1, Z8
	VFNMADD231PS Z7, Z1, Z9
	VFMADD231PS Z4, Z1, Z10
	VFMADD231PS Z5, Z1, Z11
	VMOVUPS Z8, K1, (DI)
	VMOVUPS Z9, K2, 64(DI)
	VMOVUPS Z10, K1, (DI)(BX*1)
	VMOVUPS Z11, K2, 64(DI)(BX*1)
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JGT  lanes
	// CX is what the last vectors went beyond the lanes, negative.
	LEAQ (SI)(CX*4), SI
	LEAQ (DI)(CX*4), DI
	ADDQ BX, SI
	ADDQ BX, DI
	LEAQ (R10)(R12*4), R10
	DECQ AX
	JNZ  row
	VZEROUPPER
	RET
