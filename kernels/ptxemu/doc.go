// Package ptxemu runs PTX on the CPU: a [Driver] that pretends to be one CUDA device, for tests on machines without
// a GPU and for training on an emulated device. It runs the PTX that is shipped, behind the same interface of a
// driver, so that launches, arguments and kernels are all tested as they are.
//
// # From text to instructions
//
// [Parse] reads a source (lexer.go, parser*.go) and decodes, kernel by kernel, what the kernel reaches (decode.go):
// called functions first, each register a slot, each literal a constant slot, each instruction a function of a
// warp. An instruction is looked up by its full spelling in a table (the ops_*.go files, one for each family); a
// spelling that is not there is an error with line, column and opcode. [Instructions] lists the table, and package
// ptxtest tests every entry.
//
// # Execution
//
// A warp runs one instruction at a time for all its 32 lanes (exec.go). Registers are arrays over lanes, predicates are
// masks. Lanes that branch apart become groups, each with its own pc; the group with the smallest pc runs until
// it reaches the pc of another, and then the two are one again. Compilers lay out code so that this rejoins lanes
// behind an if or a loop; called functions lie before their callers for the same reason. Instructions for several
// lanes (.sync with a mask, barriers, mma, ldmatrix) park the lanes that come first.
//
// The warps of a block take turns, each up to its next barrier; blocks are spread over goroutines. A launch has ended
// when [Driver.Launch] returns. Streams therefore only keep order, and a graph is a list of launches.
//
// # Arithmetic
//
// Integer operations, conversions, add, sub, mul, fma, div.rn, rcp.rn and sqrt.rn are exact to the bit; fma rounds
// once. A NaN that an operation makes is NVIDIA's, 0x7fffffff. The approximations (ex2, lg2, sin, cos, rsqrt,
// tanh, .approx of div, rcp and sqrt) are the correctly rounded results, and so within the bounds that NVIDIA
// states, but not equal to hardware's. mma sums in float64 and rounds once, where tensor cores truncate in ways that are
// not documented.
//
// # Checks
//
// Always: addresses outside an allocation, misaligned addresses, warp-wide instructions and barriers that can
// never complete, divergent .uni branches, trap, and a budget of instructions against infinite loops. With
// [Options].Checks also:
//
//   - Reads of global, shared or local memory that was never written, byte by byte. Copies from the host and memset
//     write; shared memory is unwritten when a block begins. Memory that is read by way of a window
//     ([Driver.MemWindow]) must have been written by way of the same.
//   - Reads of registers that this lane never wrote. LLVM marks registers that it leaves undefined on purpose by
//     the comment "implicit-def"; those count as written.
//   - Races in shared memory: two threads of a block touch the same bytes, one writes, and no barrier of all the block's
//     threads lies between. Threads of one warp are also ordered by bar.warp.sync, shfl.sync, vote.sync, match.sync and
//     redux.sync, whichever lanes take part; being in one warp alone orders nothing. A barrier of some warps only
//     orders nothing here, so kernels that rely on one are reported.
//   - cp.async: its bytes land when the thread that issued it waits. Until then reading them is an error, and the
//     destination counts as written both when the copy is issued and when it lands, so that other threads need a
//     barrier before and after.
//   - Races in global memory: two blocks of a launch write the same 4 bytes, or one reads what another has written before
//     it, except behind a fence of gpu scope. A read before the other block's write, and stores narrower than 4 bytes, are
//     not seen. ld.global.nc of what the launch has written is an error.
//   - Barriers while threads of the block have exited.
//
// Atomic operations take part in no race. A finding is a [Fault]: kernel, line and column, instruction, block, thread, address
// and allocation. It is the error of the launch, and the context is lost, as with CUDA.
//
// # Limits
//
// One device, one context. No textures, surfaces, recursion, calls through registers, indexed branches, wgmma,
// clusters, cooperative groups, f16 and bf16 arithmetic outside mma and cvt, rounding modes of arithmetic other than to
// nearest, and floating-point atomics. Memory ordering is stronger than hardware's: nothing is reordered, so that a
// missing fence is not noticed. Bank conflicts and timing are not modelled.
package ptxemu
