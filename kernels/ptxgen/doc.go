// Package ptxgen writes PTX for maps and reductions (program.Map, program.Reduce, program.MapSum), whose expressions and
// indices are known only when a program is loaded. The driver assembles the text; no compiler is needed.
//
// # Contract
//
// A [Kernel] is one entry point. Its text holds strides, guards and inner sizes as constants, so that divisions by
// them are multiplications; the outermost sizes are arguments where nothing depends on them. Its name is a hash of
// the text: equal names are equal kernels. Arguments are those of package kernels: device addresses of the
// operation's operands in their order, then numbers; a block has [Threads] threads. [Module] makes a module of entry
// points.
//
// Instructions of arithmetic are rounded explicitly (.rn), never contracted, and keep subnormal numbers, so that a
// map's results have the same bits on every device. Where a guard fails, memory is not read.
//
// # Access to memory
//
// A thread of a map makes four neighbouring points. An operand whose four elements are neighbours is read by one access of
// 16 bytes where the caller says that its address is a multiple of 16 and the strides keep it so; results are
// written alike. Whether addresses are aligned changes nothing in results. An element that all four points share is
// read once, and so is what the expression makes of such elements alone. Where a row's length is no multiple of
// four, each point has its own coordinates. Long expressions (see quadCost) are bound by arithmetic, and a thread
// takes one point.
//
// # Reductions
//
// The order in which values are combined depends on the shapes and the code alone. In row mode, for operands whose
// neighbours are reduced together, 1 to 32 or 256 neighbouring threads take a kept point, each reading four
// neighbours at a time; they meet by shuffles, and warps in shared memory. In column mode, for operands whose
// neighbours belong to neighbouring kept points, neighbouring threads take these, and the rows are spread over groups
// of threads, which meet in shared memory. A reduction with too few results to fill a GPU is cut into parts
// ([Reduction].Splits), of which a second launch makes the results: [Reduction].Merge, or for sums also the kernels
// split_sum and split_sums. There are no atomic operations.
//
// A map with sums beside it (program.MapSum) is such a sum, whose threads also write the map's results at each of the
// points that they read.
//
// # Limits
//
// Arrays and iterations have fewer than 2^31 elements. A lowered expression may have at most [MaxLive] values at hand
// at once, beside constants; beyond it the kernel would not fit the registers and is refused. A kernel takes at most
// [MaxOperands] operands.
package ptxgen
