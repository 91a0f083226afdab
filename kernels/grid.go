package kernels

// Grid is the number of blocks of a launch in each direction.
type Grid = [3]uint32

// ElementwiseGrid is the grid of the kernels that work on n elements each by itself: the modules
// elementwise, leaky_relu, philox and adam. A thread takes four.
func ElementwiseGrid(n int) Grid { return Grid{blocks(n, 1024), 1, 1} }

// ImagesGrid is the grid of images.
func ImagesGrid(batch, pixels int) Grid { return Grid{uint32(batch) * blocks(pixels, 1024), 1, 1} }

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

func blocks(n, size int) uint32 { return uint32((n + size - 1) / size) }
