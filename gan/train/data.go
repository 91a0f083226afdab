package train

import (
	"fmt"
	"math"
	"slices"

	"gangpu/gan/data"
)

// Data are the examples that a game is trained on.
type Data struct {
	// Tables have rows of their own each: one, but for domains that are not paired.
	Tables []Table
	// Description is kept in the model file: names of classes, sizes, where it is from.
	Description Description
}

// Description is what a user of a model may ask of the data that it was trained on.
type Description struct {
	Name       string   `json:"name"`
	Classes    []string `json:"classes,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	// Ink says that a pixel is how much ink there is, as in MNIST: 0 is paper, and drawn white.
	Ink bool `json:"ink,omitempty"`
}

// TagNames are the names of n tags: classes and then attributes, or those of one kind; nil if neither are as many.
func (d Description) TagNames(n int) []string {
	for _, known := range [][]string{slices.Concat(d.Classes, d.Attributes), d.Attributes, d.Classes} {
		if len(known) == n && n > 0 {
			return known
		}
	}
	return nil
}

// Table is examples with one or more fields: an image, its class. A phase draws rows, with replacement.
type Table struct {
	Rows   int
	Fields []Field
	// Augment changes pictures at random as they are loaded. Its seed and stream are the trainer's.
	Augment data.Augment
}

// Field is one thing that is known of each row: an array of bytes, which become the numbers from Low, for 0, to High,
// for 255.
type Field struct {
	Name  string
	Shape []int // of a row, as it is trained on: [height, width, channels] of an image, [classes] of a class
	Bytes []byte
	// Pictures, in the place of Bytes, stay on the disk: a loader brings those of each batch, ahead of their use.
	Pictures  *data.Field
	Low, High float64 // both 0 means 0 and 1
}

// OneHot are classes as a field: a row has 1 at its class.
func OneHot(name string, labels []int32, classes int) (Field, error) {
	f := Field{Name: name, Shape: []int{classes}, Bytes: make([]byte, len(labels)*classes)}
	for i, c := range labels {
		if c < 0 || int(c) >= classes {
			return f, fmt.Errorf("row %d has the class %d of %d", i, c, classes)
		}
		f.Bytes[i*classes+int(c)] = 255
	}
	return f, nil
}

func (f Field) size() int {
	n := 1
	for _, d := range f.Shape {
		n *= d
	}
	return n
}

func (f Field) limits() (low, high float64) {
	if f.Low == 0 && f.High == 0 {
		return 0, 1
	}
	return f.Low, f.High
}

func (d Data) validate() error {
	names := map[string]bool{}
	for _, t := range d.Tables {
		if t.Rows < 1 || t.Rows > math.MaxInt32 {
			return fmt.Errorf("a table of %d rows", t.Rows)
		}
		for _, f := range t.Fields {
			if f.Name == "" || names[f.Name] {
				return fmt.Errorf("field %q has no name, or that of another", f.Name)
			}
			names[f.Name] = true
			switch {
			case f.size() < 1:
				return fmt.Errorf("field %s has rows of %v", f.Name, f.Shape)
			case f.Pictures != nil && f.Pictures.Count != t.Rows:
				return fmt.Errorf("field %s has %d pictures, its table %d rows", f.Name, f.Pictures.Count, t.Rows)
			case f.Pictures == nil && len(f.Bytes) != t.Rows*f.size():
				return fmt.Errorf("field %s: %d rows of %v have %d bytes", f.Name, t.Rows, f.Shape, len(f.Bytes))
			case f.Pictures == nil && len(f.Shape) == 3 && t.Augment.Changes():
				return fmt.Errorf("field %s cannot be augmented: that is done to pictures as they are loaded", f.Name)
			}
		}
	}
	return nil
}

// find is the field of a name, and the number of its table.
func (d Data) find(name string) (table int, f Field, ok bool) {
	for i, t := range d.Tables {
		for _, f := range t.Fields {
			if f.Name == name {
				return i, f, true
			}
		}
	}
	return 0, Field{}, false
}

// Field is the field of a name, if there is one.
func (d Data) Field(name string) (Field, bool) {
	_, f, ok := d.find(name)
	return f, ok
}

// In is the data with images in the range from low to high.
func (d Data) In(low, high float64) Data {
	d.Tables = slices.Clone(d.Tables)
	for i := range d.Tables {
		fields := slices.Clone(d.Tables[i].Fields)
		for j := range fields {
			if len(fields[j].Shape) == 3 {
				fields[j].Low, fields[j].High = low, high
			}
		}
		d.Tables[i].Fields = fields
	}
	return d
}

// Rows is the number of rows of the largest table, which an epoch goes through.
func (d Data) Rows() int {
	n := 0
	for _, t := range d.Tables {
		n = max(n, t.Rows)
	}
	return n
}
