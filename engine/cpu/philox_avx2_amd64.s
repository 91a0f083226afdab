//go:build !noasm

#include "textflag.h"

DATA blockNumbers<>+0(SB)/8, $0
DATA blockNumbers<>+8(SB)/8, $1
DATA blockNumbers<>+16(SB)/8, $2
DATA blockNumbers<>+24(SB)/8, $3
DATA blockNumbers<>+32(SB)/8, $4
DATA blockNumbers<>+40(SB)/8, $5
DATA blockNumbers<>+48(SB)/8, $6
DATA blockNumbers<>+56(SB)/8, $7
GLOBL blockNumbers<>(SB), RODATA, $64

#define BROADCAST(value, x, y) \
	MOVL value, R8; \
	VMOVQ R8, x; \
	VPBROADCASTQ x, y

// ROUND is one of Philox, on four counters. A counter's words are the low halves of the 64-bit
// elements of c0 to c3; the high halves hold anything.
#define ROUND(c0, c1, c2, c3) \
	VPMULUDQ Y8, c0, Y14; \
	VPMULUDQ Y9, c2, Y15; \
	VPSRLQ $32, Y15, c0; \
	VPSRLQ $32, Y14, c2; \
	VPXOR c1, c0, c0; \
	VPXOR c3, c2, c2; \
	VPXOR Y10, c0, c0; \
	VPXOR Y11, c2, c2; \
	VMOVDQA Y15, c1; \
	VMOVDQA Y14, c3

#define ROUNDS \
	ROUND(Y0, Y1, Y2, Y3); \
	ROUND(Y4, Y5, Y6, Y7); \
	VPADDD Y12, Y10, Y10; \
	VPADDD Y13, Y11, Y11

// OUTPUT stores the 16 words of four counters.
#define OUTPUT(offset, c0, c1, c2, c3) \
	VPSLLQ $32, c1, c1; \
	VPSLLQ $32, c3, c3; \
	VPBLENDD $0xAA, c1, c0, c0; \
	VPBLENDD $0xAA, c3, c2, c2; \
	VPUNPCKLQDQ c2, c0, c1; \
	VPUNPCKHQDQ c2, c0, c3; \
	VPERM2I128 $0x20, c3, c1, c0; \
	VPERM2I128 $0x31, c3, c1, c2; \
	VMOVDQU c0, offset(DI); \
	VMOVDQU c2, (offset+32)(DI)

// func philoxBlocksAVX2(seed uint64, stream, step, block uint32, words []uint32)
//
//	for i := range words: words[i] = philox.Block({block + i/4, stream, step, 0}, seed)[i%4]
//
// for a length that is a multiple of 32: eight counters at a time.
TEXT ·philoxBlocksAVX2(SB), NOSPLIT, $0-48
	MOVL block+16(FP), AX
	MOVQ words_base+24(FP), DI
	MOVQ words_len+32(FP), CX
	BROADCAST($0xD2511F53, X8, Y8)
	BROADCAST($0xCD9E8D57, X9, Y9)
	BROADCAST($0x9E3779B9, X12, Y12)
	BROADCAST($0xBB67AE85, X13, Y13)

loop:
	VMOVD AX, X0
	VPBROADCASTQ X0, Y0
	VPADDD blockNumbers<>+32(SB), Y0, Y4
	VPADDD blockNumbers<>+0(SB), Y0, Y0
	BROADCAST(stream+8(FP), X1, Y1)
	VMOVDQA Y1, Y5
	BROADCAST(step+12(FP), X2, Y2)
	VMOVDQA Y2, Y6
	VPXOR Y3, Y3, Y3
	VPXOR Y7, Y7, Y7
	MOVQ seed+0(FP), R9
	BROADCAST(R9, X10, Y10)
	SHRQ $32, R9
	BROADCAST(R9, X11, Y11)
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	ROUNDS
	OUTPUT(0, Y0, Y1, Y2, Y3)
	OUTPUT(64, Y4, Y5, Y6, Y7)
	ADDL $8, AX
	ADDQ $128, DI
	SUBQ $32, CX
	JGT  loop
	VZEROUPPER
	RET

// func keepAVX2(threshold uint32, value float32, words []uint32, mask []float32)
//
//	for i := range words: mask[i] = value if words[i] >= threshold, else 0
//
// for a length that is a multiple of 8.
TEXT ·keepAVX2(SB), NOSPLIT, $0-56
	VBROADCASTSS threshold+0(FP), Y8
	VBROADCASTSS value+4(FP), Y9
	MOVQ words_base+8(FP), SI
	MOVQ words_len+16(FP), CX
	MOVQ mask_base+32(FP), DI
	XORQ BX, BX

loop:
	VMOVDQU (SI)(BX*1), Y0
	VPMAXUD Y8, Y0, Y1
	VPCMPEQD Y0, Y1, Y1
	VPAND Y9, Y1, Y1
	VMOVDQU Y1, (DI)(BX*1)
	ADDQ $32, BX
	SUBQ $8, CX
	JGT  loop
	VZEROUPPER
	RET
