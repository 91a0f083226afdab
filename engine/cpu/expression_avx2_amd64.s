//go:build !noasm

#include "textflag.h"

// The loops of expressions, for a number of points that is a multiple of 16 and not 0. An operand whose increment is
// 0 is one vector that stands for all. p has n, d, a, b, c and the increments of a, b and c, see loopArgs.

#define OPERANDS \
	MOVQ p+0(FP), AX; \
	MOVQ 0(AX), CX; \
	MOVQ 8(AX), DI; \
	MOVQ 16(AX), SI; \
	MOVQ 24(AX), DX; \
	MOVQ 32(AX), R8; \
	MOVQ 40(AX), R9; \
	MOVQ 48(AX), R10; \
	MOVQ 56(AX), R11

#define NEXT1 \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y8, 32(DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

#define NEXT2 \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y8, 32(DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	ADDQ R10, DX; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

#define NEXT3 \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y8, 32(DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	ADDQ R10, DX; \
	ADDQ R11, R8; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

// func exprCopyAVX2(p *loopArgs)
//
//	d = a
TEXT ·exprCopyAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y8
	NEXT1

// func exprAddAVX2(p *loopArgs)
//
//	d = a + b
TEXT ·exprAddAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VADDPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VADDPS 32(DX), Y8, Y8
	NEXT2

// func exprSubAVX2(p *loopArgs)
//
//	d = a - b
TEXT ·exprSubAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VSUBPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VSUBPS 32(DX), Y8, Y8
	NEXT2

// func exprMulAVX2(p *loopArgs)
//
//	d = a * b
TEXT ·exprMulAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VMULPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VMULPS 32(DX), Y8, Y8
	NEXT2

// func exprDivAVX2(p *loopArgs)
//
//	d = a / b
TEXT ·exprDivAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VDIVPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VDIVPS 32(DX), Y8, Y8
	NEXT2

// func exprMinAVX2(p *loopArgs)
//
//	d = a < b ? a : b
TEXT ·exprMinAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VMINPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VMINPS 32(DX), Y8, Y8
	NEXT2

// func exprMaxAVX2(p *loopArgs)
//
//	d = a > b ? a : b
TEXT ·exprMaxAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VMAXPS (DX), Y0, Y0
	VMOVUPS 32(SI), Y8
	VMAXPS 32(DX), Y8, Y8
	NEXT2

// func exprLessAVX2(p *loopArgs)
//
//	d = a < b ? 1 : 0
TEXT ·exprLessAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VCMPPS $1, (DX), Y0, Y0
	VANDPS Y7, Y0, Y0
	VMOVUPS 32(SI), Y8
	VCMPPS $1, 32(DX), Y8, Y8
	VANDPS Y15, Y8, Y8
	NEXT2

// func exprLessEqualAVX2(p *loopArgs)
//
//	d = a <= b ? 1 : 0
TEXT ·exprLessEqualAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VCMPPS $2, (DX), Y0, Y0
	VANDPS Y7, Y0, Y0
	VMOVUPS 32(SI), Y8
	VCMPPS $2, 32(DX), Y8, Y8
	VANDPS Y15, Y8, Y8
	NEXT2

// func exprEqualAVX2(p *loopArgs)
//
//	d = a == b ? 1 : 0
TEXT ·exprEqualAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VCMPPS $0, (DX), Y0, Y0
	VANDPS Y7, Y0, Y0
	VMOVUPS 32(SI), Y8
	VCMPPS $0, 32(DX), Y8, Y8
	VANDPS Y15, Y8, Y8
	NEXT2

// func exprFMAAVX2(p *loopArgs)
//
//	d = a*b + c, rounded once
TEXT ·exprFMAAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VMOVUPS (DX), Y1
	VFMADD213PS (R8), Y1, Y0
	VMOVUPS 32(SI), Y8
	VMOVUPS 32(DX), Y9
	VFMADD213PS 32(R8), Y9, Y8
	NEXT3

// func exprSelectAVX2(p *loopArgs)
//
//	d = a != 0 ? b : c
TEXT ·exprSelectAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	VXORPS Y7, Y7, Y7
	VXORPS Y15, Y15, Y15

loop:
	VMOVUPS (SI), Y1
	VCMPPS $4, Y7, Y1, Y1
	VMOVUPS (R8), Y0
	VMOVUPS (DX), Y2
	VBLENDVPS Y1, Y2, Y0, Y0
	VMOVUPS 32(SI), Y9
	VCMPPS $4, Y15, Y9, Y9
	VMOVUPS 32(R8), Y8
	VMOVUPS 32(DX), Y10
	VBLENDVPS Y9, Y10, Y8, Y8
	NEXT3

// func exprNegAVX2(p *loopArgs)
//
//	d = -a
TEXT ·exprNegAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x80000000, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VXORPS Y7, Y0, Y0
	VMOVUPS 32(SI), Y8
	VXORPS Y15, Y8, Y8
	NEXT1

// func exprAbsAVX2(p *loopArgs)
//
//	d = |a|
TEXT ·exprAbsAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x80000000, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VANDNPS Y0, Y7, Y0
	VMOVUPS 32(SI), Y8
	VANDNPS Y8, Y15, Y8
	NEXT1

// func exprRintAVX2(p *loopArgs)
//
//	d = rint(a)
TEXT ·exprRintAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VROUNDPS $8, Y0, Y0
	VMOVUPS 32(SI), Y8
	VROUNDPS $8, Y8, Y8
	NEXT1

// func exprFloorAVX2(p *loopArgs)
//
//	d = floor(a)
TEXT ·exprFloorAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VROUNDPS $9, Y0, Y0
	VMOVUPS 32(SI), Y8
	VROUNDPS $9, Y8, Y8
	NEXT1

// func exprCeilAVX2(p *loopArgs)
//
//	d = ceil(a)
TEXT ·exprCeilAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VROUNDPS $10, Y0, Y0
	VMOVUPS 32(SI), Y8
	VROUNDPS $10, Y8, Y8
	NEXT1

// func exprSqrtAVX2(p *loopArgs)
//
//	d = sqrt(a)
TEXT ·exprSqrtAVX2(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Y0
	VSQRTPS Y0, Y0
	VMOVUPS 32(SI), Y8
	VSQRTPS Y8, Y8
	NEXT1

// func exprPow2AVX2(p *loopArgs)
//
//	d = 2^a for whole a from -126 to 127
TEXT ·exprPow2AVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $127, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VCVTPS2DQ Y0, Y0
	VPADDD Y7, Y0, Y0
	VPSLLD $23, Y0, Y0
	VMOVUPS 32(SI), Y8
	VCVTPS2DQ Y8, Y8
	VPADDD Y15, Y8, Y8
	VPSLLD $23, Y8, Y8
	NEXT1

// func exprExponentAVX2(p *loopArgs)
//
//	d = the exponent of a, as a float
TEXT ·exprExponentAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $127, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15

loop:
	VMOVUPS (SI), Y0
	VPSLLD $1, Y0, Y0
	VPSRLD $24, Y0, Y0
	VPSUBD Y7, Y0, Y0
	VCVTDQ2PS Y0, Y0
	VMOVUPS 32(SI), Y8
	VPSLLD $1, Y8, Y8
	VPSRLD $24, Y8, Y8
	VPSUBD Y15, Y8, Y8
	VCVTDQ2PS Y8, Y8
	NEXT1

// func exprMantissaAVX2(p *loopArgs)
//
//	d = the mantissa of a, in [1, 2)
TEXT ·exprMantissaAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x7fffff, AX
	VMOVD AX, X7
	VPBROADCASTD X7, Y7
	VMOVAPS Y7, Y15
	MOVL $0x3f800000, AX
	VMOVD AX, X6
	VPBROADCASTD X6, Y6
	VMOVAPS Y6, Y14

loop:
	VMOVUPS (SI), Y0
	VPAND Y7, Y0, Y0
	VPOR Y6, Y0, Y0
	VMOVUPS 32(SI), Y8
	VPAND Y15, Y8, Y8
	VPOR Y14, Y8, Y8
	NEXT1

// func exprHornerAVX2(p *loopArgs)
//
//	d = (((k[0]*a + k[1])*a + k[2])*a + ...), with the constants k
//
// for four vectors at a time, as long as there are so many, to hide how long a multiply-add takes.
TEXT ·exprHornerAVX2(SB), NOSPLIT, $0-8
	OPERANDS
	MOVQ 64(AX), R12
	MOVQ 72(AX), R13
	LEAQ (R12)(R13*4), R13
	SUBQ $32, CX
	JLT  few

four:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VBROADCASTSS (R12), Y4
	VMOVAPS Y4, Y5
	VMOVAPS Y4, Y6
	VMOVAPS Y4, Y7
	LEAQ 4(R12), BX

term:
	VBROADCASTSS (BX), Y8
	VFMADD213PS Y8, Y0, Y4
	VFMADD213PS Y8, Y1, Y5
	VFMADD213PS Y8, Y2, Y6
	VFMADD213PS Y8, Y3, Y7
	ADDQ $4, BX
	CMPQ BX, R13
	JLT  term
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y7, 96(DI)
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JGE  four

few:
	ADDQ $32, CX
	JZ   done

one:
	VMOVUPS (SI), Y0
	VBROADCASTSS (R12), Y4
	LEAQ 4(R12), BX

oneTerm:
	VBROADCASTSS (BX), Y8
	VFMADD213PS Y8, Y0, Y4
	ADDQ $4, BX
	CMPQ BX, R13
	JLT  oneTerm
	VMOVUPS Y4, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JGT  one

done:
	VZEROUPPER
	RET

// func sumsAVX2(v []float32) (sum, squares float64)
//
// for a length that is a multiple of 8; see sumsGo.
TEXT ·sumsAVX2(SB), NOSPLIT, $0-40
	MOVQ v_base+0(FP), SI
	MOVQ v_len+8(FP), CX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	SUBQ $8, CX
	JLT  end

loop:
	VCVTPS2PD (SI), Y2
	VCVTPS2PD 16(SI), Y3
	VADDPD Y2, Y0, Y0
	VADDPD Y3, Y4, Y4
	VFMADD231PD Y2, Y2, Y1
	VFMADD231PD Y3, Y3, Y5
	ADDQ $32, SI
	SUBQ $8, CX
	JGE  loop

end:
	VADDPD Y4, Y0, Y0
	VADDPD Y5, Y1, Y1
	VEXTRACTF128 $1, Y0, X2
	VADDPD X2, X0, X0
	VEXTRACTF128 $1, Y1, X3
	VADDPD X3, X1, X1
	VPERMILPD $1, X0, X2
	VADDSD X2, X0, X0
	VPERMILPD $1, X1, X3
	VADDSD X3, X1, X1
	VMOVSD X0, sum+24(FP)
	VMOVSD X1, squares+32(FP)
	VZEROUPPER
	RET

// func columnSumAVX2(sum []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnSumsGo.
TEXT ·columnSumAVX2(SB), NOSPLIT, $0-48
	MOVQ sum_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ v_len+32(FP), CX

loop:
	VCVTPS2PD (SI), Y2
	VCVTPS2PD 16(SI), Y3
	VADDPD (DI), Y2, Y2
	VADDPD 32(DI), Y3, Y3
	VMOVUPD Y2, (DI)
	VMOVUPD Y3, 32(DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET

// func columnSquaresAVX2(sum, squares []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnSumsGo.
TEXT ·columnSquaresAVX2(SB), NOSPLIT, $0-72
	MOVQ sum_base+0(FP), DI
	MOVQ squares_base+24(FP), DX
	MOVQ v_base+48(FP), SI
	MOVQ v_len+56(FP), CX

loop:
	VCVTPS2PD (SI), Y2
	VCVTPS2PD 16(SI), Y5
	VADDPD (DI), Y2, Y3
	VADDPD 32(DI), Y5, Y6
	VMOVUPD Y3, (DI)
	VMOVUPD Y6, 32(DI)
	VMOVUPD (DX), Y4
	VMOVUPD 32(DX), Y7
	VFMADD231PD Y2, Y2, Y4
	VFMADD231PD Y5, Y5, Y7
	VMOVUPD Y4, (DX)
	VMOVUPD Y7, 32(DX)
	ADDQ $32, SI
	ADDQ $64, DI
	ADDQ $64, DX
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET
