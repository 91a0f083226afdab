//go:build !noasm

#include "textflag.h"

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

// func columnMaximaAVX2(largest []float64, v []float32)
//
// for a length of v that is a multiple of 8; see columnMaximaGo.
TEXT ·columnMaximaAVX2(SB), NOSPLIT, $0-48
	MOVQ largest_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ v_len+32(FP), CX

loop:
	VCVTPS2PD (SI), Y2
	VMAXPD (DI), Y2, Y4
	VCMPPD $3, Y2, Y2, Y5
	VBLENDVPD Y5, Y2, Y4, Y4
	VMOVUPD Y4, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	SUBQ $4, CX
	JGT  loop
	VZEROUPPER
	RET

// func maximaAVX2(largest *maxima, v []float32)
//
// for a length of v that is a multiple of 8; see maximumGo.
TEXT ·maximaAVX2(SB), NOSPLIT, $0-32
	MOVQ largest+0(FP), DI
	MOVQ v_base+8(FP), SI
	MOVQ v_len+16(FP), CX
	VMOVUPD (DI), Y3
	VMOVUPD 32(DI), Y4

loop:
	VCVTPS2PD (SI), Y2
	VMAXPD Y3, Y2, Y3
	VCMPPD $3, Y2, Y2, Y5
	VBLENDVPD Y5, Y2, Y3, Y3
	VCVTPS2PD 16(SI), Y2
	VMAXPD Y4, Y2, Y4
	VCMPPD $3, Y2, Y2, Y5
	VBLENDVPD Y5, Y2, Y4, Y4
	ADDQ $32, SI
	SUBQ $8, CX
	JGT  loop
	VMOVUPD Y3, (DI)
	VMOVUPD Y4, 32(DI)
	VZEROUPPER
	RET
