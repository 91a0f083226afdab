//go:build !noasm

#include "textflag.h"

// MASKS sets Y12 and Y13 to masks of the lanes that two vectors have of the CX that are left.
#define MASKS \
	MOVQ CX, R8; \
	CMPQ R8, $16; \
	JLT  2(PC); \
	MOVQ $16, R8; \
	NEGQ R8; \
	LEAQ ·columnMask+64(SB), R9; \
	VMOVUPS (R9)(R8*4), Y12; \
	VMOVUPS 32(R9)(R8*4), Y13

// LOAD loads two vectors, zero in the lanes that are not there.
#define LOAD(base, index, v0, v1) \
	VMASKMOVPS (base)(index*1), Y12, v0; \
	VMASKMOVPS 32(base)(index*1), Y13, v1

// STORE stores two vectors: whole if they are, since masked stores are slow.
#define STORE(v0, v1, base, index) \
	CMPQ CX, $16; \
	JLT  4(PC); \
	VMOVUPS v0, (base)(index*1); \
	VMOVUPS v1, 32(base)(index*1); \
	JMP  3(PC); \
	VMASKMOVPS v0, Y12, (base)(index*1); \
	VMASKMOVPS v1, Y13, 32(base)(index*1)

// ROW adds the product of a matrix element with two vectors.
#define ROW(offset, temp, acc0, acc1) \
	VBROADCASTSS offset(R11), temp; \
	VFMADD231PS  Y8, temp, acc0; \
	VFMADD231PS  Y9, temp, acc1

#define ZERO2(a, b) \
	VXORPS a, a, a; \
	VXORPS b, b, b

// func productAVX2(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int)
//
//	out[r*outStride+l] = sum over k of m[k*rows+r] * in[k*inStride+l]
//
// in blocks of 4, 2 and 1 rows by 16 lanes.
TEXT ·productAVX2(SB), NOSPLIT, $0-64
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

rows4:
	CMPQ R14, $4
	JLT  rows2
	MOVQ R10, R11
	XORQ R12, R12
	MOVQ depth+8(FP), R15
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)

depth4:
	LOAD(SI, R12, Y8, Y9)
	ROW(0, Y10, Y0, Y1)
	ROW(4, Y11, Y2, Y3)
	ROW(8, Y14, Y4, Y5)
	ROW(12, Y15, Y6, Y7)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth4
	XORQ R12, R12
	STORE(Y0, Y1, R13, R12)
	ADDQ DX, R13
	STORE(Y2, Y3, R13, R12)
	ADDQ DX, R13
	STORE(Y4, Y5, R13, R12)
	ADDQ DX, R13
	STORE(Y6, Y7, R13, R12)
	ADDQ DX, R13
	ADDQ $16, R10
	SUBQ $4, R14
	JMP  rows4

rows2:
	CMPQ R14, $2
	JLT  rows1
	MOVQ R10, R11
	XORQ R12, R12
	MOVQ depth+8(FP), R15
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)

depth2:
	LOAD(SI, R12, Y8, Y9)
	ROW(0, Y10, Y0, Y1)
	ROW(4, Y11, Y2, Y3)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth2
	XORQ R12, R12
	STORE(Y0, Y1, R13, R12)
	ADDQ DX, R13
	STORE(Y2, Y3, R13, R12)
	ADDQ DX, R13
	ADDQ $8, R10
	SUBQ $2, R14

rows1:
	TESTQ R14, R14
	JZ   next
	MOVQ R10, R11
	XORQ R12, R12
	MOVQ depth+8(FP), R15
	ZERO2(Y0, Y1)

depth1:
	LOAD(SI, R12, Y8, Y9)
	ROW(0, Y10, Y0, Y1)
	ADDQ BX, R12
	ADDQ AX, R11
	DECQ R15
	JNZ  depth1
	XORQ R12, R12
	STORE(Y0, Y1, R13, R12)

next:
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JGT  lanes
	VZEROUPPER
	RET

// func butterflyAVX2(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int)
//
//	sum[i*sumStride+l], diff[i*diffStride+l] = a[i*aStride+l] + b[i*bStride+l], a[i*aStride+l] - b[i*bStride+l]
TEXT ·butterflyAVX2(SB), NOSPLIT, $0-80
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
	LOAD(SI, BX, Y0, Y1)
	LOAD(DI, BX, Y2, Y3)
	VADDPS Y2, Y0, Y4
	VADDPS Y3, Y1, Y5
	VSUBPS Y2, Y0, Y6
	VSUBPS Y3, Y1, Y7
	STORE(Y4, Y5, R10, BX)
	STORE(Y6, Y7, R11, BX)
	ADDQ $64, BX
	SUBQ $16, CX
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

// func complexDotAVX2(rows, lanes int, a, v, y *float32, yStride, yImag int)
//
//	y[r*yStride]       = sum over l of re(a[r,l]) * re(v[r,l]) + im(a[r,l]) * im(v[r,l])
//	y[r*yStride+yImag] = sum over l of im(a[r,l]) * re(v[r,l]) - re(a[r,l]) * im(v[r,l])
TEXT ·complexDotAVX2(SB), NOSPLIT, $0-56
	MOVQ rows+0(FP), AX
	MOVQ a+16(FP), SI
	MOVQ v+24(FP), DI
	MOVQ y+32(FP), R10
	MOVQ yImag+48(FP), R11
	MOVQ yStride+40(FP), R12
	MOVQ lanes+8(FP), BX
	SHLQ $2, BX              // from real to imaginary parts
	XORQ DX, DX

row:
	MOVQ lanes+8(FP), CX
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)

lanes:
	MASKS
	LOAD(SI, DX, Y4, Y5)
	LOAD(SI, BX, Y6, Y7)
	LOAD(DI, DX, Y8, Y9)
	LOAD(DI, BX, Y10, Y11)
	VFMADD231PS Y4, Y8, Y0
	VFMADD231PS Y5, Y9, Y1
	VFMADD231PS Y6, Y8, Y2
	VFMADD231PS Y7, Y9, Y3
	VFMADD231PS Y6, Y10, Y0
	VFMADD231PS Y7, Y11, Y1
	VFNMADD231PS Y4, Y10, Y2
	VFNMADD231PS Y5, Y11, Y3
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JGT  lanes
	// CX is what the last vectors went beyond the lanes, negative.
	LEAQ (SI)(CX*4), SI
	LEAQ (DI)(CX*4), DI
	ADDQ BX, SI
	ADDQ BX, DI

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

// func complexAxpyAVX2(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32)
//
//	re(out[r,l]) += yr * re(v[r,l]) - yi * im(v[r,l])
//	im(out[r,l]) += yr * im(v[r,l]) + yi * re(v[r,l])
//
// where yr = y[r*yStride] and yi = sign * y[r*yStride+yImag].
TEXT ·complexAxpyAVX2(SB), NOSPLIT, $0-64
	MOVQ rows+0(FP), AX
	MOVQ y+24(FP), R10
	MOVQ yStride+32(FP), R12
	MOVQ yImag+40(FP), R11
	MOVQ v+48(FP), SI
	MOVQ out+56(FP), DI
	MOVQ lanes+8(FP), BX
	SHLQ $2, BX
	XORQ DX, DX

row:
	MOVQ lanes+8(FP), CX
	VBROADCASTSS (R10), Y0
	VMOVSS sign+16(FP), X1
	VMULSS (R10)(R11*4), X1, X1
	VBROADCASTSS X1, Y1

lanes:
	MASKS
	LOAD(SI, DX, Y4, Y5)
	LOAD(SI, BX, Y6, Y7)
	LOAD(DI, DX, Y8, Y9)
	LOAD(DI, BX, Y10, Y11)
	VFMADD231PS Y4, Y0, Y8
	VFMADD231PS Y5, Y0, Y9
	VFMADD231PS Y6, Y0, Y10
	VFMADD231PS Y7, Y0, Y11
	VFNMADD231PS Y6, Y1, Y8
	VFNMADD231PS Y7, Y1, Y9
	VFMADD231PS Y4, Y1, Y10
	VFMADD231PS Y5, Y1, Y11
	STORE(Y8, Y9, DI, DX)
	STORE(Y10, Y11, DI, BX)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
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
