package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// parts are all parts of a plan, in the order of their pictures in the cache.
func (p *plan) parts() []*part {
	var list []*part
	for _, s := range p.splits {
		list = append(list, s.parts...)
	}
	return list
}

// A badRow is a row whose files have a problem.
type badRow struct {
	Part, Row int
	Problem   Problem
}

// A pass looks at every row of a plan, many at once.
type pass struct {
	ctx      context.Context
	src      *source
	parts    []*part
	task     string
	progress func(Progress)
}

// run calls do for each row, from as many goroutines as there are processors, each with its worker's number. A
// *fileError of do is a problem of the row's file; any other error ends the pass.
func (p *pass) run(do func(worker, part, row int) (file string, err error)) ([]badRow, error) {
	var starts []int
	total := 0
	for _, part := range p.parts {
		starts = append(starts, total)
		total += len(part.rows)
	}
	ctx, cancel := context.WithCancelCause(p.ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex // of what follows
	var bad []badRow
	done := 0
	for worker := range min(runtime.GOMAXPROCS(0), total) {
		wg.Go(func() {
			for ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= total {
					return
				}
				i, found := slices.BinarySearch(starts, at)
				if !found {
					i--
				}
				for len(p.parts[i].rows) == 0 { // parts without rows begin where the next one does
					i++
				}
				file, err := do(worker, i, at-starts[i])
				mu.Lock()
				if wrong := (*fileError)(nil); errors.As(err, &wrong) {
					bad = append(bad, badRow{i, at - starts[i], Problem{Kind: wrong.kind, File: file, Text: wrong.text, Skippable: true}})
				} else if err != nil {
					cancel(err)
				}
				done++
				if p.progress != nil {
					p.progress(Progress{Task: p.task, Done: done, Total: total})
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(bad, func(a, b badRow) int { return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.Row, b.Row)) })
	return bad, context.Cause(ctx)
}

// read reads a file's content. What keeps it from being read is a *fileError.
func (s *source) read(name string) ([]byte, error) {
	content, err := fs.ReadFile(s.files, name)
	switch {
	case err == nil:
		return content, nil
	case errors.Is(err, fs.ErrNotExist):
		if target, linkErr := os.Readlink(filepath.Join(s.name, filepath.FromSlash(name))); linkErr == nil {
			return nil, &fileError{"not there", fmt.Sprintf("is a link to %s, which is not there", target)}
		}
		return nil, &fileError{"not there", "is no longer there"}
	}
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err // without the name, which is told anyway
	}
	return nil, &fileError{"not readable", fmt.Sprintf("cannot be read: %v", err)}
}

// headers reads the beginnings of all files for what the pictures have in common.
func headers(ctx context.Context, src *source, p *plan, o Options) (s *stats, bad []badRow, err error) {
	look := &pass{ctx, src, p.parts(), "looking at pictures", o.Progress}
	workers := make([]stats, runtime.GOMAXPROCS(0))
	bad, err = look.run(func(worker, part, row int) (string, error) {
		if look.parts[part].rows[row].tile > 0 {
			return "", nil
		}
		for _, name := range look.parts[part].rows[row].files {
			h, err := src.header(name, o.Width == 0)
			if err != nil {
				return name, err
			}
			workers[worker].add(h, look.parts[part].halved, 0)
		}
		return "", nil
	})
	return mergeStats(workers), bad, err
}

// header reads a file's header, mostly from its first bytes alone. turned asks for its orientation, which JPEG files
// alone have there.
func (s *source) header(name string, turned bool) (header, error) {
	f, err := s.files.Open(name)
	if err == nil {
		begin := make([]byte, 1<<16)
		n, readErr := io.ReadFull(f, begin)
		f.Close()
		if errors.Is(readErr, io.ErrUnexpectedEOF) || readErr == nil {
			if h, err := readHeader(begin[:n]); err == nil && (h.format == "jpeg" || !turned || readErr != nil) {
				return h, nil
			}
		}
	}
	content, err := s.read(name)
	if err != nil {
		return header{}, err
	}
	return readHeader(content)
}

// formOf is what all pictures are made to: as asked for, or as all files have it.
func formOf(s *stats, o Options) (form, *Problem) {
	f := form{o.Width, o.Height, o.Channels, o.Fit, o.Background}
	if f.Channels == 0 {
		f.Channels = 3
		if s.Grey == s.Files {
			f.Channels = 1
		}
	}
	if f.Width == 0 {
		if s.Smallest != s.Largest || len(s.Sizes) != 1 {
			return f, &Problem{Kind: "sizes", Text: fmt.Sprintf("has pictures of different sizes, from %d x %d to %d x %d: "+
				"say which width and height to make of them", s.Smallest.X, s.Smallest.Y, s.Largest.X, s.Largest.Y)}
		}
		f.Width, f.Height = s.Smallest.X, s.Smallest.Y
	}
	return f, nil
}

// A drawer makes the pictures of rows, in one goroutine.
type drawer struct {
	src  *source
	form form
	buf  []uint8

	last   string // the file that was decoded last: the next row may be another tile of it
	img    image.Image
	header header
}

// decode reads a file's picture, if it is not there still.
func (d *drawer) decode(name string) (image.Image, header, error) {
	if d.last == name {
		return d.img, d.header, nil
	}
	d.last, d.img = "", nil
	content, err := d.src.read(name)
	if err != nil {
		return nil, header{}, err
	}
	img, h, err := decode(content)
	if err == nil && d.form.Fit == Tiles {
		d.last, d.img, d.header = name, img, h
	}
	return img, h, err
}

// draw makes a row's pictures, one after another, and gives each to put. file is the one that err is about.
func (d *drawer) draw(p *part, r row, put func(field int, pixels []uint8) error) (file string, err error) {
	if d.buf == nil {
		d.buf = make([]uint8, d.form.bytes())
	}
	for i, name := range r.files {
		img, h, err := d.decode(name)
		if err != nil {
			return name, err
		}
		regions := []image.Rectangle{img.Bounds()}
		if p.halved {
			if err := checkHalves(h); err != nil {
				return name, err
			}
			left, right := halves(img.Bounds(), h.orientation)
			regions = []image.Rectangle{left, right}
		}
		for j, region := range regions {
			if d.form.Fit == Tiles {
				region = tileOf(region, r.tile, h.orientation, d.form)
			}
			if err := render(img, region, h.orientation, d.form, d.buf); err != nil {
				return name, err
			}
			if err := put(i+j, d.buf); err != nil {
				return name, err
			}
		}
	}
	return "", nil
}

// checkHalves says of a picture that cannot be two side by side why.
func checkHalves(h header) error {
	if h.size.X%2 != 0 {
		return &fileError{"not two pictures", fmt.Sprintf("cannot be two pictures side by side: its width is odd, %d", h.size.X)}
	}
	return nil
}

// check decodes all pictures, for what is wrong with them and what they have in common.
func check(ctx context.Context, src *source, p *plan, progress func(Progress)) (*stats, []badRow, error) {
	look := &pass{ctx, src, p.parts(), "looking at pictures", progress}
	workers := make([]stats, runtime.GOMAXPROCS(0))
	bad, err := look.run(func(worker, part, row int) (string, error) {
		if look.parts[part].rows[row].tile > 0 {
			return "", nil
		}
		for _, name := range look.parts[part].rows[row].files {
			content, err := src.read(name)
			if err != nil {
				return name, err
			}
			_, h, err := decode(content)
			if err == nil && look.parts[part].halved {
				err = checkHalves(h)
			}
			if err != nil {
				return name, err
			}
			workers[worker].add(h, look.parts[part].halved, len(content))
		}
		return "", nil
	})
	return mergeStats(workers), bad, err
}

// problemsOf are a plan's own and those of its files.
func problemsOf(p *plan, bad []badRow) []Problem {
	list := slices.Clone(p.problems)
	for _, b := range bad {
		list = append(list, b.Problem)
	}
	return list
}

// drop takes rows out of a plan.
func (p *plan) drop(bad []badRow) {
	for i, part := range p.parts() {
		gone := map[int]bool{}
		for _, b := range bad {
			if b.Part == i {
				gone[b.Row] = true
			}
		}
		if len(gone) == 0 {
			continue
		}
		kept := part.rows[:0]
		for j, r := range part.rows {
			if !gone[j] {
				kept = append(kept, r)
			}
		}
		part.rows = kept
	}
}

// enough looks for what there is too little of to train on.
func (p *plan) enough(atLeast int) []Problem {
	var list []Problem
	counts := make([]int, len(p.classes))
	trained := false
	for _, s := range p.splits {
		if s.name != "train" {
			continue
		}
		for _, part := range s.parts {
			trained = trained || len(part.rows) > 0
			if n := len(part.rows); n < atLeast {
				list = append(list, Problem{Kind: "too few", Text: fmt.Sprintf("has %s to train on%s: %d are needed at least",
					counted(n, "picture"), ofField(part), atLeast)})
			}
			for _, r := range part.rows {
				if r.label >= 0 && len(p.classes) > 0 {
					counts[r.label]++
				}
			}
		}
	}
	if !trained && len(p.problems) == 0 {
		list = append(list, Problem{Kind: "too few", Text: "has no pictures to train on"})
	}
	for i, n := range counts {
		if n < 2 {
			list = append(list, Problem{Kind: "too few of a class", Text: fmt.Sprintf("has %s left of the class %s", counted(n, "picture"), p.classes[i])})
		}
	}
	return list
}

func ofField(p *part) string {
	if len(p.fields) == 1 && p.fields[0] != "image" {
		return " for " + p.fields[0]
	}
	return ""
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
