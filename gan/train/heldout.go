package train

import (
	"fmt"

	"gangpu/gan/data"
)

// HeldOut are rows of a split as games are measured and shown by: at most so many of a table, evenly spread, all in
// memory, and the middle of pictures that are larger than those that are trained on.
func HeldOut(d *data.Dataset, split *data.Split, height, width, most int) (Data, error) {
	out, err := FromDataset(d, split, data.Augment{}, -1)
	if err != nil {
		return out, err
	}
	for i := range out.Tables {
		t := &out.Tables[i]
		rows := t.Rows
		t.Rows = min(rows, most)
		for k := range t.Fields {
			f := &t.Fields[k]
			if f.Pictures == nil {
				n := f.size()
				bytes := make([]byte, 0, t.Rows*n)
				for j := range t.Rows {
					bytes = append(bytes, f.Bytes[j*rows/t.Rows*n:][:n]...)
				}
				f.Bytes = bytes
				continue
			}
			if f.Bytes, err = middles(f.Pictures, t.Rows, height, width); err != nil {
				return out, err
			}
			f.Pictures, f.Shape = nil, []int{height, width, f.Shape[2]}
		}
	}
	return out, nil
}

// middles are the middle of n evenly spread pictures of a field.
func middles(f *data.Field, n, height, width int) ([]byte, error) {
	if height > f.Height || width > f.Width {
		return nil, fmt.Errorf("pictures of %d x %d have no middle of %d x %d", f.Width, f.Height, width, height)
	}
	all, picture := make([]byte, 0, n*height*width*f.Channels), make([]byte, f.Size())
	top, left := (f.Height-height)/2, (f.Width-width)/2
	for i := range n {
		if err := f.Read(i*f.Count/n, picture); err != nil {
			return nil, err
		}
		for y := range height {
			all = append(all, picture[((top+y)*f.Width+left)*f.Channels:][:width*f.Channels]...)
		}
	}
	return all, nil
}

// Paired reports whether the fields have the same rows. What is no field is made of one, and paired with all.
func (d Data) Paired(a, b string) bool {
	i, _, isA := d.find(a)
	j, _, isB := d.find(b)
	return !isA || !isB || i == j
}

// Mean is the mean of a field's rows, from 0 to 1; nil if there is no such field in memory.
func (d Data) Mean(field string) []float32 {
	_, f, ok := d.find(field)
	if !ok || len(f.Bytes) == 0 {
		return nil
	}
	n := f.size()
	sums := make([]int, n)
	for i, v := range f.Bytes {
		sums[i%n] += int(v)
	}
	mean := make([]float32, n)
	for i, s := range sums {
		mean[i] = float32(float64(s) / 255 / float64(len(f.Bytes)/n))
	}
	return mean
}
