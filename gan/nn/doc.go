// Package nn makes networks as functions on nodes.
//
// A [Graph] is a computation that is being written down. A [Node] is a value in it: images [batch, height, width,
// channels], noise [batch, n], scores [batch, 1]. Functions such as [Add], [LeakyReLU] or [Concat] take nodes and
// return nodes. A [Network] is a Go function that does so with layers, which have parameters:
//
//	func generator(l *nn.Layers, x []*nn.Node) []*nn.Node {
//		y := l.Dense(x[0], nn.Units{N: 4 * 4 * 512})
//		y = nn.ReLU(l.BatchNorm(nn.Reshape(y, 4, 4, 512), nn.Norm{}))
//		return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: 3, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}))}
//	}
//
// Errors stick: the first one is the graph's ([Graph.Err]), and all that is computed of it is skipped, so that a
// network needs no error handling. It names the layer.
//
// A graph of inference can be saved as JSON and built again by a program that does not know the network (see
// [Saved]). That is why every operation here is a value with attributes, not a closure.
package nn
