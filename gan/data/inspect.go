package data

import (
	"context"
	"errors"
	"fmt"
	"image"

	"gangpu/gan/picture"
)

// Report is what is in a dataset's files.
type Report struct {
	Name, Source string
	Layout       Layout
	Classes      []string
	Attributes   []string
	Splits       []ReportSplit
	Problems     []Problem
	Notes        []string // what the user may not expect, in sentences

	// Of the files whose pictures can be read:
	Files                     int
	Bytes                     int64
	Formats                   map[string]int // png, jpeg, gif, webp, bmp, tiff
	Grey, Alpha, Deep, Turned int            // without colours; with transparency; of 16 bits a channel; turned by EXIF
	Sizes                     int            // that differ; of very many, some
	Smallest, Largest         image.Point    // by pixels; of one picture, if a file has two side by side
}

// ReportSplit is what is in a split.
type ReportSplit struct {
	Name   string
	Fields []string
	Counts []int // of pictures of each field
	Class  []int // pictures of each class
	Texts  int   // captions
}

// Inspect decodes every picture of a dataset, and says what is there and what is wrong. Nothing is kept. Datasets of
// MNIST's form are not inspected.
func Inspect(ctx context.Context, o Options) (*Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	defer f.src.close()
	p := f.plan
	s, bad, err := check(ctx, f.src, p, o.Progress)
	if err != nil {
		return nil, err
	}
	r := &Report{Name: f.name, Source: f.src.name, Layout: p.layout, Classes: p.classes, Attributes: p.attributes,
		Notes: p.notes, Files: s.Files, Bytes: s.Bytes, Formats: s.Formats, Grey: s.Grey, Alpha: s.Alpha, Deep: s.Deep,
		Turned: s.Turned, Sizes: len(s.Sizes), Smallest: s.Smallest, Largest: s.Largest}
	r.Problems = problemsOf(p, bad)
	p.drop(bad)
	if s.Files > 0 {
		r.Problems = append(r.Problems, p.enough(o.AtLeast)...)
	}
	if p.layout == Plain && s.Files > 1 && s.Wide == s.Files {
		r.Notes = append(r.Notes, fmt.Sprintf("all pictures are twice as wide as high: are they two pictures each? Then ask for the layout %s", SideBySide))
	}
	for _, split := range p.splits {
		one := ReportSplit{Name: split.name, Class: make([]int, len(p.classes))}
		for _, part := range split.parts {
			for _, field := range part.fields {
				one.Fields, one.Counts = append(one.Fields, field), append(one.Counts, len(part.rows))
			}
			for _, row := range part.rows {
				if len(p.classes) > 0 && row.label >= 0 {
					one.Class[row.label]++
				}
				one.Texts += len(row.captions)
			}
		}
		r.Splits = append(r.Splits, one)
	}
	return r, nil
}

// Preview draws n rows of the training pictures, or fewer if there are fewer, evenly taken from all. columns is 0, or
// how many pictures are in a row so that those that belong together are side by side. Pictures are of Options' size;
// without one, as they are if all are the same and at most 128 pixels high and wide, else 64 x 64.
func Preview(ctx context.Context, o Options, n int) (pixels picture.Pixels, columns int, err error) {
	if o, err = o.withDefaults(); err != nil {
		return pixels, 0, err
	}
	f, err := o.find(ctx)
	if err != nil {
		return pixels, 0, err
	}
	defer f.src.close()
	if len(f.plan.splits) == 0 {
		return pixels, 0, errors.New("there are no pictures to draw")
	}
	// Pictures of two domains are drawn beside each other like pairs.
	parts := f.plan.splits[0].parts
	fields, most := 0, n
	for _, part := range parts {
		fields += len(part.fields)
		most = min(most, len(part.rows))
	}
	var s stats
	for _, part := range parts {
		for i := range most {
			for _, name := range part.rows[i*len(part.rows)/most].files {
				if h, err := f.src.header(name, true); err == nil {
					s.add(h, part.halved, 0)
				}
			}
		}
	}
	if s.Files == 0 {
		return pixels, 0, errors.New("there are no pictures to draw")
	}
	const asTheyAre, otherwise = 128, 64
	if o.Width == 0 && (len(s.Sizes) > 1 || max(s.Largest.X, s.Largest.Y) > asTheyAre) {
		o.Width, o.Height = otherwise, otherwise
	}
	to, _ := formOf(&s, o)
	pixels = picture.Pixels{Height: to.Height, Width: to.Width, Channels: to.Channels}
	d := drawer{src: f.src, form: to}
	for i := range most {
		if ctx.Err() != nil {
			return pixels, 0, context.Cause(ctx)
		}
		var row []uint8
		err := error(nil)
		for _, part := range parts {
			if err == nil {
				_, err = d.draw(part, part.rows[i*len(part.rows)/most], func(_ int, one []uint8) error {
					row = append(row, one...)
					return nil
				})
			}
		}
		if wrong := (*fileError)(nil); errors.As(err, &wrong) {
			continue
		} else if err != nil {
			return pixels, 0, err
		}
		pixels.Values = append(pixels.Values, row...)
		pixels.Count += fields
	}
	if pixels.Count == 0 {
		return pixels, 0, errors.New("there are no pictures to draw")
	}
	if fields > 1 {
		for columns = fields; columns*columns < pixels.Count; columns += fields {
		}
	}
	return pixels, columns, nil
}
