package data

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Layout is how a dataset's pictures are laid out in folders, and where it is said what they are. Each of them may be
// in folders train, val and test.
type Layout string

// The layouts. Those of one picture a row have the field "image"; the others, "a" and "b".
const (
	Plain       Layout = "folder"       // pictures, in folders or not
	Classes     Layout = "classes"      // a folder for each class
	SideBySide  Layout = "side-by-side" // each picture is two of the same width
	Pairs       Layout = "pairs"        // two folders of pictures with the same names
	Unpaired    Layout = "unpaired"     // trainA and trainB, perhaps testA and testB; or two folders
	Attributes  Layout = "attributes"   // a table of numbers, a row a picture; classes too
	Captions    Layout = "captions"     // a table of sentences, or a .txt beside each picture
	DatasetJSON Layout = "dataset.json" // StyleGAN's file of that name, of classes or numbers
)

// Layouts are all of them.
var Layouts = []Layout{Plain, Classes, SideBySide, Pairs, Unpaired, Attributes, Captions, DatasetJSON}

// recognise says which layout the files have. Pictures side by side look like any others: they have to be asked for.
func (y *layouter) recognise() (Layout, error) {
	l := y.list
	if slices.ContainsFunc(l.files, func(f file) bool { return f.name == datasetJSON }) {
		return DatasetJSON, nil
	}
	ann, err := y.annotate()
	if err != nil {
		return "", err
	}
	switch {
	case ann.captions > 0:
		return Captions, nil
	case ann.tables > 0:
		return Attributes, nil
	}
	pictures := l.pictures()
	if texts := y.besides(); 2*len(texts) > len(pictures) {
		return Captions, nil
	}
	folders := l.folders()
	if len(folders) == 2 {
		a, b, known := pairOrder(folders[0], folders[1])
		inB := stems(l.under(b).pictures())
		shared := 0
		for name := range stems(l.under(a).pictures()) {
			if inB[name] != "" {
				shared++
			}
		}
		if 2*shared > len(inB) && known && len(l.loose()) == 0 {
			return Pairs, nil
		}
		if shared == len(inB) && len(l.loose()) == 0 {
			y.plan.notes = append(y.plan.notes, fmt.Sprintf("%s and %s have files of the same names: are they pairs, not classes? "+
				"Then ask for the layout %s", a, b, Pairs))
		}
	}
	if len(folders) >= 2 && len(l.loose()) == 0 {
		return Classes, nil
	}
	return Plain, nil
}

// rows adds the rows of the layout.
func (y *layouter) rows(split string) error {
	p, l := y.plan, y.list
	switch p.layout {
	case Plain, SideBySide:
		fields := []string{"image"}
		if p.layout == SideBySide {
			fields = []string{"a", "b"}
		}
		part := p.partOf(split, fields...)
		part.halved = p.layout == SideBySide
		for _, name := range l.pictures() {
			part.rows = append(part.rows, row{files: []string{y.path(name)}})
		}
	case Classes:
		y.classes(p.partOf(split, "image"))
	case Pairs, Unpaired:
		folders := l.folders()
		if len(folders) != 2 {
			return fmt.Errorf("%s: the layout %s wants two folders of pictures; there are %d%s", y.shown(), p.layout, len(folders), named(folders))
		}
		a, b, _ := pairOrder(folders[0], folders[1])
		if p.layout == Pairs {
			p.pairs(split, y.path(a), l.under(a), y.path(b), l.under(b))
		} else {
			p.domain(split, "a", y.path(a), l.under(a))
			p.domain(split, "b", y.path(b), l.under(b))
		}
	case Attributes, Captions:
		return y.annotated(split)
	case DatasetJSON:
		return y.datasetJSON(p.partOf(split, "image"))
	default:
		return fmt.Errorf("there is no layout %q", p.layout)
	}
	return nil
}

func (y *layouter) path(name string) string { return path.Join(y.dir, name) }

// shown is the split's folder for people to read.
func (y *layouter) shown() string { return path.Join(y.src.name, y.dir) }

func named(folders []string) string {
	if len(folders) == 0 {
		return ""
	}
	if len(folders) > 5 {
		folders = append(folders[:5:5], "...")
	}
	return ": " + strings.Join(folders, ", ")
}

// classes makes a class of each folder.
func (y *layouter) classes(into *part) {
	inFolder := map[string]int{}
	for _, name := range y.list.pictures() {
		class, _, ok := strings.Cut(name, "/")
		if !ok {
			y.plan.problem("in no class", y.path(name), "is in no class's folder", true)
			continue
		}
		inFolder[class]++
		into.rows = append(into.rows, row{files: []string{y.path(name)}, class: class})
	}
	for _, d := range y.list.top() {
		if inFolder[d] == 0 {
			y.plan.problem("class without pictures", y.path(d), "is a folder without pictures, where each folder is a class", true)
		}
	}
}

// knownPairs are names of folders that hold pairs, in the order of what is given and what is made of it.
var knownPairs = [][2]string{
	{"a", "b"}, {"input", "target"}, {"inputs", "targets"}, {"input", "output"}, {"source", "target"}, {"x", "y"},
	{"label", "image"}, {"labels", "images"}, {"masks", "images"}, {"annotations", "images"}, {"edges", "images"},
	{"sketch", "photo"}, {"edges", "photos"}, {"maps", "satellite"}, {"lr", "hr"}, {"low", "high"}, {"noisy", "clean"}, {"blur", "sharp"},
}

// pairOrder says which folder is a, and whether such names stand for pairs.
func pairOrder(one, other string) (a, b string, known bool) {
	for _, pair := range knownPairs {
		if strings.EqualFold(one, pair[0]) && strings.EqualFold(other, pair[1]) {
			return one, other, true
		}
		if strings.EqualFold(other, pair[0]) && strings.EqualFold(one, pair[1]) {
			return other, one, true
		}
	}
	return one, other, false
}

// stems are files by their names without endings.
func stems(names []string) map[string]string {
	m := map[string]string{}
	for _, name := range names {
		m[stem(name)] = name
	}
	return m
}

// pairs matches the files of two folders by their names.
func (p *plan) pairs(split, dirA string, a *listing, dirB string, b *listing) {
	into := p.partOf(split, "a", "b")
	inB, matched := stems(b.pictures()), map[string]bool{}
	for _, name := range a.pictures() {
		partner := inB[stem(name)]
		switch {
		case partner == "":
			p.problem("without a partner", path.Join(dirA, name), "has no picture of the same name in "+dirB, true)
		case matched[partner]:
			p.problem("two for one partner", path.Join(dirA, name), "is the second picture of that name", true)
		default:
			into.rows = append(into.rows, row{files: []string{path.Join(dirA, name), path.Join(dirB, partner)}})
			matched[partner] = true
		}
	}
	for _, name := range b.pictures() {
		switch {
		case matched[name]:
		case inB[stem(name)] != name:
			p.problem("two for one partner", path.Join(dirB, name), "is the second picture of that name", true)
		default:
			p.problem("without a partner", path.Join(dirB, name), "has no picture of the same name in "+dirA, true)
		}
	}
}

// pairsOfSplits are the names of two folders that have a folder train each.
func pairsOfSplits(l *listing) []string {
	folders := l.folders()
	if len(folders) != 2 || splitFolders(l.under(folders[0])) == nil || splitFolders(l.under(folders[1])) == nil {
		return nil
	}
	a, b, _ := pairOrder(folders[0], folders[1])
	return []string{a, b}
}

func (p *plan) pairedSplits(dir string, root *listing) {
	folders := pairsOfSplits(root)
	a, b := root.under(folders[0]), root.under(folders[1])
	for _, split := range []string{"train", "val", "test"} {
		var in [2]string
		for i, l := range []*listing{a, b} {
			for _, d := range splitFolders(l) {
				if splitName(d) == split {
					in[i] = d
				}
			}
		}
		if in == [2]string{} {
			continue
		}
		p.pairs(split, path.Join(dir, folders[0], in[0]), a.underIf(in[0]), path.Join(dir, folders[1], in[1]), b.underIf(in[1]))
	}
}

// underIf is under of a folder that may be missing.
func (l *listing) underIf(dir string) *listing {
	if dir == "" {
		return &listing{}
	}
	return l.under(dir)
}

var domainFolder = regexp.MustCompile(`(?i)^(train|val|test)[-_]?([ab])$`)

// domains are the folders of two domains by split and field, if there are two to train on.
func domains(l *listing) map[[2]string]string {
	found := map[[2]string]string{}
	for _, d := range l.folders() {
		if m := domainFolder.FindStringSubmatch(d); m != nil {
			found[[2]string{strings.ToLower(m[1]), strings.ToLower(m[2])}] = d
		}
	}
	if found[[2]string{"train", "a"}] == "" || found[[2]string{"train", "b"}] == "" {
		return nil
	}
	return found
}

func (p *plan) unpaired(dir string, root *listing) {
	found := domains(root)
	for _, split := range []string{"train", "val", "test"} {
		for _, field := range []string{"a", "b"} {
			if d := found[[2]string{split, field}]; d != "" {
				p.domain(split, field, path.Join(dir, d), root.under(d))
			}
		}
	}
}

// domain adds the pictures of one of two domains.
func (p *plan) domain(split, field, dir string, l *listing) {
	into := p.partOf(split, field)
	for _, name := range l.pictures() {
		into.rows = append(into.rows, row{files: []string{path.Join(dir, name)}})
	}
}
