package kernels

import "slices"

// catalog lists every entry point; its test compares it with the PTX.
var catalog = slices.Concat(
	elementwise("elementwise",
		entry{"fill", pointers("y"), n(Param{"value", F32})},
		entry{"increment", pointers("counters"), n(Param{"delta", U32})},
	),
	elementwise("leaky_relu",
		entry{"leaky_relu", pointers("x", "y"), n(Param{"alpha", F32})},
		entry{"leaky_relu_grad", pointers("y", "dy", "dx"), n(Param{"alpha", F32})},
	),
	elementwise("philox",
		entry{"uniform", pointers("step", "y"), draw(Param{"low", F32}, Param{"high", F32})},
		entry{"normal", pointers("step", "y"), draw(Param{"mean", F32}, Param{"stddev", F32})},
		entry{"dropout_mask", pointers("step", "mask"), draw(Param{"rate", F32})},
		entry{"indices", pointers("step", "indices"), draw(Param{"limit", U32})},
	),
	elementwise("adam",
		entry{"adam", pointers("grad", "step", "rate", "param", "m", "v"),
			n(Param{"beta1", F64}, Param{"beta2", F64}, Param{"epsilon", F64})},
		entry{"ema", pointers("x", "step", "average"), n(Param{"decay", F64})},
	),
	elementwise("images",
		entry{"images", pointers("data", "indices", "y"), []Param{{"pixels", U32}}},
	),
	elementwise("split_sum",
		entry{"split_sum", pointers("part", "bias", "mask", "gate", "y"),
			[]Param{{"n", U32}, {"splits", U32}, {"columns", U32}, {"activation", U32}, {"alpha", F32}}},
		entry{"split_sums", pointers("sums"), []Param{{"count", U32}}},
	),
	tiled("matmul", []string{"matmul_nn", "matmul_nt", "matmul_tn", "matmul_tt"}, []Tile{tile64x64, tile256x8},
		pointers("a", "b", "bias", "mask", "gate", "c"),
		[]Param{{"rows", U32}, {"columns", U32}, {"depth", U32}, {"activation", U32}, {"alpha", F32}}),
	tiled("conv2d", []string{"conv2d", "conv2d_transpose"}, []Tile{tile64x64, tile128x32, tile256x8},
		pointers("x", "filter", "bias", "mask", "gate", "y"), geometry, activation),
	tiled("conv2d", []string{"conv2d_filter_grad"}, []Tile{tile64x64, tile32x32, tile256x8},
		pointers("x", "dy", "dfilter"), geometry),
	[]Kernel{
		{"conv2d_large", "conv2d_large", slices.Concat(pointers("x", "filter", "bias", "mask", "gate", "y"), largeGeometry, activation), 128},
		{"conv2d_large_input_grad", "conv2d_large",
			slices.Concat(pointers("dy", "filter", "mask", "gate", "dx"), largeGeometry, []Param{{"alpha", F32}}), 128},
		{"conv2d_large_filter_grad", "conv2d_large", slices.Concat(pointers("x", "dy", "dfilter"), largeGeometry), 128},
		{"conv2d_fft_transform", "conv2d_fft", slices.Concat(pointers("x", "spectra"), planes), 288},
		{"conv2d_fft_inverse", "conv2d_fft",
			slices.Concat(pointers("spectra", "bias", "mask", "gate", "y"), planes, activation), 224},
		{"conv2d_fft", "conv2d_fft",
			slices.Concat(pointers("x", "filter", "y"), []Param{{"batch", U32}}, image, []Param{{"each", U32}}), 288},
		{"conv2d_fft_input_grad", "conv2d_fft",
			slices.Concat(pointers("dy", "filter", "bias", "mask", "gate", "dx"), image, activation), 224},
		{"conv2d_fft_filter_grad", "conv2d_fft",
			slices.Concat(pointers("x", "dy", "dfilter"), []Param{{"batch", U32}}, image, []Param{{"each", U32}}), 288},
	},
)

// geometry is how the kernels of convolutions take a program.Geometry; the padding is that before the
// first row and column.
var geometry = []Param{{"batch", U32}, {"in_h", U32}, {"in_w", U32}, {"in_c", U32}, {"out_h", U32}, {"out_w", U32},
	{"out_c", U32}, {"filter_h", U32}, {"filter_w", U32}, {"stride_h", U32}, {"stride_w", U32}, {"pad_top", U32},
	{"pad_left", U32}}

// largeGeometry is geometry without what is always one: output channels and strides.
var largeGeometry = []Param{{"batch", U32}, {"in_h", U32}, {"in_w", U32}, {"in_c", U32}, {"out_h", U32}, {"out_w", U32},
	{"filter_h", U32}, {"filter_w", U32}, {"pad_top", U32}, {"pad_left", U32}}

// image is the geometry of a convolution by Fourier transform's input.
var image = []Param{{"in_h", U32}, {"in_w", U32}, {"in_c", U32}}

// planes are arrays of one channel: how many, their size and strides, the strides of their spectra, and
// the element at the origin.
var planes = []Param{{"lanes", U32}, {"height", U32}, {"width", U32}, {"lane_stride", U32}, {"pixel_stride", U32},
	{"spectrum_lane_stride", U32}, {"spectrum_stride", U32}, {"shift_y", U32}, {"shift_x", U32}}

// activation is a program.Activation: its kind and LeakyReLU's slope, which is also the gate's.
var activation = []Param{{"activation", U32}, {"alpha", F32}}

// entry is an entry point: its pointers come first, then its scalars.
type entry struct {
	name     string
	pointers []Param
	scalars  []Param
}

// elementwise makes the kernels of a module whose blocks have 256 threads.
func elementwise(module string, entries ...entry) []Kernel {
	kernels := make([]Kernel, len(entries))
	for i, e := range entries {
		kernels[i] = Kernel{Name: e.name, Module: module, Params: slices.Concat(e.pointers, e.scalars), Threads: 256}
	}
	return kernels
}

// tiled makes the kernels that compute a tile of a product a block, one for each name and tile.
func tiled(module string, names []string, tiles []Tile, params ...[]Param) []Kernel {
	var kernels []Kernel
	for _, name := range names {
		for _, tile := range tiles {
			kernels = append(kernels, Kernel{Name: name + tile.suffix(), Module: module, Params: slices.Concat(params...), Threads: 128})
		}
	}
	return kernels
}

func pointers(names ...string) []Param {
	params := make([]Param, len(names))
	for i, name := range names {
		params[i] = Param{name, Pointer}
	}
	return params
}

// draw is the number of elements and a program.Draw, whose first element is number skip of a block, then what else
// there is.
func draw(more ...Param) []Param {
	return n(append([]Param{{"seed", U64}, {"stream", U32}, {"block", U32}, {"skip", U32}}, more...)...)
}

// n is the number of elements, then what else there is.
func n(more ...Param) []Param { return append([]Param{{"n", U32}}, more...) }
