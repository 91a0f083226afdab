package fidelity

// Luma is the Y of images [n, height, width, 3] of red, green and blue, from 16/255 to 235/255: that of ITU-R BT.601, as
// super-resolution is measured by (MATLAB's rgb2ycbcr).
//
//	Y = (16 + 65.481*red + 128.553*green + 24.966*blue) / 255
func Luma(images []float32) []float32 {
	y := make([]float32, len(images)/3)
	for i := range y {
		c := images[3*i:][:3]
		y[i] = float32((16 + 65.481*float64(c[0]) + 128.553*float64(c[1]) + 24.966*float64(c[2])) / 255)
	}
	return y
}

// Cut is images [n, height, width, channels] without so many pixels on each side, as an enlarged image is measured by what
// does not depend on how its border was continued. The border is less than half of the image.
func Cut(images []float32, height, width, channels, border int) []float32 {
	var inner []float32
	line := width * channels
	for first := 0; first < len(images); first += height * line {
		for y := border; y < height-border; y++ {
			inner = append(inner, images[first+y*line+border*channels:first+(y+1)*line-border*channels]...)
		}
	}
	return inner
}
