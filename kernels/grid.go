package kernels

// Grid is the number of blocks of a launch in each direction.
type Grid = [3]uint32

// ElementwiseGrid is the grid of the kernels that work on n elements each by itself: the modules
// elementwise, leaky_relu, sigmoid, dropout, philox and adam, and bce_grad. A thread takes four.
func ElementwiseGrid(n int) Grid { return Grid{blocks(n, 1024), 1, 1} }

// ReductionGrid is the grid of bce, softmax_cross_entropy, score_loss and the accuracies: one block.
func ReductionGrid() Grid { return Grid{1, 1, 1} }

// RowGrid is the grid of softmax_cross_entropy_grad and score_loss_grad, of which a thread takes a row.
func RowGrid(rows int) Grid { return Grid{blocks(rows, 256), 1, 1} }

// GatherGrid is the grid of gather and interpolate.
func GatherGrid(batch, pixels int) Grid { return Grid{blocks(pixels, 1024), uint32(batch), 1} }

// BlockGrid is the grid of gradient_penalty and its gradient, of which a block takes a row.
func BlockGrid(rows int) Grid { return Grid{uint32(rows), 1, 1} }

// SplitSumGrid is the grid of split_sum for n results.
func SplitSumGrid(n int) Grid { return Grid{blocks(n, 256), 1, 1} }

// Sum is an entry of the array that split_sums reads, as it lies in memory.
type Sum struct {
	Part, Y   uint64 // device addresses
	N, Splits uint32
	First     uint32 // block of the launch that begins with it
	_         uint32
}

// SplitSumsGrid sets the blocks of sums, and returns the grid of split_sums for them.
func SplitSumsGrid(sums []Sum) Grid {
	var n uint32
	for i := range sums {
		sums[i].First = n
		n += blocks(int(sums[i].N), 256)
	}
	return Grid{n, 1, 1}
}

// BiasGradSplits is the number of parts that bias_grad cuts its sum into, for its grid and for
// split_sum (n = columns = channels). With one, the kernel's part is the result.
func BiasGradSplits(rows, channels int) int {
	width := min(channels, 256)
	perPass := 4 * (256 / width) // rows that a block has in flight
	return max(1, min(256/int(blocks(channels, 256)), rows/(2*perPass)))
}

// BiasGradGrid is the grid of bias_grad.
func BiasGradGrid(channels, splits int) Grid { return Grid{blocks(channels, 256), uint32(splits), 1} }

func blocks(n, size int) uint32 { return uint32((n + size - 1) / size) }
