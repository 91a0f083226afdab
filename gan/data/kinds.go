package data

import "io"

// Kinds is a dataset without classes that has pictures of several kinds, the fields "a" and "b", as one whose classes
// they are: all pictures in one field "image", those of a kind after those of another. A dataset that has classes, or
// one kind alone, is returned as it is. Closing either closes both.
func (d *Dataset) Kinds() *Dataset {
	if len(d.Splits) == 0 || len(d.Splits[0].Fields) < 2 || len(d.Classes) > 0 {
		return d
	}
	kinds := *d
	kinds.Splits = nil
	for _, f := range d.Splits[0].Fields {
		kinds.Classes = append(kinds.Classes, f.Name)
	}
	for _, s := range d.Splits {
		image := *s.Fields[0]
		image.Name, image.Files, image.Count, image.base = "image", nil, 0, 0
		of := &Split{Name: s.Name, Fields: []*Field{&image}, paired: true}
		var parts joined
		for class, f := range s.Fields {
			if f.Size() != image.Size() {
				return d
			}
			parts = append(parts, io.NewSectionReader(f.at, f.base, f.Bytes()))
			image.Count += f.Count
			image.Files = append(image.Files, f.Files...)
			for range f.Count {
				of.Labels = append(of.Labels, int32(class))
			}
		}
		image.at = parts
		kinds.Splits = append(kinds.Splits, of)
	}
	return &kinds
}

// joined are parts of files that are read as one, one after the other.
type joined []*io.SectionReader

func (j joined) ReadAt(p []byte, off int64) (n int, err error) {
	for _, part := range j {
		if off >= part.Size() {
			off -= part.Size()
			continue
		}
		want := min(int64(len(p)-n), part.Size()-off)
		read, err := part.ReadAt(p[n:n+int(want)], off)
		n, off = n+read, 0
		if int64(read) < want || n == len(p) {
			if n == len(p) {
				err = nil
			}
			return n, err
		}
	}
	return n, io.EOF
}
