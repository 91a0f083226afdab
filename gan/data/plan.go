package data

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A plan says what a dataset will consist of, by its files' names and tables alone.
type plan struct {
	layout     Layout
	splits     []*planSplit
	classes    []string
	attributes []string
	problems   []Problem
	notes      []string // what a user may not expect, in sentences
}

type planSplit struct {
	name  string // train, val or test
	parts []*part
}

// A part is rows of one or more fields. Only an unpaired layout has two parts in a split.
type part struct {
	fields []string
	halved bool // each file is two pictures side by side
	rows   []row
}

// A row is one example.
type row struct {
	files      []string // one a field, or one for all if halved
	tile       int      // which one of the pictures, where they are cut into tiles
	class      string   // empty if not known
	label      int32    // of class, once all are known
	attributes []float32
	captions   []string
}

// A layouter finds the rows of one split.
type layouter struct {
	ctx  context.Context
	src  *source
	plan *plan
	dir  string   // of the split, in the source
	list *listing // of dir
	ann  *annotations
}

// makePlan recognises the layout, unless one is asked for, and finds all rows.
func makePlan(ctx context.Context, src *source, l *listing, asked Layout) (*plan, error) {
	p := &plan{layout: asked}
	dir := "."
	for {
		next, ok := wrapped(l.under(dir))
		if !ok || asked == Classes {
			break
		}
		dir = path.Join(dir, next)
	}
	root := l.under(dir)
	if len(l.pictures()) == 0 {
		p.problem(NoPictures, "", "has no pictures"+whatElse(l), false)
		return p, nil
	}
	var err error
	switch splits := splitFolders(root); {
	case (asked == "" || asked == Unpaired) && domains(root) != nil:
		p.layout = Unpaired
		p.unpaired(dir, root)
	case len(splits) > 0:
		err = p.inSplits(ctx, src, dir, root, splits)
	case (asked == "" || asked == Pairs) && pairsOfSplits(root) != nil:
		p.layout = Pairs
		p.pairedSplits(dir, root)
	default:
		err = p.split(ctx, src, "train", dir, root)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range l.files {
		if f.kind == unreadFile {
			p.problem("not read", f.name, fmt.Sprintf("is of a format that is not read (%s): convert it to PNG or JPEG", path.Ext(f.name)), true)
		}
	}
	p.finish()
	return p, nil
}

func (p *plan) problem(kind, file, text string, skippable bool) {
	p.problems = append(p.problems, Problem{Kind: kind, File: file, Text: text, Skippable: skippable})
}

// wrapped is the only folder that a listing's pictures are in, if nothing beside it tells of them: an archive often
// unpacks to one.
func wrapped(l *listing) (string, bool) {
	inside := l.folders()
	if len(inside) != 1 || len(l.loose()) > 0 || splitName(inside[0]) != "" {
		return "", false
	}
	for _, f := range l.files {
		if !strings.Contains(f.name, "/") && (mayBeTable(f) || f.name == datasetJSON) {
			return "", false
		}
	}
	return inside[0], true
}

// splitName is what a folder of that name is to a dataset, or empty.
func splitName(folder string) string {
	switch strings.ToLower(folder) {
	case "train", "training":
		return "train"
	case "val", "valid", "validation", "dev", "eval":
		return "val"
	case "test", "testing":
		return "test"
	}
	return ""
}

// splitFolders are the folders of splits, training first, if there is one for training.
func splitFolders(l *listing) []string {
	var folders []string
	for _, d := range l.folders() {
		if splitName(d) != "" {
			folders = append(folders, d)
		}
	}
	if !slices.ContainsFunc(folders, func(d string) bool { return splitName(d) == "train" }) {
		return nil
	}
	slices.SortStableFunc(folders, func(a, b string) int { return cmp.Compare(order(splitName(a)), order(splitName(b))) })
	return folders
}

func order(split string) int { return slices.Index([]string{"train", "val", "test"}, split) }

// inSplits makes a split of each folder, all of the layout that the first one has.
func (p *plan) inSplits(ctx context.Context, src *source, dir string, root *listing, folders []string) error {
	outside := len(root.pictures())
	for _, folder := range folders {
		l := root.under(folder)
		outside -= len(l.pictures())
		if err := p.split(ctx, src, splitName(folder), path.Join(dir, folder), l); err != nil {
			return err
		}
	}
	if outside > 0 {
		p.notes = append(p.notes, fmt.Sprintf("%d pictures outside of %s are left alone", outside, strings.Join(folders, ", ")))
	}
	return nil
}

// split adds the rows in one folder.
func (p *plan) split(ctx context.Context, src *source, name, dir string, l *listing) error {
	y := &layouter{ctx: ctx, src: src, plan: p, dir: dir, list: l}
	if p.layout == "" {
		var err error
		if p.layout, err = y.recognise(); err != nil {
			return err
		}
	}
	return y.rows(name)
}

// partOf is the part of a split that has these fields. It is made if it is not there.
func (p *plan) partOf(split string, fields ...string) *part {
	i := slices.IndexFunc(p.splits, func(s *planSplit) bool { return s.name == split })
	if i < 0 {
		i = len(p.splits)
		p.splits = append(p.splits, &planSplit{name: split})
	}
	s := p.splits[i]
	for _, part := range s.parts {
		if slices.Equal(part.fields, fields) {
			return part
		}
	}
	s.parts = append(s.parts, &part{fields: fields})
	return s.parts[len(s.parts)-1]
}

// finish numbers the classes and looks for what is wrong with all rows together. Classes that training has less than
// two pictures of are dropped, and told of.
func (p *plan) finish() {
	slices.SortStableFunc(p.splits, func(a, b *planSplit) int { return cmp.Compare(order(a.name), order(b.name)) })
	counts := map[string]int{} // in training
	elsewhere := map[string]bool{}
	for _, s := range p.splits {
		for _, part := range s.parts {
			for _, r := range part.rows {
				switch {
				case r.class == "":
				case s.name == "train":
					counts[r.class]++
				default:
					elsewhere[r.class] = true
				}
			}
		}
	}
	for _, class := range sortedClasses(maps.Keys(elsewhere)) {
		if counts[class] == 0 {
			p.problem("class without training pictures", "", fmt.Sprintf("has pictures of the class %s to validate or test by, but none to train on", class), true)
		}
	}
	for _, class := range sortedClasses(maps.Keys(counts)) {
		if counts[class] == 1 {
			p.problem("class of one picture", "", fmt.Sprintf("has one picture only of the class %s", class), true)
			delete(counts, class)
		}
	}
	if len(counts) == 0 && len(elsewhere) == 0 {
		return
	}
	p.classes = sortedClasses(maps.Keys(counts))
	for _, s := range p.splits {
		for _, part := range s.parts {
			part.rows = slices.DeleteFunc(part.rows, func(r row) bool { return r.class != "" && counts[r.class] == 0 })
			for i := range part.rows {
				part.rows[i].label = int32(slices.Index(p.classes, part.rows[i].class))
			}
		}
	}
}

// sortedClasses are in the order of their numbers if all are numbers, else of the alphabet.
func sortedClasses(names func(func(string) bool)) []string {
	list := slices.Sorted(names)
	numbers := map[string]int{}
	for _, name := range list {
		n, err := strconv.Atoi(name)
		if err != nil {
			return list
		}
		numbers[name] = n
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
	return list
}

// whatElse says what a source without pictures has.
func whatElse(l *listing) string {
	if len(l.files) == 0 {
		if len(l.dirs) > 0 {
			return fmt.Sprintf(": it has %d folders, which are empty", len(l.dirs))
		}
		return ": it is empty"
	}
	count := map[string]int{}
	for _, f := range l.files {
		count[strings.ToLower(path.Ext(f.name))]++
	}
	kinds := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, k := range kinds[:min(4, len(kinds))] {
		if k == "" {
			parts = append(parts, fmt.Sprintf("%d files without an ending", count[k]))
		} else {
			parts = append(parts, fmt.Sprintf("%d files *%s", count[k], k))
		}
	}
	if len(kinds) > 4 {
		parts = append(parts, "others")
	}
	return ": it has " + strings.Join(parts, ", ")
}
