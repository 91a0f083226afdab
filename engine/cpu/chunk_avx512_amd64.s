//go:build !noasm

#include "textflag.h"

// The machine of expressions, see chunk.go. acc is Z0 to Z7, and X is Z8 to Z15.
// R8 is the instruction, R9 the slots, CX the chunks left, R10 the first instruction, R11 and R13 how many slots
// advance and are read, and DI the state. SI, DX and R12 are the addresses of the operands in memory, Z16, Z17 and
// Z18 the floats there. Z29 is 0 everywhere, Z30 is 1, and Z31 has the sign bits. Each operation goes on to the next
// one by itself.

#define A MOVQ 8(R8), SI; MOVQ (R9)(SI*1), SI
#define B MOVQ 16(R8), DX; MOVQ (R9)(DX*1), DX
#define C MOVQ 24(R8), R12; MOVQ (R9)(R12*1), R12
#define SCALAR_A A; VBROADCASTSS (SI), Z16
#define SCALAR_B B; VBROADCASTSS (DX), Z17
#define SCALAR_C C; VBROADCASTSS (R12), Z18

#define NEXT \
	ADDQ $32, R8; \
	MOVQ (R8), AX; \
	JMP  AX

// EACH is a macro for each register of acc, with another one to use and the place in the operands.
#define EACH(M, op) \
	M(op, Z0, Z19, 0, K1); \
	M(op, Z1, Z20, 64, K2); \
	M(op, Z2, Z21, 128, K3); \
	M(op, Z3, Z22, 192, K4); \
	M(op, Z4, Z23, 256, K5); \
	M(op, Z5, Z24, 320, K6); \
	M(op, Z6, Z25, 384, K7); \
	M(op, Z7, Z26, 448, K1)

// EACH_X is EACH with the registers of X for the other one.
#define EACH_X(M, op) \
	M(op, Z0, Z8, 0, K1); \
	M(op, Z1, Z9, 64, K2); \
	M(op, Z2, Z10, 128, K3); \
	M(op, Z3, Z11, 192, K4); \
	M(op, Z4, Z12, 256, K5); \
	M(op, Z5, Z13, 320, K6); \
	M(op, Z6, Z14, 384, K7); \
	M(op, Z7, Z15, 448, K1)

// OP is an operation: how it finds its operands, a macro for each register, and that macro's op.
#define OP(name, operands, M, op) \
	TEXT name<>(SB), NOSPLIT|NOFRAME, $0; \
	operands; \
	EACH(M, op); \
	NEXT

#define OP_X(name, operands, M, op) \
	TEXT name<>(SB), NOSPLIT|NOFRAME, $0; \
	operands; \
	EACH_X(M, op); \
	NEXT

// The form of the operands is in the name: A for acc, M for a chunk, S for a float.
#define LOAD_M(op, acc, t, at, k) VMOVUPS at(SI), acc
#define LOAD_X(op, acc, x, at, k) VMOVUPS at(SI), x
#define LOAD_S(op, acc, t, at, k) VMOVAPS Z16, acc
#define STORE(op, acc, t, at, k) VMOVUPS acc, at(SI)
#define STREAM(op, acc, t, at, k) VMOVNTPS acc, at(SI)

#define TWO_AM(op, acc, t, at, k) op at(SI), acc, acc
#define TWO_AS(op, acc, t, at, k) op Z16, acc, acc
#define TWO_MA(op, acc, t, at, k) VMOVUPS at(SI), t; op acc, t, acc
#define TWO_SA(op, acc, t, at, k) op acc, Z16, acc
#define TWO_MM(op, acc, t, at, k) VMOVUPS at(SI), t; op at(DX), t, acc
#define TWO_MS(op, acc, t, at, k) VMOVUPS at(SI), t; op Z17, t, acc
#define TWO_SM(op, acc, t, at, k) op at(DX), Z16, acc
#define TWO_AA(op, acc, t, at, k) op acc, acc, acc

// Comparisons; op is the predicate.
#define COMPARE_AM(op, acc, t, at, k) VCMPPS op, at(SI), acc, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_AS(op, acc, t, at, k) VCMPPS op, Z16, acc, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_MA(op, acc, t, at, k) VMOVUPS at(SI), t; VCMPPS op, acc, t, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_SA(op, acc, t, at, k) VCMPPS op, acc, Z16, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_MM(op, acc, t, at, k) VMOVUPS at(SI), t; VCMPPS op, at(DX), t, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_MS(op, acc, t, at, k) VMOVUPS at(SI), t; VCMPPS op, Z17, t, k; VMOVAPS.Z Z30, k, acc
#define COMPARE_SM(op, acc, t, at, k) VCMPPS op, at(DX), Z16, k; VMOVAPS.Z Z30, k, acc

#define FMA_AMM(op, acc, t, at, k) VMOVUPS at(SI), t; VFMADD213PS at(DX), t, acc
#define FMA_AMS(op, acc, t, at, k) VFMADD132PS at(SI), Z17, acc
#define FMA_ASM(op, acc, t, at, k) VFMADD213PS at(DX), Z16, acc
#define FMA_ASS(op, acc, t, at, k) VFMADD213PS Z17, Z16, acc
#define FMA_MMA(op, acc, t, at, k) VMOVUPS at(SI), t; VFMADD231PS at(DX), t, acc
#define FMA_AXS(op, acc, x, at, k) VFMADD213PS Z16, x, acc
#define FMA_XSS(op, acc, x, at, k) VMOVAPS Z16, acc; VFMADD213PS Z17, x, acc
#define FMA_MSA(op, acc, t, at, k) VFMADD231PS at(SI), Z17, acc
#define FMA_MMM(op, acc, t, at, k) VMOVUPS at(SI), acc; VMOVUPS at(DX), t; VFMADD213PS at(R12), t, acc
#define FMA_MMS(op, acc, t, at, k) VMOVUPS at(SI), acc; VFMADD132PS at(DX), Z18, acc
#define FMA_MSM(op, acc, t, at, k) VMOVUPS at(SI), acc; VFMADD213PS at(R12), Z17, acc
#define FMA_MSS(op, acc, t, at, k) VMOVUPS at(SI), acc; VFMADD213PS Z18, Z17, acc

#define SELECT_AMM(op, acc, t, at, k) VCMPPS $4, acc, Z29, k; VMOVUPS at(DX), acc; VMOVUPS at(SI), k, acc
#define SELECT_AMS(op, acc, t, at, k) VCMPPS $4, acc, Z29, k; VMOVAPS Z17, acc; VMOVUPS at(SI), k, acc
#define SELECT_ASM(op, acc, t, at, k) VCMPPS $4, acc, Z29, k; VMOVUPS at(DX), acc; VMOVAPS Z16, k, acc
#define SELECT_ASS(op, acc, t, at, k) VCMPPS $4, acc, Z29, k; VBLENDMPS Z16, Z17, k, acc
#define SELECT_MAM(op, acc, t, at, k) VCMPPS $0, at(SI), Z29, k; VMOVUPS at(DX), k, acc
#define SELECT_MAS(op, acc, t, at, k) VCMPPS $0, at(SI), Z29, k; VMOVAPS Z17, k, acc
#define SELECT_MMA(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VMOVUPS at(DX), k, acc
#define SELECT_MSA(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VMOVAPS Z17, k, acc
#define SELECT_MMM(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VMOVUPS at(R12), acc; VMOVUPS at(DX), k, acc
#define SELECT_MMS(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VMOVAPS Z18, acc; VMOVUPS at(DX), k, acc
#define SELECT_MSM(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VMOVUPS at(R12), acc; VMOVAPS Z17, k, acc
#define SELECT_MSS(op, acc, t, at, k) VCMPPS $4, at(SI), Z29, k; VBLENDMPS Z17, Z18, k, acc

#define NEG_A(op, acc, t, at, k) VPXORD acc, Z31, acc
#define NEG_M(op, acc, t, at, k) VPXORD at(SI), Z31, acc
#define ABS_A(op, acc, t, at, k) VPANDND acc, Z31, acc
#define ABS_M(op, acc, t, at, k) VPANDND at(SI), Z31, acc
#define ROUND_A(op, acc, t, at, k) VRNDSCALEPS op, acc, acc
#define ROUND_M(op, acc, t, at, k) VRNDSCALEPS op, at(SI), acc
#define SQRT_A(op, acc, t, at, k) VSQRTPS acc, acc
#define SQRT_M(op, acc, t, at, k) VSQRTPS at(SI), acc

// The bits of 2 to the power of n are (n+127)<<23; Z18 has 127.
#define POW2_A(op, acc, t, at, k) VCVTTPS2DQ acc, acc; VPADDD Z18, acc, acc; VPSLLD $23, acc, acc
#define POW2_M(op, acc, t, at, k) VCVTTPS2DQ at(SI), acc; VPADDD Z18, acc, acc; VPSLLD $23, acc, acc
#define EXPONENT_A(op, acc, t, at, k) VPSLLD $1, acc, acc; VPSRLD $24, acc, acc; VPSUBD Z18, acc, acc; VCVTDQ2PS acc, acc
#define EXPONENT_M(op, acc, t, at, k) VPSLLD $1, at(SI), acc; VPSRLD $24, acc, acc; VPSUBD Z18, acc, acc; VCVTDQ2PS acc, acc

// Z18 has the bits of the fraction.
#define MANTISSA_A(op, acc, t, at, k) VPANDD acc, Z18, acc; VPORD Z30, acc, acc
#define MANTISSA_M(op, acc, t, at, k) VPANDD at(SI), Z18, acc; VPORD Z30, acc, acc

// func runChunksAVX512(s *chunkState)
TEXT ·runChunksAVX512(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ (DI), R10
	MOVQ 8(DI), R8
	MOVQ 16(DI), R9
	MOVQ 24(DI), CX
	MOVQ 32(DI), R11
	MOVQ 40(DI), R13
	MOVL $0x3f800000, AX
	VPBROADCASTD AX, Z30
	MOVL $0x80000000, AX
	VPBROADCASTD AX, Z31
	VPXORD Z29, Z29, Z29
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
	ADDQ $512, (R9)(AX*8)

check:
	DECQ AX
	CMPQ AX, R13
	JGE  advance
	JMP  checkRead

advanceRead:
	MOVQ (R9)(AX*8), DX
	ADDQ $512, DX
	MOVQ DX, (R9)(AX*8)
	PREFETCHT0 2048(DX)
	PREFETCHT0 2112(DX)
	PREFETCHT0 2176(DX)
	PREFETCHT0 2240(DX)
	PREFETCHT0 2304(DX)
	PREFETCHT0 2368(DX)
	PREFETCHT0 2432(DX)
	PREFETCHT0 2496(DX)
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
OP_X(loadX, A, LOAD_X, 0)
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
OP_X(fmaAXS, SCALAR_A, FMA_AXS, 0)
OP_X(fmaXSS, SCALAR_A; SCALAR_B, FMA_XSS, 0)
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
#define EXPONENT_BIAS MOVL $127, AX; VPBROADCASTD AX, Z18
#define FRACTION_BITS MOVL $0x7fffff, AX; VPBROADCASTD AX, Z18
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
DATA ·chunkHandlersAVX512+0(SB)/8, $chunkEnd<>(SB)
DATA ·chunkHandlersAVX512+8(SB)/8, $chunkExternal<>(SB)
DATA ·chunkHandlersAVX512+16(SB)/8, $loadM<>(SB)
DATA ·chunkHandlersAVX512+24(SB)/8, $loadS<>(SB)
DATA ·chunkHandlersAVX512+32(SB)/8, $loadX<>(SB)
DATA ·chunkHandlersAVX512+40(SB)/8, $store<>(SB)
DATA ·chunkHandlersAVX512+48(SB)/8, $stream<>(SB)
DATA ·chunkHandlersAVX512+56(SB)/8, $addAM<>(SB)
DATA ·chunkHandlersAVX512+64(SB)/8, $addAS<>(SB)
DATA ·chunkHandlersAVX512+72(SB)/8, $addMM<>(SB)
DATA ·chunkHandlersAVX512+80(SB)/8, $addMS<>(SB)
DATA ·chunkHandlersAVX512+88(SB)/8, $mulAM<>(SB)
DATA ·chunkHandlersAVX512+96(SB)/8, $mulAS<>(SB)
DATA ·chunkHandlersAVX512+104(SB)/8, $mulMM<>(SB)
DATA ·chunkHandlersAVX512+112(SB)/8, $mulMS<>(SB)
DATA ·chunkHandlersAVX512+120(SB)/8, $mulAA<>(SB)
DATA ·chunkHandlersAVX512+128(SB)/8, $equalAM<>(SB)
DATA ·chunkHandlersAVX512+136(SB)/8, $equalAS<>(SB)
DATA ·chunkHandlersAVX512+144(SB)/8, $equalMM<>(SB)
DATA ·chunkHandlersAVX512+152(SB)/8, $equalMS<>(SB)
DATA ·chunkHandlersAVX512+160(SB)/8, $subAM<>(SB)
DATA ·chunkHandlersAVX512+168(SB)/8, $subAS<>(SB)
DATA ·chunkHandlersAVX512+176(SB)/8, $subMA<>(SB)
DATA ·chunkHandlersAVX512+184(SB)/8, $subSA<>(SB)
DATA ·chunkHandlersAVX512+192(SB)/8, $subMM<>(SB)
DATA ·chunkHandlersAVX512+200(SB)/8, $subMS<>(SB)
DATA ·chunkHandlersAVX512+208(SB)/8, $subSM<>(SB)
DATA ·chunkHandlersAVX512+216(SB)/8, $divAM<>(SB)
DATA ·chunkHandlersAVX512+224(SB)/8, $divAS<>(SB)
DATA ·chunkHandlersAVX512+232(SB)/8, $divMA<>(SB)
DATA ·chunkHandlersAVX512+240(SB)/8, $divSA<>(SB)
DATA ·chunkHandlersAVX512+248(SB)/8, $divMM<>(SB)
DATA ·chunkHandlersAVX512+256(SB)/8, $divMS<>(SB)
DATA ·chunkHandlersAVX512+264(SB)/8, $divSM<>(SB)
DATA ·chunkHandlersAVX512+272(SB)/8, $minAM<>(SB)
DATA ·chunkHandlersAVX512+280(SB)/8, $minAS<>(SB)
DATA ·chunkHandlersAVX512+288(SB)/8, $minMA<>(SB)
DATA ·chunkHandlersAVX512+296(SB)/8, $minSA<>(SB)
DATA ·chunkHandlersAVX512+304(SB)/8, $minMM<>(SB)
DATA ·chunkHandlersAVX512+312(SB)/8, $minMS<>(SB)
DATA ·chunkHandlersAVX512+320(SB)/8, $minSM<>(SB)
DATA ·chunkHandlersAVX512+328(SB)/8, $maxAM<>(SB)
DATA ·chunkHandlersAVX512+336(SB)/8, $maxAS<>(SB)
DATA ·chunkHandlersAVX512+344(SB)/8, $maxMA<>(SB)
DATA ·chunkHandlersAVX512+352(SB)/8, $maxSA<>(SB)
DATA ·chunkHandlersAVX512+360(SB)/8, $maxMM<>(SB)
DATA ·chunkHandlersAVX512+368(SB)/8, $maxMS<>(SB)
DATA ·chunkHandlersAVX512+376(SB)/8, $maxSM<>(SB)
DATA ·chunkHandlersAVX512+384(SB)/8, $lessAM<>(SB)
DATA ·chunkHandlersAVX512+392(SB)/8, $lessAS<>(SB)
DATA ·chunkHandlersAVX512+400(SB)/8, $lessMA<>(SB)
DATA ·chunkHandlersAVX512+408(SB)/8, $lessSA<>(SB)
DATA ·chunkHandlersAVX512+416(SB)/8, $lessMM<>(SB)
DATA ·chunkHandlersAVX512+424(SB)/8, $lessMS<>(SB)
DATA ·chunkHandlersAVX512+432(SB)/8, $lessSM<>(SB)
DATA ·chunkHandlersAVX512+440(SB)/8, $lessEqualAM<>(SB)
DATA ·chunkHandlersAVX512+448(SB)/8, $lessEqualAS<>(SB)
DATA ·chunkHandlersAVX512+456(SB)/8, $lessEqualMA<>(SB)
DATA ·chunkHandlersAVX512+464(SB)/8, $lessEqualSA<>(SB)
DATA ·chunkHandlersAVX512+472(SB)/8, $lessEqualMM<>(SB)
DATA ·chunkHandlersAVX512+480(SB)/8, $lessEqualMS<>(SB)
DATA ·chunkHandlersAVX512+488(SB)/8, $lessEqualSM<>(SB)
DATA ·chunkHandlersAVX512+496(SB)/8, $fmaAMM<>(SB)
DATA ·chunkHandlersAVX512+504(SB)/8, $fmaAMS<>(SB)
DATA ·chunkHandlersAVX512+512(SB)/8, $fmaASM<>(SB)
DATA ·chunkHandlersAVX512+520(SB)/8, $fmaASS<>(SB)
DATA ·chunkHandlersAVX512+528(SB)/8, $fmaMMA<>(SB)
DATA ·chunkHandlersAVX512+536(SB)/8, $fmaMSA<>(SB)
DATA ·chunkHandlersAVX512+544(SB)/8, $fmaMMM<>(SB)
DATA ·chunkHandlersAVX512+552(SB)/8, $fmaMMS<>(SB)
DATA ·chunkHandlersAVX512+560(SB)/8, $fmaMSM<>(SB)
DATA ·chunkHandlersAVX512+568(SB)/8, $fmaMSS<>(SB)
DATA ·chunkHandlersAVX512+576(SB)/8, $fmaAXS<>(SB)
DATA ·chunkHandlersAVX512+584(SB)/8, $fmaXSS<>(SB)
DATA ·chunkHandlersAVX512+592(SB)/8, $selectAMM<>(SB)
DATA ·chunkHandlersAVX512+600(SB)/8, $selectAMS<>(SB)
DATA ·chunkHandlersAVX512+608(SB)/8, $selectASM<>(SB)
DATA ·chunkHandlersAVX512+616(SB)/8, $selectASS<>(SB)
DATA ·chunkHandlersAVX512+624(SB)/8, $selectMAM<>(SB)
DATA ·chunkHandlersAVX512+632(SB)/8, $selectMAS<>(SB)
DATA ·chunkHandlersAVX512+640(SB)/8, $selectMMA<>(SB)
DATA ·chunkHandlersAVX512+648(SB)/8, $selectMSA<>(SB)
DATA ·chunkHandlersAVX512+656(SB)/8, $selectMMM<>(SB)
DATA ·chunkHandlersAVX512+664(SB)/8, $selectMMS<>(SB)
DATA ·chunkHandlersAVX512+672(SB)/8, $selectMSM<>(SB)
DATA ·chunkHandlersAVX512+680(SB)/8, $selectMSS<>(SB)
DATA ·chunkHandlersAVX512+688(SB)/8, $negA<>(SB)
DATA ·chunkHandlersAVX512+696(SB)/8, $negM<>(SB)
DATA ·chunkHandlersAVX512+704(SB)/8, $absA<>(SB)
DATA ·chunkHandlersAVX512+712(SB)/8, $absM<>(SB)
DATA ·chunkHandlersAVX512+720(SB)/8, $floorA<>(SB)
DATA ·chunkHandlersAVX512+728(SB)/8, $floorM<>(SB)
DATA ·chunkHandlersAVX512+736(SB)/8, $ceilA<>(SB)
DATA ·chunkHandlersAVX512+744(SB)/8, $ceilM<>(SB)
DATA ·chunkHandlersAVX512+752(SB)/8, $rintA<>(SB)
DATA ·chunkHandlersAVX512+760(SB)/8, $rintM<>(SB)
DATA ·chunkHandlersAVX512+768(SB)/8, $sqrtA<>(SB)
DATA ·chunkHandlersAVX512+776(SB)/8, $sqrtM<>(SB)
DATA ·chunkHandlersAVX512+784(SB)/8, $pow2A<>(SB)
DATA ·chunkHandlersAVX512+792(SB)/8, $pow2M<>(SB)
DATA ·chunkHandlersAVX512+800(SB)/8, $exponentA<>(SB)
DATA ·chunkHandlersAVX512+808(SB)/8, $exponentM<>(SB)
DATA ·chunkHandlersAVX512+816(SB)/8, $mantissaA<>(SB)
DATA ·chunkHandlersAVX512+824(SB)/8, $mantissaM<>(SB)
GLOBL ·chunkHandlersAVX512(SB), NOPTR, $832
