package runfolder

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Column is a number that a run has of each iteration.
type Column struct {
	// Name is the column's in metrics.csv: "d_loss".
	Name string `json:"name"`
	// Axis is what the columns that are drawn on one axis have in common. Empty stands for "share" of a share, and
	// for "loss" of all else.
	Axis string `json:"axis,omitempty"`
	// Share says that the number is of [0, 1] and is written in percent.
	Share bool `json:"share,omitempty"`
}

// Group is the axis that the column is drawn on.
func (c Column) Group() string {
	switch {
	case c.Axis != "":
		return c.Axis
	case c.Share:
		return "share"
	}
	return "loss"
}

// words are those of the name: "d", "loss".
func (c Column) words() []string {
	return strings.FieldsFunc(c.Name, func(r rune) bool { return strings.ContainsRune("_/ ", r) })
}

// Label is the name as people read it: "d loss".
func (c Column) Label() string { return strings.Join(c.words(), " ") }

// Short is the label without the axis, where that is told already: "d" of "d loss", "real" of "accuracy real".
func (c Column) Short() string {
	axis := c.Group()
	if short := slices.DeleteFunc(c.words(), func(w string) bool { return w == axis }); len(short) > 0 {
		return strings.Join(short, " ")
	}
	return c.Label()
}

// Tag is the name that TensorBoard groups by: "loss/d".
func (c Column) Tag() string {
	return strings.ReplaceAll(c.Group()+"/"+c.Short(), " ", "_")
}

// Format is a value as people read it: what is beyond measure, either way, is not written out.
func (c Column) Format(v float64) string {
	if c.Share {
		return fmt.Sprintf("%.0f%%", 100*v)
	}
	if size := math.Abs(v); size >= 1e6 || size > 0 && size < 1e-3 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// CheckColumns reports columns that no file can have.
func CheckColumns(columns []Column) error {
	if len(columns) == 0 {
		return fmt.Errorf("no columns")
	}
	tags := map[string]string{}
	for _, c := range columns {
		odd := func(r rune) bool { return r < ' ' || r == ',' || r == '"' }
		if len(c.words()) == 0 || strings.TrimSpace(c.Name) != c.Name || strings.ContainsFunc(c.Name+c.Axis, odd) {
			return fmt.Errorf("no column can be named %q with the axis %q", c.Name, c.Axis)
		}
		if slices.Contains(rowColumns, c.Name) {
			return fmt.Errorf("the column %q is there anyway", c.Name)
		}
		if other, ok := tags[c.Tag()]; ok {
			return fmt.Errorf("the columns %q and %q would both be drawn as %q", other, c.Name, c.Tag())
		}
		tags[c.Tag()] = c.Name
	}
	return nil
}

// Axes are the groups of the columns, in the order in which they first come, each with the indices of its columns.
func Axes(columns []Column) []Axis {
	var axes []Axis
	for i, c := range columns {
		at := slices.IndexFunc(axes, func(a Axis) bool { return a.Name == c.Group() })
		if at < 0 {
			at = len(axes)
			axes = append(axes, Axis{Name: c.Group(), Share: true})
		}
		axes[at].Columns = append(axes[at].Columns, i)
		axes[at].Share = axes[at].Share && c.Share
	}
	return axes
}

// Axis is what some columns are drawn on.
type Axis struct {
	Name    string
	Share   bool  // whether all columns are shares
	Columns []int // their indices
}

// Guide is a level on an axis that curves are compared with: what guessing costs, say.
type Guide struct {
	Axis  string  `json:"axis"`
	Value float64 `json:"value"`
	Label string  `json:"label"`
}

// Measure is a number by which the states of a run are compared.
type Measure struct {
	Name  string `json:"name"`            // its column in judge.csv: "classifier_frechet_distance"
	Label string `json:"label,omitempty"` // for people: "classifier Fréchet distance"; empty for the name
	// Higher says that higher is better. Else lower is.
	Higher bool `json:"higher,omitempty"`
}

// Better reports whether a is better than b.
func (m Measure) Better(a, b float64) bool {
	if m.Higher {
		return a > b
	}
	return a < b
}

// Title is the measure's name for people.
func (m Measure) Title() string {
	if m.Label != "" {
		return m.Label
	}
	return strings.ReplaceAll(m.Name, "_", " ")
}
