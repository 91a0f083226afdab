// Package engine runs Gorgonia graphs on a CPU or an NVIDIA GPU.
//
// Operations ([Conv2D], [Dense], [LeakyReLU], ...) add nodes to a graph. They have symbolic
// gradients, so gorgonia.Grad works on them too; images are NHWC and filters are laid out as Keras has
// them. [Map] makes an operation of one's own from a function on expressions of package expr; with
// [Sum], [Maximum], [Moments] and moves as [Slice], [Pad] and [Transpose], most others are made of it:
// norms, losses, pooling. [Grad] differentiates. Gradients are operations again, so that they may be part
// of a loss and be differentiated again; [VJP] makes one of what is no scalar.
//
// [Compile] translates a graph to a static [program.Program], which a device that
// [OpenDevice] opened runs. [VM] wraps that as a gorgonia.VM, which stands in for
// gorgonia.NewTapeMachine, also for graphs of Gorgonia's own operations: the files gorgonia*.go build these of the
// operations of this package, and docs/gorgonia.md says which. [VM.Step] trains with weights that stay on the device.
//
// Two things to know about Gorgonia: it takes inputs of the same name and shape for one node, so
// names must be unique; and a second gorgonia.Grad over nodes that the first one differentiated is
// silently wrong, where a second Grad is not.
package engine
