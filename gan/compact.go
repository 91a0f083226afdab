package gan

// Compact is a smaller model than the tutorial's, for images of s.Height x s.Width, which must divide
// by 4. Where the tutorial's generator gathers its channels by one filter as large as an image, this
// one looks at the neighbours of a pixel; its discriminator sees them by filters of 5x5.
func Compact(s Settings) (Model, error) {
	if err := s.validateQuarters(); err != nil {
		return Model{}, err
	}
	h, w := s.Height/4, s.Width/4
	activation := LeakyReLU{Alpha: s.Alpha}
	return Model{
		Name: "compact",
		Generator: Network{Name: generatorName, Input: []int{s.Latent}, Layers: []Layer{
			Dense{Units: h * w * 48}, activation,
			Reshape{Shape: []int{h, w, 48}},
			Conv2DTranspose{Filters: 48, Kernel: Size{3, 3}, Stride: Size{2, 2}}, activation,
			Conv2DTranspose{Filters: 24, Kernel: Size{3, 3}, Stride: Size{2, 2}}, activation,
			Conv2D{Filters: 1, Kernel: Size{3, 3}, Stride: Size{1, 1}}, Sigmoid{},
		}},
		Discriminator: Network{Name: discriminatorName, Input: []int{s.Height, s.Width, 1}, Layers: []Layer{
			Conv2D{Filters: 24, Kernel: Size{5, 5}, Stride: Size{2, 2}}, activation, Dropout{Rate: s.Dropout},
			Conv2D{Filters: 48, Kernel: Size{5, 5}, Stride: Size{2, 2}}, activation,
			Flatten{}, Dense{Units: 1},
		}},
	}, nil
}
