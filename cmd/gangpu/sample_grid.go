package main

import "gangpu/gan/picture"

// sampleGrid is how every grid of samples is drawn, but for that of very large images.
var sampleGrid = picture.Grid{Gap: 4, Scale: 3}

// sampleGridOf is sampleGrid, enlarging less where 25 images of that size would make too large a picture.
func sampleGridOf(height, width int) picture.Grid {
	const samples = 25
	g := sampleGrid
	for g.Scale > 1 {
		if _, err := g.Size(samples, height, width); err == nil {
			break
		}
		g.Scale--
	}
	return g
}
