//go:build !noasm

#include "textflag.h"

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

// func columnMaximaAVX512(largest []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnMaximaGo.
TEXT ·columnMaximaAVX512(SB), NOSPLIT, $0-48
	MOVQ largest_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ v_len+32(FP), CX

loop:
	VCVTPS2PD (SI), Z2
	VMAXPD (DI), Z2, Z4
	VCMPPD $3, Z2, Z2, K1
	VMOVAPD Z2, K1, Z4
	VMOVUPD Z4, (DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET

// func maximaAVX512(largest *maxima, v []float32)
//
// for a length of v that is a multiple of 8; see maximumGo.
TEXT ·maximaAVX512(SB), NOSPLIT, $0-32
	MOVQ largest+0(FP), DI
	MOVQ v_base+8(FP), SI
	MOVQ v_len+16(FP), CX
	VMOVUPD (DI), Z3

loop:
	VCVTPS2PD (SI), Z2
	VMAXPD Z3, Z2, Z3
	VCMPPD $3, Z2, Z2, K1
	VMOVAPD Z2, K1, Z3
	ADDQ $32, SI
	SUBQ $8, CX
	JGT  loop
	VMOVUPD Z3, (DI)
	VZEROUPPER
	RET
