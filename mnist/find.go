package mnist

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// partNames are the official names of the four files without their ends, by Part.
var partNames = [4]string{
	"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
}

// fileName is the form of the name of a file, or of a folder of its own that a file is in: prefix,
// split, content, dash or dot, rank, ".gz".
var fileName = regexp.MustCompile(`^(?:(.*)-)?(train|t10k|test)-(images|labels)([-.])idx([13])-ubyte(\.gz)?$`)

func (p Part) String() string {
	return [4]string{"the training images", "the training labels", "the test images", "the test labels"}[p]
}

// ErrAbsent is in the errors of Data.Missing that tell of a file that is not there.
var ErrAbsent = errors.New("the file is not there")

// absent says which file is not there.
type absent struct{ text string }

func (e absent) Error() string   { return e.text }
func (e absent) Is(t error) bool { return t == ErrAbsent }

// partOf is the part that a file of that name has, and the prefix of the name.
func partOf(name string) (p Part, prefix string, ok bool) {
	m := fileName.FindStringSubmatch(name)
	if m == nil || (m[3] == "images") != (m[5] == "3") {
		return 0, "", false
	}
	if m[2] != "train" {
		p = TestImages
	}
	if m[3] == "labels" {
		p++
	}
	return p, m[1], true
}

// spelling orders the names of one part: with ".gz" before without, "-" before ".".
func spelling(name string) int {
	m := fileName.FindStringSubmatch(name)
	order := 0
	if m[4] == "." {
		order = 2
	}
	if m[6] == "" {
		order++
	}
	return order
}

// files are a dataset's files as they were found.
type files struct {
	dir, prefix string
	paths       [4]string
	missing     map[Part]error // why a part has no path
}

// find looks for the files in a folder and, where it has none, in those therein. Parts that are not
// optional must be there.
func find(dir, wanted string, optional []Part) (files, error) {
	folder, prefix := dir, ""
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The end of the path may be the prefix of the files' names.
		folder, prefix = filepath.Dir(dir), filepath.Base(dir)
		if sets, scanErr := scan(folder); scanErr != nil || sets[prefix] == nil {
			return files{}, fmt.Errorf("data folder: %w", explainLink(dir, err))
		}
	case err != nil:
		return files{}, fmt.Errorf("data folder: %w", err)
	case !info.IsDir():
		return files{}, notAFolder(dir)
	}
	f, err := choose(folder, prefix, wanted)
	if err != nil {
		return files{}, fmt.Errorf("data folder %s: %w", dir, err)
	}
	if prefix != "" {
		f.dir = dir
	}
	var missing []string
	for i, path := range f.paths {
		if path != "" {
			continue
		}
		name := partNames[i] + "[.gz]"
		if f.prefix != "" {
			name = f.prefix + "-" + strings.Replace(name, "t10k", "test", 1)
		}
		if f.missing[Part(i)] == nil {
			f.missing[Part(i)] = absent{fmt.Sprintf("%s has no %s", f.dir, name)}
		}
		if !slices.Contains(optional, Part(i)) {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return f, nil
	}
	// A link that leads nowhere explains a missing file best.
	for p := TrainImages; p <= TestLabels; p++ {
		if link := (*brokenLink)(nil); !slices.Contains(optional, p) && errors.As(f.missing[p], &link) {
			return files{}, fmt.Errorf("data folder %s: %w", dir, link)
		}
	}
	err = fmt.Errorf("data folder %s: no %s", dir, strings.Join(missing, ", "))
	if f.paths[TrainImages] == "" {
		err = otherFiles(folder, err)
	}
	return files{}, err
}

// choose finds the one dataset that a folder has: that of a prefix if one is given, else the one in
// it, else the one further down.
func choose(folder, prefix, wanted string) (files, error) {
	sets, err := scan(folder)
	if err != nil {
		return files{}, err
	}
	if prefix != "" {
		return *sets[prefix], nil
	}
	if f, err := theOne(sets, folder); f != nil || err != nil {
		return *f, err
	}
	deeper, err := scanBelow(folder)
	if err != nil {
		return files{}, err
	}
	var names []string
	for _, d := range deeper {
		name := filepath.Base(strings.TrimSuffix(d.dir, string(filepath.Separator)+"raw"))
		if strings.ToLower(name) == strings.ReplaceAll(wanted, "-", "") { // as torchvision calls its folders
			return d, nil
		}
		names = append(names, d.dir)
	}
	switch {
	case len(deeper) == 1:
		return deeper[0], nil
	case len(deeper) > 1:
		return files{}, fmt.Errorf("it has the files of several datasets: want one of %s", strings.Join(names, ", "))
	}
	if f := sets[""]; f != nil {
		return *f, nil
	}
	return files{dir: folder, missing: map[Part]error{}}, nil
}

// theOne is the dataset of a folder's that has training images, or a link to some: the one without a
// prefix if there are several. It is nil if none has.
func theOne(sets map[string]*files, folder string) (*files, error) {
	var names []string
	for prefix, f := range sets {
		if f.paths[TrainImages] != "" || f.missing[TrainImages] != nil {
			names = append(names, prefix)
		}
	}
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return nil, nil
	case len(names) == 1 || names[0] == "":
		return sets[names[0]], nil
	}
	for i, name := range names {
		names[i] = filepath.Join(folder, name)
	}
	return &files{}, fmt.Errorf("it has the files of several datasets: want one of %s", strings.Join(names, ", "))
}

// scan finds the datasets whose files are in a folder, or there in folders of their own, by prefix.
func scan(folder string) (map[string]*files, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		_, _, ok := partOf(e.Name())
		return !ok
	})
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(spelling(a.Name()), spelling(b.Name())) })
	sets := map[string]*files{}
	var folders []string
	put := func(path string) error {
		part, prefix, _ := partOf(filepath.Base(path))
		f := sets[prefix]
		if f == nil {
			f = &files{dir: folder, prefix: prefix, missing: map[Part]error{}}
			sets[prefix] = f
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			f.missing[part] = explainLink(path, err)
		case err != nil:
			return err
		case info.IsDir():
			folders = append(folders, path)
		case f.paths[part] == "":
			f.paths[part] = path
		}
		return nil
	}
	for _, e := range entries {
		if err := put(filepath.Join(folder, e.Name())); err != nil {
			return nil, err
		}
	}
	// Some archives unpack each file into a folder of the same name; some, the file beside it too.
	for _, own := range folders {
		inside, err := os.ReadDir(own)
		if err != nil {
			return nil, err
		}
		part, prefix, _ := partOf(filepath.Base(own))
		for _, e := range inside {
			if p, x, ok := partOf(e.Name()); ok && p == part && x == prefix && !e.IsDir() {
				if err := put(filepath.Join(own, e.Name())); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, f := range sets {
		for p, path := range f.paths {
			if path != "" {
				delete(f.missing, Part(p))
			}
		}
	}
	return sets, nil
}

// scanBelow finds the datasets in the folders of a folder, and in those called raw therein, as
// torchvision has them.
func scanBelow(folder string) ([]files, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []files
	for _, e := range entries {
		sub := filepath.Join(folder, e.Name())
		if info, err := os.Stat(sub); err != nil || !info.IsDir() {
			continue
		}
		for _, dir := range []string{sub, filepath.Join(sub, "raw")} {
			sets, err := scan(dir)
			if err != nil {
				continue // as it is not there, or nobody's business
			}
			f, err := theOne(sets, dir)
			if err != nil {
				return nil, err
			}
			if f != nil {
				found = append(found, *f)
			}
		}
	}
	return found, nil
}

// brokenLink is a link to what is not there.
type brokenLink struct{ path, target string }

func (e *brokenLink) Error() string {
	return fmt.Sprintf("%s is a link to %s, which is not there", e.path, e.target)
}

// explainLink says of a path that is not there, by err, whether it is a link.
func explainLink(path string, err error) error {
	if target, linkErr := os.Readlink(path); linkErr == nil {
		return &brokenLink{path, target}
	}
	return err
}

// IsFolder reports whether a path is one that Open has to say something of: a folder with IDX files, as
// [Options.Dir] describes it, or such a file itself. It goes by names; Open looks into the files.
func IsFolder(path string) bool {
	folder, prefix := path, ""
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		folder, prefix = filepath.Dir(path), filepath.Base(path)
		sets, err := scan(folder)
		return err == nil && sets[prefix] != nil
	case err != nil:
		return false
	case !info.IsDir():
		_, _, ok := partOf(filepath.Base(path))
		return ok
	}
	f, err := choose(folder, prefix, "")
	return err != nil || f.paths != [4]string{} || f.missing[TrainImages] != nil
}
