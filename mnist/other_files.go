package mnist

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// OtherFilesError is of a path that was to be a dataset's folder, and has other files than IDX files.
type OtherFilesError struct {
	Path     string   // the folder, or the file
	Examples []string // a file of each kind, by the name's ending; the kind with most files first
	Err      error
}

func (e *OtherFilesError) Error() string { return e.Err.Error() }
func (e *OtherFilesError) Unwrap() error { return e.Err }

// notAFolder is the error of a path of a file.
func notAFolder(path string) error {
	err := fmt.Errorf("data folder: %s is not a folder", path)
	if _, _, ok := partOf(filepath.Base(path)); ok {
		return fmt.Errorf("%w: want that of the file, %s", err, filepath.Dir(path))
	}
	return &OtherFilesError{Path: path, Examples: []string{path}, Err: err}
}

// otherFiles adds to the error of a folder without training images what it has.
func otherFiles(folder string, err error) error {
	const enough = 100_000 // entries to look at
	count, seen := map[string]int{}, 0
	first := map[string]string{}
	folders := 0
	_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error { // what cannot be read is not told of
		seen++
		switch {
		case err != nil || path == folder:
			return nil
		case seen > enough:
			return fs.SkipAll
		case e.IsDir():
			folders++
			return nil
		}
		kind := strings.ToLower(filepath.Ext(path))
		if count[kind]++; first[kind] == "" {
			first[kind] = path
		}
		return nil
	})
	if len(count) == 0 && folders == 0 {
		return fmt.Errorf("%w; it is empty", err)
	}
	kinds := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, k := range kinds {
		switch {
		case len(parts) == 4:
			parts = append(parts, "others")
		case len(parts) > 4:
		case count[k] == 1:
			parts = append(parts, filepath.Base(first[k]))
		case k == "":
			parts = append(parts, fmt.Sprintf("%d files without an ending", count[k]))
		default:
			parts = append(parts, fmt.Sprintf("%d files *%s", count[k], k))
		}
	}
	if folders > 0 {
		parts = append(parts, fmt.Sprintf("%d folders", folders))
	}
	others := &OtherFilesError{Path: folder, Err: fmt.Errorf("%w; it has %s", err, strings.Join(parts, ", "))}
	for _, k := range kinds {
		others.Examples = append(others.Examples, first[k])
	}
	return others
}
