// Package data makes batches of images on disk: folders, classes, pairs, tables of attributes, captions, and datasets
// that are fetched by name.
//
// Open decodes every picture once, to arrays of bytes [Count, Height, Width, Channels] in the user's cache folder.
// Before that it looks for everything that is wrong with the files, and says it at once (Problems). A Loader streams
// batches of such arrays ahead of their use.
package data

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/internal/hostmemory"
	"gangpu/mnist"
)

// Options says which dataset Open opens, and what its pictures are made to.
type Options struct {
	// Folder holds the pictures, or the four IDX files of a dataset of MNIST's form ([mnist.Options.Dir]). A .zip of
	// pictures will do.
	Folder string

	// Dataset, if Folder is empty, is one of Datasets(), which is fetched if it is not in the cache. Beside a Folder of IDX
	// files it says which dataset these are to be.
	Dataset string

	// Layout is how the pictures are laid out. It is recognised if empty.
	Layout Layout

	// Width and Height of all pictures. 0, both, if those of the files are the same.
	Width, Height int

	// Fit makes pictures of another shape fit. Empty means Crop.
	Fit Fit

	// Channels is 1 for grey, 3 for red, green and blue; 0 for 3 if any picture has colours.
	Channels int

	// Background is seen through what is transparent, and beside what is padded. Its zero value is white; black for
	// datasets of MNIST's form.
	Background color.NRGBA

	// SkipBad goes on without the files that have problems, where that can be done.
	SkipBad bool

	// AtLeast is how many pictures there have to be to train on. Fewer are a problem. 0 means 1.
	AtLeast int

	// Cache is the folder for what is fetched and decoded. Empty means "gangpu" in os.UserCacheDir().
	Cache string

	// Fetching, if set, is called while files are fetched.
	Fetching func(mnist.Progress)

	// Begin, if set, is called before pictures are decoded to the cache, with the bytes that they will take there. An
	// error stops Open, which returns it.
	Begin func(bytes int64, folder string) error

	// Progress, if set, is called from one goroutine at a time while pictures are looked at.
	Progress func(Progress)
}

// Progress is how far pictures are looked at.
type Progress struct {
	Task        string // what is being done, for people to read
	Done, Total int    // rows
}

// Dataset is one whose pictures are all of one size.
type Dataset struct {
	Name       string // of Datasets(), or the folder's base name
	Source     string // the folder or file that holds the pictures
	Layout     Layout
	Classes    []string // their names; nil if none are known
	Attributes []string // their names
	Ink        bool     // whether a pixel is how much ink there is, as in MNIST: 0 is paper
	Splits     []*Split // train first, then val and test if there are any
	Skipped    []Problem
	Notes      []string // what the user may not expect, in sentences
	SHA256     string   // of all pictures' bytes, in hexadecimal
	Cached     string   // the folder in the cache, or empty
	closers    []io.Closer
}

// Split is a part of a dataset: the pictures to train on, or others.
type Split struct {
	Name   string // train, val or test
	Fields []*Field

	// What is known of each row, if all fields have the same rows; else nil.
	Labels     []int32   // into Dataset.Classes; -1 for a row of none
	Attributes []float32 // [rows, len(Dataset.Attributes)]
	Captions   [][]string

	paired bool
}

// Field is an array of pictures: "image", or "a" and "b" of pairs or of two domains.
type Field struct {
	Name                    string
	Count                   int
	Height, Width, Channels int
	Files                   []string // that the pictures are from, relative to Dataset.Source; nil where it is one file

	at   io.ReaderAt // [Count, Height, Width, Channels]
	base int64
}

// Split returns the split of a name, or nil.
func (d *Dataset) Split(name string) *Split {
	for _, s := range d.Splits {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Close closes the dataset's files. Its fields can no longer be read.
func (d *Dataset) Close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// Field returns the field of a name, or nil.
func (s *Split) Field(name string) *Field {
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Paired says whether all fields have the same rows.
func (s *Split) Paired() bool { return s.paired }

// Size is the number of bytes of one picture.
func (f *Field) Size() int { return f.Height * f.Width * f.Channels }

// Bytes is the number of bytes of all pictures.
func (f *Field) Bytes() int64 { return int64(f.Count) * int64(f.Size()) }

// Read reads picture i, [Height, Width, Channels]. Any number of goroutines may read.
func (f *Field) Read(i int, into []uint8) error {
	size := f.Size()
	if i < 0 || i >= f.Count || len(into) != size {
		return fmt.Errorf("picture %d of %d of the field %s, into %d bytes of %d", i, f.Count, f.Name, len(into), size)
	}
	if _, err := f.at.ReadAt(into, f.base+int64(i)*int64(size)); err != nil {
		return fmt.Errorf("reading picture %d of the field %s: %w", i, f.Name, err)
	}
	return nil
}

// All reads all pictures, [Count, Height, Width, Channels]. What the host's memory does not hold is an error.
func (f *Field) All() ([]uint8, error) {
	if err := hostmemory.Check("the pictures of the field "+f.Name, uint64(f.Bytes())); err != nil {
		return nil, err
	}
	all := make([]uint8, f.Bytes())
	if _, err := f.at.ReadAt(all, f.base); err != nil {
		return nil, fmt.Errorf("reading the field %s: %w", f.Name, err)
	}
	return all, nil
}

// Open opens a dataset. Pictures are decoded the first time, and again when a file or what they are made to has
// changed. What is wrong with the files is a *Problems.
func Open(ctx context.Context, o Options) (*Dataset, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.isIDX() {
		return openIDX(ctx, o)
	}
	found, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	defer found.src.close()
	d, err := prepare(ctx, found.src, found.list, found.plan, o)
	if err != nil {
		return nil, err
	}
	d.Name = found.name
	return d, nil
}

// found is a dataset's files, and what they will be.
type found struct {
	name string
	src  *source
	list *listing
	plan *plan
}

// find lists and plans a dataset. The caller closes its source.
func (o Options) find(ctx context.Context) (*found, error) {
	if o.Folder == "" {
		return findNamed(ctx, o)
	}
	src, err := openSource(o.Folder)
	if err != nil {
		return nil, err
	}
	f := &found{name: filepath.Base(src.name), src: src}
	if f.list, err = src.list(ctx); err != nil {
		err = fmt.Errorf("listing %s: %w", o.Folder, err)
	} else {
		f.plan, err = makePlan(ctx, src, f.list, o.Layout)
	}
	if err != nil {
		return nil, errors.Join(err, src.close())
	}
	return f, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Fit == "" {
		o.Fit = Crop
	}
	if o.Background == (color.NRGBA{}) {
		o.Background = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
		if o.isIDX() {
			o.Background = color.NRGBA{A: 255}
		}
	}
	o.AtLeast = max(o.AtLeast, 1)
	const maxSide = 1 << 14
	switch {
	case o.Width < 0 || o.Height < 0 || (o.Width == 0) != (o.Height == 0) || o.Width > maxSide || o.Height > maxSide:
		return o, fmt.Errorf("pictures of %d x %d: both sides have to be from 1 to %d", o.Width, o.Height, maxSide)
	case o.Channels != 0 && o.Channels != 1 && o.Channels != 3:
		return o, fmt.Errorf("pictures of %d channels: there are 1 for grey and 3 for colours", o.Channels)
	case !slices.Contains(Fits, o.Fit):
		return o, fmt.Errorf("there is no fit %q: want one of %s", o.Fit, words(Fits))
	case o.Layout != "" && !slices.Contains(Layouts, o.Layout):
		return o, fmt.Errorf("there is no layout %q: want one of %s", o.Layout, words(Layouts))
	case o.Fit == Tiles && o.Width == 0:
		return o, errors.New("cutting pictures into tiles: their width and height have to be said")
	case o.Background.A != 255:
		return o, errors.New("a background that is transparent itself")
	}
	var err error
	o.Cache, err = cacheFolder(o.Cache)
	return o, err
}

func words[T ~string](list []T) string {
	var all []string
	for _, one := range list {
		all = append(all, string(one))
	}
	return strings.Join(all, ", ")
}
