package gan

import "fmt"

// TutorialName is the name of the model that Tutorial makes.
const TutorialName = "tutorial"

// Tutorial is the model of the tutorial that gangpu follows, for images of s.Height x s.Width,
// which must divide by 4.
func Tutorial(s Settings) (Model, error) {
	if err := s.validateQuarters(); err != nil {
		return Model{}, err
	}
	return Model{Name: TutorialName, Generator: tutorialGenerator(s), Discriminator: tutorialDiscriminator(s)}, nil
}

// validateQuarters refuses images that cannot be made by doubling a quarter of their size twice.
func (s Settings) validateQuarters() error {
	if s.Height < 4 || s.Width < 4 || s.Height%4 != 0 || s.Width%4 != 0 {
		return fmt.Errorf("images of %dx%d: the generator makes such as divide by 4", s.Height, s.Width)
	}
	return nil
}

// tutorialGenerator makes a quarter-sized image with 64 channels of the noise, doubles it twice
// and gathers the channels by a filter as large as an image of MNIST.
func tutorialGenerator(s Settings) Network {
	h, w := s.Height/4, s.Width/4
	return Network{Name: generatorName, Input: []int{s.Latent}, Layers: []Layer{
		Dense{Units: h * w * 64},
		LeakyReLU{Alpha: s.Alpha},
		Reshape{Shape: []int{h, w, 64}},
		Conv2DTranspose{Filters: 64, Kernel: Size{3, 3}, Stride: Size{2, 2}},
		LeakyReLU{Alpha: s.Alpha},
		Conv2DTranspose{Filters: 32, Kernel: Size{3, 3}, Stride: Size{2, 2}},
		LeakyReLU{Alpha: s.Alpha},
		Conv2D{Filters: 1, Kernel: Size{28, 28}, Stride: Size{1, 1}},
		Sigmoid{},
	}}
}
