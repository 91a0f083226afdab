package nn

import (
	"fmt"
	"slices"
)

// Sized is the graph for images of another size than it was saved for, as convolutions take them. Masks of dropouts
// change by as much. A graph that does not take the size, as one with a dense layer, says so when it is built.
func (s *Saved) Sized(height, width int) (*Saved, error) {
	oldHeight, oldWidth := 0, 0
	for _, in := range s.Inputs {
		if in.Role == Example && len(in.Shape) == 3 {
			if oldHeight != 0 && (in.Shape[0] != oldHeight || in.Shape[1] != oldWidth) {
				return nil, fmt.Errorf("the graph has images of several sizes: it is for %d x %d alone", oldWidth, oldHeight)
			}
			oldHeight, oldWidth = in.Shape[0], in.Shape[1]
		}
	}
	if oldHeight == 0 {
		return nil, fmt.Errorf("the graph takes no images")
	}
	sized := *s
	sized.Inputs = slices.Clone(s.Inputs)
	for i, in := range s.Inputs {
		if in.Role == Array || len(in.Shape) != 3 {
			continue
		}
		h, w := in.Shape[0]*height, in.Shape[1]*width
		if h%oldHeight != 0 || w%oldWidth != 0 {
			return nil, fmt.Errorf("the graph takes no images of %d x %d", width, height)
		}
		sized.Inputs[i].Shape = []int{h / oldHeight, w / oldWidth, in.Shape[2]}
	}
	return &sized, nil
}
