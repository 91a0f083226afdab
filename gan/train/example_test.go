package train_test

import (
	"fmt"
	"log"

	"gangpu/engine"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// A GAN of one's own, on images of one's own: a generator of 8 x 8 grey images, a discriminator, and two phases.
func ExampleTrainer() {
	generator := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.Reshape(nn.LeakyReLU(l.Dense(x[0], nn.Units{N: 4 * 4 * 8}), 0.2), 4, 4, 8)
		return []*nn.Node{nn.Sigmoid(l.ConvTranspose(y, nn.Conv{Filters: 1, Kernel: 4, Stride: 2}))}
	}
	discriminator := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := nn.LeakyReLU(l.Conv2D(x[0], nn.Conv{Filters: 8, Kernel: 4, Stride: 2}), 0.2)
		return []*nn.Node{l.Dense(nn.Flatten(y), nn.Units{N: 1})}
	}
	adam := train.Adam{Rate: train.Constant(2e-4), Beta1: 0.5, Beta2: 0.999}
	fake := func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Noise("z", 16)) }
	game := train.Game{
		Name:     "mine",
		Networks: []train.Network{{Name: "generator", Net: generator}, {Name: "discriminator", Net: discriminator}},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				real := b.Apply("discriminator", b.Data("image"))
				return b.Term("d_loss", 0.5, nn.BCE(real, 1), nn.BCE(b.Apply("discriminator", nn.Detach(fake(b))), 0))
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				return b.Term("g_loss", 1, nn.BCE(b.Apply("discriminator", fake(b)), 1))
			}},
		},
		Sample: fake,
	}
	// 20 images of a bright square somewhere.
	image := train.Field{Name: "image", Shape: []int{8, 8, 1}, Bytes: make([]byte, 20*64)}
	for i := range 20 {
		for p := range 16 {
			image.Bytes[i*64+(i%4+p/4)*8+i%5+p%4] = 255
		}
	}
	data := train.Data{Tables: []train.Table{{Rows: 20, Fields: []train.Field{image}}}}

	device, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	t, err := train.New(device, game, train.Settings{Batch: 10, Shards: 1, Seed: 1}, data)
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	for range 3 {
		if err := t.Step(); err != nil {
			log.Fatal(err)
		}
	}
	numbers, err := t.Metrics()
	if err != nil {
		log.Fatal(err)
	}
	for i, c := range t.Columns() {
		fmt.Printf("%s is about %.1f\n", c.Name, numbers[i])
	}
	images, err := t.Samples(4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(images.Count, "images of", images.Height, "x", images.Width)
	// Output:
	// d_loss is about 1.4
	// g_loss is about 0.8
	// 4 images of 8 x 8
}

// A phase of one's own: every 16 iterations, a penalty on the discriminator's slope at real images (R1, as StyleGAN2 has
// it), by the optimizer that the discriminator has anyway.
func ExamplePhase() {
	adam := train.Adam{Rate: train.Constant(2e-4), Beta1: 0, Beta2: 0.99}
	const gamma, every = 10.0, 16
	lazy := train.Phase{
		Name: "r1", Trains: []string{"discriminator"}, Optimizer: adam, Every: every,
		Loss: func(b *train.Builder) *nn.Node {
			x := b.Data("image")
			slope := nn.Slope(b.Apply("discriminator", x), x)
			return b.Term("r1", gamma/2*every, nn.ZeroCentredPenalty(slope))
		},
	}
	fmt.Println(lazy.Name, "every", lazy.Every, "iterations")
	// Output:
	// r1 every 16 iterations
}

// Data of one's own with classes: rows of bytes, and their labels one-hot. Fields of a table have the same rows.
func ExampleOneHot() {
	labels := []int32{0, 2, 1}
	class, err := train.OneHot("class", labels, 3)
	if err != nil {
		log.Fatal(err)
	}
	image := train.Field{Name: "image", Shape: []int{8, 8, 3}, Bytes: make([]byte, 3*8*8*3), Low: -1, High: 1}
	data := train.Data{Tables: []train.Table{{Rows: 3, Fields: []train.Field{image, class}}}}
	fmt.Println(data.Rows(), "rows;", class.Bytes)
	// Output:
	// 3 rows; [255 0 0 0 0 255 0 255 0]
}
