// Package train trains games between networks.
//
// A [Game] has named networks and phases. A [Phase] trains some of the networks, by an optimizer, on a scalar that a
// Go function computes with a [Builder]:
//
//	game := train.Game{
//		Name:     "gan",
//		Networks: []train.Network{{Name: "generator", Net: generator}, {Name: "discriminator", Net: discriminator}},
//		Phases: []train.Phase{
//			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
//				fake := nn.Detach(b.Apply("generator", b.Noise("z", 100)))
//				real := nn.BCE(b.Apply("discriminator", b.Data("image")), 1)
//				return b.Term("d_loss", 0.5, real, nn.BCE(b.Apply("discriminator", fake), 0))
//			}},
//			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
//				fake := b.Apply("generator", b.Noise("z", 100))
//				return b.Term("g_loss", 1, nn.BCE(b.Apply("discriminator", fake), 1))
//			}},
//		},
//		Sample: func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Noise("z", 100)) },
//	}
//
// A [Trainer] writes the phases as graphs, compiles them by package engine and runs them on a device. The data, the
// draws, the gradients, the optimizers and all state stay there; what comes back, when asked for, is numbers and
// pictures. A [Model] is all of a trainer's state as a file: training goes on from it to the same bits, and images are
// made of it by a program that does not know the game.
package train
