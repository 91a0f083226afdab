package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"gangpu/engine"
)

// Operations on images and batches of them.

type upsample struct {
	Factor int `json:"factor"`
}

func (upsample) Kind() string { return "upsample_nearest" }
func (o upsample) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.UpsampleNearest(x[0], o.Factor, o.Factor))
}

// Upsample repeats each pixel factor times down and across.
func Upsample(x *Node, factor int) *Node { return apply(upsample{factor}, x) }

type bicubic struct {
	Up   int `json:"up"`
	Down int `json:"down"`
}

func (bicubic) Kind() string { return "resize_bicubic" }
func (o bicubic) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	s := x[0].Shape()
	if len(s) != 4 || min(o.Up, o.Down) < 1 || max(o.Up, o.Down) > 64 || s[1]*o.Up%o.Down != 0 || s[2]*o.Up%o.Down != 0 {
		return nil, fmt.Errorf("images of shape %v times %d/%d", s, o.Up, o.Down)
	}
	return one(engine.ResizeBicubic(x[0], s[1]*o.Up/o.Down, s[2]*o.Up/o.Down))
}

// Bicubic makes images up/down as large; see [engine.ResizeBicubic].
func Bicubic(x *Node, up, down int) *Node { return apply(bicubic{up, down}, x) }

type pool struct {
	Of      string `json:"of"` // average or maximum
	Size    int    `json:"size"`
	Stride  int    `json:"stride"`
	Padding int    `json:"padding"`
}

func (pool) Kind() string { return "pool" }
func (o pool) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	w := engine.Window{Height: o.Size, Width: o.Size, StrideH: o.Stride, StrideW: o.Stride,
		Top: o.Padding, Bottom: o.Padding, Left: o.Padding, Right: o.Padding}
	if o.Of == "maximum" {
		return one(engine.MaxPool(x[0], w))
	}
	return one(engine.AveragePool(x[0], w))
}

// AveragePool is the mean of windows of size x size pixels, which do not overlap.
func AveragePool(x *Node, size int) *Node { return apply(pool{"average", size, size, 0}, x) }

// MaxPool is the largest element of such windows.
func MaxPool(x *Node, size int) *Node { return apply(pool{"maximum", size, size, 0}, x) }

type depthToSpace struct {
	Block int `json:"block"`
}

func (depthToSpace) Kind() string { return "depth_to_space" }
func (o depthToSpace) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.DepthToSpace(x[0], o.Block))
}

// DepthToSpace is the pixel shuffle (Shi et al., 2016); see [engine.DepthToSpace].
func DepthToSpace(x *Node, block int) *Node { return apply(depthToSpace{block}, x) }

type reflectPad struct {
	Top, Bottom, Left, Right int
}

func (reflectPad) Kind() string { return "reflect_pad" }
func (o reflectPad) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.ReflectPad(x[0], o.Top, o.Bottom, o.Left, o.Right))
}

// ReflectPad continues images by so many mirrored pixels on each side.
func ReflectPad(x *Node, pixels int) *Node {
	return apply(reflectPad{pixels, pixels, pixels, pixels}, x)
}

type mirror struct{}

func (mirror) Kind() string { return "mirror" }
func (mirror) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Flip(x[0], 2))
}

// Mirror flips images left to right.
func Mirror(x *Node) *Node { return apply(mirror{}, x) }

type fir struct{ engine.FIR }

func (fir) Kind() string { return "fir" }
func (o fir) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.ApplyFIR(x[0], o.FIR))
}

// FIR filters images and may resample them; see [engine.ApplyFIR].
func FIR(x *Node, f engine.FIR) *Node { return apply(fir{f}, x) }

// Blur is a FIR that keeps the size of images, whose border is continued by zeros.
func Blur(x *Node, weights ...float64) *Node {
	before := len(weights) / 2
	return FIR(x, engine.FIR{Weights: weights, Up: 1, Down: 1, Before: before, After: len(weights) - 1 - before})
}

// UpsampleFIR makes images twice as large by a window of the FIR between their pixels: [1 3 3 1] is StyleGAN2's.
func UpsampleFIR(x *Node, weights ...float64) *Node {
	n := len(weights)
	return FIR(x, engine.FIR{Weights: weights, Up: 2, Down: 1, Before: (n + 1) / 2, After: (n - 2) / 2})
}

// DownsampleFIR makes images half as large.
func DownsampleFIR(x *Node, weights ...float64) *Node {
	f := Halving(1, weights...)
	f.Down = 2
	return FIR(x, f)
}

// Halving is the filter before a convolution of stride 2, without padding, whose kernel has an odd size: both together make
// images half as large.
func Halving(kernel int, weights ...float64) engine.FIR {
	n := len(weights)
	return engine.FIR{Weights: weights, Up: 1, Down: 1, Before: (n-1)/2 + kernel/2, After: (n-2)/2 + kernel/2}
}

type pixelNorm struct {
	Epsilon float64 `json:"epsilon"`
}

func (pixelNorm) Kind() string { return "pixel_norm" }
func (o pixelNorm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.PixelNorm(x[0], o.Epsilon))
}

// PixelNorm divides each pixel by the root of its channels' mean square (Karras et al., 2018).
func PixelNorm(x *Node) *Node { return apply(pixelNorm{1e-8}, x) }

type minibatchStddev struct {
	Group   int     `json:"group"`
	Epsilon float64 `json:"epsilon"`
}

func (minibatchStddev) Kind() string { return "minibatch_stddev" }
func (o minibatchStddev) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.MinibatchStddev(x[0], o.Group, o.Epsilon))
}

// MinibatchStddev appends a channel that tells how much the images of a group differ (Karras et al., 2018).
func MinibatchStddev(x *Node, group int) *Node { return apply(minibatchStddev{group, 1e-8}, x) }

type attention struct{}

func (attention) Kind() string { return "attention" }
func (attention) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Attention(x[0], x[1], x[2]))
}

// Attention is that of queries [batch, n, depth] to keys [batch, m, depth] with values [batch, m, width].
func Attention(queries, keys, values *Node) *Node { return apply(attention{}, queries, keys, values) }
