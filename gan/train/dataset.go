package train

import (
	"fmt"
	"math"
	"slices"

	"gangpu/gan/data"
)

// FromDataset is a split of a dataset as what games are trained on: images in [0, 1], "image", or "a" and "b"; "class" [classes] if all rows have one; "attributes" [n] if there are any. Pictures are kept in the
// host's memory, and brought to the device, if they have no more bytes than inMemory; else they are streamed.
func FromDataset(d *data.Dataset, split *data.Split, augment data.Augment, inMemory int64) (Data, error) {
	out := Data{Description: Description{Name: d.Name, Classes: d.Classes, Attributes: d.Attributes, Ink: d.Ink}}
	var fields []Field
	total := int64(0)
	for _, f := range split.Fields {
		total += f.Bytes()
	}
	streamed := total > inMemory || augment.Changes()
	table := Table{Augment: augment}
	for _, p := range split.Fields {
		f := Field{Name: p.Name, Shape: []int{p.Height, p.Width, p.Channels}, Pictures: p}
		if augment.CropHeight > 0 {
			f.Shape[0], f.Shape[1] = augment.CropHeight, augment.CropWidth
		}
		if !streamed {
			var err error
			if f.Bytes, err = p.All(); err != nil {
				return out, err
			}
			f.Pictures = nil
		}
		fields = append(fields, f)
	}
	if !split.Paired() {
		for i, f := range split.Fields {
			table.Rows, table.Fields = f.Count, fields[i:i+1]
			out.Tables = append(out.Tables, table)
		}
		return out, nil
	}
	rows := split.Fields[0].Count
	if len(d.Classes) > 0 && len(split.Labels) == rows && !slices.Contains(split.Labels, -1) {
		class, err := OneHot("class", split.Labels, len(d.Classes))
		if err != nil {
			return out, err
		}
		fields = append(fields, class)
	}
	if n := len(d.Attributes); n > 0 && len(split.Attributes) == rows*n {
		a := Field{Name: "attributes", Shape: []int{n}, Bytes: make([]byte, rows*n)}
		for i, v := range split.Attributes {
			if !(v >= 0 && v <= 1) {
				return out, fmt.Errorf("row %d has the attribute %s of %v: want 0 to 1", i/n, d.Attributes[i%n], v)
			}
			a.Bytes[i] = byte(math.Round(float64(v) * 255))
		}
		fields = append(fields, a)
	}
	table.Rows, table.Fields = rows, fields
	out.Tables = []Table{table}
	return out, nil
}

// Tags are n of each row of the first table, [rows, n] from 0 to 1, in the order of [Description.TagNames]; nil of rows that have
// not as many.
func (d Data) Tags(n int) []float32 {
	_, class, _ := d.find("class")
	_, attributes, _ := d.find("attributes")
	for _, fields := range [][]Field{{class, attributes}, {attributes}, {class}} {
		there := 0
		for _, f := range fields {
			if f.Name == "" {
				there = -1
				break
			}
			there += f.Shape[0]
		}
		if there != n {
			continue
		}
		var tags []float32
		for row := range d.Tables[0].Rows {
			for _, f := range fields {
				tags = append(tags, Floats(f.Bytes[row*f.Shape[0]:(row+1)*f.Shape[0]])...)
			}
		}
		return tags
	}
	return nil
}

// InputOf is what a system has to know of data.
func InputOf(d Data) (Input, error) {
	var in Input
	for _, t := range d.Tables {
		for _, f := range t.Fields {
			if len(f.Shape) == 3 {
				if in.Fields == nil {
					in.Height, in.Width, in.Channels = f.Shape[0], f.Shape[1], f.Shape[2]
				}
				in.Fields = append(in.Fields, f.Name)
			}
		}
	}
	if in.Height == 0 {
		return in, fmt.Errorf("the data have no images")
	}
	if _, f, ok := d.find("class"); ok {
		in.Classes = f.Shape[0]
	}
	if _, f, ok := d.find("attributes"); ok {
		in.Attributes = f.Shape[0]
	}
	return in, nil
}
