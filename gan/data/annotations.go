package data

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// annotations are what tables say of pictures.
type annotations struct {
	tables   int      // that name pictures
	captions int      // pictures that have some
	columns  []string // of numbers
	of       map[string]*annotation
	problems []Problem
	notes    []string
}

// An annotation is what tables say of one picture.
type annotation struct {
	class, split string
	numbers      map[string]float32
	captions     []string
}

// What columns mean, by their names in lower case.
var (
	fileColumns    = []string{"file_name", "filename", "file", "image", "image_id", "image_path", "image_name", "path", "img", "name", "id"}
	captionColumns = []string{"caption", "captions", "text", "description", "sentence", "prompt", "title", "comment"}
	classColumns   = []string{"label", "class", "category", "class_name", "target"}
	splitColumns   = []string{"split", "partition", "subset"}
)

// mayBeTable says whether a file's name is one of a table's.
func mayBeTable(f file) bool {
	if f.kind == tableFile {
		return true
	}
	name := strings.ToLower(path.Base(f.name))
	return f.kind == textFile && (strings.Contains(name, "attr") || strings.Contains(name, "caption") || strings.Contains(name, "partition"))
}

// annotate reads the tables beside a split's pictures, once.
func (y *layouter) annotate() (*annotations, error) {
	if y.ann != nil {
		return y.ann, nil
	}
	a := &annotations{of: map[string]*annotation{}}
	find := y.finder()
	for _, f := range y.list.files {
		if strings.Contains(f.name, "/") || !mayBeTable(f) {
			continue
		}
		content, err := fs.ReadFile(y.src.files, y.path(f.name))
		if err != nil {
			return nil, fmt.Errorf("reading the table: %w", err)
		}
		table, err := readTable(f.name, content)
		if err != nil {
			a.problems = append(a.problems, Problem{Kind: "table", File: y.path(f.name), Text: fmt.Sprintf("is no table: %v", err)})
			continue
		}
		a.add(y.path(f.name), table, find)
	}
	y.ann = a
	return a, nil
}

// finder finds a picture by what a table calls it: its path, its name, or its name without ending. Names that several
// pictures have find none.
func (y *layouter) finder() func(string) string {
	byName := map[string]string{}
	put := func(key, name string) {
		if before, ok := byName[key]; ok && before != name {
			name = ""
		}
		byName[key] = name
	}
	pictures := y.list.pictures()
	for _, name := range pictures {
		put(path.Base(name), name)
		put(stem(path.Base(name)), name)
		put(stem(name), name)
	}
	for _, name := range pictures { // the whole path is always right
		byName[name] = name
	}
	return func(called string) string {
		return byName[path.Clean(strings.ReplaceAll(strings.TrimSpace(called), `\`, "/"))]
	}
}

// add takes what a table says. A table that names no picture is left alone.
func (a *annotations) add(name string, t *table, find func(string) string) {
	files := t.fileColumn(find)
	if files < 0 {
		a.notes = append(a.notes, name+" names no pictures that are here, and is left alone")
		return
	}
	a.tables++
	role := make([]string, len(t.columns))
	for i, column := range t.columns {
		lower := strings.ToLower(column)
		switch {
		case i == files:
		case slices.Contains(captionColumns, lower):
			role[i] = "caption"
		case slices.Contains(classColumns, lower):
			role[i] = "class"
		case slices.Contains(splitColumns, lower):
			role[i] = "split"
		case t.numeric(i):
			role[i] = "number"
			if !slices.Contains(a.columns, column) {
				a.columns = append(a.columns, column)
			}
		case column != "":
			a.notes = append(a.notes, fmt.Sprintf("the column %s of %s has no numbers, and is left alone", column, name))
		}
	}
	signs := make([]bool, len(t.columns)) // columns of -1 and 1 only, as CelebA's
	for i := range signs {
		signs[i] = role[i] == "number" && !slices.ContainsFunc(t.rows, func(r []string) bool {
			v, _ := number(r[i])
			return v != 1 && v != -1
		})
	}
	for at, cells := range t.rows {
		picture := find(cells[files])
		if picture == "" {
			a.problems = append(a.problems, Problem{Kind: "rows without a picture", File: name,
				Text: fmt.Sprintf("names in line %d %s, which is not there", t.lines[at], cells[files]), Skippable: true})
			continue
		}
		one := a.of[picture]
		if one == nil {
			one = &annotation{numbers: map[string]float32{}}
			a.of[picture] = one
		}
		for i, cell := range cells {
			switch role[i] {
			case "caption":
				for line := range strings.SplitSeq(cell, listSeparator) {
					if line = strings.TrimSpace(line); line != "" {
						one.captions = append(one.captions, line)
					}
				}
				if len(one.captions) == 1 {
					a.captions++
				}
			case "class":
				one.class = strings.TrimSpace(cell)
			case "split":
				one.split = splitOf(cell)
			case "number":
				v, _ := number(cell)
				if signs[i] {
					v = (v + 1) / 2
				}
				one.numbers[t.columns[i]] = v
			}
		}
	}
}

// splitOf reads a split's name, or its number in CelebA's list_eval_partition.
func splitOf(cell string) string {
	cell = strings.TrimSpace(cell)
	if n, err := strconv.Atoi(cell); err == nil && n >= 0 && n < 3 {
		return []string{"train", "val", "test"}[n]
	}
	return splitName(cell)
}

// number reads a cell: a number, or a word for yes or no.
func number(cell string) (float32, bool) {
	switch cell = strings.ToLower(strings.TrimSpace(cell)); cell {
	case "true", "yes":
		return 1, true
	case "false", "no":
		return 0, true
	}
	v, err := strconv.ParseFloat(cell, 32)
	return float32(v), err == nil && v-v == 0
}

// annotated adds the pictures with what tables, or texts beside them, say of them.
func (y *layouter) annotated(split string) error {
	a, err := y.annotate()
	if err != nil {
		return err
	}
	p := y.plan
	p.problems = append(p.problems, a.problems...)
	p.notes = append(p.notes, a.notes...)
	texts := map[string]string{}
	if a.tables == 0 {
		if texts = y.besides(); p.layout == Attributes || len(texts) == 0 {
			return fmt.Errorf("%s: the layout %s wants a table beside the pictures (CSV with a line of names, JSON lines, CelebA's list)%s",
				y.shown(), p.layout, map[Layout]string{Captions: ", or a .txt of the same name beside each picture"}[p.layout])
		}
	}
	if p.attributes == nil {
		p.attributes = a.columns
	} else if !slices.Equal(p.attributes, a.columns) {
		return fmt.Errorf("%s: its table has the columns %s, that of the split before %s", y.shown(), strings.Join(a.columns, ", "), strings.Join(p.attributes, ", "))
	}
	for _, name := range y.list.pictures() {
		r := row{files: []string{y.path(name)}}
		into := split
		if one := a.of[name]; one != nil {
			r.class, r.captions = one.class, one.captions
			for _, column := range a.columns {
				v, ok := one.numbers[column]
				if !ok {
					p.problem("without a number", y.path(name), "has no "+column+" in the table", true)
					r.files = nil
					break
				}
				r.attributes = append(r.attributes, v)
			}
			if one.split != "" {
				into = one.split
			}
		} else if a.tables > 0 {
			p.problem("without a row", y.path(name), "has no row in the table", true)
			continue
		}
		if text := texts[name]; text != "" {
			if r.captions, err = y.lines(text); err != nil {
				return err
			}
		}
		if p.layout == Captions && len(r.captions) == 0 && r.files != nil {
			p.problem("without a caption", y.path(name), "has no caption", true)
			continue
		}
		if r.files != nil {
			part := p.partOf(into, "image")
			part.rows = append(part.rows, r)
		}
	}
	return nil
}

// besides are the texts of the same names as pictures, by picture.
func (y *layouter) besides() map[string]string {
	texts := map[string]string{}
	for _, f := range y.list.files {
		if f.kind == textFile {
			texts[stem(f.name)] = f.name
		}
	}
	found := map[string]string{}
	for _, name := range y.list.pictures() {
		if text := texts[stem(name)]; text != "" {
			found[name] = text
		}
	}
	return found
}

// lines are those of a text that are not empty: a caption each.
func (y *layouter) lines(name string) ([]string, error) {
	content, err := fs.ReadFile(y.src.files, y.path(name))
	if err != nil {
		return nil, fmt.Errorf("reading a caption: %w", err)
	}
	var list []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}

const datasetJSON = "dataset.json"

// datasetJSON reads StyleGAN's labels: {"labels": [["00000/img00000000.png", 3], ...]}, each a class's number or a
// vector; or null.
func (y *layouter) datasetJSON(into *part) error {
	content, err := fs.ReadFile(y.src.files, y.path(datasetJSON))
	if err != nil {
		return fmt.Errorf("the layout %s: %w", DatasetJSON, err)
	}
	var described struct {
		Labels []json.RawMessage `json:"labels"`
	}
	if err := json.Unmarshal(content, &described); err != nil {
		return fmt.Errorf("%s: %w", path.Join(y.shown(), datasetJSON), err)
	}
	p, find := y.plan, y.finder()
	rows := map[string]row{}
	for i, raw := range described.Labels {
		var pair []json.RawMessage
		var name string
		var label float64
		var vector []float32
		err := json.Unmarshal(raw, &pair)
		if err == nil && len(pair) == 2 && json.Unmarshal(pair[0], &name) == nil {
			if json.Unmarshal(pair[1], &label) != nil {
				err = json.Unmarshal(pair[1], &vector)
			}
		} else {
			err = fmt.Errorf("want a file's name and its label, not %.80s", raw)
		}
		if err != nil {
			return fmt.Errorf("%s: label %d: %w", path.Join(y.shown(), datasetJSON), i, err)
		}
		picture := find(name)
		if picture == "" {
			p.problem("rows without a picture", y.path(datasetJSON), "names "+name+", which is not there", true)
			continue
		}
		r := row{files: []string{y.path(picture)}, attributes: vector}
		if vector == nil {
			r.class = strconv.FormatFloat(label, 'f', -1, 64)
		}
		for len(p.attributes) < len(vector) {
			p.attributes = append(p.attributes, fmt.Sprint(len(p.attributes)))
		}
		rows[picture] = r
	}
	for _, name := range y.list.pictures() {
		r, ok := rows[name]
		switch {
		case described.Labels == nil:
			r = row{files: []string{y.path(name)}}
		case !ok:
			p.problem("without a row", y.path(name), "has no label in "+datasetJSON, true)
			continue
		case len(r.attributes) != len(p.attributes):
			return fmt.Errorf("%s: %s has a label of %d numbers, others have %d", path.Join(y.shown(), datasetJSON), name, len(r.attributes), len(p.attributes))
		}
		into.rows = append(into.rows, r)
	}
	return nil
}
