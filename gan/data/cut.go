package data

import (
	"context"
	"fmt"
	"image"
)

// cut makes a row of each tile of a plan's pictures. Pictures that are smaller than one are a problem, and so are pairs of
// different sizes.
func (p *plan) cut(ctx context.Context, src *source, o Options) error {
	parts := p.parts()
	look := &pass{ctx, src, parts, "looking at pictures", o.Progress}
	counts := make([][]int, len(parts))
	for i, part := range parts {
		counts[i] = make([]int, len(part.rows))
	}
	bad, err := look.run(func(_, part, row int) (string, error) {
		first := image.Point{}
		files := parts[part].rows[row].files
		for i, name := range files {
			h, err := src.header(name, true)
			if err != nil {
				return name, err
			}
			size := h.size
			if parts[part].halved {
				size.X /= 2
			}
			if i == 0 {
				first = size
			}
			n := size.X / o.Width * (size.Y / o.Height)
			switch {
			case n == 0:
				return name, &fileError{"too small", fmt.Sprintf("has %d x %d pixels, less than a tile of %d x %d", size.X, size.Y, o.Width, o.Height)}
			case size != first:
				return name, &fileError{"sizes", fmt.Sprintf("has %d x %d pixels, %s has %d x %d: tiles of a pair have to show one place",
					size.X, size.Y, files[0], first.X, first.Y)}
			}
			counts[part][row] = n
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	for _, b := range bad {
		p.problems = append(p.problems, b.Problem)
		counts[b.Part][b.Row] = 0
	}
	for i, part := range parts {
		var rows []row
		for j, r := range part.rows {
			for r.tile = range counts[i][j] {
				rows = append(rows, r)
			}
		}
		part.rows = rows
	}
	return nil
}

// tileOf is a tile of a picture, or of a part of it, that is stored in an orientation: line by line of what is stored.
func tileOf(part image.Rectangle, tile, orientation int, f form) image.Rectangle {
	size := image.Pt(f.Width, f.Height)
	if orientation > 4 {
		size = image.Pt(f.Height, f.Width)
	}
	columns := part.Dx() / size.X
	at := part.Min.Add(image.Pt(tile%columns*size.X, tile/columns*size.Y))
	return image.Rectangle{Min: at, Max: at.Add(size)}
}
