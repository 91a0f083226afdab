package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
	"gangpu/gan/picture"
)

// Uses of games that make images of images. Each takes images, from 0 to 1, and makes others in that range.
const (
	TranslateUse = "translate"
	ReverseUse   = "reverse" // back again
)

// ShowUse is the name of the use that makes what a run shows of held-out rows, from 0 to 1: the game's Show.
const ShowUse = "show"

// Shown is a picture that a run shows of each of some held-out rows: of the data, or made of them.
type Shown struct {
	Name  string
	Image *nn.Node // [batch, height, width, channels], in the game's range
	// Truth is the name of the picture that this one is to be. A run is judged by how far it is from that.
	Truth string
	// Baseline is the name of a picture that is there without the networks, and that has to be further from the truth.
	Baseline string
	// Border is how many pixels on each side are left out where the picture is measured.
	Border int
	// Luma has the picture measured by its brightness too, and by that before all else: as super-resolution is.
	Luma bool
}

// Colours is images in the game's range as images from 0 to 1; what is beyond is cut off.
func (b *Builder) Colours(x *nn.Node) *nn.Node {
	low, high := b.game.colours()
	return nn.Map("colours", func(x ...expr.Expr) expr.Expr {
		return x[0].Sub(expr.Const(low)).Mul(expr.Const(1 / (high - low))).Max(expr.Const(0)).Min(expr.Const(1))
	}, x)
}

// show is the game's Show, in [0, 1].
func (g Game) show(b *Builder) []*nn.Node {
	var all []*nn.Node
	shown := g.Show(b)
	for i, s := range shown {
		named := func(name string) bool {
			return name == "" || slices.ContainsFunc(shown, func(o Shown) bool { return o.Name == name && name != s.Name })
		}
		switch shape := s.Image.Shape(); {
		case b.graph.Err() != nil:
		case len(shape) != 4 || !slices.Equal(shape, shown[0].Image.Shape()):
			b.graph.Fail(fmt.Errorf("%s of what is shown has shape %v, %s has %v: want images of one size", s.Name, shape, shown[0].Name, shown[0].Image.Shape()))
		case slices.ContainsFunc(shown[:i], func(o Shown) bool { return o.Name == s.Name }) || !named(s.Truth) || !named(s.Baseline):
			b.graph.Fail(fmt.Errorf("%q of what is shown has the name of another, or the truth %q or the baseline %q is no other", s.Name, s.Truth, s.Baseline))
		}
		all = append(all, b.Colours(s.Image))
	}
	b.shown = shown
	return all
}

// Showing are the pictures that a game shows of data, without their images; none if it has no Show.
func Showing(g Game, d Data) ([]Shown, error) {
	parameters, err := Networks(g, d)
	if err != nil {
		return nil, err
	}
	_, shown, err := uses(g, g.draws(d), parameters)
	return shown, err
}

// Showing are the pictures of the game's Show, without their images.
func (t *Trainer) Showing() []Shown { return slices.Clone(t.shown) }

// Examples are some of the data's rows, as a use takes them: each field by its name, from 0 to 1, one row after the other.
// Tables of fewer rows begin again.
func (d Data) Examples(rows []int) (map[string][]float32, error) {
	all := map[string][]float32{}
	for _, t := range d.Tables {
		for _, f := range t.Fields {
			if f.Pictures != nil {
				return nil, fmt.Errorf("the pictures of the field %s are not in memory", f.Name)
			}
			n := f.size()
			values := make([]float32, 0, len(rows)*n)
			for _, row := range rows {
				for _, v := range f.Bytes[row%t.Rows*n:][:n] {
					values = append(values, float32(v)/255)
				}
			}
			all[f.Name] = values
		}
	}
	return all, nil
}

// ShowHeldOut makes what the run shows, of about n pictures of held-out rows that are evenly spread: all pictures of a
// row beside each other.
func (t *Trainer) ShowHeldOut(n int) (p picture.Pixels, columns int, err error) {
	d := t.HeldOut
	if len(d.Tables) == 0 {
		return p, 0, errors.New("there are no held-out pictures to show")
	}
	columns = len(t.shown)
	count := min(max(n/columns, 1), d.Rows())
	rows := make([]int, count)
	for i := range rows {
		rows[i] = i * d.Rows() / count
	}
	if t.shower == nil {
		if t.shower, err = t.Runner(ShowUse, count); err != nil {
			return p, 0, err
		}
	}
	inputs, err := d.Examples(rows)
	if err != nil {
		return p, 0, err
	}
	if err := t.shower.AddNoise(inputs, t.settings.Seed, count); err != nil {
		return p, 0, err
	}
	images, err := t.shower.Run(inputs, count)
	if err != nil {
		return p, 0, fmt.Errorf("making what is shown: %w", err)
	}
	shape := t.shower.shapes[0]
	var pixels []float32
	for i := range count {
		for k := range columns {
			pixels = append(pixels, images[k][i*size(shape):][:size(shape)]...)
		}
	}
	return pictureOf(pixels, shape, t.data.Description.Ink), columns, nil
}
