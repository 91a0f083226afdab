package kernels

import "fmt"

// Plan is how to launch a product or a convolution: which of the kernels that do it, with which
// grid, and the number of parts that it cuts its sums into. With more than one, the kernel writes to
// a workspace, and split_sum applies the epilogue.
type Plan struct {
	Kernel string
	Grid   Grid
	Splits int
}

// Tile is the part of a result, rows by columns, that a block makes.
type Tile struct{ M, N int }

var (
	tile64x64  = Tile{64, 64}
	tile128x64 = Tile{128, 64}
	tile128x32 = Tile{128, 32}
	tile256x8  = Tile{256, 8}
	tile32x32  = Tile{32, 32}
)

func (t Tile) suffix() string { return fmt.Sprintf("_%dx%d", t.M, t.N) }

// MatMul plans so many products of program.MatMul at once, each [m,n] with an inner dimension of k. n of split_sum is
// products*m*n, its columns n.
func MatMul(transA, transB bool, products, m, n, k int) Plan {
	tile := tile64x64
	switch {
	case n <= 8 && (products == 1 || m > 64):
		tile = tile256x8
	case products > 1 && min(m, n) <= 32:
		tile = tile32x32
	}
	name := "matmul_nn"
	switch {
	case transA && transB:
		name = "matmul_tt"
	case transA:
		name = "matmul_tn"
	case transB:
		name = "matmul_nt"
	}
	return splitProduct(name, tile, tile.suffix(), products, m, n, k)
}

// Conv2D plans the convolution of program.Conv2D with so many output pixels (over the batch) and
// output channels.
func Conv2D(pixels, outC int) Plan {
	tile := imageTile(outC)
	return Plan{"conv2d" + tile.suffix(), Grid{blocks(pixels, tile.M), blocks(outC, tile.N), 1}, 1}
}

// Conv2DTranspose plans program.Conv2DTranspose and program.Conv2DInputGrad: their results are
// images of inH x inW pixels and inC channels. A class of pixels that meet the same taps gets its own
// layer of blocks.
func Conv2DTranspose(batch, inH, inW, inC, strideH, strideW int) Plan {
	tile := imageTile(inC)
	largest := batch * int(blocks(inH, strideH)) * int(blocks(inW, strideW))
	return Plan{"conv2d_transpose" + tile.suffix(),
		Grid{blocks(largest, tile.M), blocks(inC, tile.N), uint32(strideH * strideW)}, 1}
}

// Conv2DFilterGrad plans program.Conv2DFilterGrad for a filter of so many weights per output channel
// (height*width*input channels), summed over the output's pixels of the whole batch. n of split_sum
// is weights*outC, its columns outC.
func Conv2DFilterGrad(weights, outC, pixels int) Plan {
	tile := tile64x64
	switch {
	case outC <= 8 && weights > 64:
		tile = tile256x8
	case weights <= 32 || outC <= 32:
		tile = tile32x32
	}
	return splitProduct("conv2d_filter_grad", tile, tile.suffix(), 1, weights, outC, pixels)
}

// Large says whether a convolution is one for the kernels of conv2d_large, which demand stride 1 and
// one output channel: conv2d's tiles would be one column wide, and too few for a small batch. They
// pay where the filter is large enough that many pairs of pixels meet.
func Large(batch, filterH, filterW, inC, outC, strideH, strideW int) bool {
	return outC == 1 && strideH == 1 && strideW == 1 && filterH*filterW >= 49
}

// Conv2DLarge plans a Large convolution. n of split_sum is batch*outH*outW, its columns 1.
func Conv2DLarge(batch, inH, inW, inC, outH, outW int) Plan {
	return splitProduct("conv2d_large", tile128x64, "", 1, batch, outH*outW, inH*inW*inC)
}

// Conv2DLargeInputGrad plans the gradient of a Large convolution with respect to its input.
func Conv2DLargeInputGrad(batch, inH, inW, inC int) Plan {
	return Plan{"conv2d_large_input_grad", Grid{blocks(batch, tile128x64.M), blocks(inH*inW*inC, tile128x64.N), 1}, 1}
}

// Conv2DLargeFilterGrad plans the gradient of a Large convolution with respect to its filter. n of
// split_sum is filterH*filterW*inC, its columns 1.
func Conv2DLargeFilterGrad(batch, inH, inW, inC, filterH, filterW int) Plan {
	const strip = 32 // values of kx that share a window of dy
	rows := filterH * int(blocks(filterW, strip)) * strip
	return splitProduct("conv2d_large_filter_grad", tile128x32, "", 1, rows, inC, batch*inH*int(blocks(inW, tileDepth))*tileDepth)
}

// imageTile is the tile for a result with many rows and n columns.
func imageTile(n int) Tile {
	switch {
	case n <= 8:
		return tile256x8
	case n <= 32:
		return tile128x32
	}
	return tile64x64
}

const (
	wantBlocks = 264 // two for each multiprocessor of a large GPU
	minDepth   = 64  // of a part of a sum, lest writing and adding the parts costs more than it saves
	tileDepth  = 16  // parts are whole tiles
)

// splitProduct plans products whose results alone may have too few tiles to fill a GPU. It depends
// on the shape and on nothing else, so that results do too.
func splitProduct(name string, tile Tile, suffix string, products, m, n, k int) Plan {
	x, y := uint32(products)*blocks(m, tile.M), blocks(n, tile.N)
	splits := max(1, min(wantBlocks/int(x*y), k/minDepth))
	steps := int(blocks(k, tileDepth))
	splits = int(blocks(steps, int(blocks(steps, splits)))) // as many as get any
	return Plan{name + suffix, Grid{x, y, uint32(splits)}, splits}
}
