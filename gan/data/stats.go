package data

import (
	"image"
	"maps"
)

// stats are what files have in common.
type stats struct {
	Files, Grey, Alpha, Deep  int // pictures; those without colours, with transparency, with 16 bits a channel
	Wide                      int // twice as wide as high
	Turned                    int // by what their EXIF data say
	Bytes                     int64
	Formats                   map[string]int
	Sizes                     map[image.Point]int // at most maxSizes of them
	Smallest, Largest, Middle image.Point         // by their pixels
}

// maxSizes bounds the sizes that are counted one by one.
const maxSizes = 1000

func (s *stats) add(h header, halved bool, bytes int) {
	if s.Formats == nil {
		s.Formats, s.Sizes = map[string]int{}, map[image.Point]int{}
	}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	size := h.size
	if halved {
		size.X /= 2
	}
	s.Files++
	s.Bytes += int64(bytes)
	s.Formats[h.format]++
	count(&s.Grey, h.grey)
	count(&s.Alpha, h.alpha)
	count(&s.Deep, h.deep)
	count(&s.Wide, h.size.X == 2*h.size.Y)
	count(&s.Turned, h.orientation != 1)
	if _, ok := s.Sizes[size]; ok || len(s.Sizes) < maxSizes {
		s.Sizes[size]++
	}
	s.extend(size)
}

func (s *stats) extend(size image.Point) {
	if s.Smallest == (image.Point{}) || less(size, s.Smallest) {
		s.Smallest = size
	}
	if less(s.Largest, size) {
		s.Largest = size
	}
}

// less orders sizes by their pixels, then by their widths.
func less(a, b image.Point) bool {
	if a.X*a.Y != b.X*b.Y {
		return a.X*a.Y < b.X*b.Y
	}
	return a.X < b.X
}

func mergeStats(workers []stats) *stats {
	all := &stats{Formats: map[string]int{}, Sizes: map[image.Point]int{}}
	for _, w := range workers {
		if w.Files == 0 {
			continue
		}
		all.Files += w.Files
		all.Grey += w.Grey
		all.Alpha += w.Alpha
		all.Deep += w.Deep
		all.Wide += w.Wide
		all.Turned += w.Turned
		all.Bytes += w.Bytes
		for f, n := range w.Formats {
			all.Formats[f] += n
		}
		for size, n := range maps.All(w.Sizes) {
			all.Sizes[size] += n
		}
		all.extend(w.Smallest)
		all.extend(w.Largest)
	}
	return all
}
