package data

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A table is rows of text under names.
type table struct {
	columns []string
	rows    [][]string // as long as columns
	lines   []int      // of the file, from 1, for each row
}

// listSeparator is between the elements of a list in one cell, which JSON lines may have.
const listSeparator = "\x00"

// readTable reads a table in any of the forms that datasets have, told apart by the file's name and beginning.
func readTable(name string, content []byte) (*table, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	first, _, _ := strings.Cut(string(content[:min(len(content), 4096)]), "\n")
	first = strings.TrimSpace(first)
	switch _, err := strconv.Atoi(first); {
	case len(bytes.TrimSpace(content)) == 0:
		return nil, errors.New("it is empty")
	case strings.EqualFold(path.Ext(name), ".jsonl"):
		return readJSONLines(content)
	case err == nil:
		return readCelebA(content)
	case strings.Contains(name, "partition") && !strings.Contains(first, ","):
		return readFields([]string{"image", "partition"}, content, 0)
	}
	return readCSV(first, content)
}

// readCSV reads RFC 4180's form, with a line of names first and tabs or semicolons for commas where that line has them.
func readCSV(first string, content []byte) (*table, error) {
	r := csv.NewReader(bytes.NewReader(content))
	for _, comma := range "\t;" {
		if strings.Count(first, string(comma)) > strings.Count(first, ",") {
			r.Comma = comma
		}
	}
	r.LazyQuotes, r.TrimLeadingSpace = true, true
	t := &table{}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if t.columns == nil {
			for _, name := range record {
				t.columns = append(t.columns, strings.TrimSpace(name))
			}
			continue
		}
		line, _ := r.FieldPos(0)
		t.rows, t.lines = append(t.rows, record), append(t.lines, line)
	}
	return t, nil
}

// readCelebA reads the form of list_attr_celeba.txt: the number of rows, the columns' names, then the rows.
func readCelebA(content []byte) (*table, error) {
	lines := strings.SplitN(string(content), "\n", 3)
	if len(lines) < 3 {
		return nil, errors.New("it has no line of names after the number of its rows")
	}
	t, err := readFields(append([]string{"image"}, strings.Fields(lines[1])...), []byte(lines[2]), 2)
	if err != nil {
		return nil, err
	}
	if n, _ := strconv.Atoi(strings.TrimSpace(lines[0])); n != len(t.rows) {
		return nil, fmt.Errorf("its first line says %d rows, there are %d", n, len(t.rows))
	}
	return t, nil
}

// readFields reads rows of words.
func readFields(columns []string, content []byte, before int) (*table, error) {
	t := &table{columns: columns}
	at := before
	for line := range strings.Lines(string(content)) {
		at++
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != len(columns) {
			return nil, fmt.Errorf("line %d has %d words, not %d", at, len(words), len(columns))
		}
		t.rows, t.lines = append(t.rows, words), append(t.lines, at)
	}
	return t, nil
}

// readJSONLines reads an object a line, of texts, numbers, and lists of texts.
func readJSONLines(content []byte) (*table, error) {
	t := &table{}
	var objects []map[string]any
	at := 0
	names := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		if at++; strings.TrimSpace(line) == "" {
			continue
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		objects, t.lines = append(objects, object), append(t.lines, at)
		for name := range object {
			names[name] = true
		}
	}
	t.columns = slices.Sorted(maps.Keys(names))
	for _, object := range objects {
		cells := make([]string, len(t.columns))
		for i, name := range t.columns {
			switch v := object[name].(type) {
			case nil:
			case string:
				cells[i] = v
			case []any:
				var list []string
				for _, one := range v {
					list = append(list, fmt.Sprint(one))
				}
				cells[i] = strings.Join(list, listSeparator)
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		t.rows = append(t.rows, cells)
	}
	return t, nil
}

// fileColumn is the column that names pictures: one of a usual name, else the first; -1 if none names any.
func (t *table) fileColumn(find func(string) string) int {
	names := func(i int) bool {
		for _, r := range t.rows[:min(len(t.rows), 1000)] {
			if find(r[i]) != "" {
				return true
			}
		}
		return false
	}
	for _, usual := range fileColumns {
		for i, column := range t.columns {
			if strings.EqualFold(column, usual) && names(i) {
				return i
			}
		}
	}
	for i := range t.columns {
		if names(i) {
			return i
		}
	}
	return -1
}

// numeric says whether a column has numbers only.
func (t *table) numeric(column int) bool {
	return !slices.ContainsFunc(t.rows, func(r []string) bool {
		_, ok := number(r[column])
		return !ok
	})
}
