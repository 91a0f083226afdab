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
	VMOVUPS Z0, (DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

#define NEXT2 \
	VMOVUPS Z0, (DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	ADDQ R10, DX; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

#define NEXT3 \
	VMOVUPS Z0, (DI); \
	ADDQ $64, DI; \
	ADDQ R9, SI; \
	ADDQ R10, DX; \
	ADDQ R11, R8; \
	SUBQ $16, CX; \
	JGT loop; \
	VZEROUPPER; \
	RET

// func exprCopyAVX512(p *loopArgs)
//
//	d = a
TEXT ·exprCopyAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	NEXT1

// func exprAddAVX512(p *loopArgs)
//
//	d = a + b
TEXT ·exprAddAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VADDPS (DX), Z0, Z0
	NEXT2

// func exprSubAVX512(p *loopArgs)
//
//	d = a - b
TEXT ·exprSubAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VSUBPS (DX), Z0, Z0
	NEXT2

// func exprMulAVX512(p *loopArgs)
//
//	d = a * b
TEXT ·exprMulAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VMULPS (DX), Z0, Z0
	NEXT2

// func exprDivAVX512(p *loopArgs)
//
//	d = a / b
TEXT ·exprDivAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VDIVPS (DX), Z0, Z0
	NEXT2

// func exprMinAVX512(p *loopArgs)
//
//	d = a < b ? a : b
TEXT ·exprMinAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VMINPS (DX), Z0, Z0
	NEXT2

// func exprMaxAVX512(p *loopArgs)
//
//	d = a > b ? a : b
TEXT ·exprMaxAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VMAXPS (DX), Z0, Z0
	NEXT2

// func exprLessAVX512(p *loopArgs)
//
//	d = a < b ? 1 : 0
TEXT ·exprLessAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VCMPPS $1, (DX), Z0, K1
	VMOVAPS.Z Z7, K1, Z0
	NEXT2

// func exprLessEqualAVX512(p *loopArgs)
//
//	d = a <= b ? 1 : 0
TEXT ·exprLessEqualAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VCMPPS $2, (DX), Z0, K1
	VMOVAPS.Z Z7, K1, Z0
	NEXT2

// func exprEqualAVX512(p *loopArgs)
//
//	d = a == b ? 1 : 0
TEXT ·exprEqualAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VCMPPS $0, (DX), Z0, K1
	VMOVAPS.Z Z7, K1, Z0
	NEXT2

// func exprFMAAVX512(p *loopArgs)
//
//	d = a*b + c, rounded once
TEXT ·exprFMAAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VMOVUPS (DX), Z1
	VFMADD213PS (R8), Z1, Z0
	NEXT3

// func exprSelectAVX512(p *loopArgs)
//
//	d = a != 0 ? b : c
TEXT ·exprSelectAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	VPXORD Z7, Z7, Z7

loop:
	VMOVUPS (SI), Z1
	VCMPPS $4, Z7, Z1, K1
	VMOVUPS (R8), Z0
	VMOVUPS (DX), Z2
	VMOVAPS Z2, K1, Z0
	NEXT3

// func exprNegAVX512(p *loopArgs)
//
//	d = -a
TEXT ·exprNegAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x80000000, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VPXORD Z7, Z0, Z0
	NEXT1

// func exprAbsAVX512(p *loopArgs)
//
//	d = |a|
TEXT ·exprAbsAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x80000000, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VPANDND Z0, Z7, Z0
	NEXT1

// func exprRintAVX512(p *loopArgs)
//
//	d = rint(a)
TEXT ·exprRintAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VRNDSCALEPS $8, Z0, Z0
	NEXT1

// func exprFloorAVX512(p *loopArgs)
//
//	d = floor(a)
TEXT ·exprFloorAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VRNDSCALEPS $9, Z0, Z0
	NEXT1

// func exprCeilAVX512(p *loopArgs)
//
//	d = ceil(a)
TEXT ·exprCeilAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VRNDSCALEPS $10, Z0, Z0
	NEXT1

// func exprSqrtAVX512(p *loopArgs)
//
//	d = sqrt(a)
TEXT ·exprSqrtAVX512(SB), NOSPLIT, $0-8
	OPERANDS

loop:
	VMOVUPS (SI), Z0
	VSQRTPS Z0, Z0
	NEXT1

// func exprPow2AVX512(p *loopArgs)
//
//	d = 2^a for whole a from -126 to 127
TEXT ·exprPow2AVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $127, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VCVTPS2DQ Z0, Z0
	VPADDD Z7, Z0, Z0
	VPSLLD $23, Z0, Z0
	NEXT1

// func exprExponentAVX512(p *loopArgs)
//
//	d = the exponent of a, as a float
TEXT ·exprExponentAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $127, AX
	VPBROADCASTD AX, Z7

loop:
	VMOVUPS (SI), Z0
	VPSLLD $1, Z0, Z0
	VPSRLD $24, Z0, Z0
	VPSUBD Z7, Z0, Z0
	VCVTDQ2PS Z0, Z0
	NEXT1

// func exprMantissaAVX512(p *loopArgs)
//
//	d = the mantissa of a, in [1, 2)
TEXT ·exprMantissaAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVL $0x7fffff, AX
	VPBROADCASTD AX, Z7
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z6

loop:
	VMOVUPS (SI), Z0
	VPANDD Z7, Z0, Z0
	VPORD Z6, Z0, Z0
	NEXT1

// func exprHornerAVX512(p *loopArgs)
//
//	d = (((k[0]*a + k[1])*a + k[2])*a + ...), with the constants k
//
// for four vectors at a time, as long as there are so many, to hide how long a multiply-add takes.
TEXT ·exprHornerAVX512(SB), NOSPLIT, $0-8
	OPERANDS
	MOVQ 64(AX), R12
	MOVQ 72(AX), R13
	LEAQ (R12)(R13*4), R13
	SUBQ $64, CX
	JLT  few

four:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	VMOVUPS 128(SI), Z2
	VMOVUPS 192(SI), Z3
	VBROADCASTSS (R12), Z4
	VMOVAPS Z4, Z5
	VMOVAPS Z4, Z6
	VMOVAPS Z4, Z7
	LEAQ 4(R12), BX

term:
	VBROADCASTSS (BX), Z8
	VFMADD213PS Z8, Z0, Z4
	VFMADD213PS Z8, Z1, Z5
	VFMADD213PS Z8, Z2, Z6
	VFMADD213PS Z8, Z3, Z7
	ADDQ $4, BX
	CMPQ BX, R13
	JLT  term
	VMOVUPS Z4, (DI)
	VMOVUPS Z5, 64(DI)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 192(DI)
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $64, CX
	JGE  four

few:
	ADDQ $64, CX
	JZ   done

one:
	VMOVUPS (SI), Z0
	VBROADCASTSS (R12), Z4
	LEAQ 4(R12), BX

oneTerm:
	VBROADCASTSS (BX), Z8
	VFMADD213PS Z8, Z0, Z4
	ADDQ $4, BX
	CMPQ BX, R13
	JLT  oneTerm
	VMOVUPS Z4, (DI)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JGT  one

done:
	VZEROUPPER
	RET

// func sumsAVX512(v []float32) (sum, squares float64)
//
// for a length that is a multiple of 8; see sumsGo.
TEXT ·sumsAVX512(SB), NOSPLIT, $0-40
	MOVQ v_base+0(FP), SI
	MOVQ v_len+8(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	SUBQ $8, CX
	JLT  end

loop:
	VCVTPS2PD (SI), Z2
	VADDPD Z2, Z0, Z0
	VFMADD231PD Z2, Z2, Z1
	ADDQ $32, SI
	SUBQ $8, CX
	JGE  loop

end:
	VEXTRACTF64X4 $1, Z0, Y2
	VADDPD Y2, Y0, Y0
	VEXTRACTF64X4 $1, Z1, Y3
	VADDPD Y3, Y1, Y1
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

// func columnSumAVX512(sum []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnSumsGo.
TEXT ·columnSumAVX512(SB), NOSPLIT, $0-48
	MOVQ sum_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ v_len+32(FP), CX

loop:
	VCVTPS2PD (SI), Z2
	VADDPD (DI), Z2, Z2
	VMOVUPD Z2, (DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET

// func columnSquaresAVX512(sum, squares []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnSumsGo.
TEXT ·columnSquaresAVX512(SB), NOSPLIT, $0-72
	MOVQ sum_base+0(FP), DI
	MOVQ squares_base+24(FP), DX
	MOVQ v_base+48(FP), SI
	MOVQ v_len+56(FP), CX

loop:
	VCVTPS2PD (SI), Z2
	VADDPD (DI), Z2, Z3
	VMOVUPD Z3, (DI)
	VMOVUPD (DX), Z4
	VFMADD231PD Z2, Z2, Z4
	VMOVUPD Z4, (DX)
	ADDQ $32, SI
	ADDQ $64, DI
	ADDQ $64, DX
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET
