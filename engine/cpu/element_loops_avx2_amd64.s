//go:build !noasm

#include "textflag.h"

// Each loop takes 8 elements at a time while there are as many, then the last ones under a mask.
// CX counts what is left, BX is the offset in bytes.

// TAILMASK sets Y15 to a mask of CX elements, fewer than 8.
#define TAILMASK \
	MOVQ CX, R15; \
	NEGQ R15; \
	LEAQ ·columnMask+64(SB), R14; \
	VMOVUPS (R14)(R15*4), Y15

// func multiplyAVX2(a, b, y []float32)
//
//	for i := range a: y[i] = a[i] * b[i]
TEXT ·multiplyAVX2(SB), NOSPLIT, $0-72
	MOVQ a_base+0(FP), SI
	MOVQ a_len+8(FP), CX
	MOVQ b_base+24(FP), DI
	MOVQ y_base+48(FP), DX
	XORQ BX, BX
	SUBQ $8, CX
	JLT  tail

loop:
	VMOVUPS (SI)(BX*1), Y0
	VMULPS (DI)(BX*1), Y0, Y0
	VMOVUPS Y0, (DX)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done
	TAILMASK
	VMASKMOVPS (SI)(BX*1), Y15, Y0
	VMASKMOVPS (DI)(BX*1), Y15, Y1
	VMULPS Y1, Y0, Y0
	VMASKMOVPS Y0, Y15, (DX)(BX*1)

done:
	VZEROUPPER
	RET

// func leakyReLUAVX2(alpha float32, x, y []float32)
//
//	for i := range x: y[i] = x[i], times alpha if its sign is set
TEXT ·leakyReLUAVX2(SB), NOSPLIT, $0-56
	VBROADCASTSS alpha+0(FP), Y8
	MOVQ x_base+8(FP), SI
	MOVQ x_len+16(FP), CX
	MOVQ y_base+32(FP), DX
	XORQ BX, BX
	SUBQ $8, CX
	JLT  tail

loop:
	VMOVUPS (SI)(BX*1), Y0
	VMULPS Y8, Y0, Y1
	VBLENDVPS Y0, Y1, Y0, Y0
	VMOVUPS Y0, (DX)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done
	TAILMASK
	VMASKMOVPS (SI)(BX*1), Y15, Y0
	VMULPS Y8, Y0, Y1
	VBLENDVPS Y0, Y1, Y0, Y0
	VMASKMOVPS Y0, Y15, (DX)(BX*1)

done:
	VZEROUPPER
	RET

// func leakyReLUGradAVX2(alpha float32, y, dy, dx []float32)
//
//	for i := range dy: dx[i] = dy[i], times alpha unless y[i] > 0
TEXT ·leakyReLUGradAVX2(SB), NOSPLIT, $0-80
	VBROADCASTSS alpha+0(FP), Y8
	MOVQ y_base+8(FP), SI
	MOVQ dy_base+32(FP), DI
	MOVQ dy_len+40(FP), CX
	MOVQ dx_base+56(FP), DX
	VXORPS Y9, Y9, Y9
	XORQ BX, BX
	SUBQ $8, CX
	JLT  tail

loop:
	VCMPPS $1, (SI)(BX*1), Y9, Y2 // 0 < y
	VMOVUPS (DI)(BX*1), Y0
	VMULPS Y8, Y0, Y1
	VBLENDVPS Y2, Y0, Y1, Y0
	VMOVUPS Y0, (DX)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done
	TAILMASK
	VMASKMOVPS (SI)(BX*1), Y15, Y2
	VCMPPS $1, Y2, Y9, Y2
	VMASKMOVPS (DI)(BX*1), Y15, Y0
	VMULPS Y8, Y0, Y1
	VBLENDVPS Y2, Y0, Y1, Y0
	VMASKMOVPS Y0, Y15, (DX)(BX*1)

done:
	VZEROUPPER
	RET

// ADAM updates 8 elements: the gradient in Y0, param in Y1, m in Y2, v in Y3.
#define ADAM \
	VMULPS Y10, Y2, Y2; \
	VFMADD231PS Y11, Y0, Y2; \
	VMULPS Y0, Y0, Y4; \
	VMULPS Y12, Y3, Y3; \
	VFMADD231PS Y13, Y4, Y3; \
	VSQRTPS Y3, Y4; \
	VADDPS Y14, Y4, Y4; \
	VMULPS Y9, Y2, Y5; \
	VDIVPS Y4, Y5, Y5; \
	VSUBPS Y5, Y1, Y1

// func adamAVX2(r adamRates, grad, param, m, v []float32)
//
//	for i, g := range grad:
//		m[i] = beta1*m[i] + rest1*g
//		v[i] = beta2*v[i] + rest2*g*g
//		param[i] -= rate*m[i] / (sqrt(v[i]) + epsilon)
TEXT ·adamAVX2(SB), NOSPLIT, $0-120
	VBROADCASTSS r_rate+0(FP), Y9
	VBROADCASTSS r_beta1+4(FP), Y10
	VBROADCASTSS r_rest1+8(FP), Y11
	VBROADCASTSS r_beta2+12(FP), Y12
	VBROADCASTSS r_rest2+16(FP), Y13
	VBROADCASTSS r_epsilon+20(FP), Y14
	MOVQ grad_base+24(FP), SI
	MOVQ grad_len+32(FP), CX
	MOVQ param_base+48(FP), DI
	MOVQ m_base+72(FP), R8
	MOVQ v_base+96(FP), R9
	XORQ BX, BX
	SUBQ $8, CX
	JLT  tail

loop:
	VMOVUPS (SI)(BX*1), Y0
	VMOVUPS (DI)(BX*1), Y1
	VMOVUPS (R8)(BX*1), Y2
	VMOVUPS (R9)(BX*1), Y3
	ADAM
	VMOVUPS Y1, (DI)(BX*1)
	VMOVUPS Y2, (R8)(BX*1)
	VMOVUPS Y3, (R9)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done
	TAILMASK
	VMASKMOVPS (SI)(BX*1), Y15, Y0
	VMASKMOVPS (DI)(BX*1), Y15, Y1
	VMASKMOVPS (R8)(BX*1), Y15, Y2
	VMASKMOVPS (R9)(BX*1), Y15, Y3
	ADAM
	VMASKMOVPS Y1, Y15, (DI)(BX*1)
	VMASKMOVPS Y2, Y15, (R8)(BX*1)
	VMASKMOVPS Y3, Y15, (R9)(BX*1)

done:
	VZEROUPPER
	RET

// func emaAVX2(weight float32, x, average []float32)
//
//	for i := range x: average[i] += weight * (x[i] - average[i])
TEXT ·emaAVX2(SB), NOSPLIT, $0-56
	VBROADCASTSS weight+0(FP), Y8
	MOVQ x_base+8(FP), SI
	MOVQ x_len+16(FP), CX
	MOVQ average_base+32(FP), DX
	XORQ BX, BX
	SUBQ $8, CX
	JLT  tail

loop:
	VMOVUPS (SI)(BX*1), Y0
	VMOVUPS (DX)(BX*1), Y1
	VSUBPS Y1, Y0, Y0
	VFMADD231PS Y8, Y0, Y1
	VMOVUPS Y1, (DX)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done
	TAILMASK
	VMASKMOVPS (SI)(BX*1), Y15, Y0
	VMASKMOVPS (DX)(BX*1), Y15, Y1
	VSUBPS Y1, Y0, Y0
	VFMADD231PS Y8, Y0, Y1
	VMASKMOVPS Y1, Y15, (DX)(BX*1)

done:
	VZEROUPPER
	RET
