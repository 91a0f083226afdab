package data

import (
	"fmt"
	"strings"
)

// A Problem is one thing that is wrong with a dataset's files.
type Problem struct {
	Kind string // few words, the same for all problems alike: "cut", "no picture", "without a partner"
	File string // or folder, or table, relative to the dataset's; empty for the dataset itself
	Text string // goes on after the file's name: "is empty"

	// Skippable says that the dataset can be read without the file: Options.SkipBad does.
	Skippable bool
}

// NoPictures is the kind of the problem that a dataset has none.
const NoPictures = "no pictures"

func (p Problem) String() string { return strings.TrimSpace(p.File + " " + p.Text) }

// Problems is the error of a dataset that cannot be read as it is: all that is wrong with it, at once.
type Problems struct {
	Source string // the folder or file
	List   []Problem
}

// Skippable says whether the dataset can be read without the files that have problems.
func (p *Problems) Skippable() bool {
	for _, one := range p.List {
		if !one.Skippable {
			return false
		}
	}
	return true
}

// Error is a line a problem; of many of one kind, the first ones and how many there are.
func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return fmt.Sprintf("%s: %v", p.Source, p.List[0])
	}
	const shown = 8
	var kinds []string
	byKind := map[string][]Problem{}
	for _, one := range p.List {
		if byKind[one.Kind] == nil {
			kinds = append(kinds, one.Kind)
		}
		byKind[one.Kind] = append(byKind[one.Kind], one)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s has %d problems:", p.Source, len(p.List))
	for _, kind := range kinds {
		list := byKind[kind]
		for _, one := range list[:min(shown, len(list))] {
			fmt.Fprintf(&b, "\n  %v", one)
		}
		if more := len(list) - shown; more > 0 {
			fmt.Fprintf(&b, "\n  and %d more (%s)", more, kind)
		}
	}
	return b.String()
}
