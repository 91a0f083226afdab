// Package program holds what the engine and its devices agree on: the closed set of
// operations ([Op]), static programs made of them ([Program]), and what a device must do to
// run one ([Device]). It knows neither Gorgonia, which package engine translates from, nor any
// device.
//
// Images are NHWC; filters are laid out as Keras has them: Conv2D (height, width, in, out),
// Conv2DTranspose (height, width, out, in), Dense (in, out). All arrays are row-major and
// dense, of the types named by [DType].
package program
