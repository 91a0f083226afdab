// Package engine runs Gorgonia graphs on a CPU or an NVIDIA GPU.
//
// Operations ([Conv2D], [Dense], [LeakyReLU], ...) add nodes to a graph. They have symbolic
// gradients, so gorgonia.Grad works on them; images are NHWC and filters are laid out as Keras has
// them. [Map] makes an operation of one's own from a function on expressions of package expr; with
// [Sum], [Maximum], [Moments] and moves as [Slice], [Pad] and [Transpose], most others are made of it:
// norms, losses, pooling. Their gradients are operations again, and may be differentiated again: a
// gradient that is to be a part of a loss is made by [VJP].
//
// [Compile] translates a graph to a static [program.Program], which a device that
// [OpenDevice] opened runs. [VM] wraps that as a gorgonia.VM, which stands in for
// gorgonia.NewTapeMachine.
//
// Three things to know about Gorgonia: it takes inputs of the same name and shape for one node, so
// names must be unique; a second gorgonia.Grad over nodes that the first one differentiated is
// silently wrong, so each loss wants a graph of its own; and it makes the gradients of all inputs
// of an operation, wanted or not, of which Compile keeps what the outputs need.
package engine
