//go:build !noasm

#include "textflag.h"

// The machine of expressions, see chunk.go. acc is Y0 to Y7, and X is in memory, at R14.
// R8 is the instruction, R9 the slots, CX the chunks left, R10 the first instruction, R11 and R13 how many slots
// advance and are read, and DI the state. SI, DX and R12 are the addresses of the operands in memory, Y10, Y11 and
// Y12 the floats there. Y15 is 0 everywhere, Y14 is 1, and Y13 has the sign bits. Each operation goes on to the next
// one by itself.

#define A MOVQ 8(R8), SI; MOVQ (R9)(SI*1), SI
#define B MOVQ 16(R8), DX; MOVQ (R9)(DX*1), DX
#define C MOVQ 24(R8), R12; MOVQ (R9)(R12*1), R12
#define SCALAR_A A; VBROADCASTSS (SI), Y10
#define SCALAR_B B; VBROADCASTSS (DX), Y11
#define SCALAR_C C; VBROADCASTSS (R12), Y12

#define NEXT \
	ADDQ $32, R8; \
	MOVQ (R8), AX; \
	JMP  AX

// EACH is a macro for each register of acc, with another one to use and the place in the operands.
#define EACH(M, op) \
	M(op, Y0, Y8, 0); \
	M(op, Y1, Y9, 32); \
	M(op, Y2, Y8, 64); \
	M(op, Y3, Y9, 96); \
	M(op, Y4, Y8, 128); \
	M(op, Y5, Y9, 160); \
	M(op, Y6, Y8, 192); \
	M(op, Y7, Y9, 224)

// OP is an operation: how it finds its operands, a macro for each register, and that macro's op.
#define OP(name, operands, M, op) \
	TEXT name<>(SB), NOSPLIT|NOFRAME, $0; \
	operands; \
	EACH(M, op); \
	NEXT

// The form of the operands is in the name: A for acc, M for a chunk, S for a float.
#define LOAD_M(op, acc, t, at) VMOVUPS at(SI), acc
#define LOAD_S(op, acc, t, at) VMOVAPS Y10, acc
#define STORE(op, acc, t, at) VMOVUPS acc, at(SI)
#define STREAM(op, acc, t, at) VMOVNTPS acc, at(SI)

#define TWO_AM(op, acc, t, at) op at(SI), acc, acc
#define TWO_AS(op, acc, t, at) op Y10, acc, acc
#define TWO_MA(op, acc, t, at) VMOVUPS at(SI), t; op acc, t, acc
#define TWO_SA(op, acc, t, at) op acc, Y10, acc
#define TWO_MM(op, acc, t, at) VMOVUPS at(SI), t; op at(DX), t, acc
#define TWO_MS(op, acc, t, at) VMOVUPS at(SI), t; op Y11, t, acc
#define TWO_SM(op, acc, t, at) op at(DX), Y10, acc
#define TWO_AA(op, acc, t, at) op acc, acc, acc

// Comparisons; op is the predicate.
#define COMPARE_AM(op, acc, t, at) VCMPPS op, at(SI), acc, acc; VANDPS Y14, acc, acc
#define COMPARE_AS(op, acc, t, at) VCMPPS op, Y10, acc, acc; VANDPS Y14, acc, acc
#define COMPARE_MA(op, acc, t, at) VMOVUPS at(SI), t; VCMPPS op, acc, t, acc; VANDPS Y14, acc, acc
#define COMPARE_SA(op, acc, t, at) VCMPPS op, acc, Y10, acc; VANDPS Y14, acc, acc
#define COMPARE_MM(op, acc, t, at) VMOVUPS at(SI), t; VCMPPS op, at(DX), t, acc; VANDPS Y14, acc, acc
#define COMPARE_MS(op, acc, t, at) VMOVUPS at(SI), t; VCMPPS op, Y11, t, acc; VANDPS Y14, acc, acc
#define COMPARE_SM(op, acc, t, at) VCMPPS op, at(DX), Y10, acc; VANDPS Y14, acc, acc

#define FMA_AMM(op, acc, t, at) VMOVUPS at(SI), t; VFMADD213PS at(DX), t, acc
#define FMA_AMS(op, acc, t, at) VFMADD132PS at(SI), Y11, acc
#define FMA_ASM(op, acc, t, at) VFMADD213PS at(DX), Y10, acc
#define FMA_ASS(op, acc, t, at) VFMADD213PS Y11, Y10, acc
#define FMA_MMA(op, acc, t, at) VMOVUPS at(SI), t; VFMADD231PS at(DX), t, acc
#define FMA_AXS(op, acc, t, at) VFMADD132PS at(R14), Y10, acc
#define FMA_XSS(op, acc, t, at) VMOVUPS at(R14), acc; VFMADD213PS Y11, Y10, acc
#define FMA_MSA(op, acc, t, at) VFMADD231PS at(SI), Y11, acc
#define FMA_MMM(op, acc, t, at) VMOVUPS at(SI), acc; VMOVUPS at(DX), t; VFMADD213PS at(R12), t, acc
#define FMA_MMS(op, acc, t, at) VMOVUPS at(SI), acc; VFMADD132PS at(DX), Y12, acc
#define FMA_MSM(op, acc, t, at) VMOVUPS at(SI), acc; VFMADD213PS at(R12), Y11, acc
#define FMA_MSS(op, acc, t, at) VMOVUPS at(SI), acc; VFMADD213PS Y12, Y11, acc

#define SELECT_AMM(op, acc, t, at) VCMPPS $4, acc, Y15, acc; VMOVUPS at(DX), t; VBLENDVPS acc, at(SI), t, acc
#define SELECT_AMS(op, acc, t, at) VCMPPS $4, acc, Y15, acc; VBLENDVPS acc, at(SI), Y11, acc
#define SELECT_ASM(op, acc, t, at) VCMPPS $0, acc, Y15, acc; VBLENDVPS acc, at(DX), Y10, acc
#define SELECT_ASS(op, acc, t, at) VCMPPS $4, acc, Y15, acc; VBLENDVPS acc, Y10, Y11, acc
#define SELECT_MAM(op, acc, t, at) VCMPPS $0, at(SI), Y15, t; VBLENDVPS t, at(DX), acc, acc
#define SELECT_MAS(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VBLENDVPS t, acc, Y11, acc
#define SELECT_MMA(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VBLENDVPS t, at(DX), acc, acc
#define SELECT_MSA(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VBLENDVPS t, Y11, acc, acc
#define SELECT_MMM(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VMOVUPS at(R12), acc; VBLENDVPS t, at(DX), acc, acc
#define SELECT_MMS(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VBLENDVPS t, at(DX), Y12, acc
#define SELECT_MSM(op, acc, t, at) VCMPPS $0, at(SI), Y15, t; VBLENDVPS t, at(R12), Y11, acc
#define SELECT_MSS(op, acc, t, at) VCMPPS $4, at(SI), Y15, t; VBLENDVPS t, Y11, Y12, acc

#define NEG_A(op, acc, t, at) VXORPS acc, Y13, acc
#define NEG_M(op, acc, t, at) VXORPS at(SI), Y13, acc
#define ABS_A(op, acc, t, at) VANDNPS acc, Y13, acc
#define ABS_M(op, acc, t, at) VANDNPS at(SI), Y13, acc
#define ROUND_A(op, acc, t, at) VROUNDPS op, acc, acc
#define ROUND_M(op, acc, t, at) VROUNDPS op, at(SI), acc
#define SQRT_A(op, acc, t, at) VSQRTPS acc, acc
#define SQRT_M(op, acc, t, at) VSQRTPS at(SI), acc

// The bits of 2 to the power of n are (n+127)<<23; Y12 has 127.
#define POW2_A(op, acc, t, at) VCVTTPS2DQ acc, acc; VPADDD Y12, acc, acc; VPSLLD $23, acc, acc
#define POW2_M(op, acc, t, at) VCVTTPS2DQ at(SI), acc; VPADDD Y12, acc, acc; VPSLLD $23, acc, acc
#define EXPONENT_A(op, acc, t, at) VPSLLD $1, acc, acc; VPSRLD $24, acc, acc; VPSUBD Y12, acc, acc; VCVTDQ2PS acc, acc
#define EXPONENT_M(op, acc, t, at) VMOVUPS at(SI), acc; VPSLLD $1, acc, acc; VPSRLD $24, acc, acc; VPSUBD Y12, acc, acc; VCVTDQ2PS acc, acc

// Y12 has the bits of the fraction.
#define MANTISSA_A(op, acc, t, at) VANDPS acc, Y12, acc; VORPS Y14, acc, acc
#define MANTISSA_M(op, acc, t, at) VANDPS at(SI), Y12, acc; VORPS Y14, acc, acc

// func runChunksAVX2(s *chunkState)
TEXT ·runChunksAVX2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ (DI), R10
	MOVQ 8(DI), R8
	MOVQ 16(DI), R9
	MOVQ 24(DI), CX
	MOVQ 32(DI), R11
	MOVQ 40(DI), R13
	MOVL $0x3f800000, AX
	VMOVD AX, X14
	VBROADCASTSS X14, Y14
	MOVL $0x80000000, AX
	VMOVD AX, X13
	VBROADCASTSS X13, Y13
	VXORPS Y15, Y15, Y15
	MOVQ (R8), AX
	JMP  AX

// The slots that advance move on by a chunk. Of arrays that are read, the first R13 ones, what is needed some chunks
// later is asked for: the processor looks ahead too little while it computes much.
TEXT chunkEnd<>(SB), NOSPLIT|NOFRAME, $0
	DECQ CX
	JZ   done
	MOVQ R11, AX
	JMP  check

advance:
	ADDQ $256, (R9)(AX*8)

check:
	DECQ AX
	CMPQ AX, R13
	JGE  advance
	JMP  checkRead

advanceRead:
	MOVQ (R9)(AX*8), DX
	ADDQ $256, DX
	MOVQ DX, (R9)(AX*8)
	PREFETCHT0 2048(DX)
	PREFETCHT0 2112(DX)
	PREFETCHT0 2176(DX)
	PREFETCHT0 2240(DX)
	DECQ AX

checkRead:
	TESTQ AX, AX
	JGE   advanceRead
	MOVQ R10, R8
	MOVQ (R8), AX
	JMP  AX

done:
	MOVQ CX, 24(DI)
	VZEROUPPER
	RET

TEXT chunkExternal<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ R8, 8(DI)
	MOVQ CX, 24(DI)
	VZEROUPPER
	RET

OP(loadM, A, LOAD_M, 0)
TEXT loadX<>(SB), NOSPLIT|NOFRAME, $0
	A
	MOVQ SI, R14
	NEXT

OP(loadS, SCALAR_A, LOAD_S, 0)
OP(store, A, STORE, 0)
OP(stream, A, STREAM, 0)
OP(addAM, A, TWO_AM, VADDPS)
OP(addAS, SCALAR_A, TWO_AS, VADDPS)
OP(addMM, A; B, TWO_MM, VADDPS)
OP(addMS, A; SCALAR_B, TWO_MS, VADDPS)
OP(mulAM, A, TWO_AM, VMULPS)
OP(mulAS, SCALAR_A, TWO_AS, VMULPS)
OP(mulMM, A; B, TWO_MM, VMULPS)
OP(mulMS, A; SCALAR_B, TWO_MS, VMULPS)
OP(mulAA, NOP, TWO_AA, VMULPS)
OP(equalAM, A, COMPARE_AM, $0)
OP(equalAS, SCALAR_A, COMPARE_AS, $0)
OP(equalMM, A; B, COMPARE_MM, $0)
OP(equalMS, A; SCALAR_B, COMPARE_MS, $0)
OP(subAM, A, TWO_AM, VSUBPS)
OP(subAS, SCALAR_A, TWO_AS, VSUBPS)
OP(subMA, A, TWO_MA, VSUBPS)
OP(subSA, SCALAR_A, TWO_SA, VSUBPS)
OP(subMM, A; B, TWO_MM, VSUBPS)
OP(subMS, A; SCALAR_B, TWO_MS, VSUBPS)
OP(subSM, SCALAR_A; B, TWO_SM, VSUBPS)
OP(divAM, A, TWO_AM, VDIVPS)
OP(divAS, SCALAR_A, TWO_AS, VDIVPS)
OP(divMA, A, TWO_MA, VDIVPS)
OP(divSA, SCALAR_A, TWO_SA, VDIVPS)
OP(divMM, A; B, TWO_MM, VDIVPS)
OP(divMS, A; SCALAR_B, TWO_MS, VDIVPS)
OP(divSM, SCALAR_A; B, TWO_SM, VDIVPS)
OP(minAM, A, TWO_AM, VMINPS)
OP(minAS, SCALAR_A, TWO_AS, VMINPS)
OP(minMA, A, TWO_MA, VMINPS)
OP(minSA, SCALAR_A, TWO_SA, VMINPS)
OP(minMM, A; B, TWO_MM, VMINPS)
OP(minMS, A; SCALAR_B, TWO_MS, VMINPS)
OP(minSM, SCALAR_A; B, TWO_SM, VMINPS)
OP(maxAM, A, TWO_AM, VMAXPS)
OP(maxAS, SCALAR_A, TWO_AS, VMAXPS)
OP(maxMA, A, TWO_MA, VMAXPS)
OP(maxSA, SCALAR_A, TWO_SA, VMAXPS)
OP(maxMM, A; B, TWO_MM, VMAXPS)
OP(maxMS, A; SCALAR_B, TWO_MS, VMAXPS)
OP(maxSM, SCALAR_A; B, TWO_SM, VMAXPS)
OP(lessAM, A, COMPARE_AM, $1)
OP(lessAS, SCALAR_A, COMPARE_AS, $1)
OP(lessMA, A, COMPARE_MA, $1)
OP(lessSA, SCALAR_A, COMPARE_SA, $1)
OP(lessMM, A; B, COMPARE_MM, $1)
OP(lessMS, A; SCALAR_B, COMPARE_MS, $1)
OP(lessSM, SCALAR_A; B, COMPARE_SM, $1)
OP(lessEqualAM, A, COMPARE_AM, $2)
OP(lessEqualAS, SCALAR_A, COMPARE_AS, $2)
OP(lessEqualMA, A, COMPARE_MA, $2)
OP(lessEqualSA, SCALAR_A, COMPARE_SA, $2)
OP(lessEqualMM, A; B, COMPARE_MM, $2)
OP(lessEqualMS, A; SCALAR_B, COMPARE_MS, $2)
OP(lessEqualSM, SCALAR_A; B, COMPARE_SM, $2)
OP(fmaAMM, A; B, FMA_AMM, 0)
OP(fmaAMS, A; SCALAR_B, FMA_AMS, 0)
OP(fmaASM, SCALAR_A; B, FMA_ASM, 0)
OP(fmaASS, SCALAR_A; SCALAR_B, FMA_ASS, 0)
OP(fmaMMA, A; B, FMA_MMA, 0)
OP(fmaMSA, A; SCALAR_B, FMA_MSA, 0)
OP(fmaMMM, A; B; C, FMA_MMM, 0)
OP(fmaMMS, A; B; SCALAR_C, FMA_MMS, 0)
OP(fmaMSM, A; SCALAR_B; C, FMA_MSM, 0)
OP(fmaMSS, A; SCALAR_B; SCALAR_C, FMA_MSS, 0)
OP(fmaAXS, SCALAR_A, FMA_AXS, 0)
OP(fmaXSS, SCALAR_A; SCALAR_B, FMA_XSS, 0)
OP(selectAMM, A; B, SELECT_AMM, 0)
OP(selectAMS, A; SCALAR_B, SELECT_AMS, 0)
OP(selectASM, SCALAR_A; B, SELECT_ASM, 0)
OP(selectASS, SCALAR_A; SCALAR_B, SELECT_ASS, 0)
OP(selectMAM, A; B, SELECT_MAM, 0)
OP(selectMAS, A; SCALAR_B, SELECT_MAS, 0)
OP(selectMMA, A; B, SELECT_MMA, 0)
OP(selectMSA, A; SCALAR_B, SELECT_MSA, 0)
OP(selectMMM, A; B; C, SELECT_MMM, 0)
OP(selectMMS, A; B; SCALAR_C, SELECT_MMS, 0)
OP(selectMSM, A; SCALAR_B; C, SELECT_MSM, 0)
OP(selectMSS, A; SCALAR_B; SCALAR_C, SELECT_MSS, 0)
#define EXPONENT_BIAS MOVL $127, AX; VMOVD AX, X12; VBROADCASTSS X12, Y12
#define FRACTION_BITS MOVL $0x7fffff, AX; VMOVD AX, X12; VBROADCASTSS X12, Y12
OP(negA, NOP, NEG_A, 0)
OP(negM, A, NEG_M, 0)
OP(absA, NOP, ABS_A, 0)
OP(absM, A, ABS_M, 0)
OP(floorA, NOP, ROUND_A, $9)
OP(floorM, A, ROUND_M, $9)
OP(ceilA, NOP, ROUND_A, $10)
OP(ceilM, A, ROUND_M, $10)
OP(rintA, NOP, ROUND_A, $8)
OP(rintM, A, ROUND_M, $8)
OP(sqrtA, NOP, SQRT_A, 0)
OP(sqrtM, A, SQRT_M, 0)
OP(pow2A, EXPONENT_BIAS, POW2_A, 0)
OP(pow2M, A; EXPONENT_BIAS, POW2_M, 0)
OP(exponentA, EXPONENT_BIAS, EXPONENT_A, 0)
OP(exponentM, A; EXPONENT_BIAS, EXPONENT_M, 0)
OP(mantissaA, FRACTION_BITS, MANTISSA_A, 0)
OP(mantissaM, A; FRACTION_BITS, MANTISSA_M, 0)

// The addresses of the operations, in the order of chunkOps.
DATA ·chunkHandlersAVX2+0(SB)/8, $chunkEnd<>(SB)
DATA ·chunkHandlersAVX2+8(SB)/8, $chunkExternal<>(SB)
DATA ·chunkHandlersAVX2+16(SB)/8, $loadM<>(SB)
DATA ·chunkHandlersAVX2+24(SB)/8, $loadS<>(SB)
DATA ·chunkHandlersAVX2+32(SB)/8, $loadX<>(SB)
DATA ·chunkHandlersAVX2+40(SB)/8, $store<>(SB)
DATA ·chunkHandlersAVX2+48(SB)/8, $stream<>(SB)
DATA ·chunkHandlersAVX2+56(SB)/8, $addAM<>(SB)
DATA ·chunkHandlersAVX2+64(SB)/8, $addAS<>(SB)
DATA ·chunkHandlersAVX2+72(SB)/8, $addMM<>(SB)
DATA ·chunkHandlersAVX2+80(SB)/8, $addMS<>(SB)
DATA ·chunkHandlersAVX2+88(SB)/8, $mulAM<>(SB)
DATA ·chunkHandlersAVX2+96(SB)/8, $mulAS<>(SB)
DATA ·chunkHandlersAVX2+104(SB)/8, $mulMM<>(SB)
DATA ·chunkHandlersAVX2+112(SB)/8, $mulMS<>(SB)
DATA ·chunkHandlersAVX2+120(SB)/8, $mulAA<>(SB)
DATA ·chunkHandlersAVX2+128(SB)/8, $equalAM<>(SB)
DATA ·chunkHandlersAVX2+136(SB)/8, $equalAS<>(SB)
DATA ·chunkHandlersAVX2+144(SB)/8, $equalMM<>(SB)
DATA ·chunkHandlersAVX2+152(SB)/8, $equalMS<>(SB)
DATA ·chunkHandlersAVX2+160(SB)/8, $subAM<>(SB)
DATA ·chunkHandlersAVX2+168(SB)/8, $subAS<>(SB)
DATA ·chunkHandlersAVX2+176(SB)/8, $subMA<>(SB)
DATA ·chunkHandlersAVX2+184(SB)/8, $subSA<>(SB)
DATA ·chunkHandlersAVX2+192(SB)/8, $subMM<>(SB)
DATA ·chunkHandlersAVX2+200(SB)/8, $subMS<>(SB)
DATA ·chunkHandlersAVX2+208(SB)/8, $subSM<>(SB)
DATA ·chunkHandlersAVX2+216(SB)/8, $divAM<>(SB)
DATA ·chunkHandlersAVX2+224(SB)/8, $divAS<>(SB)
DATA ·chunkHandlersAVX2+232(SB)/8, $divMA<>(SB)
DATA ·chunkHandlersAVX2+240(SB)/8, $divSA<>(SB)
DATA ·chunkHandlersAVX2+248(SB)/8, $divMM<>(SB)
DATA ·chunkHandlersAVX2+256(SB)/8, $divMS<>(SB)
DATA ·chunkHandlersAVX2+264(SB)/8, $divSM<>(SB)
DATA ·chunkHandlersAVX2+272(SB)/8, $minAM<>(SB)
DATA ·chunkHandlersAVX2+280(SB)/8, $minAS<>(SB)
DATA ·chunkHandlersAVX2+288(SB)/8, $minMA<>(SB)
DATA ·chunkHandlersAVX2+296(SB)/8, $minSA<>(SB)
DATA ·chunkHandlersAVX2+304(SB)/8, $minMM<>(SB)
DATA ·chunkHandlersAVX2+312(SB)/8, $minMS<>(SB)
DATA ·chunkHandlersAVX2+320(SB)/8, $minSM<>(SB)
DATA ·chunkHandlersAVX2+328(SB)/8, $maxAM<>(SB)
DATA ·chunkHandlersAVX2+336(SB)/8, $maxAS<>(SB)
DATA ·chunkHandlersAVX2+344(SB)/8, $maxMA<>(SB)
DATA ·chunkHandlersAVX2+352(SB)/8, $maxSA<>(SB)
DATA ·chunkHandlersAVX2+360(SB)/8, $maxMM<>(SB)
DATA ·chunkHandlersAVX2+368(SB)/8, $maxMS<>(SB)
DATA ·chunkHandlersAVX2+376(SB)/8, $maxSM<>(SB)
DATA ·chunkHandlersAVX2+384(SB)/8, $lessAM<>(SB)
DATA ·chunkHandlersAVX2+392(SB)/8, $lessAS<>(SB)
DATA ·chunkHandlersAVX2+400(SB)/8, $lessMA<>(SB)
DATA ·chunkHandlersAVX2+408(SB)/8, $lessSA<>(SB)
DATA ·chunkHandlersAVX2+416(SB)/8, $lessMM<>(SB)
DATA ·chunkHandlersAVX2+424(SB)/8, $lessMS<>(SB)
DATA ·chunkHandlersAVX2+432(SB)/8, $lessSM<>(SB)
DATA ·chunkHandlersAVX2+440(SB)/8, $lessEqualAM<>(SB)
DATA ·chunkHandlersAVX2+448(SB)/8, $lessEqualAS<>(SB)
DATA ·chunkHandlersAVX2+456(SB)/8, $lessEqualMA<>(SB)
DATA ·chunkHandlersAVX2+464(SB)/8, $lessEqualSA<>(SB)
DATA ·chunkHandlersAVX2+472(SB)/8, $lessEqualMM<>(SB)
DATA ·chunkHandlersAVX2+480(SB)/8, $lessEqualMS<>(SB)
DATA ·chunkHandlersAVX2+488(SB)/8, $lessEqualSM<>(SB)
DATA ·chunkHandlersAVX2+496(SB)/8, $fmaAMM<>(SB)
DATA ·chunkHandlersAVX2+504(SB)/8, $fmaAMS<>(SB)
DATA ·chunkHandlersAVX2+512(SB)/8, $fmaASM<>(SB)
DATA ·chunkHandlersAVX2+520(SB)/8, $fmaASS<>(SB)
DATA ·chunkHandlersAVX2+528(SB)/8, $fmaMMA<>(SB)
DATA ·chunkHandlersAVX2+536(SB)/8, $fmaMSA<>(SB)
DATA ·chunkHandlersAVX2+544(SB)/8, $fmaMMM<>(SB)
DATA ·chunkHandlersAVX2+552(SB)/8, $fmaMMS<>(SB)
DATA ·chunkHandlersAVX2+560(SB)/8, $fmaMSM<>(SB)
DATA ·chunkHandlersAVX2+568(SB)/8, $fmaMSS<>(SB)
DATA ·chunkHandlersAVX2+576(SB)/8, $fmaAXS<>(SB)
DATA ·chunkHandlersAVX2+584(SB)/8, $fmaXSS<>(SB)
DATA ·chunkHandlersAVX2+592(SB)/8, $selectAMM<>(SB)
DATA ·chunkHandlersAVX2+600(SB)/8, $selectAMS<>(SB)
DATA ·chunkHandlersAVX2+608(SB)/8, $selectASM<>(SB)
DATA ·chunkHandlersAVX2+616(SB)/8, $selectASS<>(SB)
DATA ·chunkHandlersAVX2+624(SB)/8, $selectMAM<>(SB)
DATA ·chunkHandlersAVX2+632(SB)/8, $selectMAS<>(SB)
DATA ·chunkHandlersAVX2+640(SB)/8, $selectMMA<>(SB)
DATA ·chunkHandlersAVX2+648(SB)/8, $selectMSA<>(SB)
DATA ·chunkHandlersAVX2+656(SB)/8, $selectMMM<>(SB)
DATA ·chunkHandlersAVX2+664(SB)/8, $selectMMS<>(SB)
DATA ·chunkHandlersAVX2+672(SB)/8, $selectMSM<>(SB)
DATA ·chunkHandlersAVX2+680(SB)/8, $selectMSS<>(SB)
DATA ·chunkHandlersAVX2+688(SB)/8, $negA<>(SB)
DATA ·chunkHandlersAVX2+696(SB)/8, $negM<>(SB)
DATA ·chunkHandlersAVX2+704(SB)/8, $absA<>(SB)
DATA ·chunkHandlersAVX2+712(SB)/8, $absM<>(SB)
DATA ·chunkHandlersAVX2+720(SB)/8, $floorA<>(SB)
DATA ·chunkHandlersAVX2+728(SB)/8, $floorM<>(SB)
DATA ·chunkHandlersAVX2+736(SB)/8, $ceilA<>(SB)
DATA ·chunkHandlersAVX2+744(SB)/8, $ceilM<>(SB)
DATA ·chunkHandlersAVX2+752(SB)/8, $rintA<>(SB)
DATA ·chunkHandlersAVX2+760(SB)/8, $rintM<>(SB)
DATA ·chunkHandlersAVX2+768(SB)/8, $sqrtA<>(SB)
DATA ·chunkHandlersAVX2+776(SB)/8, $sqrtM<>(SB)
DATA ·chunkHandlersAVX2+784(SB)/8, $pow2A<>(SB)
DATA ·chunkHandlersAVX2+792(SB)/8, $pow2M<>(SB)
DATA ·chunkHandlersAVX2+800(SB)/8, $exponentA<>(SB)
DATA ·chunkHandlersAVX2+808(SB)/8, $exponentM<>(SB)
DATA ·chunkHandlersAVX2+816(SB)/8, $mantissaA<>(SB)
DATA ·chunkHandlersAVX2+824(SB)/8, $mantissaM<>(SB)
GLOBL ·chunkHandlersAVX2(SB), NOPTR, $832
