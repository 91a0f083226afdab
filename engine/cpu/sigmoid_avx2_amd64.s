//go:build !noasm

#include "textflag.h"

DATA sigmoidConstants<>+0(SB)/4, $0x80000000 // the sign
DATA sigmoidConstants<>+4(SB)/4, $87.0 // bounds between which exp is a normal number
DATA sigmoidConstants<>+8(SB)/4, $(-87.0)
DATA sigmoidConstants<>+12(SB)/4, $1.44269504088896341 // 1/ln 2
DATA sigmoidConstants<>+16(SB)/4, $0.693359375 // ln 2 in two parts, the first exact when multiplied by an integer
DATA sigmoidConstants<>+20(SB)/4, $(-2.1219444005469058e-4)
DATA sigmoidConstants<>+24(SB)/4, $1.9875691500e-4 // the polynomial, from its highest power on
DATA sigmoidConstants<>+28(SB)/4, $1.3981999507e-3
DATA sigmoidConstants<>+32(SB)/4, $8.3334519073e-3
DATA sigmoidConstants<>+36(SB)/4, $4.1665795894e-2
DATA sigmoidConstants<>+40(SB)/4, $1.6666665459e-1
DATA sigmoidConstants<>+44(SB)/4, $5.0000001201e-1
DATA sigmoidConstants<>+48(SB)/4, $1.0
GLOBL sigmoidConstants<>(SB), RODATA, $52

// EXP sets Y1 to exp(-Y0): with n the nearest integer to -x/ln 2, that is 2^n * exp(-x - n*ln 2),
// the latter by the polynomial of Cephes's expf. Registers Y4 to Y14 hold sigmoidConstants. A NaN
// stays one.
#define EXP \
	VXORPS Y4, Y0, Y0; \
	VMINPS Y0, Y5, Y0; \
	VMAXPS Y0, Y6, Y0; \
	VMULPS Y7, Y0, Y2; \
	VROUNDPS $0, Y2, Y2; \
	VFNMADD231PS Y8, Y2, Y0; \
	VFNMADD231PS Y9, Y2, Y0; \
	VMOVAPS Y10, Y1; \
	VFMADD213PS Y11, Y0, Y1; \
	VFMADD213PS Y12, Y0, Y1; \
	VFMADD213PS Y13, Y0, Y1; \
	VFMADD213PS Y14, Y0, Y1; \
	VBROADCASTSS 44(R8), Y3; \
	VFMADD213PS Y3, Y0, Y1; \
	VMULPS Y0, Y0, Y3; \
	VFMADD213PS Y0, Y3, Y1; \
	VADDPS Y15, Y1, Y1; \
	VCVTPS2DQ Y2, Y2; \
	VPSLLD $23, Y2, Y2; \
	VPADDD Y2, Y1, Y1

// func sigmoidAVX2(x, y []float32)
//
//	for i := range x: y[i] = 1 / (1 + exp(-x[i]))
//
// for a length that is a multiple of 8.
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-48
	MOVQ x_base+0(FP), SI
	MOVQ x_len+8(FP), CX
	MOVQ y_base+24(FP), DI
	LEAQ sigmoidConstants<>(SB), R8
	VBROADCASTSS 0(R8), Y4
	VBROADCASTSS 4(R8), Y5
	VBROADCASTSS 8(R8), Y6
	VBROADCASTSS 12(R8), Y7
	VBROADCASTSS 16(R8), Y8
	VBROADCASTSS 20(R8), Y9
	VBROADCASTSS 24(R8), Y10
	VBROADCASTSS 28(R8), Y11
	VBROADCASTSS 32(R8), Y12
	VBROADCASTSS 36(R8), Y13
	VBROADCASTSS 40(R8), Y14
	VBROADCASTSS 48(R8), Y15
	XORQ BX, BX

loop:
	VMOVUPS (SI)(BX*1), Y0
	EXP
	VADDPS Y15, Y1, Y1
	VDIVPS Y1, Y15, Y1
	VMOVUPS Y1, (DI)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET
