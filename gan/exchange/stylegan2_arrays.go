package exchange

import (
	"math"
	"strconv"
	"strings"
)

// styleArray is an array of the game stylegan2 and the tensor that holds it in either state dict: names, with places for the
// number k of a layer, and how the tensor becomes the array.
type styleArray struct {
	ours, ada, rosinality string
	turn
}

// turn makes an array of a tensor, both with axes of 1 before them so that they have four.
type turn struct {
	axes [4]int // of the tensor, in the order of the array's
	// flattened is of a dense layer behind maps of 4x4, whose channels are last here, and first there.
	flattened   bool
	times, plus float64
}

var (
	vector    = turn{axes: [4]int{0, 1, 2, 3}, times: 1}
	matrix    = turn{axes: [4]int{2, 3, 1, 0}, times: 1} // [h, w, in, out] of [out, in, h, w], and [in, out] of [out, in]
	enlarging = turn{axes: [4]int{2, 3, 0, 1}, times: 1} // [h, w, out, in], of a transposed convolution
	learned   = turn{axes: [4]int{0, 2, 3, 1}, times: 1}
	flattened = turn{axes: matrix.axes, flattened: true, times: 1}
	// The gain of a LeakyReLU lies in the kernel before it here, behind the activation there: the bias takes it too.
	gained = turn{axes: vector.axes, times: math.Sqrt2}
	// What scales a layer's inputs is 1 + a dense layer here: the 1 is in the bias there.
	besideOne = turn{axes: vector.axes, times: 1, plus: -1}
)

// styleArrays are those of one layer of each kind. Places in the names: {n} is nothing, _1, _2, ... for k = 0, 1, 2, ...;
// {up} and {down} are the sides of images that grow from 8, and that shrink from the images' own.
var styleArrays = []styleArray{
	{"mapping/dense{n}/kernel", "mapping.fc{k}.weight", "style.{k+1}.weight", matrix},
	{"mapping/dense{n}/bias", "mapping.fc{k}.bias", "style.{k+1}.bias", gained},
	{"mapping/w_average", "mapping.w_avg", "latent_avg", vector},

	{"synthesis/constant", "synthesis.b4.const", "input.input", learned},
	{"synthesis/dense/kernel", "synthesis.b4.conv1.affine.weight", "conv1.conv.modulation.weight", matrix},
	{"synthesis/dense/bias", "synthesis.b4.conv1.affine.bias", "conv1.conv.modulation.bias", besideOne},
	{"synthesis/modulated_conv2d/kernel", "synthesis.b4.conv1.weight", "conv1.conv.weight", matrix},
	{"synthesis/noise_strength", "synthesis.b4.conv1.noise_strength", "conv1.noise.weight", vector},
	{"synthesis/bias", "synthesis.b4.conv1.bias", "conv1.activate.bias", vector},
	{"synthesis/dense_1/kernel", "synthesis.b4.torgb.affine.weight", "to_rgb1.conv.modulation.weight", matrix},
	{"synthesis/dense_1/bias", "synthesis.b4.torgb.affine.bias", "to_rgb1.conv.modulation.bias", besideOne},
	{"synthesis/modulated_conv2d_1/kernel", "synthesis.b4.torgb.weight", "to_rgb1.conv.weight", matrix},
	{"synthesis/bias_of_colours", "synthesis.b4.torgb.bias", "to_rgb1.bias", vector},

	{"synthesis/block{n}/dense/kernel", "synthesis.b{up}.conv0.affine.weight", "convs.{2k}.conv.modulation.weight", matrix},
	{"synthesis/block{n}/dense/bias", "synthesis.b{up}.conv0.affine.bias", "convs.{2k}.conv.modulation.bias", besideOne},
	{"synthesis/block{n}/modulated_conv2d/kernel", "synthesis.b{up}.conv0.weight", "convs.{2k}.conv.weight", enlarging},
	{"synthesis/block{n}/noise_strength", "synthesis.b{up}.conv0.noise_strength", "convs.{2k}.noise.weight", vector},
	{"synthesis/block{n}/bias", "synthesis.b{up}.conv0.bias", "convs.{2k}.activate.bias", vector},
	{"synthesis/block{n}/dense_1/kernel", "synthesis.b{up}.conv1.affine.weight", "convs.{2k+1}.conv.modulation.weight", matrix},
	{"synthesis/block{n}/dense_1/bias", "synthesis.b{up}.conv1.affine.bias", "convs.{2k+1}.conv.modulation.bias", besideOne},
	{"synthesis/block{n}/modulated_conv2d_1/kernel", "synthesis.b{up}.conv1.weight", "convs.{2k+1}.conv.weight", matrix},
	{"synthesis/block{n}/noise_strength_1", "synthesis.b{up}.conv1.noise_strength", "convs.{2k+1}.noise.weight", vector},
	{"synthesis/block{n}/bias_1", "synthesis.b{up}.conv1.bias", "convs.{2k+1}.activate.bias", vector},
	{"synthesis/block{n}/dense_2/kernel", "synthesis.b{up}.torgb.affine.weight", "to_rgbs.{k}.conv.modulation.weight", matrix},
	{"synthesis/block{n}/dense_2/bias", "synthesis.b{up}.torgb.affine.bias", "to_rgbs.{k}.conv.modulation.bias", besideOne},
	{"synthesis/block{n}/modulated_conv2d_2/kernel", "synthesis.b{up}.torgb.weight", "to_rgbs.{k}.conv.weight", matrix},
	{"synthesis/block{n}/bias_of_colours", "synthesis.b{up}.torgb.bias", "to_rgbs.{k}.bias", vector},

	{"discriminator/conv2d/kernel", "b{down}.fromrgb.weight", "convs.0.0.weight", matrix},
	{"discriminator/conv2d/bias", "b{down}.fromrgb.bias", "convs.0.1.bias", gained},
	{"discriminator/block{n}/conv2d/kernel", "b{down}.conv0.weight", "convs.{k+1}.conv1.0.weight", matrix},
	{"discriminator/block{n}/conv2d/bias", "b{down}.conv0.bias", "convs.{k+1}.conv1.1.bias", gained},
	{"discriminator/block{n}/conv2d_1/kernel", "b{down}.conv1.weight", "convs.{k+1}.conv2.1.weight", matrix},
	{"discriminator/block{n}/conv2d_1/bias", "b{down}.conv1.bias", "convs.{k+1}.conv2.2.bias", vector}, // gain and 1/sqrt(2) are 1
	{"discriminator/block{n}/conv2d_2/kernel", "b{down}.skip.weight", "convs.{k+1}.skip.1.weight", matrix},
	{"discriminator/conv2d_1/kernel", "b4.conv.weight", "final_conv.0.weight", matrix},
	{"discriminator/conv2d_1/bias", "b4.conv.bias", "final_conv.1.bias", gained},
	{"discriminator/dense/kernel", "b4.fc.weight", "final_linear.0.weight", flattened},
	{"discriminator/dense/bias", "b4.fc.bias", "final_linear.0.bias", gained},
	{"discriminator/dense_1/kernel", "b4.out.weight", "final_linear.1.weight", matrix},
	{"discriminator/dense_1/bias", "b4.out.bias", "final_linear.1.bias", vector},
}

// at is the array of the layer k, of networks for images of 4 << doublings pixels a side.
func (a styleArray) at(k, doublings int) styleArray {
	suffix := ""
	if k > 0 {
		suffix = "_" + strconv.Itoa(k)
	}
	places := strings.NewReplacer("{n}", suffix, "{k}", strconv.Itoa(k), "{k+1}", strconv.Itoa(k+1), "{2k}", strconv.Itoa(2*k),
		"{2k+1}", strconv.Itoa(2*k+1), "{up}", strconv.Itoa(8<<k), "{down}", strconv.Itoa(4<<doublings>>k))
	a.ours, a.ada, a.rosinality = places.Replace(a.ours), places.Replace(a.ada), places.Replace(a.rosinality)
	return a
}

// styleArraysOf are the arrays of networks with so many mapping layers, for such images, by name.
func styleArraysOf(mapping, doublings int) map[string]styleArray {
	all := map[string]styleArray{}
	for _, a := range styleArrays {
		layers := 1
		switch network, name, _ := strings.Cut(a.ours, "/"); {
		case !strings.Contains(name, "{n}"):
		case network == "mapping":
			layers = mapping
		default:
			layers = doublings
		}
		for k := range layers {
			one := a.at(k, doublings)
			all[one.ours] = one
		}
	}
	return all
}

// values are the array of such a shape, of a tensor of the same shape as its turn has it.
func (t turn) values(tensor []float32, shape []int) []float32 {
	ours := t.four(shape)
	if t.flattened {
		ours = [4]int{4, 4, shape[0] / 16, shape[1]}
	}
	theirs := t.of(ours)
	strides, stride := [4]int{}, 1 // by the tensor's axes
	for axis := 3; axis >= 0; axis-- {
		strides[axis], stride = stride, stride*theirs[axis]
	}
	all := make([]float32, 0, len(tensor))
	for i := range ours[0] {
		for j := range ours[1] {
			for k := range ours[2] {
				for l := range ours[3] {
					v := tensor[i*strides[t.axes[0]]+j*strides[t.axes[1]]+k*strides[t.axes[2]]+l*strides[t.axes[3]]]
					all = append(all, float32(float64(v)*t.times+t.plus))
				}
			}
		}
	}
	return all
}

// four is a shape with axes of 1 before it.
func (turn) four(shape []int) [4]int {
	four := [4]int{1, 1, 1, 1}
	copy(four[4-len(shape):], shape)
	return four
}

// of is the tensor's shape, of an array's.
func (t turn) of(ours [4]int) (theirs [4]int) {
	for i, axis := range t.axes {
		theirs[axis] = ours[i]
	}
	return theirs
}
