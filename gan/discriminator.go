package gan

// tutorialDiscriminator halves an image twice and weighs what is left. The tutorial's last layer
// is a sigmoid; here it is part of the loss, which is computed from logits without overflow.
func tutorialDiscriminator(s Settings) Network {
	return Network{Name: discriminatorName, Input: []int{s.Height, s.Width, 1}, Layers: []Layer{
		Conv2D{Filters: 32, Kernel: Size{3, 3}, Stride: Size{2, 2}},
		LeakyReLU{Alpha: s.Alpha},
		Dropout{Rate: s.Dropout},
		Conv2D{Filters: 64, Kernel: Size{3, 3}, Stride: Size{2, 2}},
		LeakyReLU{Alpha: s.Alpha},
		Flatten{},
		Dense{Units: 1},
	}}
}
